package io.atoll.daemon.devlxd;

import io.atoll.base.InternalException;
import io.atoll.base.json.Json;
import io.atoll.daemon.http.Response;
import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.Channels;
import java.nio.channels.ClosedSelectorException;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.nio.file.attribute.UserPrincipal;
import java.time.Instant;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import jdk.net.ExtendedSocketOptions;

/// The sockets of all instances that run. One thread waits for connections on all of them; a
/// connection has a virtual thread while it lasts. An instance that asks nothing costs one
/// descriptor.
public final class GuestSockets implements AutoCloseable {
    private static final Logger LOG = System.getLogger(GuestSockets.class.getName());

    /// How many connections an instance may hold open.
    private static final int CONNECTIONS_MAX = 32;

    private static final String NAME = "sock";

    /// An instance's socket.
    private static final class Door {
        private final Path file;
        private final Guest guest;
        private final ServerSocketChannel channel;
        private final Set<SocketChannel> connections = ConcurrentHashMap.newKeySet();
        private final Set<GuestEvents> listeners = ConcurrentHashMap.newKeySet();

        Door(Path file, Guest guest, ServerSocketChannel channel) {
            this.file = file;
            this.guest = guest;
            this.channel = channel;
        }
    }

    private final Selector selector;
    private final Map<Path, Door> doors = new ConcurrentHashMap<>();

    public GuestSockets() {
        try {
            selector = Selector.open();
        } catch (IOException e) {
            throw new InternalException("cannot wait for instances' sockets", e);
        }
        Thread.ofPlatform().daemon().name("devlxd").start(this::serve);
    }

    /// Opens the socket of an instance in a directory, or does nothing if it is open.
    ///
    /// @param directory what the instance sees as `/dev/lxd`
    public void open(Path directory, Guest guest) {
        if (doors.containsKey(directory)) {
            return;
        }
        Path file = directory.resolve(NAME);
        try {
            Files.createDirectories(directory);
            // Whoever made the daemon's umask: the instance's root is another user of the host.
            Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwxr-xr-x"));
            Files.deleteIfExists(file);
            ServerSocketChannel channel = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
            channel.bind(UnixDomainSocketAddress.of(file), CONNECTIONS_MAX);
            Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-rw-rw-"));
            channel.configureBlocking(false);
            Door door = new Door(file, guest, channel);
            doors.put(directory, door);
            channel.register(selector, SelectionKey.OP_ACCEPT, door);
            selector.wakeup();
        } catch (IOException e) {
            throw new InternalException("cannot open " + file + ": " + e.getMessage(), e);
        }
    }

    /// Closes the socket of an instance and its connections. Does nothing if it is not open.
    public void close(Path directory) {
        Door door = doors.remove(directory);
        if (door == null) {
            return;
        }
        try {
            door.channel.close();
            for (SocketChannel connection : door.connections) {
                connection.close();
            }
            Files.deleteIfExists(door.file);
        } catch (IOException e) {
            LOG.log(Level.WARNING, "cannot close " + door.file, e);
        }
        selector.wakeup();
    }

    /// Tells an instance of a change.
    ///
    /// @param type `config` or `device`
    public void publish(Path directory, String type, Json metadata) {
        Door door = doors.get(directory);
        if (door != null && !door.listeners.isEmpty()) {
            Json event =
                    Json.object()
                            .put("type", type)
                            .put("timestamp", Instant.now().toString())
                            .put("metadata", metadata);
            door.listeners.forEach(listener -> listener.offer(type, event));
        }
    }

    /// Closes all sockets; their files stay for the next daemon.
    @Override
    public void close() {
        try {
            selector.close();
            for (Door door : doors.values()) {
                door.channel.close();
                for (SocketChannel connection : door.connections) {
                    connection.close();
                }
            }
        } catch (IOException e) {
            LOG.log(Level.WARNING, "cannot close the instances' sockets", e);
        }
    }

    private void serve() {
        try {
            while (selector.isOpen()) {
                int unused = selector.select(this::accept);
            }
        } catch (ClosedSelectorException _) {
            // That is how it ends.
        } catch (IOException e) {
            LOG.log(Level.ERROR, "instances can ask nothing any more", e);
        }
    }

    private void accept(SelectionKey key) {
        Door door = (Door) key.attachment();
        try {
            SocketChannel connection = door.channel.accept();
            if (connection == null) {
                return;
            }
            if (door.connections.size() >= CONNECTIONS_MAX) {
                connection.close();
                return;
            }
            door.connections.add(connection);
            Thread.ofVirtual().name("devlxd-connection").start(() -> talk(door, connection));
        } catch (IOException | java.nio.channels.CancelledKeyException e) {
            LOG.log(Level.DEBUG, "an instance's connection failed " + door.file, e);
        }
    }

    /// Whether a user of the host is at the other end. The JVM tells principals, not numbers; one
    /// is found by its number as well, and equal if the number is.
    private static boolean isUser(SocketChannel connection, long uid) throws IOException {
        UserPrincipal wanted =
                FileSystems.getDefault()
                        .getUserPrincipalLookupService()
                        .lookupPrincipalByName(Long.toString(uid));
        return connection.getOption(ExtendedSocketOptions.SO_PEERCRED).user().equals(wanted);
    }

