package io.atoll.cli.command;

import io.atoll.base.DomainException;
import io.atoll.base.NotFoundException;
import io.atoll.base.json.Json;
import io.atoll.cli.CliException;
import io.atoll.cli.CommandSpec;
import io.atoll.cli.Context;
import io.atoll.cli.Ref;
import io.atoll.cli.text.Yaml;
import io.atoll.client.AtollClient;
import io.atoll.client.Operation;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/// `init` and `launch`: create an instance, and start it.
final class LaunchCommand {
    private LaunchCommand() {}

    static CommandSpec init() {
        return options(
                        CommandSpec.of(
                                "init",
                                "[<remote>:]<image> [<remote>:][<name>] [flags]",
                                "Create instances from images"))
                .example(
                        "PROGRAM init debian/12 web",
                        "PROGRAM init debian/12 web -c limits.memory=1GiB < config.yaml")
                .run(context -> {
                    create(context);
                    return 0;
                });
    }

    static CommandSpec launch() {
        return options(
                        CommandSpec.of(
                                "launch",
                                "[<remote>:]<image> [<remote>:][<name>] [flags]",
                                "Create instances from images and start them"))
                .optional("console", "console", "Attach to the console at once")
                .example(
                        "PROGRAM launch debian/12 web",
                        "PROGRAM launch busybox t1 --ephemeral -p default -p small")
                .run(LaunchCommand::createAndStart);
    }

    private static CommandSpec options(CommandSpec spec) {
        return spec.args(1, 2)
                .values('c', "config", "Configuration of the new instance, KEY=VALUE")
                .values('d', "device", "Key of one of its devices, DEVICE,KEY=VALUE")
                .flag("empty", "Create it without an image")
                .flag('e', "ephemeral", "Delete it when it stops")
                .value('n', "network", "", "Attach eth0 to this network")
                .flag("no-profiles", "Apply no profiles")
                .values('p', "profile", "Apply this profile, or publish [ADDRESS:]PORT:PORT[/udp]")
                .value('s', "storage", "", "Storage pool of its root disk")
                .value("target", "Cluster member")
                .value('t', "type", "", "Instance type")
                .flag("vm", "Create a virtual machine");
    }

    private static int createAndStart(Context context) throws IOException {
        Ref created = create(context);
        if (!context.isQuiet()) {
            context.output().line("Starting " + created.name());
        }
        AtollClient client = context.client(created);
        try {
            context.await(client.instances().start(created.name()), "Starting " + created.name());
        } catch (DomainException e) {
            throw new CliException(e.getMessage(), StateCommands.logHint(context, created.name()));
        }
        if (context.args().has("console")) {
            return ConsoleCommand.attach(context, client, created.name());
        }
        return 0;
    }

    /// Creates the instance and returns its name.
    private static Ref create(Context context) throws IOException {
        boolean empty = context.args().flag("empty");
        if (context.args().flag("vm")) {
            throw new CliException("virtual machines are not supported: Atoll runs containers");
        }
        if (empty && context.args().count() > 1) {
            throw new CliException("--empty cannot be combined with an image name");
        }
        Ref image = empty ? new Ref("", "") : context.refAt(0);
        Ref wanted = context.refAt(empty && context.args().count() == 1 ? 0 : 1);
        AtollClient client = context.client(wanted);
        Json.Obj request = request(context, client, wanted.name());
        if (!context.isQuiet()) {
            context.output()
                    .line(
                            wanted.name().isEmpty()
                                    ? "Creating the instance"
                                    : "Creating " + wanted.name());
        }
        request.put(
                "source",
                empty ? Json.object().put("type", "none") : source(context, client, image, wanted));
        Operation done =
                context.await(
                        client.instances().records().create(request), "Creating the instance");
        String name = wanted.name();
        if (name.isEmpty()) {
            name = nameOf(done);
            context.output().line("Instance name is: " + name);
        }
        return new Ref(wanted.remote(), name);
    }

    static String nameOf(Operation operation) {
        for (Json path : operation.value().get("resources").get("instances").asList()) {
            String text = path.asString();
            int query = text.indexOf('?');
            text = query < 0 ? text : text.substring(0, query);
            return text.substring(text.lastIndexOf('/') + 1);
        }
        throw new CliException("the server did not tell the name of the new instance");
    }

    private static Json.Obj request(Context context, AtollClient client, String name)
            throws IOException {
        Json given = readDefinition(context);
        Json.Obj request = Json.object().put("name", name).put("type", "container");
        Json.Obj config = Yaml.stringsOf(given.get("config"));
        for (String pair : context.args().values("config")) {
            Pairs.putInto(config, pair);
        }
        if (given.get("profiles") instanceof Json.Arr profiles) {
            request.put("profiles", profiles);
        }
        List<String> profiles = new ArrayList<>(context.args().values("profile"));
        profiles.removeIf(PublishedPort::isOne);
        if (!profiles.isEmpty()) {
            request.put("profiles", profiles);
        } else if (context.args().flag("no-profiles")) {
            request.put("profiles", Json.array());
        }
        if (!given.get("description").isNull()) {
            request.put("description", given.get("description"));
        }
        request.put("config", config);
        request.put("devices", devices(context, client, request, given.get("devices")));
        request.put(
                "ephemeral",
                context.args().flag("ephemeral") || given.get("ephemeral").asBoolean());
        return request.put("instance_type", context.args().value("type"));
    }

