package io.atoll.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.atoll.cli.command.Commands;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;

class CommandTreeTest {
    private record Named(String path, CommandSpec spec) {}

    private static List<Named> all() {
        List<Named> out = new ArrayList<>();
        for (String program : List.of("atoll", "lxd", "lxd-images")) {
            collect(program, Commands.root(program), out);
        }
        return out;
    }

    private static void collect(String path, CommandGroup group, List<Named> out) {
        assertEquals(
                group.members().stream().sorted().toList(), group.members(), path + " is sorted");
        Set<String> words = new HashSet<>();
        for (String member : group.members()) {
            Optional<CommandNode> node = group.find(member);
            assertTrue(node.isPresent(), path + " " + member + " is made");
            assertEquals(member, node.get().name());
            assertTrue(words.add(member), member + " is unique in " + path);
            for (String alias : node.get().aliases()) {
                assertTrue(words.add(alias), alias + " is unique in " + path);
                assertEquals(member, group.find(alias).orElseThrow().name(), path + " " + alias);
            }
            if (node.get() instanceof CommandSpec spec) {
                out.add(new Named(path + " " + member, spec));
            } else {
                collect(path + " " + member, (CommandGroup) node.get(), out);
            }
        }
        assertTrue(group.find("no such command").isEmpty());
    }

    @Test
    void makesEveryCommandByNameAndAlias() {
        assertTrue(all().size() > 110, "the tree has " + all().size() + " commands");
    }

    @Test
    void describesEveryCommand() {
        for (Named named : all()) {
            String help = Help.command(named.path(), named.spec());
            assertTrue(help.startsWith("Description:\n  " + named.spec().about()), help);
            assertTrue(help.contains("\nUsage:\n  " + named.path()), help);
            assertFalse(named.spec().about().endsWith("."), named.path());
            for (String line : help.split("\n")) {
                assertTrue(line.length() <= 130, named.path() + ": " + line);
            }
        }
    }

    @Test
    void givesNoOptionTwice() {
        for (Named named : all()) {
            Set<String> names = new HashSet<>();
            Set<Character> letters = new HashSet<>();
            List<Option> options = new ArrayList<>(named.spec().options());
            for (Option option : Help.GLOBAL) {
                // `remote add --project` says which project the remote gets: it hides the global
                // one on purpose.
                if (!named.path().endsWith("remote add") || !option.name().equals("project")) {
                    options.add(option);
                }
            }
            for (Option option : options) {
                assertTrue(names.add(option.name()), named.path() + " --" + option.name());
                assertTrue(
                        option.shorthand() == 0 || letters.add(option.shorthand()),
                        named.path() + " -" + option.shorthand());
            }
        }
    }

    @Test
    void takesAsManyArgumentsAsItsUsageShows() {
        for (Named named : all()) {
            String usage =
                    named.spec()
                            .usage()
                            .replace("[flags]", "")
                            .replace("[<remote>:]", "")
                            .replace("[--]", "");
            boolean many = usage.contains("...") || usage.contains("<command line>");
            assertTrue(named.spec().argsMin() <= named.spec().argsMax(), named.path());
            assertEquals(
                    many, named.spec().argsMax() == CommandSpec.ANY, named.path() + ": " + usage);
        }
    }
}
