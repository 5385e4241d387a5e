package io.atoll.cli;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// Renders help in the layout of LXD's client.
public final class Help {
    /// The options every command has.
    public static final List<Option> GLOBAL =
            List.of(
                    new Option("debug", '\0', Option.Kind.FLAG, "", "Show debug messages", ""),
                    new Option(
                            "force-local",
                            '\0',
                            Option.Kind.FLAG,
                            "",
                            "Use the local unix socket, whatever the remote",
                            ""),
                    new Option("help", 'h', Option.Kind.FLAG, "", "Print help", ""),
                    new Option("project", '\0', Option.Kind.VALUE, "", "Work in this project", ""),
                    new Option("quiet", 'q', Option.Kind.FLAG, "", "Show no progress", ""),
                    new Option(
                            "sub-commands",
                            '\0',
                            Option.Kind.FLAG,
                            "",
                            "With --help: show the commands below",
                            ""),
                    new Option("verbose", 'v', Option.Kind.FLAG, "", "Show more messages", ""),
                    new Option("version", '\0', Option.Kind.FLAG, "", "Print the version", ""));

    private Help() {}

    static String command(String path, CommandSpec spec) {
        StringBuilder out = new StringBuilder(describe(spec.about(), spec.details()));
        out.append("Usage:\n  ").append(path);
        if (!spec.usage().isEmpty()) {
            out.append(' ').append(spec.usage());
        }
        boolean bare = spec.usage().contains("[flags]");
        out.append(bare ? "\n" : " [flags]\n");
        if (!spec.aliases().isEmpty()) {
            out.append("\nAliases:\n  ").append(spec.name());
            for (String alias : spec.aliases()) {
                out.append(", ").append(alias);
            }
            out.append('\n');
        }
        if (!spec.examples().isEmpty()) {
            out.append("\nExamples:\n");
            for (String example : spec.examples()) {
                String called = example.replace("PROGRAM", path.substring(0, path.indexOf(' ')));
                out.append(example.isEmpty() ? "" : "  ").append(called).append('\n');
            }
        }
        if (!spec.options().isEmpty()) {
            out.append("\nFlags:\n").append(options(spec.options()));
        }
        return out.append("\nGlobal Flags:\n").append(options(GLOBAL)).toString();
    }

    static String group(String path, CommandGroup group, boolean isRoot, boolean withLower) {
        StringBuilder out = new StringBuilder(describe(group.about(), group.details()));
        out.append("Usage:\n  ").append(path).append(" [command]\n\nAvailable Commands:\n");
        int width = 11;
        for (String member : group.members()) {
            width = Math.max(width, member.length());
        }
        for (String member : group.members()) {
            Optional<CommandNode> node = group.find(member);
            if (node.isPresent() && !node.get().isHidden()) {
                append(out, "  ", member, width, node.get().about());
            }
        }
        if (withLower) {
            appendLower(out, path, group);
        }
        out.append(isRoot ? "\nFlags:\n" : "\nGlobal Flags:\n").append(options(GLOBAL));
        return out.append("\nUse \"")
                .append(path)
                .append(" [command] --help\" for more information about a command.\n")
                .toString();
    }

    private static void appendLower(StringBuilder out, String path, CommandGroup group) {
        for (String member : group.members()) {
            Optional<CommandNode> node = group.find(member);
            if (node.isPresent() && node.get() instanceof CommandGroup lower) {
                String below = path + " " + member;
                out.append('\n').append(below).append('\n');
                for (String name : lower.members()) {
                    append(
                            out,
                            "  ",
                            name,
                            11,
                            lower.find(name).map(CommandNode::about).orElse(""));
                }
                appendLower(out, below, lower);
            }
        }
    }

    private static String describe(String about, List<String> details) {
        StringBuilder out = new StringBuilder("Description:\n  ").append(about).append('\n');
        if (!details.isEmpty()) {
            out.append('\n');
        }
        for (String line : details) {
            out.append(line.isEmpty() ? "" : "  ").append(line).append('\n');
        }
        return out.append('\n').toString();
    }

    /// One line for each option.
    public static String options(List<Option> options) {
        List<String> names = new ArrayList<>();
        int width = 0;
        for (Option option : options) {
            String letter = option.shorthand() == 0 ? "    " : "-" + option.shorthand() + ", ";
            String bare =
                    option.kind() == Option.Kind.OPTIONAL ? "[=\"" + option.fallback() + "\"]" : "";
            String name = "  " + letter + "--" + option.name() + bare;
            names.add(name);
            width = Math.max(width, name.length());
        }
        StringBuilder out = new StringBuilder();
        for (int i = 0; i < options.size(); i++) {
            append(out, "", names.get(i), width + 2, options.get(i).about());
        }
        return out.toString();
    }

    private static void append(
            StringBuilder out, String indent, String name, int width, String about) {
        out.append(indent).append(name);
        out.repeat(" ", Math.max(1, width + 1 - name.length())).append(about).append('\n');
    }
}
