package io.atoll.cli.command;

import io.atoll.cli.CommandGroup;
import io.atoll.cli.CommandNode;
import io.atoll.cli.CommandSpec;
import java.util.List;
import java.util.Optional;

/// The roots of the command trees.
public final class Commands {
    private static final List<String> NAMES = List.of(
            "admin",
            "console",
            "delete",
            "exec",
            "info",
            "init",
            "launch",
            "list",
            "pause",
            "restart",
            "shell",
            "start",
            "stop",
            "version");

    private Commands() {}

    /// The tree of the program of that name: `lxd` has one of its own, every other name is the client.
    public static CommandGroup root(String program) {
        if (program.equals("lxd")) {
            return AdminCommands.lxd();
        }
        return CommandGroup.of(program, "Run system containers: the command line of Atoll", NAMES, Commands::make);
    }

    private static Optional<CommandNode> make(String name) {
        return switch (name) {
            case "admin" -> Optional.of(AdminCommands.group());
            case "console" -> Optional.of(ConsoleCommand.spec());
            case "delete", "rm" -> Optional.of(DeleteCommand.spec());
            case "exec" -> Optional.of(ExecCommand.spec());
            case "info" -> Optional.of(InfoCommand.spec());
            case "init" -> Optional.of(LaunchCommand.init());
            case "launch" -> Optional.of(LaunchCommand.launch());
            case "list", "ls" -> Optional.of(ListCommand.spec());
            case "pause", "restart", "start", "stop" -> Optional.of(StateCommands.spec(name));
            case "shell" -> Optional.of(ExecCommand.shell());
            case "version" -> Optional.of(version());
            default -> Optional.empty();
        };
    }

    private static CommandSpec version() {
        return VersionCommand.spec();
    }
}
