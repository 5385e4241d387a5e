package io.atoll.cli;

import java.util.List;

/// A node of the command tree: a [CommandSpec] or a [CommandGroup].
public sealed interface CommandNode permits CommandSpec, CommandGroup {
    String name();

    List<String> aliases();

    /// One line for the help of the group above.
    String about();

    /// Whether the help of the group above leaves it out.
    boolean isHidden();
}
