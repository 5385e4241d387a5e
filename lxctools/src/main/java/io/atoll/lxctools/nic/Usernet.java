package io.atoll.lxctools.nic;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.function.ToIntFunction;
import java.util.regex.Pattern;

/// lxc-usernet(5): how many interfaces who may have where. Pure.
///
/// @param lines in the order of the file, which is the order they are used up in
record Usernet(List<Line> lines) {
    private static final Pattern WHO = Pattern.compile("@?[^\\s:@]{1,64}");
    private static final Pattern NAME = Pattern.compile("[^\\s/:]{1,15}");
    private static final Pattern COUNT = Pattern.compile("[0-9]{1,6}");
    private static final int WORDS = 4;

    /// One line.
    ///
    /// @param who a user, or `@` and a group
    /// @param type of interface, `veth`
    /// @param bridge `none` for interfaces that are on no bridge
    /// @param count how many at a time, of all in a group together
    record Line(String who, String type, String bridge, int count) {
        /// True if it is about a group.
        boolean isGroup() {
            return who.startsWith("@");
        }

        /// The group that it is about.
        String group() {
            return who.substring(1);
        }
    }

    Usernet {
        lines = List.copyOf(lines);
    }

    /// Lines that say nothing understandable allow nothing: they are left out, as LXC does.
    static Usernet parse(String text) {
        List<Line> lines = new ArrayList<>();
        for (String line : text.lines().toList()) {
            String[] words = line.strip().split("\\s+");
            if (!line.strip().startsWith("#")
                    && words.length == WORDS
                    && WHO.matcher(words[0]).matches()
                    && NAME.matcher(words[1]).matches()
                    && NAME.matcher(words[2]).matches()
                    && COUNT.matcher(words[3]).matches()) {
                lines.add(new Line(words[0], words[1], words[2], Integer.parseInt(words[3])));
            }
        }
        return new Usernet(lines);
    }

    /// Those that are about a user, by name or by group, and allow this type on this bridge.
    List<Line> about(String user, Predicate<String> isInGroup, String type, String bridge) {
        return lines.stream()
                .filter(line -> line.type().equals(type) && line.bridge().equals(bridge))
                .filter(line ->
                        line.isGroup() ? isInGroup.test(line.group()) : line.who().equals(user))
                .toList();
    }

    /// The first that is not used up.
    ///
    /// @param used how many interfaces are counted towards a line
    static Optional<Line> firstFree(List<Line> lines, ToIntFunction<Line> used) {
        return lines.stream()
                .filter(line -> line.count() > 0 && used.applyAsInt(line) < line.count())
                .findFirst();
    }
}
