package io.atoll.cli.command;

import io.atoll.base.json.Json;
import io.atoll.cli.CliException;
import io.atoll.cli.CommandSpec;
import io.atoll.cli.Context;
import io.atoll.cli.Ref;
import io.atoll.cli.host.WindowSize;
import io.atoll.client.AtollClient;
import io.atoll.client.Execution;
import io.atoll.client.HttpReply;
import io.atoll.client.HttpRequest;
import io.atoll.client.Target;
import java.io.IOException;

/// `console`: an instance's console and its log.
final class ConsoleCommand {
    private ConsoleCommand() {}

    static CommandSpec spec() {
        return CommandSpec.of(
                        "console",
                        "[<remote>:]<instance> [flags]",
                        "Attach to the console of an instance")
                .detail("<ctrl>+a q leaves the console; the instance runs on.")
                .args(1, 1)
                .flag("show-log", "Print what the console has shown so far")
                .value(
                        't',
                        "type",
                        "console",
                        "Type of console: only \"console\" (default \"console\")")
                .run(ConsoleCommand::run);
    }

    private static int run(Context context) throws IOException {
        Ref ref = context.refAt(0);
        checkType(context.args().value("type"));
        AtollClient client = context.client(ref);
        return context.args().flag("show-log")
                ? showLog(context, client, ref.name())
                : attach(context, client, ref.name());
    }

    /// @param type empty if none is asked for
    static void checkType(String type) {
        if (!type.isEmpty() && !type.equals("console")) {
            throw new CliException(
                    "Unknown output type \"" + type + "\"", "containers have a text console only");
        }
    }

    private static int showLog(Context context, AtollClient client, String name)
            throws IOException {
        String target = client.scope(Target.of("instances", name, "console")).toString();
        try (HttpReply reply = client.rest().raw(new HttpRequest("GET", target))) {
            context.output().line("\nConsole log:\n");
            reply.body().transferTo(context.invocation().out());
            context.output().line("");
        }
        return 0;
    }

    /// Attaches until the user leaves or the instance stops.
    static int attach(Context context, AtollClient client, String name) throws IOException {
        Json.Obj request = Json.object();
        WindowSize size = context.invocation().host().windowSize().orElse(new WindowSize(80, 25));
        request.put("width", size.columns()).put("height", size.rows()).put("type", "console");
        Execution execution = client.instances().console(name, request);
        context.output().print("To detach from the console, press: <ctrl>+a q\n\r");
        new Streams(context.invocation(), execution).runConsole();
        execution.operation().awaitSuccess();
        return 0;
    }
}
