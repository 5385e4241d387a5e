package io.atoll.lxctools;

import static io.atoll.lxctools.ToolOption.flag;
import static io.atoll.lxctools.ToolOption.value;

import java.util.ArrayList;
import java.util.List;

/// The grammar and the help of a tool.
///
/// @param usage its arguments as the first line of the help shows them
/// @param about what it does, one sentence
/// @param name whether it is about a container
/// @param options besides the common ones
/// @param isFollowedByCommand true if the first word ends the options
public record ToolSpec(
        String usage,
        String about,
        Name name,
        List<ToolOption> options,
        boolean isFollowedByCommand) {
    /// Whether a tool needs `-n NAME`, which may also be its first word.
    public enum Name {
        REQUIRED,
        /// `-n` or the first word if they are there.
        OPTIONAL,
        /// Only `-n`; words are its own.
        ONLY_OPTION,
        NONE
    }

    private static final ToolOption NAME = value('n', "name", "NAME", "Name of the container");

    private static final List<ToolOption> COMMON =
            List.of(
                    value('P', "lxcpath", "PATH", "Use the containers of this directory"),
                    value('o', "logfile", "FILE", "Write a log to FILE"),
                    value(
                            'l',
                            "logpriority",
                            "LEVEL",
                            "Log what is as important as LEVEL (TRACE to FATAL)"),
                    flag('q', "quiet", "Print no errors"),
                    flag('?', "help", "Show this text"),
                    flag("usage", "Show how to call it"),
                    flag("version", "Show the version"));

    public ToolSpec {
        options = List.copyOf(options);
    }

    /// A tool about one container that must be named.
    public static ToolSpec of(String usage, String about, ToolOption... options) {
        return new ToolSpec(usage, about, Name.REQUIRED, List.of(options), false);
    }

    /// A copy with another rule for the name.
    public ToolSpec named(Name rule) {
        return new ToolSpec(usage, about, rule, options, isFollowedByCommand);
    }

    /// A copy whose options end at the first word.
    public ToolSpec followedByCommand() {
        return new ToolSpec(usage, about, name, options, true);
    }

    /// Its own options and the common ones; its own win over a common letter.
    List<ToolOption> allOptions() {
        List<ToolOption> all = new ArrayList<>(options);
        if (name != Name.NONE) {
            all.add(NAME);
        }
        for (ToolOption common : COMMON) {
            if (options.stream().noneMatch(o -> o.name().equals(common.name()))) {
                boolean isTaken = options.stream().anyMatch(o -> o.letter() == common.letter());
                all.add(
                        isTaken
                                ? new ToolOption(
                                        '\0',
                                        common.name(),
                                        common.value(),
                                        common.placeholder(),
                                        common.about())
                                : common);
            }
        }
        if (all.stream().noneMatch(o -> o.letter() == 'h')) {
            all.add(new ToolOption('h', "help", ToolOption.Value.NONE, "", ""));
        }
        if (options.stream().noneMatch(o -> o.name().equals("rcfile"))) {
            all.add(value("rcfile", "FILE", "Read the configuration from FILE"));
        }
        return all;
    }

    /// The first line of the help.
    String usageLine(String program) {
        return "Usage: " + program + " " + usage;
    }

    /// The whole help.
    String help(String program) {
        StringBuilder text = new StringBuilder(usageLine(program)).append("\n\n");
        text.append(about).append("\n\nOptions:\n");
        for (ToolOption option : allOptions()) {
            if (option.about().isEmpty()) {
                continue;
            }
            String left = option.letter() == 0 ? "      " : "  -" + option.letter() + ", ";
            left += "--" + option.name();
            left +=
                    switch (option.value()) {
                        case NONE -> "";
                        case REQUIRED -> "=" + option.placeholder();
                        case OPTIONAL -> "[=" + option.placeholder() + "]";
                    };
            text.append(left);
            text.append(
                    left.length() < 30 ? " ".repeat(30 - left.length()) : "\n" + " ".repeat(30));
            text.append(option.about()).append('\n');
        }
        return text.toString();
    }
}
