package io.atoll.cli.command;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.atoll.cli.CliException;
import io.atoll.cli.CliRun;
import io.atoll.client.AtollClient;
import io.atoll.client.FakeServer;
import io.atoll.client.RestClient;
import io.atoll.client.UnixConnector;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.EnumSet;
import java.util.List;
import org.apache.sshd.client.SshClient;
import org.apache.sshd.client.channel.ClientChannel;
import org.apache.sshd.client.channel.ClientChannelEvent;
import org.apache.sshd.client.session.ClientSession;
import org.apache.sshd.common.SshException;
import org.apache.sshd.common.util.net.SshdSocketAddress;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(120)
class SshListenerTest {
    private static final Duration SOON = Duration.ofSeconds(60);
    private static final InetSocketAddress ANY =
            new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
    private static final SshListener.Login LOGIN = new SshListener.Login("ann", "right");

    private FakeServer server;
    private AtollClient api;
    private SshClient client;

    @BeforeEach
    void start() throws IOException {
        server = FakeServer.start();
        // Says all in capitals until it is told to end.
        server.on(
                "GET /1.0/instances/web/sftp",
                peer -> {
                    peer.send(
                            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: sftp\r\nConnection: Upgrade\r\n\r\n");
                    for (int c = peer.in().read(); c >= 0 && c != '.'; c = peer.in().read()) {
                        peer.out().write(Character.toUpperCase(c));
                        peer.out().flush();
                    }
                });
        server.onError("GET /1.0/instances/gone/sftp", 404, "Instance not found");
        api = new AtollClient(new RestClient(new UnixConnector(server.socket()), "test"), "");
        client = SshClient.setUpDefaultClient();
        client.setServerKeyVerifier((_, _, _) -> true);
        client.start();
    }

    @AfterEach
    void stop() throws IOException {
        client.stop();
        api.close();
        server.close();
    }

    private ClientSession connect(SshListener listener, String user) throws IOException {
        return client.connect(user, "127.0.0.1", listener.port()).verify(SOON).getSession();
    }

    private static String speak(ClientSession session, String text) throws IOException {
        try (ClientChannel channel = session.createSubsystemChannel("sftp")) {
            channel.open().verify(SOON);
            channel.getInvertedIn().write(text.getBytes(StandardCharsets.US_ASCII));
            channel.getInvertedIn().flush();
            return new String(channel.getInvertedOut().readAllBytes(), StandardCharsets.US_ASCII);
        }
    }

    @Test
    void passesTheProtocolOnForWhoKnowsThePassword() throws IOException {
        try (SshListener listener = new SshListener(api, "web", ANY, LOGIN);
                ClientSession session = connect(listener, "ann")) {
            session.addPasswordIdentity("right");
            session.auth().verify(SOON);
            assertEquals("HELLO", speak(session, "hello."));
            assertEquals("AGAIN", speak(session, "again."));
        }
    }

    @Test
    void letsNobodyElseIn() throws IOException {
        try (SshListener listener = new SshListener(api, "web", ANY, LOGIN)) {
            for (List<String> wrong :
                    List.of(
                            List.of("ann", "wrong"),
                            List.of("bob", "right"),
                            List.of("ann", "r"))) {
                try (ClientSession session = connect(listener, wrong.getFirst())) {
                    session.addPasswordIdentity(wrong.getLast());
                    assertThrows(SshException.class, () -> session.auth().verify(SOON));
                }
            }
            try (ClientSession session = connect(listener, "ann")) {
                assertThrows(SshException.class, () -> session.auth().verify(SOON));
            }
        }
        assertTrue(server.requests().isEmpty(), server.requests().toString());
    }

    @Test
    void isOpenWithoutAPassword() throws IOException {
        try (SshListener listener =
                        new SshListener(api, "web", ANY, new SshListener.Login("", ""));
                ClientSession session = connect(listener, "anybody")) {
            session.auth().verify(SOON);
            assertEquals("HELLO", speak(session, "hello."));
        }
    }

    @Test
    void hasNothingButSftp() throws IOException {
        try (SshListener listener = new SshListener(api, "web", ANY, LOGIN);
                ClientSession session = connect(listener, "ann")) {
            session.addPasswordIdentity("right");
            session.auth().verify(SOON);
            ByteArrayOutputStream said = new ByteArrayOutputStream();
            try (ClientChannel exec = session.createExecChannel("id");
                    ClientChannel shell = session.createShellChannel()) {
                for (ClientChannel channel : List.of(exec, shell)) {
                    channel.setIn(
                            new ByteArrayInputStream("id\n".getBytes(StandardCharsets.US_ASCII)));
                    channel.setOut(said);
                    channel.setErr(said);
                    channel.open().verify(SOON);
                }
                // What comes later on the connection is answered later.
                assertEquals("STILL", speak(session, "still."));
                assertEquals("", said.toString(StandardCharsets.US_ASCII));
            }
            assertThrows(
                    IOException.class,
                    () ->
                            session.startRemotePortForwarding(
                                    new SshdSocketAddress("127.0.0.1", 0),
                                    new SshdSocketAddress("127.0.0.1", 1)));
        }
    }

    @Test
    void endsForAnInstanceThatHasGone() throws IOException {
        try (SshListener listener = new SshListener(api, "gone", ANY, LOGIN);
                ClientSession session = connect(listener, "ann")) {
            session.addPasswordIdentity("right");
            session.auth().verify(SOON);
            try (ClientChannel channel = session.createSubsystemChannel("sftp")) {
                channel.open().verify(SOON);
                assertTrue(
                        channel.waitFor(EnumSet.of(ClientChannelEvent.CLOSED), SOON)
                                .contains(ClientChannelEvent.CLOSED));
                assertNotEquals(0, channel.getExitStatus());
            }
        }
    }

    @Test
    void saysWhenAnAddressCannotBeHad() throws IOException {
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            InetSocketAddress address =
                    new InetSocketAddress(InetAddress.getLoopbackAddress(), taken.getLocalPort());
            CliException refused =
                    assertThrows(
                            CliException.class, () -> new SshListener(api, "web", address, LOGIN));
            assertTrue(refused.getMessage().startsWith("Cannot listen on "), refused.getMessage());
        }
    }

    @Test
    void refusesWhatDoesNotGoTogether() {
        server.onSync("GET /1.0/instances/web", "{\"name\":\"web\"}");
        server.onError("GET /1.0/instances/nosuch", 404, "Instance not found");
        expectError("Instance path cannot be used in SSH SFTP listener mode", "web/srv");
        expectError("Instance not found", "nosuch", "--listen", "127.0.0.1:0");
        expectError(
                "Target path and --listen flag cannot be used together",
                "web",
                "/tmp",
                "--listen",
                "127.0.0.1:0");
        expectError(
                "--auth-user and --no-auth exclude each other",
                "web",
                "--no-auth",
                "--auth-user",
                "a");
        expectError(
                "This is no ADDRESS:PORT to listen on: 127.0.0.1", "web", "--listen", "127.0.0.1");
        expectError(
                "This is no ADDRESS:PORT to listen on: 127.0.0.1:70000",
                "web",
                "--listen",
                "127.0.0.1:70000");
    }

    private void expectError(String sentence, String... words) {
        List<String> all = new java.util.ArrayList<>(List.of("file", "mount"));
        all.addAll(List.of(words));
        CliRun cli = new CliRun(server);
        assertEquals(1, cli.run(all.toArray(String[]::new)), all.toString());
        assertTrue(cli.err().startsWith("Error: " + sentence + "\n"), cli.err());
    }
}
