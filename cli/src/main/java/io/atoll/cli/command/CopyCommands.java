package io.atoll.cli.command;

import io.atoll.base.json.Json;
import io.atoll.cli.CliException;
import io.atoll.cli.CommandSpec;
import io.atoll.cli.Context;
import io.atoll.cli.Ref;
import io.atoll.client.AtollClient;
import io.atoll.client.Operation;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/// `copy`, `move` and `rename` of instances and snapshots; between servers [InstanceTransfer] does
/// it.
final class CopyCommands {
    private CopyCommands() {}

    static CommandSpec copy() {
        return options(
                        CommandSpec.of(
                                "copy",
                                "[<remote>:]<source>[/<snapshot>] [[<remote>:]<destination>] [flags]",
                                "Copy instances"))
                .alias("cp")
                .args(1, 2)
                .flag('e', "ephemeral", "Make the copy ephemeral")
                .flag("refresh", "Bring an existing copy up to date")
                .run(CopyCommands::runCopy);
    }

    static CommandSpec move() {
        return options(
                        CommandSpec.of(
                                "move",
                                "[<remote>:]<instance>[/<snapshot>] [<remote>:][<instance>[/<snapshot>]] [flags]",
                                "Move or rename instances"))
                .alias("mv")
                .flag("live", "Take a running instance along with its processes, by CRIU")
                .args(1, 2)
                .run(CopyCommands::runMove);
    }

    static CommandSpec rename() {
        return CommandSpec.of(
                        "rename",
                        "[<remote>:]<instance>[/<snapshot>] <instance>[/<snapshot>] [flags]",
                        "Rename instances and snapshots")
                .args(2, 2)
                .run(context -> {
                    renameTo(
                            context,
                            context.refAt(0),
                            new Ref(context.refAt(0).remote(), context.args().at(1)));
                    return 0;
                });
    }

    static CommandSpec rebuild() {
        return CommandSpec.of(
                        "rebuild",
                        "[<image>] [<remote>:]<instance> [flags]",
                        "Make the files of an instance anew")
                .detail(
                        "From an image of the same server, or empty. Configuration and name stay; what is in",
                        "the instance is lost.")
                .args(1, 2)
                .flag("empty", "Leave it empty")
                .flag('f', "force", "Stop it first if it runs")
                .run(CopyCommands::runRebuild);
    }

    private static int runRebuild(Context context) {
        boolean isEmpty = context.args().flag("empty");
        if (context.args().count() != (isEmpty ? 1 : 2)) {
            throw new CliException("an image or --empty is needed, and an instance");
        }
        Ref ref = context.refAt(isEmpty ? 0 : 1);
        AtollClient client = context.client(ref);
        boolean isRunning =
                !client.instances()
                        .records()
                        .get(ref.name())
                        .value()
                        .get("status")
                        .asString()
                        .equals("Stopped");
        if (isRunning && context.args().flag("force")) {
            context.await(client.instances().stop(ref.name(), true));
        }
        Json.Obj source = Json.object();
        if (isEmpty) {
            source.put("type", "none");
        } else {
            String image = context.refAt(0).name();
            source.put("type", "image").put("alias", image);
        }
        String target =
                client.scope(client.instances().records().target(ref.name(), "rebuild")).toString();
        context.await(
                client.handle(
                        client.rest()
                                .call("POST", target, Json.object().put("source", source), "")));
        if (isRunning && context.args().flag("force")) {
            context.await(client.instances().start(ref.name()));
        }
        return 0;
    }

    private static CommandSpec options(CommandSpec spec) {
        return spec.flag("allow-inconsistent", "Ignore files that change while they are copied")
                .values('c', "config", "Configuration of the new instance, KEY=VALUE")
                .values('d', "device", "Key of one of its devices, DEVICE,KEY=VALUE")
                .flag("instance-only", "Leave the snapshots behind")
                .value(
                        '\0',
                        "mode",
                        "pull",
                        "Transfer mode: pull, push or relay (default \"pull\")")
                .flag("no-profiles", "Apply no profiles to the new instance")
                .values('p', "profile", "Apply this profile to the new instance")
                .flag("stateless", "Leave a stored state behind")
                .value('s', "storage", "", "Storage pool of its root disk")
                .value("target", "Cluster member")
                .value("target-project", "Put it into another project");
    }

    private static int runCopy(Context context) {
        Ref from = context.refAt(0);
        Ref to = context.refAt(1);
        if (!from.remote().equals(to.remote())) {
            return new InstanceTransfer(context, from, to).copy();
        }
        AtollClient source = context.client(from);
        Json original =
                from.hasChild()
                        ? source.instances().snapshots(from.parent()).get(from.child()).value()
                        : source.instances().records().get(from.name()).value();
        String project = context.args().value("target-project");
        AtollClient target =
                project.isEmpty() ? source : context.servers().client(to.remote(), project);
        Json.Obj body = definition(context, original).put("name", to.name());
        Json.Obj origin =
                Json.object()
                        .put("type", "copy")
                        .put("source", from.name())
                        .put(
                                "instance_only",
                                context.args().flag("instance-only") || from.hasChild())
                        .put("live", false)
                        .put("refresh", context.args().flag("refresh"))
                        .put("allow_inconsistent", context.args().flag("allow-inconsistent"));
        if (!project.isEmpty()) {
            origin.put("project", source.project().isEmpty() ? "default" : source.project());
        }
        Operation done =
                context.await(
                        target.instances().records().create(body.put("source", origin)),
                        "Transferring instance");
        if (to.name().isEmpty()) {
            context.output().line("Instance name is: " + LaunchCommand.nameOf(done));
        }
        return 0;
    }

