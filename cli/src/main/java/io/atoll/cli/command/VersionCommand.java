package io.atoll.cli.command;

import io.atoll.base.DomainException;
import io.atoll.cli.CliException;
import io.atoll.cli.CommandSpec;
import io.atoll.cli.Context;
import io.atoll.cli.Version;

/// `version`: which client this is and which server answers.
final class VersionCommand {
    private VersionCommand() {}

    static CommandSpec spec() {
        return CommandSpec.of(
                        "version", "[<remote>:] [flags]", "Show the versions of client and server")
                .args(0, 1)
                .run(VersionCommand::run);
    }

    private static int run(Context context) {
        String server;
        try {
            server =
                    context.client(context.refAt(0))
                            .server()
                            .value()
                            .get("environment")
                            .get("server_version")
                            .asString();
        } catch (DomainException | CliException _) {
            server = "unreachable";
        }
        context.output().line("Client version: " + Version.of(context.invocation().program()));
        context.output().line("Server version: " + server);
        return 0;
    }
}
