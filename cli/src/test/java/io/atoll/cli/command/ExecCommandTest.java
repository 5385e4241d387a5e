package io.atoll.cli.command;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.atoll.base.json.Json;
import io.atoll.cli.CliRun;
import io.atoll.client.FakeServer;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class ExecCommandTest {
    private static final String SOCKET = "GET /1.0/operations/e1/websocket?secret=";
    private static final byte[] NOTHING = {};

    private FakeServer server;
    private CliRun cli;
    private final CountDownLatch inputEnded = new CountDownLatch(1);
    private final ByteArrayOutputStream input = new ByteArrayOutputStream();

    @BeforeEach
    void start() throws IOException {
        server = FakeServer.start();
        cli = new CliRun(server).with("TERM", "xterm");
    }

    @AfterEach
    void stop() throws IOException {
        server.close();
    }

    /// A command with three pipes that waits for the end of its input and ends with a status.
    private void plainCommand(String ended, String error) {
        server.onOperation(
                "POST /1.0/instances/c1/exec",
                "e1",
                "{\"fds\":{\"0\":\"s0\",\"1\":\"s1\",\"2\":\"s2\",\"control\":\"sc\"}}",
                ended,
                error);
        server.on(
                SOCKET + "s0",
                peer -> {
                    peer.upgrade();
                    byte[] frame = peer.readFrame();
                    while (frame.length > 0 && frame[0] == 2) {
                        input.write(frame, 1, frame.length - 1);
                        frame = peer.readFrame();
                    }
                    inputEnded.countDown();
                });
        server.on(
                SOCKET + "s1",
                peer -> {
                    peer.upgrade();
                    peer.frame(9, "keepalive".getBytes(StandardCharsets.UTF_8));
                    await();
                    peer.frame(2, "out".getBytes(StandardCharsets.UTF_8));
                    peer.frame(2, new byte[] {0, (byte) 0xff, '\n'});
                    peer.frame(1, NOTHING);
                });
        server.on(
                SOCKET + "s2",
                peer -> {
                    peer.upgrade();
                    await();
                    peer.frame(2, "err\n".getBytes(StandardCharsets.UTF_8));
                    // No barrier: a connection that just ends is an end too.
                });
        server.on(
                SOCKET + "sc",
                peer -> {
                    peer.upgrade();
                    peer.readFrame();
                });
    }

    private void await() {
        try {
            inputEnded.await();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    @Test
    void joinsThreePipesAndEndsWithTheCommandsStatus() {
        plainCommand("{\"return\":7}", "");
        String big = "0123456789".repeat(30_000);
        assertEquals(
                7,
                cli.input(big)
                        .run("exec", "c1", "--env", "A=b", "--cwd", "/tmp", "--", "cat", "-n"));
        assertEquals(big, input.toString(StandardCharsets.UTF_8));
        assertEquals("err\n", cli.err());
        assertTrue(cli.out().startsWith("out\0"), cli.out());
        Json body = server.request("POST /1.0/instances/c1/exec").json();
        assertEquals("[\"cat\",\"-n\"]", body.get("command").render());
        assertEquals("{\"TERM\":\"xterm\",\"A\":\"b\"}", body.get("environment").render());
        assertFalse(body.get("interactive").asBoolean());
        assertEquals("/tmp", body.get("cwd").asString());
    }

    @Test
    void saysWhyTheCommandDidNotStart() {
        plainCommand("{\"return\":127}", "Command not found");
        assertEquals(127, cli.run("exec", "c1", "nosuchcmd"));
        assertTrue(cli.err().endsWith("Error: Command not found\n"), cli.err());
    }

    @Test
    void givesATerminalOnATerminal() {
        server.onOperation(
                "POST /1.0/instances/c1/exec",
                "e1",
                "{\"fds\":{\"0\":\"s0\",\"control\":\"sc\"}}",
                "{\"return\":0}",
                "");
        CountDownLatch resized = new CountDownLatch(1);
        StringBuilder control = new StringBuilder();
        server.on(
                SOCKET + "sc",
                peer -> {
                    peer.upgrade();
                    for (int i = 0; i < 2; i++) {
                        byte[] frame = peer.readFrame();
                        control.append(
                                        new String(
                                                frame, 1, frame.length - 1, StandardCharsets.UTF_8))
                                .append('\n');
                    }
                    resized.countDown();
                });
        server.on(
                SOCKET + "s0",
                peer -> {
                    peer.upgrade();
                    peer.frame(2, "hello\r\n".getBytes(StandardCharsets.UTF_8));
                    cli.signal(28);
                    cli.signal(15);
                    try {
                        resized.await();
                    } catch (InterruptedException e) {
                        throw new IllegalStateException(e);
                    }
                    peer.frame(1, NOTHING);
                    peer.readFrame();
                });
        assertEquals(0, cli.onTerminal().run("shell", "c1"), cli.err());
        assertEquals("hello\r\n", cli.out());
        assertTrue(cli.wasRaw());
        assertFalse(cli.isRaw());
        assertEquals(
                "{\"command\":\"window-resize\",\"args\":{\"width\":\"100\",\"height\":\"40\"}}\n"
                        + "{\"command\":\"signal\",\"signal\":15}\n",
                control.toString());
        Json body = server.request("POST /1.0/instances/c1/exec").json();
        assertEquals("[\"su\",\"-l\"]", body.get("command").render());
        assertEquals(100, body.get("width").asInt());
        assertTrue(body.get("interactive").asBoolean());
    }

    @Test
    void leavesAConsoleByItsEscape() {
        server.onOperation(
                "POST /1.0/instances/c1/console",
                "e1",
                "{\"fds\":{\"0\":\"s0\",\"control\":\"sc\"}}",
                "null",
                "");
        CountDownLatch detached = new CountDownLatch(1);
        server.on(
                SOCKET + "sc",
                peer -> {
                    peer.upgrade();
                    assertEquals(8, peer.readFrame()[0]);
                    detached.countDown();
                });
        ByteArrayOutputStream typed = new ByteArrayOutputStream();
        server.on(
                SOCKET + "s0",
                peer -> {
                    peer.upgrade();
                    byte[] frame = peer.readFrame();
                    typed.write(frame, 1, frame.length - 1);
                    try {
                        detached.await();
                    } catch (InterruptedException e) {
                        throw new IllegalStateException(e);
                    }
                    peer.frame(2, "\n\r".getBytes(StandardCharsets.UTF_8));
                });
        java.io.InputStream keys =
                new java.io.SequenceInputStream(
                        new java.io.ByteArrayInputStream(
                                "ls\1\1x".getBytes(StandardCharsets.UTF_8)),
                        new java.io.ByteArrayInputStream("\1q".getBytes(StandardCharsets.UTF_8)));
        assertEquals(0, cli.onTerminal().input(keys).run("console", "c1"), cli.err());
        assertEquals("To detach from the console, press: <ctrl>+a q\n\r\n\r", cli.out());
        assertEquals("ls\1x", typed.toString(StandardCharsets.UTF_8));
    }

    @Test
    void refusesContradictions() {
        assertEquals(1, cli.run("exec", "c1", "-t", "-T", "--", "ls"));
        assertEquals(1, cli.run("exec", "c1", "--mode=maybe", "--", "ls"));
        assertEquals(0, server.requests().size());
    }
}
