package io.atoll.cli.command;

import io.atoll.base.json.Json;
import io.atoll.cli.CliException;
import io.atoll.cli.CommandGroup;
import io.atoll.cli.CommandNode;
import io.atoll.cli.CommandSpec;
import io.atoll.cli.Context;
import io.atoll.cli.Help;
import io.atoll.cli.Option;
import io.atoll.cli.Version;
import io.atoll.cli.text.Yaml;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/// `manpage`: a page for each command, as a manual page or in three other formats, rendered from
/// the tree of commands. The files have the names that LXD's client gives them.
final class ManpageCommand {
    private ManpageCommand() {}

    /// One command with its place in the tree.
    ///
    /// @param path the words that call it, the program's name first
    /// @param below the commands of a group
    record Page(List<String> path, CommandNode node, List<CommandNode> below) {
        String words() {
            return String.join(" ", path);
        }

        String joined(String separator) {
            return String.join(separator, path);
        }

        /// How it is called.
        String usage() {
            return node instanceof CommandSpec spec
                    ? (words() + " " + spec.usage()).strip()
                    : words() + " [command]";
        }

        List<Option> options() {
            return node instanceof CommandSpec spec ? spec.options() : List.of();
        }

        List<String> examples() {
            return node instanceof CommandSpec spec
                    ? spec.examples().stream()
                            .map(line -> line.replace("PROGRAM", path.getFirst()))
                            .toList()
                    : List.of();
        }

        List<String> details() {
            return switch (node) {
                case CommandSpec spec -> spec.details();
                case CommandGroup group -> group.details();
            };
        }

        /// The paths of the pages next to it: the one above, and those below.
        List<List<String>> neighbours() {
            List<List<String>> out = new ArrayList<>();
            if (path.size() > 1) {
                out.add(path.subList(0, path.size() - 1));
            }
            for (CommandNode one : below) {
                List<String> lower = new ArrayList<>(path);
                lower.add(one.name());
                out.add(lower);
            }
            return out;
        }
    }

    static CommandSpec spec() {
        return CommandSpec.of("manpage", "<target> [flags]", "Write manual pages of all commands")
                .detail("Writes a file for each command into the directory <target>.")
                .args(1, 1)
                .value('f', "format", "man", "Format: man, md, rest or yaml (default \"man\")")
                .run(ManpageCommand::run);
    }

    private static int run(Context context) throws IOException {
        String program = context.invocation().program();
        Path target = context.invocation().path(context.args().at(0));
        String format = context.args().value("format");
        if (!List.of("man", "md", "rest", "yaml").contains(format)) {
            throw new CliException("Unknown format \"" + format + "\": man, md, rest or yaml");
        }
        List<Page> pages = new ArrayList<>();
        collect(List.of(program), Commands.root(program), pages);
        for (Page page : pages) {
            Path file =
                    switch (format) {
                        case "man" -> target.resolve(page.joined(".") + ".1");
                        case "rest" -> target.resolve(page.joined("_") + ".rst");
                        default -> target.resolve(page.joined("_") + "." + format);
                    };
            String text =
                    switch (format) {
                        case "man" -> man(page);
                        case "md" -> markdown(page);
                        case "rest" -> rest(page);
                        default -> Yaml.render(tree(page));
                    };
            Files.writeString(file, text);
        }
        return 0;
    }

    private static void collect(List<String> path, CommandNode node, List<Page> out) {
        List<CommandNode> below = new ArrayList<>();
        if (node instanceof CommandGroup group) {
            for (String member : group.members()) {
                Optional<CommandNode> one = group.find(member);
                if (one.isPresent() && !one.get().isHidden()) {
                    below.add(one.get());
                }
            }
        }
        out.add(new Page(path, node, below));
        for (CommandNode one : below) {
            List<String> lower = new ArrayList<>(path);
            lower.add(one.name());
            collect(List.copyOf(lower), one, out);
        }
    }

    private static String man(Page page) {
        String name = page.joined("-");
        StringBuilder out = new StringBuilder(".nh\n.TH \"");
        out.append(name.toUpperCase(Locale.ROOT)).append("\" \"1\" \"\" \"Atoll ");
        out.append(Version.TEXT).append("\" \"System containers\"\n");
        out.append(".SH NAME\n");
        out.append(roff(name)).append(" \\- ").append(roff(page.node().about())).append('\n');
        out.append(".SH SYNOPSIS\n").append(roff(page.usage())).append('\n');
        if (!page.node().aliases().isEmpty()) {
            out.append(".SH ALIASES\n");
            out.append(roff(String.join(", ", page.node().aliases()))).append('\n');
        }
        if (!page.details().isEmpty()) {
            out.append(".SH DESCRIPTION\n");
            plain(out, page.details());
        }
        if (!page.below().isEmpty()) {
            out.append(".SH COMMANDS\n");
            for (CommandNode one : page.below()) {
                out.append(".TP\n.B ").append(roff(one.name())).append('\n');
                out.append(roff(one.about())).append('\n');
            }
        }
        manOptions(out, "OPTIONS", page.options());
        if (!page.examples().isEmpty()) {
            out.append(".SH EXAMPLES\n");
            plain(out, page.examples());
        }
        manOptions(out, "OPTIONS OF ALL COMMANDS", Help.GLOBAL);
        List<String> others = new ArrayList<>();
        for (List<String> path : page.neighbours()) {
            others.add("\\fB" + roff(String.join("-", path)) + "\\fP(1)");
        }
        if (!others.isEmpty()) {
            out.append(".SH SEE ALSO\n").append(String.join(",\n", others)).append('\n');
        }
        return out.toString();
    }

