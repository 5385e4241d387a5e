package io.atoll.cli.command;

import io.atoll.base.NotFoundException;
import io.atoll.base.json.Json;
import io.atoll.cli.CliException;
import io.atoll.cli.CommandSpec;
import io.atoll.cli.Context;
import io.atoll.cli.text.Yaml;
import io.atoll.client.AtollClient;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/// `admin init`: gives a new daemon a storage pool, a network and a default profile that uses both.
/// A pure client of the API: whatever the mode, a [Preseed] is made and applied.
final class InitCommand {
    private static final String DEFAULT_POOL = "default";

    /// The options that stand for answers to questions.
    private static final List<String> ANSWERS =
            List.of(
                    "network-address",
                    "network-port",
                    "storage-backend",
                    "storage-create-device",
                    "storage-create-loop",
                    "storage-pool",
                    "trust-password");

    /// Drivers whose pools are directories of the daemon's own.
    private static final Set<String> DIRECTORIES = Set.of("dir", "overlay");

    private InitCommand() {}

    static CommandSpec spec() {
        return CommandSpec.of("init", "[flags]", "Configure the daemon")
                .flag("auto", "Ask nothing, use what suits most hosts")
                .flag("dump", "Print the configuration as YAML that --preseed takes")
                .flag("minimal", "Ask nothing, create only what is needed")
                .value("network-address", "Address to listen on (default: none)")
                .value("network-port", "Port to listen on (default 8443)")
                .flag("preseed", "Read the configuration as YAML from stdin")
                .value("storage-backend", "Driver of the storage pool (default: overlay, else dir)")
                .value("storage-create-device", "Block device for the storage pool")
                .value("storage-create-loop", "Size in GB of a file for the storage pool")
                .value("storage-pool", "Name of the pool or data set to use or create")
                .value("trust-password", "Password that lets new clients in")
                .run(InitCommand::run);
    }

    private static int run(Context context) throws IOException {
        boolean auto = context.args().flag("auto");
        boolean minimal = context.args().flag("minimal");
        boolean preseed = context.args().flag("preseed");
        boolean dump = context.args().flag("dump");
        checkFlags(context);
        AtollClient client = AdminCommands.local(context);
        if (dump) {
            context.output().print(Yaml.render(Preseed.dump(client)));
            return 0;
        }
        if (preseed) {
            String text =
                    new String(context.invocation().in().readAllBytes(), StandardCharsets.UTF_8);
            Preseed.parse(Yaml.parseMap(text)).apply(client);
            return 0;
        }
        Json answers = auto || minimal ? automatic(context, client) : interactive(context, client);
        Preseed.parse(answers).apply(client);
        return 0;
    }

    private static void checkFlags(Context context) {
        boolean auto = context.args().flag("auto");
        boolean minimal = context.args().flag("minimal");
        boolean preseed = context.args().flag("preseed");
        refuse(auto && preseed, "Can't use --auto and --preseed together");
        refuse(minimal && preseed, "Can't use --minimal and --preseed together");
        refuse(minimal && auto, "Can't use --minimal and --auto together");
        boolean configures = ANSWERS.stream().anyMatch(name -> isGiven(context, name));
        refuse(!auto && configures, "Configuration flags require --auto");
        refuse(
                context.args().flag("dump") && (auto || minimal || preseed),
                "Can't use --dump with other flags");
        refuse(
                isGiven(context, "storage-create-device")
                        && isGiven(context, "storage-create-loop"),
                "Only one of --storage-create-device or --storage-create-loop can be specified");
        boolean isLocal = !isGiven(context, "network-address");
        refuse(
                isLocal && isGiven(context, "network-port"),
                "--network-port can't be used without --network-address");
        refuse(
                isLocal && isGiven(context, "trust-password"),
                "--trust-password can't be used without --network-address");
    }

    private static boolean isGiven(Context context, String option) {
        return !context.args().value(option).isEmpty();
    }