    /// The source's own configuration with the changes asked for. What is bound to the source
    /// itself stays behind.
    static Json.Obj definition(Context context, Json original) {
        Json.Obj body =
                RecordCommands.pick(
                        original, List.of("architecture", "devices", "profiles", "description"));
        Json.Obj config = Json.object();
        for (Map.Entry<String, Json> entry : original.get("config").asMap().entrySet()) {
            if (!entry.getKey().startsWith("volatile.")
                    || entry.getKey().equals("volatile.base_image")) {
                config.put(entry.getKey(), entry.getValue());
            }
        }
        RecordCommands.applyTo(config, pairs(context.args().values("config")));
        body.put("config", config);
        if (!context.args().values("profile").isEmpty()) {
            body.put("profiles", context.args().values("profile"));
        } else if (context.args().flag("no-profiles")) {
            body.put("profiles", Json.array());
        }
        Json.Obj devices = Json.object();
        devices.members().putAll(original.get("devices").asMap());
        for (String text : context.args().values("device")) {
            setDeviceKey(devices, original, text);
        }
        String pool = context.args().value("storage");
        if (!pool.isEmpty()) {
            setRootPool(devices, original, pool);
        }
        body.put("devices", devices);
        body.put("ephemeral", context.args().flag("ephemeral"));
        return body.put(
                "stateful",
                original.get("stateful").asBoolean() && !context.args().flag("stateless"));
    }

    private static Json.Obj pairs(List<String> words) {
        Json.Obj map = Json.object();
        for (String word : words) {
            Pairs.putInto(map, word);
        }
        return map;
    }

    private static void setDeviceKey(Json.Obj devices, Json original, String text) {
        int comma = text.indexOf(',');
        if (comma <= 0) {
            throw new CliException("Bad syntax, expecting <device>,<key>=<value>: " + text);
        }
        String name = text.substring(0, comma);
        Json.Obj device = Json.object();
        device.members().putAll(original.get("expanded_devices").get(name).asMap());
        device.members().putAll(devices.get(name).asMap());
        Pairs.putInto(device, text.substring(comma + 1));
        devices.put(name, device);
    }

    private static void setRootPool(Json.Obj devices, Json original, String pool) {
        for (Map.Entry<String, Json> entry : original.get("expanded_devices").asMap().entrySet()) {
            Json it = entry.getValue();
            if (it.get("type").asString().equals("disk") && it.get("path").asString().equals("/")) {
                Json.Obj root = Json.object();
                root.members().putAll(it.asMap());
                root.members().putAll(devices.get(entry.getKey()).asMap());
                devices.put(entry.getKey(), root.put("pool", pool));
                return;
            }
        }
        devices.put("root", Json.object().put("type", "disk").put("path", "/").put("pool", pool));
    }

    private static int runMove(Context context) {
        Ref from = context.refAt(0);
        Ref to = context.args().count() > 1 ? context.refAt(1) : from;
        if (!from.remote().equals(to.remote())) {
            return new InstanceTransfer(context, from, to).move();
        }
        String pool = context.args().value("storage");
        String project = context.args().value("target-project");
        if (pool.isEmpty() && project.isEmpty()) {
            if (context.args().count() < 2) {
                throw new CliException("a new name, --storage or --target-project is needed");
            }
            requireNoChanges(context);
            renameTo(context, from, to);
            return 0;
        }
        Json.Obj body =
                Json.object()
                        .put("name", to.name().isEmpty() ? from.name() : to.name())
                        .put("migration", true)
                        .put("instance_only", context.args().flag("instance-only"));
        if (!pool.isEmpty()) {
            body.put("pool", pool);
        }
        if (!project.isEmpty()) {
            body.put("project", project);
        }
        context.await(
                context.client(from).instances().records().post(from.name(), body),
                "Transferring instance");
        return 0;
    }

    private static void requireNoChanges(Context context) {
        boolean changes =
                context.args().flag("no-profiles")
                        || Stream.of("config", "device", "profile")
                                .anyMatch(option -> !context.args().values(option).isEmpty());
        if (changes) {
            throw new CliException("Can't override configuration or profiles in local rename");
        }
    }

    private static void renameTo(Context context, Ref from, Ref to) {
        AtollClient client = context.client(from);
        if (!from.hasChild()) {
            if (to.hasChild()) {
                throw new CliException(
                        "an instance cannot become a snapshot",
                        "to make one: snapshot " + to.parent());
            }
            context.await(client.instances().records().rename(from.name(), to.name()));
            return;
        }
        if (to.hasChild() && !to.parent().equals(from.parent())) {
            throw new CliException("Invalid new snapshot name, parent must be the same as source");
        }
        String name = to.hasChild() ? to.child() : to.name();
        context.await(client.instances().snapshots(from.parent()).rename(from.child(), name));
    }
}
