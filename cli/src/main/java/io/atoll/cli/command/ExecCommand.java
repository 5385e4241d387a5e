package io.atoll.cli.command;

import io.atoll.base.json.Json;
import io.atoll.cli.CliException;
import io.atoll.cli.CommandSpec;
import io.atoll.cli.Context;
import io.atoll.cli.Ref;
import io.atoll.cli.host.WindowSize;
import io.atoll.client.AtollClient;
import io.atoll.client.Execution;
import io.atoll.client.Operation;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// `exec` and `shell`: commands inside an instance, with the streams, the terminal and the signals
/// of this one.
final class ExecCommand {
    private ExecCommand() {}

    static CommandSpec spec() {
        return options(
                        CommandSpec.of(
                                "exec",
                                "[<remote>:]<instance> [flags] [--] <command line>",
                                "Run commands in instances"))
                .detail(
                        "The words of the command are handed over as they are: nothing expands variables or patterns",
                        "and nothing redirects. For a shell line run a shell:",
                        "",
                        "  exec <instance> -- sh -c \"cd /tmp && pwd\"",
                        "",
                        "Without --mode the command gets a terminal if stdin and stdout are terminals.")
                .args(2, CommandSpec.ANY)
                .run(context ->
                        run(
                                context,
                                context.args().positional().subList(1, context.args().count())));
    }

    static CommandSpec shell() {
        return options(
                        CommandSpec.of(
                                "shell",
                                "[<remote>:]<instance> [flags]",
                                "Log in to an instance as root"))
                .args(1, 1)
                .run(context -> run(context, List.of("su", "-l")));
    }

    private static CommandSpec options(CommandSpec spec) {
        return spec.value("cwd", "Directory to run in (default /root)")
                .flag('n', "disable-stdin", "Give the command no input")
                .values('\0', "env", "Environment variable, NAME=VALUE")
                .flag('t', "force-interactive", "Give the command a terminal")
                .flag('T', "force-noninteractive", "Give the command no terminal")
                .value('\0', "group", "0", "Group id to run as (default 0)")
                .value(
                        '\0',
                        "mode",
                        "auto",
                        "auto, interactive or non-interactive (default \"auto\")")
                .value('\0', "user", "0", "User id to run as (default 0)");
    }

    private static int run(Context context, List<String> command) throws IOException {
        Ref ref = context.refAt(0);
        boolean interactive = isInteractive(context);
        Json.Obj request =
                Json.object()
                        .put("command", command)
                        .put("wait-for-websocket", true)
                        .put("interactive", interactive)
                        .put("environment", environment(context));
        Optional<WindowSize> size = context.invocation().host().windowSize();
        if (interactive && size.isPresent()) {
            request.put("width", size.get().columns()).put("height", size.get().rows());
        }
        request.put("record-output", false)
                .put("user", context.args().number("user"))
                .put("group", context.args().number("group"))
                .put("cwd", context.args().value("cwd"));
        AtollClient client = context.client(ref);
        Execution execution = client.instances().exec(ref.name(), request);
        Streams streams = new Streams(context.invocation(), execution);
        if (interactive) {
            streams.runInteractive();
        } else {
            streams.runPlain(context.args().flag("disable-stdin"));
        }
        return status(context, execution.operation().await(_ -> {}));
    }

    private static int status(Context context, Operation ended) {
        Json status = ended.metadata().get("return");
        if (!ended.isSuccess()) {
            if (status.isNull()) {
                throw new CliException(ended.error());
            }
            context.output().note("Error: " + ended.error());
        }
        return status.asInt();
    }

    private static boolean isInteractive(Context context) {
        boolean force = context.args().flag("force-interactive");
        boolean never = context.args().flag("force-noninteractive");
        String mode = context.args().value("mode");
        if (force && never) {
            throw new CliException("You can't pass -t and -T at the same time");
        }
        if (!mode.equals("auto") && (force || never)) {
            throw new CliException("You can't pass -t or -T at the same time as --mode");
        }
        return switch (mode) {
            case "interactive" -> true;
            case "non-interactive" -> false;
            case "auto" ->
                    force
                            || !never
                                    && context.invocation().host().isTerminal(0)
                                    && context.invocation().host().isTerminal(1);
            default ->
                    throw new CliException(
                            "Invalid value for --mode: " + mode,
                            "modes are auto, interactive and non-interactive");
        };
    }

    private static Json.Obj environment(Context context) {
        Json.Obj out = Json.object();
        String term = context.invocation().env("TERM");
        if (!term.isEmpty()) {
            out.put("TERM", term);
        }
        for (String pair : new ArrayList<>(context.args().values("env"))) {
            int equals = pair.indexOf('=');
            out.put(
                    equals < 0 ? pair : pair.substring(0, equals),
                    equals < 0 ? "" : pair.substring(equals + 1));
        }
        return out;
    }
}
