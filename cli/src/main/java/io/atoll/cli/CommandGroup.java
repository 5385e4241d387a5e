package io.atoll.cli;

import java.util.List;
import java.util.Optional;
import java.util.function.Function;

/// A group of commands. Its members are made one by one, when somebody asks for them by name:
/// building the whole tree would cost every start.
///
/// @param members the names, in alphabetical order
/// @param make makes the member of that name; called with names and with aliases, and returns null
///   for what it does not know
public record CommandGroup(
        String name,
        String about,
        List<String> details,
        List<String> members,
        Function<String, Optional<CommandNode>> make)
        implements CommandNode {
    /// A group with nothing more to say.
    public static CommandGroup of(
            String name,
            String about,
            List<String> members,
            Function<String, Optional<CommandNode>> make) {
        return new CommandGroup(name, about, List.of(), members, make);
    }

    /// The member of that name or alias.
    public Optional<CommandNode> find(String wanted) {
        return make.apply(wanted);
    }

    @Override
    public List<String> aliases() {
        return List.of();
    }

    @Override
    public boolean isHidden() {
        return false;
    }
}
