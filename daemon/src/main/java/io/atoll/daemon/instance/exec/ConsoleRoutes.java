package io.atoll.daemon.instance.exec;

import io.atoll.base.InternalException;
import io.atoll.base.InvalidConfigException;
import io.atoll.base.json.Json;
import io.atoll.base.json.JsonException;
import io.atoll.daemon.http.Request;
import io.atoll.daemon.http.Response;
import io.atoll.daemon.http.Right;
import io.atoll.daemon.http.Route;
import io.atoll.daemon.http.Routes;
import io.atoll.daemon.http.WebSocket;
import io.atoll.daemon.instance.InstanceRecord;
import io.atoll.daemon.instance.Instances;
import io.atoll.daemon.operation.OperationSockets;
import io.atoll.daemon.operation.OperationSpec;
import io.atoll.daemon.operation.Operations;
import io.atoll.linux.Fd;
import io.atoll.runtime.Container;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.stream.Stream;

/// `/1.0/instances/NAME/console`: what the console printed, and being at the console.
public final class ConsoleRoutes implements Routes {
    private static final Logger LOG = System.getLogger(ConsoleRoutes.class.getName());

    /// How long a client has to connect.
    private static final Duration CONNECT_MAX = Duration.ofMinutes(1);

    /// How much of the log file of a stopped instance is shown.
    private static final int LOG_MAX = 1 << 20;

    private static final byte[] GOODBYE = {'\n', '\r'};

    private final Instances instances;
    private final Operations operations;

    public ConsoleRoutes(Instances instances, Operations operations) {
        this.instances = instances;
        this.operations = operations;
    }

    @Override
    public List<Route> routes() {
        String path = "/{name}/console";
        return Stream.of(
                        Instances.both(path, p -> Route.get(p).needs(Right.VIEW).run(this::log)),
                        Instances.both(
                                path, p -> Route.delete(p).needs(Right.OPERATE).run(this::clear)),
                        Instances.both(
                                path, p -> Route.post(p).needs(Right.OPERATE).run(this::attach)))
                .flatMap(List::stream)
                .toList();
    }

    private Response log(Request request) throws IOException {
        InstanceRecord instance = instances.of(request);
        Optional<Container> container = instances.running(instance);
        byte[] text =
                container.isPresent()
                        ? container.get().consoleLog()
                        : tail(instances.consoleLog(instance));
        instances.tell("instance-console-retrieved", instance);
        return Response.raw("application/octet-stream", text)
                .header("Content-Disposition", "inline;filename=console.log");
    }

    private static byte[] tail(Path file) throws IOException {
        if (!Files.exists(file)) {
            return new byte[0];
        }
        try (var channel = Files.newByteChannel(file)) {
            channel.position(Math.max(0, channel.size() - LOG_MAX));
            ByteBuffer bytes = ByteBuffer.allocate(LOG_MAX);
            while (bytes.hasRemaining() && channel.read(bytes) >= 0) {
                LOG.log(Level.TRACE, "reading a console log");
            }
            return Arrays.copyOf(bytes.array(), bytes.position());
        }
    }

    private Response clear(Request request) throws IOException {
        InstanceRecord instance = instances.of(request);
        Optional<Container> container = instances.running(instance);
        if (container.isPresent()) {
            container.get().clearConsoleLog();
        }
        Path file = instances.consoleLog(instance);
        if (Files.exists(file)) {
            Files.newOutputStream(file, StandardOpenOption.TRUNCATE_EXISTING).close();
        }
        instances.tell("instance-console-reset", instance);
        return Response.empty();
    }

    private Response attach(Request request) throws IOException {
        InstanceRecord instance = instances.of(request);
        Json body = request.json();
        String type = body.get("type").asString();
        if (!type.isEmpty() && !type.equals("console")) {
            throw new InvalidConfigException("Unknown console type \"" + type + "\"");
        }
        Container container = instances.usable(instance);
        OperationSockets sockets = new OperationSockets(List.of("0", "control"));
        OperationSpec spec =
                Instances.about(
                        OperationSpec.websocket("Showing console", instance.project(), sockets)
                                .metadata(Json.object().put("fds", sockets.secrets())),
                        instance);
        int width = Math.clamp(body.get("width").asLong(), 0, 65_535);
        int height = Math.clamp(body.get("height").asLong(), 0, 65_535);
        Response response =
                operations
                        .start(
                                spec,
                                _ -> {
                                    sockets.await(List.of("0", "control"), CONNECT_MAX);
                                    if (width > 0 && height > 0) {
                                        container.resizeConsole(width, height);
                                    }
                                    show(container, sockets);
                                })
                        .response();
        instances.tell("instance-console", instance, "type", "console");
        return response;
    }

    /// Moves bytes until the client detaches or the instance ends.
    private static void show(Container container, OperationSockets sockets)
            throws InterruptedException {
        WebSocket terminal = sockets.get("0");
        WebSocket control = sockets.get("control");
        try (StreamPump pump = new StreamPump();
                Fd console = container.console()) {
            Future<Boolean> output =
                    ExecThreads.start(() -> {
                        pump.toSocket(console, terminal);
                        // The instance ended, or the pump was stopped: either way control has
                        // nothing left to do.
                        control.abort();
                        return true;
                    });
            Future<Boolean> input = ExecThreads.start(() -> pump.fromSocket(terminal, console));
            obey(control, container);
            pump.stop();
            join(output);
            leave(terminal);
            terminal.abort();
            join(input);
        }
    }

    private static void leave(WebSocket terminal) {
        try {
            terminal.sendBinary(ByteBuffer.wrap(GOODBYE));
        } catch (IOException e) {
            LOG.log(Level.DEBUG, "client was gone already", e);
        }
    }

    private static void obey(WebSocket control, Container container) throws InterruptedException {
        while (true) {
            switch (control.receive()) {
                case WebSocket.Text(String text) -> resize(text, container);
                case WebSocket.Binary(ByteBuffer bytes, boolean _) ->
                        resize(StandardCharsets.UTF_8.decode(bytes).toString(), container);
                case WebSocket.Closed _ -> {
                    return;
                }
            }
        }
    }

    private static void resize(String text, Container container) {
        try {
            Json message = text.isEmpty() ? Json.object() : Json.parse(text);
            if (message.get("command").asString().equals("window-resize")) {
                Map<String, String> size = message.get("args").asStringMap();
                container.resizeConsole(
                        Integer.parseInt(size.getOrDefault("width", "")),
                        Integer.parseInt(size.getOrDefault("height", "")));
            }
        } catch (JsonException | NumberFormatException e) {
            LOG.log(Level.DEBUG, "bad control message", e);
        }
    }

    private static void join(Future<Boolean> stream) throws InterruptedException {
        try {
            stream.get();
        } catch (ExecutionException e) {
            throw new InternalException("A stream of the console broke: " + e.getCause(), e);
        }
    }
}
