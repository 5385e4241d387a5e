package io.atoll.cli;

import io.atoll.cli.host.Host;
import io.atoll.cli.host.WindowSize;
import io.atoll.client.Connector;
import io.atoll.client.FakeServer;
import io.atoll.client.UnixConnector;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.function.BooleanSupplier;

/// Runs commands without a process: streams are byte arrays, the terminal and signals are made up.
public final class CliRun implements Host {
    private final Map<String, String> env = new HashMap<>();
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final ByteArrayOutputStream err = new ByteArrayOutputStream();
    private final BlockingQueue<Integer> signals = new LinkedBlockingQueue<>();
    private final List<List<String>> programs = new ArrayList<>();
    private final Path socket;
    private InputStream in = InputStream.nullInputStream();
    private String program = "lxc";
    private boolean terminal;
    private boolean raw;
    private boolean wasRaw;
    private String edited = "";
    private volatile Optional<BooleanSupplier> watch = Optional.empty();

    public CliRun(FakeServer server) {
        this.socket = server.socket();
        env.put("LXD_SOCKET", socket.toString());
        env.put("LXD_CONF", "/nonexistent");
        env.put("TZ", "UTC");
        // Definitions are read from stdin unless it is a terminal; an empty one is none.
    }

    public CliRun as(String name) {
        program = name;
        return this;
    }

    public CliRun with(String name, String value) {
        env.put(name, value);
        return this;
    }

    public CliRun input(String text) {
        in = new ByteArrayInputStream(text.getBytes(StandardCharsets.UTF_8));
        return this;
    }

    public CliRun input(InputStream stream) {
        in = stream;
        return this;
    }

    public CliRun onTerminal() {
        terminal = true;
        return this;
    }

    /// What the user makes of a file in the editor.
    public CliRun editing(String text) {
        edited = text;
        return onTerminal();
    }

    public int run(String... args) {
        return Cli.run(
                new Invocation(program, "", List.of(args), env, Path.of("/"), in, out, err, this));
    }

    public String out() {
        return out.toString(StandardCharsets.UTF_8);
    }

    public String err() {
        return err.toString(StandardCharsets.UTF_8);
    }

    public void signal(int number) {
        signals.add(number);
    }

    public boolean isRaw() {
        return raw;
    }

    public boolean wasRaw() {
        return wasRaw;
    }

    public List<List<String>> programs() {
        return programs;
    }

    @Override
    public Connector connector(Path path) {
        return new UnixConnector(path);
    }

    @Override
    public boolean isTerminal(int stream) {
        return terminal;
    }

    @Override
    public Optional<WindowSize> windowSize() {
        return terminal ? Optional.of(new WindowSize(100, 40)) : Optional.empty();
    }

    @Override
    public RawMode enterRawMode() {
        raw = true;
        wasRaw = true;
        return () -> raw = false;
    }

    @Override
    public Signals signals(int... numbers) {
        return () -> {
            try {
                return signals.take();
            } catch (InterruptedException _) {
                return -1;
            }
        };
    }

    @Override
    public Watch whenInterrupted(BooleanSupplier last) {
        watch = Optional.of(last);
        return () -> watch = Optional.empty();
    }

    /// What Ctrl+C does; whether the command then ends by itself.
    public boolean interrupt() {
        return watch.map(BooleanSupplier::getAsBoolean).orElse(false);
    }

    @Override
    public int run(List<String> argv) throws IOException {
        programs.add(argv);
        Files.writeString(Path.of(argv.getLast()), edited);
        return 0;
    }
}