    /// A definition piped into the command.
    private static Json readDefinition(Context context) throws IOException {
        if (context.invocation().host().isTerminal(0)) {
            return Json.Null.NULL;
        }
        String text = new String(context.invocation().in().readAllBytes(), StandardCharsets.UTF_8);
        return text.isBlank() ? Json.Null.NULL : Yaml.parseMap(text);
    }

    private static Json.Obj devices(
            Context context, AtollClient client, Json.Obj request, Json given) {
        Json.Obj devices = Json.object();
        for (Map.Entry<String, Json> device : given.asMap().entrySet()) {
            devices.put(device.getKey(), Yaml.stringsOf(device.getValue()));
        }
        String network = context.args().value("network");
        if (!network.isEmpty()) {
            try {
                devices.put("eth0", nic(client.networks().get(network).value(), network));
            } catch (NotFoundException e) {
                throw new CliException(
                        "Failed loading network \"" + network + "\": " + e.getMessage());
            }
        }
        String pool = context.args().value("storage");
        if (!pool.isEmpty()) {
            requirePool(client, pool);
            devices.put(
                    "root", Json.object().put("type", "disk").put("path", "/").put("pool", pool));
        }
        for (String text : context.args().values("profile")) {
            if (PublishedPort.isOne(text)) {
                PublishedPort port = PublishedPort.parse(text);
                devices.put(port.deviceName(), port.device());
            }
        }
        for (String text : context.args().values("device")) {
            overrideDevice(client, request, devices, text);
        }
        return devices;
    }

    private static void requirePool(AtollClient client, String pool) {
        try {
            Json _ = client.storagePools().get(pool).value();
        } catch (NotFoundException e) {
            throw new CliException(
                    "Failed loading storage pool \"" + pool + "\": " + e.getMessage());
        }
    }

    private static Json nic(Json network, String name) {
        Json.Obj nic = Json.object().put("name", "eth0").put("type", "nic");
        if (network.get("managed").asBoolean()) {
            return nic.put("network", name);
        }
        String type = network.get("type").asString().equals("bridge") ? "bridged" : "macvlan";
        return nic.put("nictype", type).put("parent", name);
    }

    /// `DEVICE,KEY=VALUE`: a device that comes from a profile is copied before its key is set.
    private static void overrideDevice(
            AtollClient client, Json.Obj request, Json.Obj devices, String text) {
        int comma = text.indexOf(',');
        if (comma <= 0) {
            throw new CliException(
                    "Bad device override syntax, expecting <device>,<key>=<value>: " + text);
        }
        String name = text.substring(0, comma);
        if (!devices.members().containsKey(name)) {
            devices.put(name, inherited(client, request, name));
        }
        Pairs.putInto((Json.Obj) devices.get(name), text.substring(comma + 1));
    }

    private static Json.Obj inherited(AtollClient client, Json.Obj request, String device) {
        Json.Obj out = Json.object();
        List<String> profiles =
                request.get("profiles").isNull()
                        ? List.of("default")
                        : request.get("profiles").asStrings();
        for (String profile : profiles) {
            Json found = client.profiles().get(profile).value().get("devices").get(device);
            for (Map.Entry<String, Json> entry : found.asMap().entrySet()) {
                out.put(entry.getKey(), entry.getValue());
            }
        }
        return out;
    }

    private static Json source(Context context, AtollClient client, Ref image, Ref target) {
        Json.Obj source = Json.object().put("type", "image");
        String name = image.name().startsWith("/") ? image.name().substring(1) : image.name();
        boolean isElsewhere = !image.remote().equals(target.remote());
        if (name.isEmpty()) {
            throw new CliException(
                    "an image has to be named, after the remote's colon", "see: image list");
        }
        if (isElsewhere) {
            return RemoteImages.pullSource(context, image);
        }
        return source.put("fingerprint", fingerprint(context, client, name));
    }

    /// The fingerprint that an alias or the beginning of a fingerprint stands for.
    static String fingerprint(Context context, AtollClient client, String name) {
        try {
            Json alias = client.imageAliases().get(name).value();
            if (!context.args().flag("vm")
                    || alias.get("type").asString().equals("virtual-machine")) {
                return alias.get("target").asString();
            }
        } catch (NotFoundException _) {
            // Not an alias: then it is the beginning of a fingerprint, or nothing.
        }
        try {
            return client.images().get(name).value().get("fingerprint").asString();
        } catch (NotFoundException e) {
            String program = context.invocation().program();
            String hint =
                    isBuildable(name) ? program + " image build " + name : program + " image list";
            throw new CliException(e.getMessage(), "see: " + hint);
        }
    }

    private static boolean isBuildable(String name) {
        return name.startsWith("debian/") || name.equals("busybox");
    }
}
