package io.atoll.cli.command;

import io.atoll.base.DomainException;
import io.atoll.base.json.Json;
import io.atoll.cli.CliException;
import io.atoll.cli.CommandSpec;
import io.atoll.cli.Context;
import io.atoll.cli.Ref;
import io.atoll.client.AtollClient;
import io.atoll.client.Target;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/// `start`, `stop`, `restart`, `pause`.
final class StateCommands {
    private static final String USAGE = "[<remote>:]<instance> [[<remote>:]<instance>...] [flags]";

    private StateCommands() {}

    static CommandSpec spec(String action) {
        CommandSpec spec =
                switch (action) {
                    case "start" ->
                            CommandSpec.of("start", USAGE, "Start instances")
                                    .optional("console", "console", "Attach to the console at once")
                                    .flag(
                                            "explain",
                                            "Print what would be done to start it, and do nothing")
                                    .flag("stateless", "Ignore a stored state");
                    case "stop" ->
                            stopping(CommandSpec.of("stop", USAGE, "Stop instances"))
                                    .flag("stateful", "Store the running state");
                    case "restart" ->
                            stopping(CommandSpec.of("restart", USAGE, "Restart instances"));
                    default ->
                            CommandSpec.of(
                                    "pause", USAGE, "Freeze instances; \"start\" lets them go on");
                };
        return spec.args(1, CommandSpec.ANY)
                .flag("all", "Act on all instances")
                .run(context -> run(context, action.equals("pause") ? "freeze" : action));
    }

    private static CommandSpec stopping(CommandSpec spec) {
        return spec.optional("console", "console", "Attach to the console at once")
                .flag('f', "force", "Do not ask the instance to shut down, just stop it")
                .value(
                        '\0',
                        "timeout",
                        "-1",
                        "Seconds to wait before it is stopped by force (default -1)");
    }

    private static int run(Context context, String action) throws IOException {
        List<Ref> refs = refs(context, action);
        if (context.args().flag("explain")) {
            return explain(context, refs);
        }
        if (context.args().has("console") && refs.size() != 1) {
            throw new CliException("--console can't be used with more than one instance");
        }
        ConsoleCommand.checkType(context.args().value("console"));
        List<Failure> failures = new ArrayList<>();
        for (Ref ref : refs) {
            try {
                change(context, ref, action);
            } catch (DomainException | CliException e) {
                failures.add(new Failure(ref, e));
            }
        }
        report(context, action, refs.size(), failures);
        if (context.args().has("console")) {
            return ConsoleCommand.attach(
                    context, context.client(refs.getFirst()), refs.getFirst().name());
        }
        return 0;
    }

    private record Failure(Ref ref, RuntimeException cause) {}

    private static List<Ref> refs(Context context, String action) {
        if (!context.args().flag("all")) {
            return context.servers().refs(context.args().positional());
        }
        if (context.args().count() > 0) {
            throw new CliException("Both --all and instance name given");
        }
        String remote = context.servers().config().defaultRemote();
        List<Ref> refs = new ArrayList<>();
        for (Json instance : context.client(new Ref(remote, "")).instances().list(false)) {
            String status = instance.get("status").asString();
            boolean fits =
                    switch (action) {
                        case "start" -> status.equals("Stopped");
                        case "stop", "restart" -> !status.equals("Stopped");
                        default -> status.equals("Running");
                    };
            if (fits) {
                refs.add(new Ref(remote, instance.get("name").asString()));
            }
        }
        return refs;
    }

    private static void change(Context context, Ref ref, String action) {
        AtollClient client = context.client(ref);
        String actual = action;
        boolean stateful = context.args().flag("stateful");
        if (action.equals("start")) {
            Json current = client.instances().records().get(ref.name()).value();
            if (current.get("status").asString().equals("Frozen")) {
                actual = "unfreeze";
            }
            stateful = current.get("stateful").asBoolean() && !context.args().flag("stateless");
        }
        long timeout =
                action.equals("stop") || action.equals("restart")
                        ? context.args().number("timeout")
                        : -1;
        boolean force = context.args().flag("force");
        var handle = client.instances().changeState(ref.name(), actual, timeout, force, stateful);
        try {
            context.await(handle);
        } catch (DomainException e) {
            throw new CliException(e.getMessage(), logHint(context, ref.name()));
        }
    }

    static String logHint(Context context, String name) {
        return "Try `"
                + context.invocation().program()
                + " info --show-log "
                + name
                + "` for more info";
    }

    /// One failure speaks for itself; with several each gets a line and all a summary.
    private static void report(Context context, String action, int total, List<Failure> failures) {
        if (failures.isEmpty()) {
            return;
        }
        if (total == 1) {
            throw failures.getFirst().cause();
        }
        for (Failure failure : failures) {
            context.output()
                    .note(failure.ref().name() + ": error: " + failure.cause().getMessage());
        }
        String verb = (action.equals("freeze") ? "pause" : action).toLowerCase(Locale.ROOT);
        throw new CliException("Some instances failed to " + verb);
    }

    /// The plan of a start, as the daemon compiled it; an extension of Atoll's own.
    private static int explain(Context context, List<Ref> refs) {
        for (Ref ref : refs) {
            AtollClient client = context.client(ref);
            String target = client.scope(Target.of("instances", ref.name(), "plan")).toString();
            context.output().print(client.rest().get(target).get("text").asString());
        }
        return 0;
    }
}
