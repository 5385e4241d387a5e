package io.atoll.cli.command;

import io.atoll.base.json.Json;
import io.atoll.cli.Invocation;
import io.atoll.cli.host.Host;
import io.atoll.cli.host.WindowSize;
import io.atoll.client.Execution;
import io.atoll.client.WebSocket;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;

/// Joins the caller's streams with those of a command or a console.
///
/// Each direction is a thread that copies: reads block in the kernel, so they are platform threads.
/// A stream ends with an empty text message, which is how LXD tells the end of data from a lost
/// connection.
final class Streams {
    private static final int COPY_BYTES = 64 << 10;
    private static final int SIGHUP = 1;
    private static final int SIGINT = 2;
    private static final int SIGQUIT = 3;
    private static final int SIGUSR1 = 10;
    private static final int SIGTERM = 15;
    private static final int SIGCONT = 18;
    private static final int SIGWINCH = 28;

    /// Ctrl-a, which with `q` ends a console.
    private static final int ESCAPE = 1;

    private final Invocation invocation;
    private final Execution execution;

    Streams(Invocation invocation, Execution execution) {
        this.invocation = invocation;
        this.execution = execution;
    }

    /// Three pipes. Returns when the command's output has ended.
    void runPlain(boolean noInput) throws IOException {
        WebSocket control = execution.attach("control");
        WebSocket input = execution.attach("0");
        WebSocket output = execution.attach("1");
        WebSocket errors = execution.attach("2");
        forwardSignals(control);
        InputStream source = noInput ? InputStream.nullInputStream() : invocation.in();
        startDaemon("stdin", () -> copyInput(source, input));
        Copier stderr = new Copier(errors, invocation.err());
        CountDownLatch errorsEnded = new CountDownLatch(1);
        startDaemon(
                "stderr",
                () -> {
                    stderr.run();
                    errorsEnded.countDown();
                });
        Copier stdout = new Copier(output, invocation.out());
        stdout.run();
        awaitUninterrupted(errorsEnded);
        for (WebSocket each : List.of(output, errors, input, control)) {
            each.close();
        }
        stdout.check();
        stderr.check();
    }

    /// A terminal. Returns when the command's side of it has ended.
    void runInteractive() throws IOException {
        WebSocket control = execution.attach("control");
        WebSocket terminal = execution.attach("0");
        forwardSignals(control);
        try (Host.RawMode _ = rawMode()) {
            startDaemon("stdin", () -> copyInput(invocation.in(), terminal));
            Copier output = new Copier(terminal, invocation.out());
            output.run();
            terminal.sendClose();
            terminal.close();
            control.close();
            output.check();
        }
    }

    /// A console: like a terminal, but `<ctrl>+a q` leaves it, and leaving it ends nothing.
    void runConsole() throws IOException {
        WebSocket control = execution.attach("control");
        WebSocket terminal = execution.attach("0");
        forwardSignals(control);
        try (Host.RawMode _ = rawMode()) {
            startDaemon("stdin", () -> copyUntilEscape(terminal, control));
            Copier output = new Copier(terminal, invocation.out());
            output.run();
            terminal.close();
            control.close();
        }
    }

    private Host.RawMode rawMode() throws IOException {
        return invocation.host().isTerminal(0) ? invocation.host().enterRawMode() : () -> {};
    }

    private static void startDaemon(String name, Runnable body) {
        Thread thread = new Thread(body, name);
        thread.setDaemon(true);
        thread.start();
    }

    private static void awaitUninterrupted(CountDownLatch latch) {
        while (true) {
            try {
                latch.await();
                return;
            } catch (InterruptedException _) {
                // Nobody interrupts a command; it ends when the streams do.
            }
        }
    }

    private static void copyInput(InputStream from, WebSocket to) {
        byte[] buffer = new byte[COPY_BYTES];
        try {
            int n = from.read(buffer);
            while (n >= 0) {
                to.sendBinary(buffer, 0, n);
                n = from.read(buffer);
            }
            to.sendText("");
        } catch (IOException _) {
            // The command stopped reading, or our input broke: its end is seen on the other
            // streams.
        }
    }

    private void copyUntilEscape(WebSocket to, WebSocket control) {
        byte[] buffer = new byte[COPY_BYTES];
        boolean escaped = false;
        try {
            int n = invocation.in().read(buffer);
            while (n >= 0) {
                List<Byte> kept = new ArrayList<>(n + 1);
                for (int i = 0; i < n; i++) {
                    if (escaped && (buffer[i] == 'q' || buffer[i] == 'Q')) {
                        control.sendClose();
                        return;
                    }
                    if (escaped || buffer[i] != ESCAPE) {
                        kept.add(buffer[i]);
                        escaped = false;
                    } else {
                        escaped = true;
                    }
                }
                byte[] bytes = new byte[kept.size()];
                for (int i = 0; i < bytes.length; i++) {
                    bytes[i] = kept.get(i);
                }
                to.sendBinary(bytes, 0, bytes.length);
                n = invocation.in().read(buffer);
            }
            control.sendClose();
        } catch (IOException _) {
            // The console is gone; the copier of the other direction ends as well.
        }
    }

    private void forwardSignals(WebSocket control) throws IOException {
        Host.Signals signals =
                invocation
                        .host()
                        .signals(SIGHUP, SIGINT, SIGQUIT, SIGUSR1, SIGTERM, SIGCONT, SIGWINCH);
        startDaemon(
                "signals",
                () -> {
                    try {
                        int signal = signals.next();
                        while (signal > 0) {
                            control.sendText(signal == SIGWINCH ? resize() : signalMessage(signal));
                            signal = signals.next();
                        }
                    } catch (IOException _) {
                        // The command has ended and with it the control connection.
                    }
                });
        // The control connection carries nothing to us, but its pings want answers.
        startDaemon("control", () -> drain(control));
    }

    private static void drain(WebSocket socket) {
        try {
            while (socket.receive().kind() != WebSocket.Kind.END) {
                // Nothing is defined in this direction.
            }
        } catch (IOException _) {
            // Closed by ourselves.
        }
    }

    private String resize() {
        Optional<WindowSize> size = invocation.host().windowSize();
        Json.Obj args =
                Json.object()
                        .put("width", String.valueOf(size.map(WindowSize::columns).orElse(80)))
                        .put("height", String.valueOf(size.map(WindowSize::rows).orElse(25)));
        return Json.object().put("command", "window-resize").put("args", args).render();
    }

    private static String signalMessage(int signal) {
        return Json.object().put("command", "signal").put("signal", signal).render();
    }

    /// Copies one stream of the command to one of ours.
    private static final class Copier implements Runnable {
        private final WebSocket from;
        private final OutputStream to;
        private @Nullable IOException failure;

        Copier(WebSocket from, OutputStream to) {
            this.from = from;
            this.to = to;
        }

        @Override
        public void run() {
            try {
                WebSocket.Message message = from.receive();
                while (message.kind() == WebSocket.Kind.BINARY) {
                    to.write(message.payload());
                    to.flush();
                    message = from.receive();
                }
            } catch (IOException e) {
                failure = e;
                from.close();
            }
        }

        /// @throws IOException if copying failed
        void check() throws IOException {
            if (failure != null) {
                throw failure;
            }
        }
    }
}
