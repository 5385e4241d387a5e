package io.atoll.warm;

import io.atoll.cli.host.Host;
import io.atoll.linux.Signals;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.locks.LockSupport;

/// The warm process with a few more commands, called `lxc-warm-…`, that show what a command sees of
/// its caller. Without the option `warm` it is the cold process of the same commands' launcher: it
/// says so and ends with 99.
public final class WarmTestMain {
    private static final int COLD = 99;

    private WarmTestMain() {}

    public static void main(String[] args) throws IOException {
        if (System.getProperty("warm") == null) {
            System.out.write("cold\n".getBytes(StandardCharsets.UTF_8));
            System.out.flush();
            Runtime.getRuntime().halt(COLD);
        }
        Programs installed = Programs.installed(System.getProperty("atoll.home", ""));
        Main.serve((request, caller) ->
                request.program().startsWith("lxc-warm-")
                        ? run(request, caller)
                        : installed.run(request, caller));
    }

    private static int run(Request request, Caller caller) {
        try {
            return command(request, caller);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static int command(Request request, Caller caller) throws IOException {
        Host host = new CliHost(caller);
        switch (request.program().substring("lxc-warm-".length())) {
            case "show" -> {
                say(caller, request.cwd() + "\n");
                for (String word : request.args()) {
                    say(caller, "<" + word + ">\n");
                }
                say(caller, "VALUE=" + request.env().getOrDefault("VALUE", "") + "\n");
                for (int stream = 0; stream < 3; stream++) {
                    say(caller, host.isTerminal(stream) ? "terminal " : "file ");
                }
                say(caller, host.windowSize() + "\n");
                return request.args().size();
            }
            case "lengths" -> {
                long words = request.args().stream().mapToLong(String::length).sum();
                long variables = request.env().values().stream().mapToLong(String::length).sum();
                say(caller, words + " " + variables + "\n");
            }
            case "cat" -> caller.in().transferTo(caller.out());
            case "line" -> {
                int letter = caller.in().read();
                for (; letter >= 0 && letter != '\n'; letter = caller.in().read()) {
                    caller.out().write(letter);
                }
                say(caller, letter < 0 ? "|end\n" : "|\n");
            }
            case "err" -> caller.err().write("to stderr\n".getBytes(StandardCharsets.UTF_8));
            case "throw" -> throw new IllegalStateException("on purpose");
            case "ends" -> {
                say(caller, ProcessHandle.current().pid() + "\n");
                Runtime.getRuntime().halt(3);
            }
            case "pid" -> say(caller, ProcessHandle.current().pid() + "\n");
            case "sleep" -> {
                say(caller, "sleeping\n");
                while (!Thread.currentThread().isInterrupted()) {
                    LockSupport.parkNanos(Long.MAX_VALUE);
                }
            }
            case "thread" ->
                    say(
                            caller,
                            Thread.currentThread().threadId()
                                    + (Thread.currentThread().isInterrupted()
                                            ? " interrupted\n"
                                            : "\n"));
            case "stuck" -> {
                say(caller, "stuck\n");
                while (true) {
                    LockSupport.parkNanos(1_000_000_000);
                    boolean unused = Thread.interrupted();
                }
            }
            case "ticks" -> {
                for (int i = 0; !Thread.currentThread().isInterrupted(); i++) {
                    say(caller, i + "\n");
                    LockSupport.parkNanos(20_000_000);
                }
            }
            case "signals" -> {
                Host.Signals signals =
                        host.signals(Signals.SIGINT, Signals.SIGTERM, Signals.SIGWINCH);
                say(caller, "ready\n");
                for (int n = signals.next(); n > 0; n = signals.next()) {
                    String size = n == Signals.SIGWINCH ? " " + host.windowSize() : "";
                    say(caller, "signal " + n + size + "\n");
                    if (n == Signals.SIGTERM) {
                        return 0;
                    }
                }
            }
            case "raw" -> {
                try (Host.RawMode _ = host.enterRawMode()) {
                    say(caller, "raw\r\n");
                    int key = caller.in().read();
                    while (key >= 0 && key != 'q') {
                        say(caller, key + "\r\n");
                        key = caller.in().read();
                    }
                }
            }
            case "edit" -> {
                return host.run(List.of("sh", "-c", "echo $VALUE; pwd; tty; exit 7"));
            }
            default -> say(caller, "?\n");
        }
        return 0;
    }

    private static void say(Caller caller, String text) throws IOException {
        caller.out().write(text.getBytes(StandardCharsets.UTF_8));
    }
}
