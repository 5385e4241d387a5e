package io.atoll.daemon;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.atoll.base.json.Json;
import io.atoll.testkit.Program;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/// Requests that proxy devices pass on between a web server inside and clients of the host, and the
/// other way round, over every kind of socket.
@Tag("privileged")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class ProxiesIT {
    private static final String FETCH = "curl --silent --max-time 5 ";

    @TempDir private Path folder;

    private LocalDaemon daemon;

    @BeforeAll
    void open() throws IOException {
        daemon = LocalDaemon.open("atoll-dprox-");
        daemon.prepareInstances("dir");
        ok("POST", "/1.0/instances", "{'name':'c1','source':{'type':'image','alias':'busybox'}}");
        ok("PUT", "/1.0/instances/c1/state", "{'action':'start'}");
        assertTrue(
                holds(
                        "mkdir /www; echo inside > /www/index.html;"
                                + " httpd -p 127.0.0.1:8099 -h /www"));
    }

    @AfterAll
    void close() throws IOException {
        daemon.close();
    }

    private void ok(String method, String path, String body) throws IOException {
        Json unused = daemon.ok(method, path, body);
    }

    private void proxy(String options) throws IOException {
        String device = options.isEmpty() ? "" : "'d':{'type':'proxy'," + options + "}";
        String config = daemon.client().get("/1.0/instances/c1").metadata().get("config").render();
        ok(
                "PUT",
                "/1.0/instances/c1",
                "{'profiles':['default'],'config':" + config + ",'devices':{" + device + "}}");
    }

    private boolean holds(String command) throws IOException {
        return daemon.exec("c1", command) == 0;
    }

    private static String host(String command) {
        return Program.of("sh").run("-c", command).out();
    }

    @Test
    void aSocketOfTheHostLeadsInside() throws IOException {
        Path socket = folder.resolve("in.sock");
        proxy(
                "'listen':'unix:"
                        + socket
                        + "','connect':'tcp:127.0.0.1:8099','mode':'0600','uid':'7'");
        assertEquals("inside\n", host(FETCH + "--unix-socket " + socket + " http://c1/"));
        assertEquals("600 7\n", host("stat -c '%a %u' " + socket));
        String name = "atoll-dprox-" + ProcessHandle.current().pid();
        proxy("'listen':'unix:@" + name + "','connect':'tcp:127.0.0.1:8099'");
        assertFalse(Files.exists(socket));
        assertEquals("inside\n", host(FETCH + "--abstract-unix-socket " + name + " http://c1/"));
        proxy("");
        assertEquals("", host(FETCH + "--abstract-unix-socket " + name + " http://c1/"));
    }

    /// Both ends are files, one on each side.
    @Test
    void aSocketInsideLeadsOut() throws IOException {
        Path socket = folder.resolve("out.sock");
        try (ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            server.bind(UnixDomainSocketAddress.of(socket));
            Thread unused = Thread.ofVirtual().start(() -> answer(server));
            proxy(
                    "'bind':'instance','listen':'tcp:127.0.0.1:8098','connect':'unix:"
                            + socket
                            + "'");
            assertTrue(holds("echo | nc -w 5 127.0.0.1 8098 | grep -q outside"));
            proxy("'bind':'instance','listen':'unix:/run.sock','connect':'unix:" + socket + "'");
            assertTrue(holds("test -S /run.sock && ! nc -w 1 127.0.0.1 8098 < /dev/null"));
            proxy("");
            assertTrue(holds("! test -e /run.sock"));
        }
    }

    private static void answer(ServerSocketChannel server) {
        while (true) {
            try (SocketChannel client = server.accept()) {
                int unused = client.read(ByteBuffer.allocate(1));
                unused =
                        client.write(
                                ByteBuffer.wrap("outside\n".getBytes(StandardCharsets.US_ASCII)));
            } catch (java.nio.channels.ClosedChannelException _) {
                return;
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }
}
