package io.atoll.cli.command;

import io.atoll.cli.CommandGroup;
import io.atoll.cli.CommandNode;
import java.util.List;
import java.util.Optional;

/// The roots of the command trees.
public final class Commands {
    private static final List<String> NAMES =
            List.of(
                    "admin",
                    "alias",
                    "cluster",
                    "completion",
                    "config",
                    "console",
                    "copy",
                    "delete",
                    "exec",
                    "export",
                    "file",
                    "image",
                    "import",
                    "info",
                    "init",
                    "launch",
                    "list",
                    "manpage",
                    "monitor",
                    "move",
                    "network",
                    "operation",
                    "pause",
                    "port-forward",
                    "profile",
                    "project",
                    "publish",
                    "query",
                    "rebuild",
                    "remote",
                    "rename",
                    "restart",
                    "restore",
                    "shell",
                    "snapshot",
                    "start",
                    "stop",
                    "storage",
                    "version",
                    "warning");

    private Commands() {}

    /// The tree of the program of that name: `lxd` and `lxd-images` have their own, every other
    /// name is the client.
    public static CommandGroup root(String program) {
        if (program.equals("lxd")) {
            return AdminCommands.lxd();
        }
        if (program.equals("lxd-images")) {
            return LxdImagesCommands.root();
        }
        return CommandGroup.of(
                program, "Run system containers: the command line of Atoll", NAMES, Commands::make);
    }

    private static Optional<CommandNode> make(String name) {
        return switch (name) {
            case "admin" -> Optional.of(AdminCommands.group());
            case "alias" -> Optional.of(AliasCommands.group());
            case "cluster" -> Optional.of(ClusterCommands.group());
            case "completion" -> Optional.of(CompletionCommand.spec());
            case "config" -> Optional.of(ConfigCommands.group());
            case "console" -> Optional.of(ConsoleCommand.spec());
            case "copy", "cp" -> Optional.of(CopyCommands.copy());
            case "delete", "rm" -> Optional.of(DeleteCommand.spec());
            case "exec" -> Optional.of(ExecCommand.spec());
            case "export" -> Optional.of(BackupTransfer.exportCommand());
            case "file" -> Optional.of(FileCommands.group());
            case "image" -> Optional.of(ImageCommands.group());
            case "import" -> Optional.of(BackupTransfer.importCommand());
            case "info" -> Optional.of(InfoCommand.spec());
            case "init" -> Optional.of(LaunchCommand.init());
            case "launch" -> Optional.of(LaunchCommand.launch());
            case "list", "ls" -> Optional.of(ListCommand.spec());
            case "manpage" -> Optional.of(ManpageCommand.spec());
            case "monitor" -> Optional.of(MonitorCommand.spec());
            case "move", "mv" -> Optional.of(CopyCommands.move());
            case "network" -> Optional.of(NetworkCommands.group());
            case "operation" -> Optional.of(OperationCommands.group());
            case "pause", "restart", "start", "stop" -> Optional.of(StateCommands.spec(name));
            case "port-forward" -> Optional.of(PortForwardCommand.spec());
            case "profile" -> Optional.of(ProfileCommands.group());
            case "project" -> Optional.of(ProjectCommands.group());
            case "publish" -> Optional.of(PublishCommand.spec());
            case "query" -> Optional.of(QueryCommand.spec());
            case "rebuild" -> Optional.of(CopyCommands.rebuild());
            case "remote" -> Optional.of(RemoteCommands.group());
            case "rename" -> Optional.of(CopyCommands.rename());
            case "restore", "snapshot" -> Optional.of(SnapshotCommands.spec(name));
            case "shell" -> Optional.of(ExecCommand.shell());
            case "storage" -> Optional.of(StorageCommands.group());
            case "warning" -> Optional.of(WarningCommands.group());
            case "version" -> Optional.of(VersionCommand.spec());
            case CompletionCommand.WORDS -> Optional.of(CompletionCommand.words());
            default -> Optional.empty();
        };
    }
}
