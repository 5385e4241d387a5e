package io.atoll.lxctools;

import io.atoll.base.DomainException;
import io.atoll.runtime.lxc.LxcContainer;
import io.atoll.runtime.lxc.LxcPath;
import io.atoll.runtime.lxc.LxcSystemConfig;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// One call of a tool: its options sorted, the directory of containers it is about, and where its
/// words go. Belongs to one thread, except for what is printed.
public final class Call implements AutoCloseable {
    private final Invocation invocation;
    private final ToolSpec spec;
    private final ToolOptions options;
    private final Optional<String> name;
    private final List<String> words;
    private final LxcSystemConfig system;
    private final LxcPath path;
    private final ToolLog askedLog;
    private Optional<ToolLog> log = Optional.empty();

    /// The last one that was made, with what the tool has set in it.
    private Optional<LxcContainer> latest = Optional.empty();

    private Call(
            Invocation invocation,
            ToolSpec spec,
            ToolOptions options,
            Optional<String> name,
            List<String> words) {
        this.invocation = invocation;
        this.spec = spec;
        this.options = options;
        this.name = name;
        this.words = words;
        system = LxcSystemConfig.load(invocation.env(), invocation.isRoot());
        path =
                LxcPath.open(
                        options.value("lxcpath").map(invocation::path).orElseGet(system::lxcPath),
                        system);
        askedLog = ToolLog.of(invocation, options, path.directory(), name.orElse(""));
    }

    static Call of(Invocation invocation, ToolSpec spec, ToolOptions options) {
        List<String> words = new ArrayList<>(options.words());
        Optional<String> name = options.value("name");
        boolean mayBeWord =
                spec.name() == ToolSpec.Name.REQUIRED || spec.name() == ToolSpec.Name.OPTIONAL;
        if (name.isEmpty() && mayBeWord && !words.isEmpty()) {
            name = Optional.of(words.removeFirst());
        }
        return new Call(invocation, spec, options, name, List.copyOf(words));
    }

    /// @throws ToolException if the tool needs a name and has none, or it cannot be one
    void checkName() {
        boolean isNeeded =
                spec.name() == ToolSpec.Name.REQUIRED || spec.name() == ToolSpec.Name.ONLY_OPTION;
        if (name.isEmpty() && isNeeded) {
            throw new ToolException("No container name specified");
        }
    }

    public Invocation invocation() {
        return invocation;
    }

    public ToolSpec spec() {
        return spec;
    }

    public ToolOptions options() {
        return options;
    }

    /// What is neither option nor the container's name.
    public List<String> words() {
        return words;
    }

    /// The container's name.
    ///
    /// @throws ToolException if none was given
    public String name() {
        return name.orElseThrow(() -> new ToolException("No container name specified"));
    }

    /// The container's name, if one was given.
    public Optional<String> givenName() {
        return name;
    }

    /// lxc.conf(5) of the caller.
    public LxcSystemConfig system() {
        return system;
    }

    /// The directory of containers, from `-P` or lxc.conf(5).
    public LxcPath path() {
        return path;
    }

    /// The container named, defined or not.
    public LxcContainer container() {
        LxcContainer container = path.container(name());
        options.value("rcfile").ifPresent(file -> container.load(file(file)));
        latest = Optional.of(container);
        return container;
    }

    /// A file as the caller meant it.
    public Path file(String text) {
        return invocation.path(text);
    }

    /// An option that is a whole number.
    ///
    /// @throws ToolException if it is none
    public Optional<Long> number(String option) {
        return options.value(option)
                .map(text -> {
                    try {
                        return Long.parseLong(text.strip());
                    } catch (NumberFormatException _) {
                        throw new ToolException("--" + option + " is not a number: " + text);
                    }
                });
    }

    public InputStream in() {
        return invocation.in();
    }

    public OutputStream out() {
        return invocation.out();
    }

    /// Prints text as it is.
    public void print(String text) {
        ToolRunner.print(invocation.out(), text);
    }

    /// Prints a line.
    public void line(String text) {
        print(text + "\n");
    }

    /// Prints a line on stderr, as it is, whatever was asked.
    public void note(String text) {
        ToolRunner.print(invocation.err(), text + "\n");
    }

    /// Says on stderr what went wrong, unless `-q`, and in the log.
    public void error(String text) {
        log().write(ToolLog.Level.ERROR, text);
        if (!options.has("quiet")) {
            String prefix =
                    name.filter(n -> !text.startsWith(n + " ") && !text.startsWith(n + ": "))
                            .map(n -> n + ": ")
                            .orElse("");
            note(invocation.program() + ": " + prefix + text);
        }
    }

    /// The log of `-o` and `-l`, or else of `lxc.log.file` and `lxc.log.level`.
    public ToolLog log() {
        if (log.isEmpty()) {
            log = Optional.of(askedLog.isAsked() ? askedLog : configuredLog());
        }
        return log.get();
    }

    private ToolLog configuredLog() {
        try {
            return name.map(n -> askedLog.asConfigured(latest.orElseGet(this::container).config()))
                    .orElse(askedLog);
        } catch (DomainException _) {
            // What is wrong with the configuration is said by whoever needs it.
            return askedLog;
        }
    }

    /// All that is to be read from stdin.
    public String readAll() throws IOException {
        return new String(invocation.in().readAllBytes(), StandardCharsets.UTF_8);
    }

    /// The tool's help.
    public String help() {
        return spec.help(invocation.program());
    }

    @Override
    public void close() {
        path.close();
    }
}
