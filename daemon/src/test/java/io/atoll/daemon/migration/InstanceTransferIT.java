package io.atoll.daemon.migration;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.atoll.api.tls.Identity;
import io.atoll.api.tls.Pem;
import io.atoll.base.json.Json;
import io.atoll.daemon.LocalDaemon;
import io.atoll.daemon.http.TestClient;
import io.atoll.daemon.instance.InstanceLocks;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Two daemons in one process: what goes wrong, and what must not get through, when an instance
/// goes from one to the other.
@Tag("privileged")
class InstanceTransferIT {
    private static final int NOISE = 3 << 20;

    @TempDir static Path folder;

    private static LocalDaemon a;
    private static LocalDaemon b;
    private static int port;

    @BeforeAll
    static void start() throws Exception {
        a = server("a");
        b = server("b");
        try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = free.getLocalPort();
        }
        a.ok("PATCH", "/1.0", "{'config':{'core.https_address':'127.0.0.1:" + port + "'}}");
    }

    private static LocalDaemon server(String name) throws IOException {
        LocalDaemon daemon = LocalDaemon.at(Files.createDirectory(folder.resolve(name)));
        daemon.ok("POST", "/1.0/storage-pools", "{'name':'p','driver':'dir'}");
        daemon.ok(
                "PATCH",
                "/1.0/profiles/default",
                "{'devices':{'root':{'type':'disk','path':'/','pool':'p'}}}");
        return daemon;
    }

    @AfterAll
    static void stop() throws IOException {
        try {
            a.close();
        } finally {
            b.close();
        }
    }

    /// An instance of noise.
    private static void make(String name) throws IOException {
        a.ok("POST", "/1.0/instances", "{'name':'" + name + "','source':{'type':'none'}}");
        byte[] noise = new byte[NOISE];
        new Random(1).nextBytes(noise);
        TestClient.Answer pushed =
                a.client()
                        .send(
                                "POST",
                                "/1.0/instances/" + name + "/files?path=/noise",
                                java.util.Map.of(),
                                noise);
        assertEquals(200, pushed.status(), pushed.text());
    }

    private static Json offer(String name) throws IOException {
        return a.send("POST", "/1.0/instances/" + name, "{'name':'x','migration':true}").metadata();
    }

    /// The body that has `b` fetch what is offered.
    private static Json.Obj wish(String name, Json offer, int by) throws IOException {
        Json environment = a.client().get("/1.0").metadata().get("environment");
        String operation =
                "https://127.0.0.1:" + by + "/1.0/operations/" + offer.get("id").asString();
        return Json.object()
                .put("name", name)
                .put("architecture", environment.get("kernel_architecture").asString())
                .put(
                        "source",
                        Json.object()
                                .put("type", "migration")
                                .put("mode", "pull")
                                .put("operation", operation)
                                .put("certificate", environment.get("certificate").asString())
                                .put("secrets", offer.get("metadata")));
    }

    /// Asks `b`, by a connection of its own, and waits.
    ///
    /// @return why it failed; empty for success
    private static String fetch(String query, Json wish) throws IOException {
        try (TestClient client = new TestClient(b.socket())) {
            TestClient.Answer asked = client.send("POST", "/1.0/instances" + query, wish.render());
            if (asked.status() >= 300) {
                return asked.text();
            }
            String url = asked.json().get("operation").asString();
            Json end = client.get(url + "/wait?timeout=60").metadata();
            return end.get("status_code").asLong() == 200 ? "" : end.get("err").asString();
        }
    }

    private static List<String> instances(LocalDaemon daemon) throws IOException {
        return daemon.client().get("/1.0/instances?all-projects=true").metadata().asStrings();
    }

    private static void nothingCame() throws IOException {
        assertEquals(List.of(), instances(b));
        try (var left = Files.list(b.state().resolve("storage-pools/p/containers"))) {
            assertEquals(List.of(), left.toList());
        } catch (java.nio.file.NoSuchFileException _) {
            // There never was one.
        }
    }

    @Test
    void aSourceWithAnotherCertificateIsNotBelieved() throws Exception {
        make("pinned");
        String other =
                Pem.render(
                        Identity.selfSigned(Identity.Purpose.SERVER, "x", List.of()).certificate());
        Json.Obj wish = wish("pinned", offer("pinned"), port);
        Json.Obj source = Json.object();
        wish.get("source").asMap().forEach(source::put);
        String why = fetch("", wish.put("source", source.put("certificate", other)));
        assertTrue(why.contains("Failed connecting to"), why);
        nothingCame();
    }

    @Test
    void aSourceThatIsDeletedBeforeItIsSentIsTold() throws Exception {
        make("short");
        Json offer = offer("short");
        a.ok("DELETE", "/1.0/instances/short", "");
        String why = fetch("", wish("short", offer, port));
        assertTrue(why.contains("not found"), why);
        nothingCame();
    }

    /// Lets through so many bytes of each connection, and the rest when it is told.
    private static final class Gate implements AutoCloseable {
        private final ServerSocket listener =
                new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        private final CountDownLatch reached = new CountDownLatch(1);
        private final CountDownLatch open = new CountDownLatch(1);
        private final Set<Socket> sockets = ConcurrentHashMap.newKeySet();
        private final long bytesMax;

        Gate(long bytesMax) throws IOException {
            this.bytesMax = bytesMax;
            Thread unused = Thread.ofVirtual().start(this::serve);
        }

        private void serve() {
            while (!listener.isClosed()) {
                try {
                    Socket near = listener.accept();
                    Socket far = new Socket(InetAddress.getLoopbackAddress(), port);
                    sockets.addAll(List.of(near, far));
                    Thread unused = Thread.ofVirtual().start(() -> pass(near, far));
                    unused = Thread.ofVirtual().start(() -> pass(far, near));
                } catch (IOException _) {
                    return;
                }
            }
        }

        private void pass(Socket from, Socket to) {
            byte[] chunk = new byte[8192];
            long seen = 0;
            try (from;
                    to) {
                InputStream in = from.getInputStream();
                for (int n = in.read(chunk); n >= 0; n = in.read(chunk)) {
                    seen += n;
                    if (seen > bytesMax) {
                        reached.countDown();
                        open.await();
                    }
                    to.getOutputStream().write(chunk, 0, n);
                }
            } catch (IOException | InterruptedException _) {
                // The ends notice.
            }
        }

        /// There is no way through any more.
        void cut() throws IOException {
            listener.close();
            for (Socket socket : sockets) {
                socket.close();
            }
        }

        @Override
        public void close() throws IOException {
            open.countDown();
            listener.close();
        }
    }

    /// The way is gone for longer than anybody waits for it.
    @Test
    void aCutForGoodLeavesNothingBehind() throws Exception {
        make("cut");
        System.setProperty(SteadySocket.PATIENCE, "1000");
        try (Gate gate = new Gate(200_000)) {
            Json offer = offer("cut");
            Thread cutting =
                    Thread.ofVirtual()
                            .start(() -> {
                                try {
                                    gate.reached.await();
                                    gate.cut();
                                } catch (IOException | InterruptedException _) {
                                    // The test sees that nothing was cut.
                                }
                            });
            String why = fetch("", wish("cut", offer, gate.listener.getLocalPort()));
            cutting.join();
            assertFalse(why.isEmpty(), "it came in spite of that");
            TestClient.Answer sent =
                    a.client()
                            .get(
                                    "/1.0/operations/"
                                            + offer.get("id").asString()
                                            + "/wait?timeout=30");
            // Ended long enough ago to be forgotten, or just now.
            boolean isOver =
                    sent.status() == 404 || sent.metadata().get("status_code").asLong() == 400;
            assertTrue(isOver, sent.text());
        } finally {
            System.clearProperty(SteadySocket.PATIENCE);
        }
        nothingCame();
        Path stages = b.state().resolve("migration");
        if (Files.exists(stages)) {
            try (var left = Files.list(stages)) {
                assertEquals(List.of(), left.toList());
            }
        }
        assertEquals("", fetch("", wish("cut", offer("cut"), port)));
        assertEquals(NOISE, b.client().get("/1.0/instances/cut/files?path=/noise").body().length);
        a.ok("DELETE", "/1.0/instances/cut", "");
        b.ok("DELETE", "/1.0/instances/cut", "");
    }

    @Test
    void aSourceThatIsBeingSentCannotBeDeleted() throws Exception {
        make("busy");
        String[] why = {"nothing"};
        try (Gate gate = new Gate(200_000)) {
            Json wish = wish("busy", offer("busy"), gate.listener.getLocalPort());
            Thread fetching =
                    Thread.ofVirtual()
                            .start(() -> {
                                try {
                                    why[0] = fetch("", wish);
                                } catch (IOException e) {
                                    why[0] = e.toString();
                                }
                            });
            assertTrue(gate.reached.await(60, TimeUnit.SECONDS), () -> why[0]);
            System.setProperty(InstanceLocks.PATIENCE, "500");
            TestClient.Answer refused = a.send("DELETE", "/1.0/instances/busy", "");
            String end =
                    refused.status() >= 300
                            ? refused.text()
                            : a.client()
                                    .get(
                                            refused.json().get("operation").asString()
                                                    + "/wait?timeout=90")
                                    .metadata()
                                    .get("err")
                                    .asString();
            assertTrue(end.contains("busy"), end);
            System.clearProperty(InstanceLocks.PATIENCE);
            gate.open.countDown();
            fetching.join();
        } finally {
            System.clearProperty(InstanceLocks.PATIENCE);
        }
        assertEquals("", why[0]);
        byte[] came = b.client().get("/1.0/instances/busy/files?path=/noise").body();
        assertEquals(NOISE, came.length);
        a.ok("DELETE", "/1.0/instances/busy", "");
        b.ok("DELETE", "/1.0/instances/busy", "");
    }

    /// Whoever is free at the source has no more rights at the target than a project there gives.
    @Test
    void whatATargetsProjectForbidsDoesNotComeIn() throws Exception {
        make("evil");
        a.ok("PATCH", "/1.0/instances/evil", "{'config':{'security.privileged':'true'}}");
        a.ok("POST", "/1.0/instances/evil/snapshots", "{'name':'trap'}");
        a.ok("PATCH", "/1.0/instances/evil", "{'config':{'security.privileged':'false'}}");
        b.ok("POST", "/1.0/projects", "{'name':'walled','config':{'restricted':'true'}}");
        b.ok(
                "PATCH",
                "/1.0/profiles/default?project=walled",
                "{'devices':{'root':{'type':'disk','path':'/','pool':'p'}}}");
        for (String config :
                List.of(
                        "{'security.privileged':'true'}",
                        "{'security.nesting':'true'}",
                        "{'raw.lxc':'lxc.mount.entry=/ mnt none bind 0 0'}",
                        "{'raw.idmap':'both 0 0'}",
                        "{'security.syscalls.intercept.mount':'true'}",
                        "{'security.syscalls.intercept.bpf':'true'}")) {
            refused("config", config);
        }
        for (String device :
                List.of(
                        "{'type':'disk','source':'/','path':'/mnt'}",
                        "{'type':'unix-char','source':'/dev/mem','path':'/dev/mem'}",
                        "{'type':'nic','nictype':'physical','parent':'lo'}")) {
            refused("devices", "{'x':" + device + "}");
        }
        // What a snapshot says of itself may come; it must not come to be.
        String why = fetch("?project=walled", wish("evil", offer("evil"), port));
        if (why.isEmpty()) {
            TestClient.Answer restore =
                    b.send("PUT", "/1.0/instances/evil?project=walled", "{'restore':'trap'}");
            failed(restore);
            TestClient.Answer copy =
                    b.send(
                            "POST",
                            "/1.0/instances?project=walled",
                            "{'name':'free','source':{'type':'copy','source':'evil/trap'}}");
            failed(copy);
            Json now = b.client().get("/1.0/instances/evil?project=walled").metadata();
            assertFalse(now.get("config").render().contains("privileged"), now.render());
            b.ok("DELETE", "/1.0/instances/evil?project=walled", "");
        }
        nothingCame();
        b.ok("PATCH", "/1.0/projects/walled", "{'config':{'limits.instances':'0'}}");
        String many = fetch("?project=walled", wish("evil", offer("evil"), port));
        assertTrue(many.contains("maximum number of instances"), many);
        nothingCame();
        b.ok("DELETE", "/1.0/projects/walled", "");
        a.ok("DELETE", "/1.0/instances/evil", "");
    }

    private static void refused(String member, String json) throws IOException {
        Json.Obj wish =
                wish("evil", offer("evil"), port).put(member, Json.parse(json.replace('\'', '"')));
        String why = fetch("?project=walled", wish);
        assertTrue(why.contains("\"error_code\":403"), json + ": " + why);
        nothingCame();
    }

    private static void failed(TestClient.Answer answer) throws IOException {
        if (answer.status() < 300) {
            String url = answer.json().get("operation").asString();
            Json end = b.client().get(url + "/wait?timeout=90").metadata();
            assertEquals(400, end.get("status_code").asLong(), end.render());
        }
    }
}
