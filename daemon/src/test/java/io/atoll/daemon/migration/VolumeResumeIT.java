package io.atoll.daemon.migration;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.atoll.base.json.Json;
import io.atoll.daemon.LocalDaemon;
import io.atoll.daemon.http.TestClient;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Two daemons in one process, and a volume that goes from one to the other over a way that breaks.
@Tag("privileged")
class VolumeResumeIT {
    @TempDir Path folder;

    private record Server(LocalDaemon daemon, int port) implements AutoCloseable {
        static Server start(Path state) throws Exception {
            LocalDaemon daemon = LocalDaemon.at(state);
            TestClient client = daemon.client();
            int port;
            try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
                port = free.getLocalPort();
            }
            String address = "{\"config\":{\"core.https_address\":\"127.0.0.1:" + port + "\"}}";
            assertEquals(200, client.send("PATCH", "/1.0", address).status());
            String pool = "{\"name\":\"default\",\"driver\":\"dir\"}";
            assertEquals(201, client.send("POST", "/1.0/storage-pools", pool).status());
            return new Server(daemon, port);
        }

        TestClient client() {
            return daemon.client();
        }

        /// An operation, ended.
        Json done(Json operation) throws IOException {
            String url = "/1.0/operations/" + operation.get("id").asString() + "/wait";
            Json out = client().get(url).metadata();
            assertEquals(200, out.get("status_code").asLong(), out::render);
            return out;
        }

        Path volume(String name) {
            return directory("custom", name).resolve("rootfs");
        }

        Path disk(String folder, String name) {
            return directory(folder, name).resolve("root.img");
        }

        private Path directory(String folder, String name) {
            return daemon.state().resolve("storage-pools/default/" + folder + "/default_" + name);
        }

        String contentType(String volume) throws IOException {
            return client().get(volume).metadata().get("content_type").asString();
        }

