package io.atoll.daemon.instance.exec;

import io.atoll.base.json.Json;
import io.atoll.base.json.JsonException;
import io.atoll.daemon.http.WebSocket;
import io.atoll.daemon.operation.OperationSockets;
import io.atoll.linux.Fd;
import io.atoll.linux.FdIo;
import io.atoll.runtime.Container;
import io.atoll.runtime.ExecSpec;
import io.atoll.runtime.Execution;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.UnaryOperator;

/// One command with a client attached: starts it once the needed websockets are there, moves bytes
/// until it ends, and finishes the streams in the order that LXD's clients rely on: control is cut,
/// then every output gets its barrier, then, a moment later, all connections are cut without a
/// close frame.
final class ExecSession {
    private static final Logger LOG = System.getLogger(ExecSession.class.getName());

    /// How long clients have to connect. On a slow host a JVM's first four connections take longer
    /// than LXD's 5 seconds.
    private static final Duration CONNECT_MAX = Duration.ofSeconds(30);

    /// How long a client may take to close the terminal's socket after its barrier.
    private static final Duration CLOSE_MAX = Duration.ofSeconds(60);

    /// How long control may be awaited: as long as any command runs.
    private static final Duration FOR_EVER = Duration.ofDays(36_500);

    /// Cuts what clients do not close themselves.
    private static final Executor LATER = CompletableFuture.delayedExecutor(1, TimeUnit.SECONDS);

    private static final int SIGKILL = 9;
    private static final int COLUMNS = 80;
    private static final int ROWS = 24;

    private final Container container;
    private final OperationSockets sockets;
    private final UnaryOperator<ExecSpec> adjust;

    /// @param adjust what the request says about the command besides its streams
    ExecSession(Container container, OperationSockets sockets, UnaryOperator<ExecSpec> adjust) {
        this.container = container;
        this.sockets = sockets;
        this.adjust = adjust;
    }

    static List<String> socketNames(ExecRequest request) {
        return request.isInteractive()
                ? List.of("0", "control")
                : List.of("0", "1", "2", "control");
    }

    /// Runs the command to its end.
    ///
    /// @return its exit status, 128 plus the signal's number if it was killed
    /// @throws io.atoll.base.InternalException in LXD's words if the client did not connect in time
    int run(ExecRequest request) throws InterruptedException {
        return request.isInteractive() ? runOnTerminal(request) : runOnPipes(request);
    }

    private int runOnPipes(ExecRequest request) throws InterruptedException {
        sockets.await(List.of("0", "1", "2"), CONNECT_MAX);
        WebSocket stdin = sockets.get("0");
        WebSocket stdout = sockets.get("1");
        WebSocket stderr = sockets.get("2");
        try (StreamPump pump = new StreamPump();
                FdIo.Pipe in = FdIo.pipe();
                FdIo.Pipe out = FdIo.pipe();
                FdIo.Pipe err = FdIo.pipe()) {
            ExecSpec.Stdio stdio = new ExecSpec.Stdio.Fds(in.reader(), out.writer(), err.writer());
            try (Execution command =
                    container.exec(adjust.apply(ExecSpec.of(request.command(), stdio)))) {
                in.reader().close();
                out.writer().close();
                err.writer().close();
                Future<Boolean> input = ExecThreads.start(() -> feed(pump, stdin, in.writer()));
                Future<Boolean> output = ExecThreads.start(() -> drain(pump, out.reader(), stdout));
                Future<Boolean> errors = ExecThreads.start(() -> drain(pump, err.reader(), stderr));
                Thread.ofVirtual().name("exec-control").start(() -> control(command));
                Thread.ofVirtual().name("exec-watch").start(() -> watchOutput(stdout, command));
                int status = command.waitExit();
                pump.stop();
                join(output);
                join(errors);
                finish(stdin, List.of(stdout, stderr));
                join(input);
                return status;
            }
        } finally {
            finish(stdin, List.of(stdout, stderr));
        }
    }

    private int runOnTerminal(ExecRequest request) throws InterruptedException {
        sockets.await(List.of("0", "control"), CONNECT_MAX);
        WebSocket terminal = sockets.get("0");
        ExecSpec.Stdio stdio =
                new ExecSpec.Stdio.Terminal(
                        request.width() == 0 ? COLUMNS : request.width(),
                        request.height() == 0 ? ROWS : request.height());
        try (StreamPump pump = new StreamPump();
                Execution command =
                        container.exec(adjust.apply(ExecSpec.of(request.command(), stdio)))) {
            Fd other = command.terminal().orElseThrow();
            Future<Boolean> output = ExecThreads.start(() -> drain(pump, other, terminal));
            Future<Boolean> input = ExecThreads.start(() -> type(pump, terminal, other));
            Thread.ofVirtual().name("exec-control").start(() -> control(command));
            int status = command.waitExit();
            pump.stop();
            join(output);
            sockets.find("control").ifPresent(WebSocket::abort);
            barrier(terminal);
            awaitClose(input);
            terminal.abort();
            join(input);
            return status;
        } finally {
            terminal.abort();
        }
    }