    private static void refuse(boolean isWrong, String why) {
        if (isWrong) {
            throw new CliException(why);
        }
    }

    /// Creates only what is missing, so that it may run again.
    private static Json automatic(Context context, AtollClient client) {
        Json.Obj out = Json.object();
        String address = context.args().value("network-address");
        Json.Obj config = Json.object();
        if (!address.isEmpty()) {
            long port =
                    isGiven(context, "network-port") ? context.args().number("network-port") : 8443;
            config.put("core.https_address", address + ":" + port);
        }
        if (!context.args().value("trust-password").isEmpty()) {
            config.put("core.trust_password", context.args().value("trust-password"));
        }
        out.put("config", config);
        String driver = context.args().value("storage-backend");
        if (!driver.isEmpty() && !drivers(client).contains(driver)) {
            throw new CliException(
                    "The requested backend '" + driver + "' isn't supported by lxd init");
        }
        if (isGiven(context, "storage-pool")
                || isGiven(context, "storage-create-device")
                || isGiven(context, "storage-create-loop")) {
            requireSource(driver.isEmpty() ? bestDriver(client) : driver);
        }
        String pool = firstName(client.storagePools().list());
        if (pool.isEmpty()) {
            pool = DEFAULT_POOL;
            out.put(
                    "storage_pools",
                    Json.array(
                            List.of(
                                    pool(
                                            context,
                                            pool,
                                            driver.isEmpty() ? bestDriver(client) : driver))));
        }
        String network = firstManagedBridge(client);
        if (network.isEmpty()) {
            network = freeBridgeName(context, client);
            Json bridge =
                    Json.object()
                            .put("name", network)
                            .put("type", "bridge")
                            .put(
                                    "config",
                                    Json.object()
                                            .put("ipv4.address", "auto")
                                            .put("ipv6.address", "auto"));
            out.put("networks", Json.array(List.of(bridge)));
        }
        return out.put("profiles", Json.array(List.of(defaultProfile(client, pool, network))));
    }

    private static void requireSource(String driver) {
        refuse(
                DIRECTORIES.contains(driver),
                "None of --storage-pool, --storage-create-device or --storage-create-loop may be used"
                        + " with the '"
                        + driver
                        + "' backend");
    }

    private static Json pool(Context context, String name, String driver) {
        Json.Obj config = Json.object();
        String device = context.args().value("storage-create-device");
        String loop = context.args().value("storage-create-loop");
        String source = context.args().value("storage-pool");
        if (!device.isEmpty()) {
            config.put("source", device);
        } else if (!loop.isEmpty()) {
            config.put("size", loop + "GB");
        } else if (!source.isEmpty()) {
            config.put("source", source);
        }
        return Json.object().put("name", name).put("driver", driver).put("config", config);
    }

    /// The first of a row of names that no interface of the host has, be it another daemon's. The
    /// drop-in name keeps LXD's names for bridges: scripts that follow use them.
    private static String freeBridgeName(Context context, AtollClient client) {
        String base = context.invocation().program().equals("lxd") ? "lxdbr" : "atollbr";
        Set<String> taken = new HashSet<>();
        client.networks().list().forEach(network -> taken.add(network.get("name").asString()));
        int number = 0;
        while (taken.contains(base + number)) {
            number++;
        }
        return base + number;
    }

    private static List<String> drivers(AtollClient client) {
        List<String> names = new ArrayList<>();
        Json environment = client.server().value().get("environment");
        for (Json driver : environment.get("storage_supported_drivers").asList()) {
            names.add(driver.get("Name").asString());
        }
        return names;
    }

    private static String bestDriver(AtollClient client) {
        List<String> drivers = drivers(client);
        return drivers.isEmpty() || drivers.contains("overlay") ? "overlay" : "dir";
    }

    private static String firstName(List<Json> items) {
        return items.isEmpty() ? "" : items.getFirst().get("name").asString();
    }

