package io.atoll.cli.command;

import io.atoll.base.json.Json;
import io.atoll.cli.CliException;
import io.atoll.cli.CommandGroup;
import io.atoll.cli.CommandNode;
import io.atoll.cli.CommandSpec;
import io.atoll.cli.Context;
import io.atoll.cli.Ref;
import io.atoll.cli.text.Yaml;
import io.atoll.client.AtollClient;
import io.atoll.client.Entity;
import io.atoll.client.Records;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;

/// `config device` and `profile device`: the devices of an instance or a profile.
///
/// @param noun `instance` or `profile`
/// @param records the collection the devices belong to
/// @param inherits whether there are devices from profiles as well
record DeviceCommands(String noun, Function<AtollClient, Records> records, boolean inherits) {
    private static final List<String> ALL =
            List.of("add", "get", "list", "override", "remove", "set", "show", "unset");

    CommandGroup group() {
        List<String> names = new ArrayList<>(ALL);
        if (!inherits) {
            names.remove("override");
        }
        return CommandGroup.of("device", "Manage devices", names, this::make);
    }

    private Optional<CommandNode> make(String name) {
        String owner = "[<remote>:]<" + noun + ">";
        return switch (name) {
            case "add" ->
                    spec(
                            "add",
                            owner + " <device> <type> [key=value...]",
                            "Add a device",
                            3,
                            CommandSpec.ANY,
                            this::add);
            case "get" ->
                    spec(
                            "get",
                            owner + " <device> <key>",
                            "Print a key of a device",
                            3,
                            3,
                            this::get);
            case "list", "ls" -> spec("list", owner, "List devices", 1, 1, this::list);
            case "override" ->
                    inherits
                            ? spec(
                                    "override",
                                    owner + " <device> [key=value...]",
                                    "Copy a profile's device into the instance and change it",
                                    2,
                                    CommandSpec.ANY,
                                    this::override)
                            : Optional.empty();
            case "remove", "rm" ->
                    spec(
                            "remove",
                            owner + " <name>...",
                            "Remove devices",
                            2,
                            CommandSpec.ANY,
                            this::remove);
            case "set" ->
                    spec(
                            "set",
                            owner + " <device> <key>=<value>...",
                            "Set keys of a device",
                            3,
                            CommandSpec.ANY,
                            context -> set(context, Pairs.fromSet(context, 2)));
            case "show" -> spec("show", owner, "Show devices as YAML", 1, 1, this::show);
            case "unset" ->
                    spec(
                            "unset",
                            owner + " <device> <key>",
                            "Remove a key of a device",
                            3,
                            3,
                            context -> set(context, Json.object().put(context.args().at(2), "")));
            default -> Optional.empty();
        };
    }

    private static Optional<CommandNode> spec(
            String name, String usage, String about, int min, int max, CommandSpec.Code code) {
        CommandSpec spec = CommandSpec.of(name, usage + " [flags]", about).args(min, max).run(code);
        if (name.equals("list")) {
            spec.alias("ls");
        } else if (name.equals("remove")) {
            spec.alias("rm");
        }
        return Optional.of(spec);
    }

    private Entity load(Context context) {
        Ref ref = context.refAt(0);
        return records.apply(context.client(ref)).get(ref.name());
    }

    private void save(Context context, Entity entity, Json.Obj devices) {
        Ref ref = context.refAt(0);
        Json.Obj body =
                RecordCommands.pick(
                        entity.value(),
                        inherits ? ConfigCommands.EDITABLE : ProfileCommands.EDITABLE);
        body.put("devices", devices);
        context.await(records.apply(context.client(ref)).replace(ref.name(), body, entity.etag()));
    }

    private static Json.Obj devices(Entity entity) {
        return entity.value().get("devices") instanceof Json.Obj map ? map : Json.object();
    }

    private int add(Context context) {
        Entity entity = load(context);
        Json.Obj devices = devices(entity);
        String name = context.args().at(1);
        if (devices.members().containsKey(name)) {
            throw new CliException("The device already exists");
        }
        Json.Obj device = Json.object().put("type", context.args().at(2));
        device.members().putAll(Pairs.from(context.args().positional(), 3).members());
        devices.put(name, device);
        save(context, entity, devices);
        RecordCommands.say(context, "Device " + name + " added to " + context.refAt(0).name());
        return 0;
    }

    private int override(Context context) {
        Entity entity = load(context);
        Json.Obj devices = devices(entity);
        String name = context.args().at(1);
        if (devices.members().containsKey(name)) {
            throw new CliException("The device already exists");
        }
        if (!(entity.value().get("expanded_devices").get(name) instanceof Json.Obj inherited)) {
            throw new CliException("The profile device doesn't exist");
        }
        Json.Obj device = Json.object();
        device.members().putAll(inherited.members());
        RecordCommands.applyTo(device, Pairs.from(context.args().positional(), 2));
        devices.put(name, device);
        save(context, entity, devices);
        RecordCommands.say(
                context, "Device " + name + " overridden for " + context.refAt(0).name());
        return 0;
    }

    private int remove(Context context) {
        Entity entity = load(context);
        Json.Obj devices = devices(entity);
        List<String> names = context.args().positional().subList(1, context.args().count());
        for (String name : names) {
            own(entity, devices, name, "removed from");
            devices.members().remove(name);
        }
        save(context, entity, devices);
        RecordCommands.say(
                context,
                "Device " + String.join(", ", names) + " removed from " + context.refAt(0).name());
        return 0;
    }

    private int set(Context context, Json.Obj changes) {
        Entity entity = load(context);
        Json.Obj devices = devices(entity);
        RecordCommands.applyTo(own(entity, devices, context.args().at(1), "modified for"), changes);
        save(context, entity, devices);
        return 0;
    }

    /// A device that is not inherited.
    private Json.Obj own(Entity entity, Json.Obj devices, String name, String what) {
        if (devices.get(name) instanceof Json.Obj device) {
            return device;
        }
        if (inherits && !entity.value().get("expanded_devices").get(name).isNull()) {
            String advice =
                    what.startsWith("retrieved")
                            ? ""
                            : ". Override device or modify profile instead";
            throw new CliException(
                    "Device from profile(s) cannot be " + what + " individual instance" + advice);
        }
        throw new CliException("Device doesn't exist");
    }

    private int get(Context context) {
        Entity entity = load(context);
        Json.Obj device = own(entity, devices(entity), context.args().at(1), "retrieved for");
        context.output().line(device.get(context.args().at(2)).asString());
        return 0;
    }

    private int list(Context context) {
        context.output().line(String.join("\n", devices(load(context)).members().keySet()));
        return 0;
    }

    private int show(Context context) {
        Json.Obj sorted = Json.object();
        for (Map.Entry<String, Json> device :
                new java.util.TreeMap<>(devices(load(context)).members()).entrySet()) {
            sorted.put(device.getKey(), Yaml.sorted(device.getValue()));
        }
        context.output().print(Yaml.render(sorted));
        return 0;
    }
}