    private static void plain(StringBuilder out, List<String> lines) {
        out.append(".nf\n");
        for (String line : lines) {
            out.append(roff(line)).append('\n');
        }
        out.append(".fi\n");
    }

    private static void manOptions(StringBuilder out, String title, List<Option> options) {
        if (options.isEmpty()) {
            return;
        }
        out.append(".SH ").append(title).append('\n');
        for (Option option : options) {
            out.append(".TP\n");
            if (option.shorthand() != 0) {
                out.append("\\fB\\-").append(option.shorthand()).append("\\fP, ");
            }
            out.append("\\fB\\-\\-").append(roff(option.name())).append("\\fP");
            out.append(
                    switch (option.kind()) {
                        case FLAG -> "";
                        case VALUE, VALUES -> " \\fIVALUE\\fP";
                        case OPTIONAL -> "[=\\fIVALUE\\fP]";
                    });
            out.append('\n').append(roff(option.about())).append('\n');
        }
    }

    /// Text in which nothing is a request of roff.
    private static String roff(String text) {
        String out = text.replace("\\", "\\e").replace("-", "\\-");
        return out.startsWith(".") || out.startsWith("'") ? "\\&" + out : out;
    }

    private static String markdown(Page page) {
        StringBuilder out = new StringBuilder("## ").append(page.words()).append("\n\n");
        out.append(page.node().about()).append('\n');
        if (!page.details().isEmpty()) {
            out.append('\n').append(String.join("\n", page.details())).append('\n');
        }
        block(out, "### Synopsis", page.usage() + "\n");
        block(out, "### Examples", lines(page.examples()));
        block(out, "### Options", Help.options(page.options()));
        block(out, "### Options of all commands", Help.options(Help.GLOBAL));
        if (!page.neighbours().isEmpty()) {
            out.append("\n### See also\n\n");
        }
        for (List<String> path : page.neighbours()) {
            out.append("* [").append(String.join(" ", path)).append("](");
            out.append(String.join("_", path)).append(".md)\n");
        }
        return out.toString();
    }

    private static void block(StringBuilder out, String title, String text) {
        if (!text.isEmpty()) {
            out.append('\n').append(title).append("\n\n```\n").append(text).append("```\n");
        }
    }

    private static String lines(List<String> lines) {
        return lines.isEmpty() ? "" : String.join("\n", lines) + "\n";
    }

    private static String rest(Page page) {
        StringBuilder out = new StringBuilder(".. _").append(page.joined("_")).append(":\n\n");
        title(out, page.words(), "-");
        out.append(page.node().about()).append('\n');
        if (!page.details().isEmpty()) {
            out.append('\n').append(String.join("\n", page.details())).append('\n');
        }
        literal(out, "Synopsis", page.usage() + "\n");
        literal(out, "Examples", lines(page.examples()));
        literal(out, "Options", Help.options(page.options()));
        literal(out, "Options of all commands", Help.options(Help.GLOBAL));
        if (!page.neighbours().isEmpty()) {
            out.append('\n');
            title(out, "See also", "~");
        }
        for (List<String> path : page.neighbours()) {
            out.append("* :ref:`").append(String.join(" ", path)).append(" <");
            out.append(String.join("_", path)).append(">`\n");
        }
        return out.toString();
    }

    private static void title(StringBuilder out, String text, String line) {
        out.append(text).append('\n').repeat(line, text.length()).append("\n\n");
    }

    private static void literal(StringBuilder out, String title, String text) {
        if (text.isEmpty()) {
            return;
        }
        out.append('\n');
        title(out, title, "~");
        out.append("::\n\n");
        text.lines().forEach(line -> out.append(("  " + line).stripTrailing()).append('\n'));
    }

    private static Json tree(Page page) {
        Json.Obj out = Json.object();
        out.put("name", page.words()).put("synopsis", page.node().about());
        if (!page.details().isEmpty()) {
            out.put("description", String.join("\n", page.details()));
        }
        out.put("usage", page.usage());
        if (!page.examples().isEmpty()) {
            out.put("example", String.join("\n", page.examples()));
        }
        if (!page.options().isEmpty()) {
            out.put("options", options(page.options()));
        }
        out.put("inherited_options", options(Help.GLOBAL));
        List<String> others = new ArrayList<>();
        page.neighbours().forEach(path -> others.add(String.join(" ", path)));
        return out.put("see_also", others);
    }

    private static Json options(List<Option> options) {
        Json.Arr out = Json.array();
        for (Option option : options) {
            Json.Obj one = Json.object().put("name", option.name());
            if (option.shorthand() != 0) {
                one.put("shorthand", String.valueOf(option.shorthand()));
            }
            String fallback = option.kind() == Option.Kind.FLAG ? "false" : option.fallback();
            if (!fallback.isEmpty()) {
                one.put("default_value", fallback);
            }
            out.items().add(one.put("usage", option.about()));
        }
        return out;
    }
}