    private static Boolean feed(StreamPump pump, WebSocket socket, Fd stdin)
            throws InterruptedException {
        try (stdin) {
            return pump.fromSocketToPipe(socket, stdin);
        }
    }

    /// A barrier says nothing on a terminal: goes on until the client is gone.
    private static Boolean type(StreamPump pump, WebSocket socket, Fd terminal)
            throws InterruptedException {
        while (!pump.fromSocket(socket, terminal)) {
            LOG.log(Level.DEBUG, "client has no more input for the terminal");
        }
        return true;
    }

    private static Boolean drain(StreamPump pump, Fd source, WebSocket socket) {
        pump.toSocket(source, socket);
        return true;
    }

    private static void join(Future<Boolean> stream) throws InterruptedException {
        try {
            stream.get();
        } catch (ExecutionException e) {
            LOG.log(Level.WARNING, "a stream of a command broke", e.getCause());
        }
    }

    private static void awaitClose(Future<Boolean> input) throws InterruptedException {
        try {
            input.get(CLOSE_MAX.toSeconds(), TimeUnit.SECONDS);
        } catch (TimeoutException _) {
            LOG.log(Level.DEBUG, "client did not close the terminal in time");
        } catch (ExecutionException e) {
            LOG.log(Level.WARNING, "input of a terminal broke", e.getCause());
        }
    }

    private void finish(WebSocket stdin, List<WebSocket> outputs) {
        sockets.find("control").ifPresent(WebSocket::abort);
        sockets.leaveOpen(List.of("1", "2"));
        outputs.forEach(ExecSession::barrier);
        stdin.abort();
        // Clients close after the barrier. pylxd does so only when it has seen the result, and
        // fails
        // if the connection was cut meanwhile.
        LATER.execute(() -> outputs.forEach(WebSocket::abort));
    }

    private static void barrier(WebSocket socket) {
        if (!socket.isOpen()) {
            return;
        }
        try {
            socket.sendBarrier();
        } catch (IOException e) {
            LOG.log(Level.DEBUG, "client was gone before the end of output", e);
        }
    }

    /// Obeys the control socket. When it ends before the command, the client is gone and the
    /// command is killed.
    private void control(Execution command) {
        try {
            WebSocket control = sockets.await("control", FOR_EVER).orElse(null);
            while (control != null) {
                switch (control.receive()) {
                    case WebSocket.Text(String text) -> obey(text, command);
                    case WebSocket.Binary(ByteBuffer bytes, boolean _) ->
                            obey(StandardCharsets.UTF_8.decode(bytes).toString(), command);
                    case WebSocket.Closed _ -> {
                        kill(command);
                        return;
                    }
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static void obey(String text, Execution command) {
        try {
            Json message = text.isEmpty() ? Json.object() : Json.parse(text);
            switch (message.get("command").asString()) {
                case "window-resize" -> {
                    Map<String, String> size = message.get("args").asStringMap();
                    command.resize(
                            Integer.parseInt(size.getOrDefault("width", "")),
                            Integer.parseInt(size.getOrDefault("height", "")));
                }
                case "signal" -> command.signal(message.get("signal").asInt());
                default -> LOG.log(Level.DEBUG, "unknown control message");
            }
        } catch (JsonException | NumberFormatException e) {
            LOG.log(Level.DEBUG, "bad control message", e);
        } catch (RuntimeException e) {
            // The command may have ended meanwhile.
            LOG.log(Level.DEBUG, "control message without effect", e);
        }
    }

    /// Old clients connect no control socket: for them the command ends with its output's socket.
    private void watchOutput(WebSocket stdout, Execution command) {
        try {
            while (true) {
                if (stdout.receive() instanceof WebSocket.Closed) {
                    if (sockets.find("control").isEmpty()) {
                        kill(command);
                    }
                    return;
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static void kill(Execution command) {
        try {
            command.signal(SIGKILL);
        } catch (RuntimeException e) {
            LOG.log(Level.DEBUG, "command had ended", e);
        }
    }
}