    private static String firstManagedBridge(AtollClient client) {
        for (Json network : client.networks().list()) {
            if (network.get("managed").asBoolean()
                    && network.get("type").asString().equals("bridge")) {
                return network.get("name").asString();
            }
        }
        return "";
    }

    /// The default profile's root disk and eth0, unless it has such devices.
    private static Json defaultProfile(AtollClient client, String pool, String network) {
        Json devices;
        try {
            devices = client.profiles().get("default").value().get("devices");
        } catch (NotFoundException _) {
            devices = Json.object();
        }
        boolean hasRoot = false;
        boolean hasNic = false;
        for (Json device : devices.asMap().values()) {
            hasRoot |=
                    device.get("type").asString().equals("disk")
                            && device.get("path").asString().equals("/");
            hasNic |= device.get("type").asString().equals("nic");
        }
        Json.Obj added = Json.object();
        if (!hasRoot && !pool.isEmpty()) {
            added.put("root", Json.object().put("path", "/").put("pool", pool).put("type", "disk"));
        }
        if (!hasNic && !network.isEmpty()) {
            added.put(
                    "eth0",
                    Json.object().put("name", "eth0").put("network", network).put("type", "nic"));
        }
        return Json.object().put("name", "default").put("devices", added);
    }

    private static Json interactive(Context context, AtollClient client) throws IOException {
        Questions ask = Questions.of(context);
        Json.Obj out = Json.object();
        out.put("config", askAddress(ask));
        String pool = firstName(client.storagePools().list());
        if (ask.yes("Do you want to configure a new storage pool? (yes/no)", pool.isEmpty())) {
            pool = ask.text("Name of the new storage pool", pool.isEmpty() ? DEFAULT_POOL : "");
            List<String> drivers = drivers(client);
            String driver =
                    drivers.isEmpty()
                            ? ask.text("Name of the storage backend to use", "overlay")
                            : ask.choice(
                                    "Name of the storage backend to use",
                                    drivers,
                                    bestDriver(client));
            String source = ask.text("Directory of the storage pool, if not the daemon's own", "");
            Json.Obj config =
                    source.isEmpty() ? Json.object() : Json.object().put("source", source);
            out.put(
                    "storage_pools",
                    Json.array(
                            List.of(
                                    Json.object()
                                            .put("name", pool)
                                            .put("driver", driver)
                                            .put("config", config))));
        }
        String network = firstManagedBridge(client);
        if (ask.yes(
                "Would you like to create a new local network bridge? (yes/no)",
                network.isEmpty())) {
            network =
                    ask.text(
                            "What should the new bridge be called?",
                            freeBridgeName(context, client));
            Json.Obj config =
                    Json.object()
                            .put(
                                    "ipv4.address",
                                    ask.text(
                                            "IPv4 address of the bridge (CIDR notation, auto or none)",
                                            "auto"))
                            .put(
                                    "ipv6.address",
                                    ask.text(
                                            "IPv6 address of the bridge (CIDR notation, auto or none)",
                                            "auto"));
            out.put(
                    "networks",
                    Json.array(
                            List.of(
                                    Json.object()
                                            .put("name", network)
                                            .put("type", "bridge")
                                            .put("config", config))));
        }
        out.put("profiles", Json.array(List.of(defaultProfile(client, pool, network))));
        if (ask.yes("Would you like a YAML \"init\" preseed to be printed? (yes/no)", false)) {
            context.output().print(Yaml.render(out));
        }
        return out;
    }

    private static Json askAddress(Questions ask) throws IOException {
        Json.Obj config = Json.object();
        if (ask.yes(
                "Would you like the server to be available over the network? (yes/no)", false)) {
            String address = ask.text("Address to bind to (not including port)", "all");
            String port = ask.text("Port to bind to", "8443");
            config.put(
                    "core.https_address", (address.equals("all") ? "[::]" : address) + ":" + port);
        }
        return config;
    }
}
