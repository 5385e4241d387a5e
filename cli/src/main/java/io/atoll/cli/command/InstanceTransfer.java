package io.atoll.cli.command;

import io.atoll.base.DomainException;
import io.atoll.base.json.Json;
import io.atoll.cli.CliException;
import io.atoll.cli.Context;
import io.atoll.cli.Ref;
import io.atoll.client.AtollClient;
import io.atoll.client.Operation;
import io.atoll.client.Records;
import java.util.Locale;
import java.util.Map;

/// `copy` and `move` of instances from one server to another.
final class InstanceTransfer {
    /// How long a running instance may take to shut down when it moves.
    private static final long STOP_SECONDS = 30;

    private final Context context;
    private final Ref from;
    private final Ref to;
    private final AtollClient source;
    private final AtollClient target;
    private final String name;

    InstanceTransfer(Context context, Ref from, Ref to) {
        this.context = context;
        this.from = from;
        this.to = to;
        this.source = context.client(from);
        String project = context.args().value("target-project");
        this.target =
                project.isEmpty()
                        ? context.client(to)
                        : context.servers().client(to.remote(), project);
        String wanted = to.name();
        this.name = wanted.isEmpty() ? (from.hasChild() ? "" : from.name()) : wanted;
    }

    int copy() {
        Operation done = copy(original(), false, context.args().flag("refresh"), false);
        if (name.isEmpty()) {
            context.output().line("Instance name is: " + LaunchCommand.nameOf(done));
        }
        return 0;
    }

    private Json original() {
        return from.hasChild()
                ? source.instances().snapshots(from.parent()).get(from.child()).value()
                : source.instances().records().get(from.name()).value();
    }

    private Operation copy(Json original, boolean isMove, boolean isRefresh, boolean isLive) {
        Json.Obj body = CopyCommands.definition(context, original).put("name", name);
        if (isMove) {
            keepIdentity(body, original);
        }
        boolean isAlone = context.args().flag("instance-only") || from.hasChild();
        boolean isSloppy = context.args().flag("allow-inconsistent");
        Json.Obj origin =
                Json.object()
                        .put("type", "migration")
                        .put(
                                "base-image",
                                original.get("config").get("volatile.base_image").asString())
                        .put("live", isLive)
                        .put("instance_only", isAlone)
                        .put("container_only", isAlone)
                        .put("refresh", isRefresh)
                        .put("allow_inconsistent", isSloppy);
        Json.Obj request =
                Json.object()
                        .put("name", name)
                        .put("migration", true)
                        .put("live", isLive)
                        .put("instance_only", isAlone)
                        .put("container_only", isAlone)
                        .put("allow_inconsistent", isSloppy);
        Records sources =
                from.hasChild()
                        ? source.instances().snapshots(from.parent())
                        : source.instances().records();
        ServerTransfer transfer = new ServerTransfer(context, "Transferring instance");
        Operation done =
                transfer.run(
                        context.args().value("mode"),
                        new ServerTransfer.Side(source, context.servers().remote(from.remote())),
                        more ->
                                sources.post(
                                        from.hasChild() ? from.child() : from.name(),
                                        with(request, more)),
                        new ServerTransfer.Side(target, context.servers().remote(to.remote())),
                        more ->
                                target.instances()
                                        .records()
                                        .create(
                                                with(
                                                        body,
                                                        Json.object()
                                                                .put(
                                                                        "source",
                                                                        with(origin, more)))));
        transfer.sent()
                .map(sent -> sent.metadata().get("downtime").asString())
                .filter(text -> !text.isEmpty())
                .ifPresent(this::tellDowntime);
        return done;
    }

    private void tellDowntime(String time) {
        if (!context.isQuiet()) {
            context.output().line("Downtime: " + time);
        }
    }

    private static Json.Obj with(Json.Obj base, Json.Obj more) {
        Json.Obj out = Json.object();
        out.members().putAll(base.members());
        out.members().putAll(more.members());
        return out;
    }

    /// What is moved stays itself: the same id, and the same hardware addresses.
    private static void keepIdentity(Json.Obj body, Json original) {
        Json.Obj config = Json.object();
        config.members().putAll(body.get("config").asMap());
        for (Map.Entry<String, Json> entry : original.get("config").asMap().entrySet()) {
            String key = entry.getKey();
            boolean isIdentity =
                    key.equals("volatile.uuid")
                            || key.equals("volatile.cloud-init.instance-id")
                            || key.endsWith(".hwaddr")
                            || key.endsWith(".name");
            if (key.startsWith("volatile.") && isIdentity) {
                config.put(key, entry.getValue());
            }
        }
        body.put("config", config);
    }

    int move() {
        if (from.hasChild()) {
            throw new CliException(
                    "snapshots do not move between servers",
                    "to make an instance of one there: copy " + from.name());
        }
        Json original = original();
        boolean isRunning = !original.get("status").asString().equals("Stopped");
        if (original.get("stateful").asBoolean() && !context.args().flag("stateless")) {
            throw new CliException(
                    from.name() + " is saved with its processes, which stay behind when it moves",
                    "start it first, or leave them behind with --stateless");
        }
        if (isRunning && context.args().flag("live")) {
            Operation unused = copy(original, true, false, true);
        } else if (isRunning) {
            moveRunning(original);
        } else {
            Operation unused = copy(original, true, false, false);
        }
        Operation unused = context.await(source.instances().records().delete(from.name()));
        return 0;
    }

    /// The instance runs on while most of it is copied, and stands still only for what it wrote
    /// meanwhile. Whatever fails, it runs afterwards where it ran before.
    private void moveRunning(Json original) {
        Operation unused = copy(original, true, false, false);
        long stopped;
        boolean isDown = false;
        try {
            unused = copy(original, true, true, false);
            stopped = System.nanoTime();
            isDown = true;
            stop();
            unused = copy(original, true, true, false);
            unused = context.await(target.instances().start(name));
        } catch (DomainException e) {
            takeBack(isDown, e);
            throw e;
        }
        tellDowntime(String.format(Locale.ROOT, "%.2f s", (System.nanoTime() - stopped) / 1e9));
    }

    private void stop() {
        try {
            Operation unused =
                    context.await(
                            source.instances()
                                    .changeState(from.name(), "stop", STOP_SECONDS, false, false));
        } catch (DomainException e) {
            // It does not shut down in time.
            try {
                Operation unused = context.await(source.instances().stop(from.name(), true));
            } catch (DomainException more) {
                more.addSuppressed(e);
                throw more;
            }
        }
    }

    private void takeBack(boolean isDown, DomainException failure) {
        try {
            Operation unused = context.await(target.instances().records().delete(name));
        } catch (DomainException e) {
            failure.addSuppressed(e);
        }
        if (isDown) {
            try {
                Operation unused = context.await(source.instances().start(from.name()));
            } catch (DomainException e) {
                failure.addSuppressed(e);
            }
        }
    }
}
