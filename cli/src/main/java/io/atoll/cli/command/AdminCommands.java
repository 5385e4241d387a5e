package io.atoll.cli.command;

import io.atoll.base.DomainException;
import io.atoll.base.UnavailableException;
import io.atoll.base.json.Json;
import io.atoll.cli.CliException;
import io.atoll.cli.CommandGroup;
import io.atoll.cli.CommandNode;
import io.atoll.cli.CommandSpec;
import io.atoll.cli.Context;
import io.atoll.cli.Version;
import io.atoll.client.AtollClient;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/// `admin`, and the verbs of the program name `lxd`: what concerns the daemon itself.
final class AdminCommands {
    private static final long POLL_NANOS = TimeUnit.MILLISECONDS.toNanos(50);

    private AdminCommands() {}

    static CommandGroup group() {
        return CommandGroup.of(
                "admin",
                "Manage the daemon",
                List.of("init", "recover", "shutdown", "sql", "waitready"),
                AdminCommands::make);
    }

    /// The tree of the program `lxd`.
    static CommandGroup lxd() {
        return CommandGroup.of(
                "lxd",
                "Manage the daemon",
                List.of(
                        "activateifneeded",
                        "cluster",
                        "import",
                        "init",
                        "manpage",
                        "recover",
                        "shutdown",
                        "sql",
                        "version",
                        "waitready"),
                AdminCommands::makeForLxd);
    }

    private static Optional<CommandNode> makeForLxd(String name) {
        return switch (name) {
            case "activateifneeded" -> Optional.of(activate());
            case "cluster" -> Optional.of(LowClusterCommands.group());
            case "import" ->
                    Optional.of(absent(name, "Command has been replaced with \"lxd recover\""));
            case "manpage" -> Optional.of(ManpageCommand.spec().hide());
            case "version" -> Optional.of(version());
            default -> make(name);
        };
    }

    /// A verb of LXD's that says why it does nothing.
    private static CommandSpec absent(String name, String why) {
        return CommandSpec.of(name, "[<argument>...] [flags]", why)
                .args(0, CommandSpec.ANY)
                .hide()
                .run(_ -> {
                    throw new CliException(why);
                });
    }

    private static CommandSpec version() {
        return CommandSpec.of("version", "[flags]", "Show the version")
                .run(context -> {
                    context.output().line(Version.of(context.invocation().program()));
                    return 0;
                });
    }

    /// What starts the daemon is that somebody connects, where the service manager holds its
    /// socket.
    private static CommandSpec activate() {
        return CommandSpec.of("activateifneeded", "[flags]", "Start the daemon if it has work")
                .detail(
                        "Boot scripts of LXD call this. The daemon starts where the service manager"
                                + " holds its socket; it is no error if nothing answers.")
                .hide()
                .run(context -> {
                    boolean unused = answers(local(context));
                    return 0;
                });
    }

    private static Optional<CommandNode> make(String name) {
        return switch (name) {
            case "init" -> Optional.of(InitCommand.spec());
            case "recover" -> Optional.of(RecoverCommand.spec());
            case "sql" -> Optional.of(SqlCommand.spec());
            case "shutdown" -> Optional.of(shutdown());
            case "waitready" -> Optional.of(waitReady());
            default -> Optional.empty();
        };
    }

    private static CommandSpec shutdown() {
        return CommandSpec.of("shutdown", "[flags]", "Stop all instances and end the daemon")
                .flag('f', "force", "Do not wait for running operations")
                .value('t', "timeout", "0", "Seconds to wait before giving up")
                .run(AdminCommands::runShutdown);
    }

    private static int runShutdown(Context context) {
        AtollClient client = local(context);
        long timeout = context.args().number("timeout");
        Optional<ProcessHandle> daemon = process(client);
        try {
            client.rest()
                    .call(
                            "PUT",
                            "/internal/shutdown?force=" + context.args().flag("force"),
                            null,
                            "");
        } catch (UnavailableException e) {
            // It was there a moment ago: without an answer it has ended before that was out.
            if (e.getCause() == null) {
                throw e;
            }
        }
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(timeout);
        // It lets go of mounts and networks when it does not answer any more.
        while (daemon.isPresent() ? daemon.get().isAlive() : answers(client)) {
            if (timeout > 0 && System.nanoTime() - deadline > 0) {
                throw new CliException("the daemon is still running after " + timeout + " seconds");
            }
            LockSupport.parkNanos(POLL_NANOS);
        }
        return 0;
    }

    /// The daemon's, empty if it does not say or runs where we see no processes.
    ///
    /// @throws UnavailableException if there is no daemon
    private static Optional<ProcessHandle> process(AtollClient client) {
        try {
            Json environment = client.server().value().get("environment");
            return ProcessHandle.of(environment.get("server_pid").asLong());
        } catch (UnavailableException e) {
            throw e;
        } catch (DomainException _) {
            return Optional.empty();
        }
    }

    private static CommandSpec waitReady() {
        return CommandSpec.of("waitready", "[flags]", "Wait until the daemon has started")
                .detail(
                        "Ready means: it answers, and the instances that start with it have been started.")
                .value('t', "timeout", "0", "Seconds to wait before giving up")
                .run(AdminCommands::runWaitReady);
    }

    private static int runWaitReady(Context context) {
        AtollClient client = local(context);
        long timeout = context.args().number("timeout");
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(timeout);
        while (true) {
            try {
                client.rest().get("/internal/ready");
                return 0;
            } catch (UnavailableException e) {
                if (timeout > 0 && System.nanoTime() - deadline > 0) {
                    throw new CliException(
                            "the daemon is not ready after "
                                    + timeout
                                    + " seconds: "
                                    + e.getMessage());
                }
            }
            LockSupport.parkNanos(POLL_NANOS);
        }
    }

    private static boolean answers(AtollClient client) {
        try {
            client.server();
            return true;
        } catch (UnavailableException e) {
            return e.getCause() == null;
        } catch (DomainException _) {
            return true;
        }
    }

    static AtollClient local(Context context) {
        return context.servers().client("local");
    }

    /// Whether the server has something like that already.
    static boolean exists(Json list, String name) {
        for (Json item : list.asList()) {
            if (item.get("name").asString().equals(name)) {
                return true;
            }
        }
        return false;
    }
}