        @Override
        public void close() throws IOException {
            for (String volume : List.of("v1", "copy")) {
                Object unused =
                        client().send(
                                        "DELETE",
                                        "/1.0/storage-pools/default/volumes/custom/" + volume,
                                        "");
            }
            Object unused = client().send("DELETE", "/1.0/storage-pools/default", "");
            daemon.close();
        }
    }

    /// Breaks each connection after so many bytes.
    private static final class Breaker implements AutoCloseable {
        private final ServerSocket listener =
                new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        private final AtomicInteger breaks = new AtomicInteger();
        private final Random random = new Random(9);
        private final int port;

        Breaker(int port) throws IOException {
            this.port = port;
            Thread unused = Thread.ofVirtual().start(this::serve);
        }

        private void serve() {
            while (!listener.isClosed()) {
                try {
                    Socket near = listener.accept();
                    Socket far = new Socket(InetAddress.getLoopbackAddress(), port);
                    long bytes = 100_000 + random.nextInt(300_000);
                    Thread unused = Thread.ofVirtual().start(() -> pass(near, far, bytes));
                    unused = Thread.ofVirtual().start(() -> pass(far, near, bytes));
                } catch (IOException _) {
                    return;
                }
            }
        }

        private void pass(Socket from, Socket to, long bytes) {
            byte[] chunk = new byte[8192];
            long left = bytes;
            try (from;
                    to) {
                InputStream in = from.getInputStream();
                while (left > 0) {
                    int n = in.read(chunk, 0, (int) Math.min(chunk.length, left));
                    if (n < 0) {
                        return;
                    }
                    to.getOutputStream().write(chunk, 0, n);
                    left -= n;
                }
                breaks.incrementAndGet();
            } catch (IOException _) {
                // Broken is what it is for.
            }
        }

        @Override
        public void close() throws IOException {
            listener.close();
        }
    }

    private static Json copy(Server from, Server to, int port, boolean isRefresh)
            throws IOException {
        String url = "/1.0/storage-pools/default/volumes/custom";
        Json offer =
                from.client()
                        .send("POST", url + "/v1", "{\"name\":\"v1\",\"migration\":true}")
                        .metadata();
        String certificate =
                from.client()
                        .get("/1.0")
                        .metadata()
                        .get("environment")
                        .get("certificate")
                        .asString();
        Json source =
                Json.object()
                        .put("type", "migration")
                        .put("mode", "pull")
                        .put("refresh", isRefresh)
                        .put(
                                "operation",
                                "https://127.0.0.1:"
                                        + port
                                        + "/1.0/operations/"
                                        + offer.get("id").asString())
                        .put("certificate", certificate)
                        .put("secrets", offer.get("metadata"));
        Json wish =
                Json.object()
                        .put("name", "copy")
                        .put("type", "custom")
                        .put("content_type", from.contentType(url + "/v1"))
                        .put("source", source);
        return to.done(to.client().send("POST", url, wish.render()).metadata());
    }

    @Test
    void aVolumeComesWholeOverAWayThatBreaks() throws Exception {
        try (Server a = Server.start(Files.createDirectory(folder.resolve("a")));
                Server b = Server.start(Files.createDirectory(folder.resolve("b")))) {
            String volumes = "/1.0/storage-pools/default/volumes/custom";
            String made = "{\"name\":\"v1\",\"type\":\"custom\",\"config\":{}}";
            assertTrue(a.client().send("POST", volumes, made).status() < 300);
            byte[] noise = new byte[3 << 20];
            new Random(1).nextBytes(noise);
            Files.write(a.volume("v1").resolve("noise"), noise);
            Files.createLink(a.volume("v1").resolve("link"), a.volume("v1").resolve("noise"));
            Json done;
            try (Breaker breaker = new Breaker(a.port())) {
                done = copy(a, b, breaker.listener.getLocalPort(), false);
                assertTrue(breaker.breaks.get() > 3, "broke " + breaker.breaks + " times");
            }
            String progress = done.get("metadata").get("fs_progress").asString();
            assertTrue(progress.contains(", resumed "), progress);
            assertArrayEquals(noise, Files.readAllBytes(b.volume("copy").resolve("noise")));
            assertTrue(
                    Files.isSameFile(
                            b.volume("copy").resolve("noise"), b.volume("copy").resolve("link")));
            Files.delete(a.volume("v1").resolve("link"));
            Files.writeString(a.volume("v1").resolve("more"), "more");
            assertFalse(
                    copy(a, b, a.port(), true)
                            .get("metadata")
                            .get("fs_progress")
                            .asString()
                            .contains("resumed"));
            assertFalse(Files.exists(b.volume("copy").resolve("link")));
            assertEquals("more", Files.readString(b.volume("copy").resolve("more")));
            assertArrayEquals(noise, Files.readAllBytes(b.volume("copy").resolve("noise")));
        }
    }

    private static void snapshot(Server server, String name) throws IOException {
        String url = "/1.0/storage-pools/default/volumes/custom/v1/snapshots";
        String body = "{\"name\":\"" + name + "\"}";
        Json unused = server.done(server.client().send("POST", url, body).metadata());
    }

    /// Only what the copy lacks of snapshots is sent.
    @Test
    void aDiskIsRefreshedWithItsSnapshots() throws Exception {
        try (Server a = Server.start(Files.createDirectory(folder.resolve("a")));
                Server b = Server.start(Files.createDirectory(folder.resolve("b")))) {
            String volumes = "/1.0/storage-pools/default/volumes/custom";
            String made =
                    "{\"name\":\"v1\",\"content_type\":\"block\",\"config\":{\"size\":\"1MiB\"}}";
            assertTrue(a.client().send("POST", volumes, made).status() < 300);
            byte[] content = new byte[1 << 20];
            new Random(2).nextBytes(content);
            Files.write(a.disk("custom", "v1"), content);
            snapshot(a, "s0");
            Json unused = copy(a, b, a.port(), false);
            byte[] old = content.clone();
            content[1 << 19] ^= 1;
            Files.write(a.disk("custom", "v1"), content);
            snapshot(a, "s1");
            byte[] middle = content.clone();
            content[5] ^= 1;
            Files.write(a.disk("custom", "v1"), content);
            unused = copy(a, b, a.port(), true);
            assertArrayEquals(content, Files.readAllBytes(b.disk("custom", "copy")));
            assertArrayEquals(old, Files.readAllBytes(b.disk("custom-snapshots", "copy/s0")));
            assertArrayEquals(middle, Files.readAllBytes(b.disk("custom-snapshots", "copy/s1")));
            try (var left = Files.list(b.disk("custom-snapshots", "copy").getParent())) {
                assertEquals(2, left.count());
            }
        }
    }
}