    private static void talk(Door door, SocketChannel connection) {
        try (connection) {
            boolean isRoot = isUser(connection, door.guest.rootUid());
            InputStream in = new BufferedInputStream(Channels.newInputStream(connection));
            OutputStream out = new BufferedOutputStream(Channels.newOutputStream(connection));
            boolean goesOn = true;
            while (goesOn) {
                Optional<GuestRequest> request = GuestRequest.read(in);
                goesOn = request.isPresent() && answer(door, request.get(), isRoot, in, out);
            }
        } catch (GuestRequest.BadRequestException _) {
            // Nobody who speaks HTTP waits for an answer.
        } catch (IOException e) {
            LOG.log(Level.DEBUG, "an instance's connection ended " + door.file, e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (RuntimeException e) {
            LOG.log(Level.WARNING, "an instance's question failed " + door.file, e);
        } finally {
            door.connections.remove(connection);
        }
    }

    /// @return whether the connection goes on
    private static boolean answer(
            Door door, GuestRequest request, boolean isRoot, InputStream in, OutputStream out)
            throws IOException, InterruptedException {
        if (!isRoot) {
            write(out, GuestApi.Reply.text(401, "Access denied for non-root user"));
            return false;
        }
        if (request.path().equals("/1.0/events") && request.method().equals("GET")) {
            stream(door, request, in, out);
            return false;
        }
        Optional<String> image = GuestApi.image(request);
        if (image.isPresent()) {
            sendImage(door.guest, image.get(), out);
        } else {
            write(out, GuestApi.answer(request, door.guest));
        }
        return !request.header("connection").equalsIgnoreCase("close");
    }

    private static void write(OutputStream out, GuestApi.Reply reply) throws IOException {
        byte[] body = reply.body().getBytes(StandardCharsets.UTF_8);
        writeHead(out, reply.status(), reply.type(), Map.of(), body.length);
        out.write(body);
        out.flush();
    }

    private static void writeHead(
            OutputStream out, int status, String type, Map<String, String> headers, long length)
            throws IOException {
        StringBuilder head = new StringBuilder("HTTP/1.1 ");
        head.append(status).append(status == 200 ? " OK" : " Error");
        head.append("\r\nContent-Type: ").append(type);
        headers.forEach((name, value) -> head.append("\r\n" + name + ": " + value));
        head.append("\r\nContent-Length: ").append(length).append("\r\n\r\n");
        out.write(head.toString().getBytes(StandardCharsets.US_ASCII));
    }

    private static void sendImage(Guest guest, String fingerprint, OutputStream out)
            throws IOException {
        if (!guest.mayFetchImages()) {
            write(out, GuestApi.Reply.text(403, "not authorized"));
            return;
        }
        Optional<Response> image = guest.image(fingerprint);
        if (image.isEmpty()) {
            write(out, GuestApi.Reply.text(404, "not found"));
            return;
        }
        switch (image.get()) {
            case Response.File(Response.Source file, String type, Map<String, String> headers) -> {
                writeHead(out, 200, type, headers, file.size());
                try (InputStream in = file.open()) {
                    long unused = in.transferTo(out);
                }
            }
            case Response.Raw(
                            int status,
                            String type,
                            Map<String, String> headers,
                            long length,
                            Response.Body body) -> {
                writeHead(out, status, type, headers, length);
                body.writeTo(out);
            }
            case Response.Sync _,
                    Response.Created _,
                    Response.Async _,
                    Response.Upgrade _,
                    Response.Takeover _ ->
                    throw new IllegalArgumentException("no files of an image");
        }
        out.flush();
    }

    /// Whatever a reader of events says means nothing, until it goes.
    private static void awaitEnd(InputStream in, GuestEvents events) {
        try {
            long unused = in.transferTo(OutputStream.nullOutputStream());
        } catch (IOException _) {
            // Gone as well.
        } finally {
            events.end();
        }
    }

    private static void stream(Door door, GuestRequest request, InputStream in, OutputStream out)
            throws IOException, InterruptedException {
        String types = request.query().getOrDefault("type", "");
        boolean isWebSocket = request.wantsWebSocket();
        String head =
                isWebSocket
                        ? "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade"
                                + "\r\nSec-WebSocket-Accept: "
                                + GuestEvents.accept(request.header("sec-websocket-key"))
                                + "\r\n\r\n"
                        : "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n";
        GuestEvents events =
                new GuestEvents(
                        types.isEmpty() ? Set.of() : new HashSet<>(List.of(types.split(","))),
                        isWebSocket);
        door.listeners.add(events);
        Thread unused = Thread.ofVirtual().name("devlxd-end").start(() -> awaitEnd(in, events));
        try {
            out.write(head.getBytes(StandardCharsets.US_ASCII));
            out.flush();
            events.write(out);
        } finally {
            door.listeners.remove(events);
        }
    }
}
