package io.atoll.cli;

import io.atoll.base.DomainException;
import io.atoll.base.UnavailableException;
import io.atoll.base.json.JsonException;
import io.atoll.cli.command.Commands;
import io.atoll.client.ConnectFailedException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;

/// Finds the command a call means, runs it, and turns what it throws into words and an exit status.
public final class Cli {
    /// An alias may stand for another; deeper than this it stands for itself.
    private static final int ALIAS_DEPTH_MAX = 8;

    private Cli() {}

    /// Runs a call and returns its exit status.
    public static int run(Invocation invocation) {
        Output output = new Output(invocation.out(), invocation.err(), false);
        try {
            return dispatch(invocation, output, 0);
        } catch (CliException e) {
            output.note("Error: " + e.getMessage());
            if (!e.hint().isEmpty()) {
                // LXD's own advice stands in its own words: scripts look for it.
                output.note(e.hint().startsWith("Try `") ? e.hint() : "Hint: " + e.hint());
            }
        } catch (DomainException e) {
            output.note("Error: " + e.getMessage());
            hint(e, output);
        } catch (UncheckedIOException e) {
            // Nobody reads our output any more (`| head`): not worth a word.
            return 1;
        } catch (FileSystemException e) {
            output.note("Error: " + e.getFile() + ": " + reason(e));
        } catch (IOException | JsonException e) {
            output.note("Error: " + e.getMessage());
        }
        return 1;
    }

    /// Those of the usual kinds say nothing but the name of the file.
    private static String reason(FileSystemException e) {
        return switch (e) {
            case NoSuchFileException _ -> "no such file or directory";
            case AccessDeniedException _ -> "permission denied";
            case FileAlreadyExistsException _ -> "file exists";
            case NotDirectoryException _ -> "not a directory";
            case DirectoryNotEmptyException _ -> "directory not empty";
            default -> Objects.requireNonNullElse(e.getReason(), "cannot be used");
        };
    }

    private static void hint(DomainException e, Output output) {
        if (!(e instanceof UnavailableException)) {
            return;
        }
        if (e.getCause() instanceof ConnectFailedException failed && failed.isRemote()) {
            output.note(
                    "Hint: is the server running, and does it listen there (its core.https_address)?"
                            + " `remote list` shows the addresses that this client knows");
        } else if (e.getCause() instanceof ConnectFailedException) {
            output.note(
                    "Hint: is the daemon running? Start it (systemctl start atolld), or set LXD_SOCKET or LXD_DIR to "
                            + "where it listens");
        } else if (e.getCause() instanceof IOException) {
            output.note(
                    "Hint: the daemon ended meanwhile, or the way to it did; what it was asked for may have been done: "
                            + "look before you try again");
        }
    }

    private static int dispatch(Invocation invocation, Output output, int depth)
            throws IOException {
        CommandGroup group = Commands.root(invocation.program());
        StringBuilder path = new StringBuilder(invocation.program());
        List<String> rest = new ArrayList<>(invocation.args());
        boolean isRoot = true;
        while (true) {
            int at = firstWord(rest);
            String word = at < rest.size() ? rest.get(at) : "";
            if (word.equals("help") && isRoot) {
                rest.remove(at);
                rest.add("--help");
                continue;
            }
            if (word.isEmpty()) {
                return groupHelp(output, path.toString(), group, isRoot, rest);
            }
            Optional<CommandNode> node = group.find(word);
            if (isRoot && depth < ALIAS_DEPTH_MAX) {
                Optional<List<String>> expanded =
                        Aliases.expand(invocation, rest, at, node.isPresent());
                if (expanded.isPresent()) {
                    return dispatch(withArgs(invocation, expanded.get()), output, depth + 1);
                }
            }
            if (node.isEmpty()) {
                throw new CliException(
                        "unknown command \"" + word + "\" for \"" + path + "\"",
                        Similar.hint(word, group.members()));
            }
            rest.remove(at);
            path.append(' ').append(node.get().name());
            if (node.get() instanceof CommandSpec spec) {
                return runCommand(invocation, output, path.toString(), spec, rest);
            }
            group = (CommandGroup) node.get();
            isRoot = false;
        }
    }

    private static Invocation withArgs(Invocation it, List<String> args) {
        return new Invocation(
                it.program(),
                it.home(),
                args,
                it.env(),
                it.cwd(),
                it.in(),
                it.out(),
                it.err(),
                it.host());
    }

    /// The index of the first word that is no option; global options may stand before the command.
    private static int firstWord(List<String> words) {
        int i = 0;
        while (i < words.size() && words.get(i).startsWith("-") && !words.get(i).equals("--")) {
            i += words.get(i).equals("--project") ? 2 : 1;
        }
        return i;
    }

    private static int groupHelp(
            Output output, String path, CommandGroup group, boolean isRoot, List<String> words) {
        Arguments arguments = Arguments.parse(words, isRoot ? rootOptions() : Help.GLOBAL);
        if (arguments.flag("version")) {
            output.line(Version.of(path.split(" ")[0]));
            return 0;
        }
        String text = Help.group(path, group, isRoot, arguments.flag("sub-commands"));
        if (isRoot || arguments.flag("help")) {
            output.print(text);
        } else {
            // Nobody asked for help: a command is missing.
            output.note(text.substring(text.indexOf("Usage:")).stripTrailing());
        }
        return 0;
    }

    private static List<Option> rootOptions() {
        List<Option> options = new ArrayList<>(Help.GLOBAL);
        options.add(new Option("all", '\0', Option.Kind.FLAG, "", "", ""));
        return options;
    }

    private static int runCommand(
            Invocation invocation, Output output, String path, CommandSpec spec, List<String> words)
            throws IOException {
        List<Option> options = new ArrayList<>(spec.options());
        for (Option option : Help.GLOBAL) {
            if (Arguments.byName(option.name(), spec.options()) == null) {
                options.add(option);
            }
        }
        Arguments arguments = Arguments.parse(words, options);
        if (arguments.flag("help")) {
            output.print(Help.command(path, spec));
            return 0;
        }
        if (arguments.flag("version")) {
            output.line(Version.of(invocation.program()));
            return 0;
        }
        if (arguments.count() == 0 && spec.argsMin() > 0 && !spec.mayBeBare(arguments)) {
            output.print(Help.command(path, spec));
            return 0;
        }
        if (arguments.count() < spec.argsMin() && !spec.mayBeBare(arguments)
                || arguments.count() > spec.argsMax()) {
            output.print(Help.command(path, spec));
            throw new CliException("Invalid number of arguments");
        }
        try (Context context = new Context(invocation, spec, arguments)) {
            if (Arguments.byName("target", spec.options()) != null) {
                Clusters.checkTarget(context, path.substring(path.indexOf(' ') + 1));
            }
            return spec.call(context);
        }
    }
}
