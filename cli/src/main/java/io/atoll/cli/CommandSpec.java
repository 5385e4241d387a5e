package io.atoll.cli;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// What one command is: its grammar, its help and its code. Built by its family when it is asked
/// for; a start builds only the specs on the way to the command it runs. Mutable while it is built.
public final class CommandSpec implements CommandNode {
    /// No limit on arguments.
    public static final int ANY = Integer.MAX_VALUE;

    private final String name;
    private final String usage;
    private final String about;
    private final List<String> aliases = new ArrayList<>(2);
    private final List<String> details = new ArrayList<>(0);
    private final List<String> examples = new ArrayList<>(0);
    private final List<Option> options = new ArrayList<>(8);
    private int argsMin;
    private int argsMax;
    private boolean hidden;
    private @Nullable Code code;

    private CommandSpec(String name, String usage, String about) {
        this.name = name;
        this.usage = usage;
        this.about = about;
    }

    /// The code of a command. Returns the exit status.
    @FunctionalInterface
    public interface Code {
        int run(Context context) throws IOException;
    }

    /// @param usage the arguments as the help shows them
    /// @param about one line
    public static CommandSpec of(String name, String usage, String about) {
        return new CommandSpec(name, usage, about);
    }

    public CommandSpec alias(String... names) {
        aliases.addAll(List.of(names));
        return this;
    }

    /// More lines of description.
    public CommandSpec detail(String... lines) {
        details.addAll(List.of(lines));
        return this;
    }

    public CommandSpec example(String... lines) {
        examples.addAll(List.of(lines));
        return this;
    }

    /// How many arguments there may be.
    public CommandSpec args(int min, int max) {
        argsMin = min;
        argsMax = max;
        return this;
    }

    public CommandSpec flag(char shorthand, String option, String text) {
        options.add(new Option(option, shorthand, Option.Kind.FLAG, "", text, ""));
        return this;
    }

    public CommandSpec flag(String option, String text) {
        return flag('\0', option, text);
    }

    public CommandSpec value(char shorthand, String option, String fallback, String text) {
        options.add(new Option(option, shorthand, Option.Kind.VALUE, fallback, text, ""));
        return this;
    }

    public CommandSpec value(String option, String text) {
        return value('\0', option, "", text);
    }

    public CommandSpec values(char shorthand, String option, String text) {
        options.add(new Option(option, shorthand, Option.Kind.VALUES, "", text, ""));
        return this;
    }

    public CommandSpec optional(String option, String bare, String text) {
        options.add(new Option(option, '\0', Option.Kind.OPTIONAL, bare, text, ""));
        return this;
    }

    /// `--format` of every listing.
    public CommandSpec format() {
        return value(
                'f',
                "format",
                "table",
                "Format: csv, json, table, yaml or compact (default \"table\")");
    }

    /// Keeps it out of the help of its group.
    public CommandSpec hide() {
        hidden = true;
        return this;
    }

    public CommandSpec run(Code body) {
        code = body;
        return this;
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public List<String> aliases() {
        return aliases;
    }

    @Override
    public String about() {
        return about;
    }

    @Override
    public boolean isHidden() {
        return hidden;
    }

    public String usage() {
        return usage;
    }

    public List<String> details() {
        return details;
    }

    public List<String> examples() {
        return examples;
    }

    public List<Option> options() {
        return options;
    }

    /// Commands with `--all` need no names.
    boolean mayBeBare(Arguments arguments) {
        return arguments.flag("all");
    }

    public int argsMin() {
        return argsMin;
    }

    public int argsMax() {
        return argsMax;
    }

    public int call(Context context) throws IOException {
        if (code == null) {
            throw new IllegalStateException("command without code: " + name);
        }
        return code.run(context);
    }
}
