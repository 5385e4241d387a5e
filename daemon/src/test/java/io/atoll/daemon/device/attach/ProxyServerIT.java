package io.atoll.daemon.device.attach;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.atoll.base.InternalException;
import io.atoll.linux.Fd;
import io.atoll.linux.ListenSockets;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// The process that passes connections on, between sockets of this test.
@Tag("privileged")
@Timeout(120)
class ProxyServerIT {
    private static final InetAddress LOCAL = InetAddress.ofLiteral("127.0.0.1");
    private static final int CONNECTIONS = 1000;
    private static final int BYTES_MAX = 300_000;

    @TempDir Path folder;
    private final List<ServerSocket> servers = new ArrayList<>();

    private ProxyServer proxies() {
        return new ProxyServer(
                Path.of(System.getProperty("atoll.shim")).resolveSibling("atoll-proxy"),
                folder.resolve("proxy.sock"));
    }

    @AfterEach
    void end() throws IOException {
        proxies().remove("t");
        for (ServerSocket server : servers) {
            server.close();
        }
    }

    /// A free port, which the kernel does not give out again at once.
    private static int freePort() {
        try (ServerSocket socket = new ServerSocket(0, 1, LOCAL)) {
            return socket.getLocalPort();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private ServerSocket server(ServerWork work) throws IOException {
        ServerSocket server = new ServerSocket(0, 4096, LOCAL);
        servers.add(server);
        Thread.ofVirtual()
                .start(() -> {
                    while (!server.isClosed()) {
                        try {
                            Socket socket = server.accept();
                            Thread.ofVirtual().start(() -> serve(socket, work));
                        } catch (IOException _) {
                            return;
                        }
                    }
                });
        return server;
    }

    private interface ServerWork {
        void on(Socket socket) throws IOException;
    }

    private static void serve(Socket socket, ServerWork work) {
        try (socket) {
            work.on(socket);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private int add(String id, boolean saysWho, String target) {
        int port = freePort();
        try (Fd listener = ListenSockets.tcp(LOCAL, port)) {
            proxies()
                    .add(
                            new ProxyServer.Proxy(
                                    id,
                                    "stream",
                                    saysWho,
                                    Optional.empty(),
                                    List.of(target),
                                    List.of(listener),
                                    Optional.empty(),
                                    Optional.empty()));
        }
        return port;
    }

    private static String inet(int port) {
        return "inet 127.0.0.1 " + port;
    }

    /// Every client sends all it has, ends its direction, and only then gets all of it back: the
    /// two directions end one after the other.
    @Test
    void aThousandHalfClosedConnectionsAreByteExact() throws Exception {
        ServerSocket echo =
                server(socket -> {
                    byte[] all = socket.getInputStream().readAllBytes();
                    socket.getOutputStream().write(all);
                });
        int port = add("t/echo", false, inet(echo.getLocalPort()));
        List<Callable<Boolean>> clients = new ArrayList<>();
        for (int i = 0; i < CONNECTIONS; i++) {
            long seed = i;
            clients.add(() -> {
                SplittableRandom random = new SplittableRandom(seed);
                byte[] data = new byte[random.nextInt(BYTES_MAX)];
                random.nextBytes(data);
                try (Socket socket = new Socket(LOCAL, port)) {
                    socket.getOutputStream().write(data);
                    socket.shutdownOutput();
                    assertArrayEquals(data, socket.getInputStream().readAllBytes(), "seed " + seed);
                }
                return true;
            });
        }
        try (ExecutorService executor = Executors.newVirtualThreadPerTaskExecutor()) {
            for (Future<Boolean> client : executor.invokeAll(clients)) {
                assertTrue(client.get());
            }
        }
    }

    /// A reader that does not read holds its own connection up and no other, and nothing is lost.
    @Test
    void aSlowReaderLosesNothing() throws Exception {
        byte[] data = new byte[20_000_000];
        new SplittableRandom(1).nextBytes(data);
        ServerSocket sender = server(socket -> socket.getOutputStream().write(data));
        int port = add("t/slow", false, inet(sender.getLocalPort()));
        try (Socket slow = new Socket(LOCAL, port);
                Socket quick = new Socket(LOCAL, port)) {
            assertArrayEquals(data, quick.getInputStream().readAllBytes());
            assertArrayEquals(data, slow.getInputStream().readAllBytes());
        }
    }

    @Test
    void theServerLearnsWhoItIs() throws Exception {
        ServerSocket server =
                server(socket -> {
                    InputStream in = socket.getInputStream();
                    socket.getOutputStream().write(in.readAllBytes());
                });
        int port = add("t/who", true, inet(server.getLocalPort()));
        try (Socket socket = new Socket(LOCAL, port)) {
            socket.getOutputStream().write("body".getBytes(StandardCharsets.US_ASCII));
            socket.shutdownOutput();
            String said =
                    new String(socket.getInputStream().readAllBytes(), StandardCharsets.US_ASCII);
            assertEquals(
                    "PROXY TCP4 127.0.0.1 127.0.0.1 "
                            + socket.getLocalPort()
                            + " "
                            + port
                            + "\r\nbody",
                    said);
        }
    }

    @Test
    void nobodyAtTheOtherEndResetsTheConnection() throws IOException {
        int port = add("t/nobody", false, inet(freePort()));
        try (Socket socket = new Socket(LOCAL, port)) {
            assertThrows(
                    IOException.class,
                    () -> {
                        int end = socket.getInputStream().read();
                        if (end < 0) {
                            throw new IOException("closed");
                        }
                    });
        }
    }

    @Test
    void removingEndsConnectionsAndTheProcessWithTheLast() throws Exception {
        ServerSocket echo =
                server(socket -> socket.getInputStream().transferTo(socket.getOutputStream()));
        int first = add("t/a", false, inet(echo.getLocalPort()));
        int second = add("t/b", false, inet(echo.getLocalPort()));
        assertEquals(List.of("t/a", "t/b"), proxies().ids().stream().sorted().toList());
        try (Socket socket = new Socket(LOCAL, first);
                Socket other = new Socket(LOCAL, second)) {
            socket.getOutputStream().write(1);
            assertEquals(1, socket.getInputStream().read());
            proxies().remove("t/a");
            assertThrows(
                    IOException.class,
                    () -> {
                        if (socket.getInputStream().read() < 0) {
                            throw new IOException("closed");
                        }
                    });
            other.getOutputStream().write(2);
            assertEquals(2, other.getInputStream().read());
        }
        proxies().remove("t");
        ends();
        assertEquals(List.of(), proxies().ids());
    }

    @Test
    void datagramsFindTheirWayBack() throws Exception {
        int port = freePort();
        try (DatagramSocket server = new DatagramSocket(new InetSocketAddress(LOCAL, 0));
                Fd listener = ListenSockets.udp(LOCAL, port)) {
            Thread.ofPlatform().daemon().start(() -> answer(server));
            proxies()
                    .add(
                            new ProxyServer.Proxy(
                                    "t/udp",
                                    "datagram",
                                    false,
                                    Optional.empty(),
                                    List.of(inet(server.getLocalPort())),
                                    List.of(listener),
                                    Optional.empty(),
                                    Optional.empty()));
            for (int i = 0; i < 50; i++) {
                try (DatagramSocket client = new DatagramSocket()) {
                    client.setSoTimeout(5000);
                    byte[] data = ("message " + i).getBytes(StandardCharsets.US_ASCII);
                    client.send(new DatagramPacket(data, data.length, LOCAL, port));
                    DatagramPacket back = new DatagramPacket(new byte[100], 100);
                    client.receive(back);
                    assertEquals(
                            "message " + i,
                            new String(
                                    back.getData(),
                                    0,
                                    back.getLength(),
                                    StandardCharsets.US_ASCII));
                }
            }
        }
    }

    private static void answer(DatagramSocket server) {
        try {
            while (true) {
                DatagramPacket packet = new DatagramPacket(new byte[100], 100);
                server.receive(packet);
                server.send(packet);
            }
        } catch (IOException _) {
            return;
        }
    }

    @Test
    void whatIsMalformedIsRefused() {
        assertThrows(InternalException.class, () -> add("t/x", false, "inet nowhere 1"));
        assertThrows(InternalException.class, () -> add("t/x", false, "unix " + "x".repeat(200)));
        assertEquals(List.of(), proxies().ids());
        ends();
    }

    private void ends() {
        for (int i = 0; i < 500 && Files.exists(folder.resolve("proxy.sock")); i++) {
            LockSupport.parkNanos(10_000_000);
        }
        assertFalse(Files.exists(folder.resolve("proxy.sock")), "it ends with the last proxy");
    }
}
