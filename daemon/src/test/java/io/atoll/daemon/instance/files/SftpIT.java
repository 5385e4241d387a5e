package io.atoll.daemon.instance.files;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.atoll.base.json.Json;
import io.atoll.daemon.LocalDaemon;
import io.atoll.daemon.http.TestClient;
import java.io.DataInputStream;
import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/// Speaks SFTP with a daemon about the files of an instance, well and badly.
@Tag("privileged")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class SftpIT {
    private static final int STATUS = 101;
    private static final int HANDLE = 102;
    private static final int DATA = 103;
    private static final int NAME = 104;

    private Path state;
    private LocalDaemon daemon;
    private TestClient client;

    /// A client that says anything.
    private final class Peer implements AutoCloseable {
        private final SocketChannel channel =
                SocketChannel.open(UnixDomainSocketAddress.of(state.resolve("unix.socket")));
        private final DataInputStream in = new DataInputStream(Channels.newInputStream(channel));

        Peer() throws IOException {
            String request =
                    "GET /1.0/instances/c1/sftp HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\n"
                            + "Upgrade: sftp\r\n\r\n";
            byte[] greeting = ByteBuffer.allocate(9).putInt(5).put((byte) 1).putInt(3).array();
            // At once: what comes behind the request must not get lost.
            send(
                    ByteBuffer.allocate(request.length() + greeting.length)
                            .put(request.getBytes(StandardCharsets.US_ASCII))
                            .put(greeting)
                            .array());
            StringBuilder head = new StringBuilder();
            while (head.indexOf("\r\n\r\n") < 0) {
                head.append((char) in.readUnsignedByte());
            }
            assertTrue(head.toString().startsWith("HTTP/1.1 101 "), head.toString());
            assertEquals(2, receive().get());
        }

        void send(byte[] bytes) throws IOException {
            ByteBuffer all = ByteBuffer.wrap(bytes);
            while (all.hasRemaining()) {
                int unused = channel.write(all);
            }
        }

        ByteBuffer receive() throws IOException {
            return ByteBuffer.wrap(in.readNBytes(in.readInt()));
        }

        /// Asks and gives the answer, behind its type and id.
        ByteBuffer ask(int expected, int type, Object... fields) throws IOException {
            send(message(type, fields));
            ByteBuffer answer = receive();
            int kind = answer.get() & 0xff;
            assertEquals(77, answer.getInt());
            assertEquals(expected, kind, () -> describe(kind, answer));
            return answer;
        }

        private String describe(int kind, ByteBuffer answer) {
            return kind == STATUS ? answer.getInt() + " " + text(answer) : "kind " + kind;
        }

        int status(int type, Object... fields) throws IOException {
            return ask(STATUS, type, fields).getInt();
        }

        boolean isOver() throws IOException {
            return in.read() < 0;
        }

        @Override
        public void close() throws IOException {
            channel.close();
        }
    }

    private static byte[] message(int type, Object... fields) {
        ByteBuffer out = ByteBuffer.allocate(300_000);
        out.putInt(0).put((byte) type).putInt(77);
        for (Object field : fields) {
            switch (field) {
                case Integer number -> out.putInt(number);
                case Long number -> out.putLong(number);
                case byte[] bytes -> out.putInt(bytes.length).put(bytes);
                default -> {
                    byte[] text = field.toString().getBytes(StandardCharsets.UTF_8);
                    out.putInt(text.length).put(text);
                }
            }
        }
        out.putInt(0, out.position() - 4);
        return Arrays.copyOf(out.array(), out.position());
    }

    private static String text(ByteBuffer from) {
        byte[] bytes = new byte[from.getInt()];
        from.get(bytes);
        return new String(bytes, StandardCharsets.UTF_8);
    }

    @BeforeAll
    void start() throws Exception {
        daemon = LocalDaemon.open("atoll-dsftp-");
        state = daemon.state();
        client = daemon.client();
        daemon.prepareInstances("overlay");
        ok("POST", "/1.0/instances", "{'name':'c1','source':{'type':'image','alias':'busybox'}}");
    }

    @AfterAll
    void stop() throws Exception {
        daemon.close();
    }

    private void ok(String method, String path, String body) throws IOException {
        Json unused = daemon.ok(method, path, body);
    }

    private void run(String action) throws IOException {
        ok("PUT", "/1.0/instances/c1/state", "{'action':'" + action + "','force':true}");
    }

    @Test
    void filesComeAndGoAsTheyAre() throws Exception {
        byte[] content = new byte[200_000];
        new Random(4).nextBytes(content);
        try (Peer peer = new Peer()) {
            assertEquals(0, peer.status(14, "/root/d", 4, 0750));
            String file = text(peer.ask(HANDLE, 3, "/root/d/f", 2 | 8 | 32, 6, 1000, 1001, 0640));
            assertEquals(0, peer.status(6, file, 100L, content));
            assertEquals(0, peer.status(4, file));
            assertEquals(4, peer.status(4, file), "closed once");
            String again = text(peer.ask(HANDLE, 3, "/root/../root/d/f", 1, 0));
            ByteBuffer data = peer.ask(DATA, 5, again, 100L, content.length);
            byte[] read = new byte[data.getInt()];
            data.get(read);
            assertArrayEquals(content, read);
            assertEquals(1, peer.status(5, again, 200_100L, 10), "end of file");
            TestClient.Answer shown = client.get("/1.0/instances/c1/files?path=/root/d/f");
            assertEquals(200, shown.status(), shown.text());
            assertEquals("0640", shown.headers().get("x-lxd-mode"));
            assertEquals("1000", shown.headers().get("x-lxd-uid"));
            try (Peer other = new Peer()) {
                assertEquals(List.of("f"), names(other, "/root/d"));
            }
            assertEquals(0, peer.status(200, "hardlink@openssh.com", "/root/d/f", "/root/d/g"));
            assertEquals(4, peer.status(18, "/root/d/f", "/root/d/g"), "no silent replacing");
            assertEquals(0, peer.status(20, "f", "/root/d/l"));
            assertEquals("f", text(skip(peer.ask(NAME, 19, "/root/d/l"), 4)));
            assertEquals(List.of("f", "g", "l"), names(peer, "/root/d"));
            for (String name : List.of("f", "g", "l")) {
                assertEquals(0, peer.status(13, "/root/d/" + name));
            }
            assertEquals(0, peer.status(15, "/root/d"));
            assertEquals(2, peer.status(15, "/root/d"));
            assertEquals(8, peer.status(99), "unknown, but not the end");
        }
    }

    private static ByteBuffer skip(ByteBuffer from, int bytes) {
        return from.position(from.position() + bytes);
    }

    private static List<String> names(Peer peer, String path) throws IOException {
        List<String> out = new ArrayList<>();
        String handle = text(peer.ask(HANDLE, 11, path));
        ByteBuffer some = peer.ask(NAME, 12, handle);
        int count = some.getInt();
        for (int i = 0; i < count; i++) {
            out.add(text(some));
            String unused = text(some);
            skip(some, 32);
        }
        assertEquals(1, peer.status(12, handle));
        return out.stream().sorted().toList();
    }

    @Test
    void pathsLeadNowhereElse() throws Exception {
        Path secret = Files.writeString(state.resolve("secret"), "of the host");
        try (Peer peer = new Peer()) {
            assertEquals(0, peer.status(20, "../../../../.." + secret, "/root/out"));
            assertEquals(2, peer.status(3, "/root/out", 1, 0));
            assertEquals(2, peer.status(3, "/root/../../../.." + secret, 1, 0));
            assertEquals(2, peer.status(3, "/root/out", 2 | 8, 0), "the directory is not there");
            assertEquals(2, peer.status(17, "/root/out"));
            assertEquals(0, peer.status(13, "/root/out"));
            assertEquals("/etc", text(skip(peer.ask(NAME, 16, "/root/../../../etc/."), 4)));
        }
        assertEquals("of the host", Files.readString(secret));
    }

    @Test
    void whoBreaksTheProtocolIsCutOff() throws Exception {
        List<byte[]> bad =
                List.of(
                        new byte[] {-1, -1, -1, -1},
                        new byte[] {0, 0, 0, 0},
                        new byte[] {0, 5, 0, 0},
                        new byte[] {0, 0, 0, 2, 3, 0},
                        message(3, "/etc/hostname"),
                        message(13, "a\0b"),
                        ByteBuffer.allocate(13)
                                .putInt(9)
                                .put((byte) 13)
                                .putInt(1)
                                .putInt(-2)
                                .array());
        for (byte[] message : bad) {
            try (Peer peer = new Peer()) {
                peer.send(message);
                assertTrue(peer.isOver());
            }
        }
    }

    @Test
    void handlesHaveAnEnd() throws Exception {
        try (Peer peer = new Peer()) {
            for (int i = 0; i < SftpSession.HANDLES_MAX; i++) {
                ByteBuffer unused = peer.ask(HANDLE, 11, "/root");
            }
            assertEquals(4, peer.status(11, "/root"));
            assertEquals(4, peer.status(3, "/etc/hostname", 1, 0));
        }
    }

    @Test
    void aVisitEndsBeforeTheInstanceStartsOrStops() throws Exception {
        try (Peer peer = new Peer()) {
            ok("POST", "/1.0/instances/c1/backups", "{'name':'b'}");
            assertTrue(peer.isOver());
            ok("DELETE", "/1.0/instances/c1/backups/b", "");
        }
        try (Peer peer = new Peer()) {
            String unused = text(peer.ask(HANDLE, 3, "/etc/hostname", 1, 0));
            run("start");
            assertTrue(peer.isOver());
        }
        try (Peer peer = new Peer()) {
            String unused = text(peer.ask(HANDLE, 3, "/etc/hostname", 1, 0));
            assertEquals(3, peer.status(3, "/proc/sys/kernel/hostname", 2, 0));
            run("stop");
            assertTrue(peer.isOver());
        }
    }

    @Test
    void othersAreToldWhatIsMissing() throws Exception {
        TestClient.Answer answer = client.get("/1.0/instances/c1/sftp");
        assertEquals(400, answer.status());
        assertEquals("Missing or invalid upgrade header", answer.json().get("error").asString());
        assertEquals(404, client.get("/1.0/instances/nosuch/sftp").status());
    }
}
