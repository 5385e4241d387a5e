package io.atoll.cli.host;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.atoll.base.json.Json;
import io.atoll.client.ConnectFailedException;
import io.atoll.client.Connection;
import io.atoll.client.FakeServer;
import io.atoll.client.RestClient;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// The native library in a JVM: also the check that this JDK still has what it relies on.
@Timeout(20)
class NativeHostTest {
    private static NativeHost host() {
        return NativeHost.open(
                System.getProperty("atoll.root") + "/launcher/target/libatoll-native.so", "");
    }

    @Test
    void speaksOverPlainDescriptors() throws IOException {
        try (FakeServer server = FakeServer.start()) {
            server.onSync("GET /1.0", "{\"x\":1}").onSync("PUT /1.0", "2");
            try (RestClient rest = new RestClient(host().connector(server.socket()), "test")) {
                assertEquals(1, rest.get("/1.0").get("x").asLong());
                Json big = Json.string("y".repeat(100_000));
                assertEquals(2, rest.call("PUT", "/1.0", big, "").metadata().asLong());
            }
            assertEquals(100_002, server.request("PUT /1.0").body().length());
        }
    }

    @Test
    void saysWhyItCannotConnect() {
        NativeHost host = host();
        IOException missing =
                assertThrows(
                        ConnectFailedException.class,
                        () -> host.connector(Path.of("/nonexistent/s")).open());
        assertEquals(
                "cannot reach the daemon at /nonexistent/s: no such file or directory",
                missing.getMessage());
        IOException tooLong =
                assertThrows(
                        ConnectFailedException.class,
                        () -> host.connector(Path.of("/" + "x".repeat(120))).open());
        assertTrue(tooLong.getMessage().endsWith(": file name too long"), tooLong.getMessage());
    }

    @Test
    void wakesAReaderByClosing() throws Exception {
        try (FakeServer server = FakeServer.start()) {
            Connection connection = host().connector(server.socket()).open();
            CountDownLatch ended = new CountDownLatch(1);
            Thread reader =
                    new Thread(() -> {
                        try {
                            connection.in().read();
                        } catch (IOException _) {
                            // Closed under the reader: an error is as good an end as any.
                        }
                        ended.countDown();
                    });
            reader.start();
            while (reader.getState() == Thread.State.NEW) {
                Thread.onSpinWait();
            }
            connection.close();
            ended.await();
        }
    }

    @Test
    void reportsSignals() throws Exception {
        Host.Signals signals = host().signals(28);
        String self = Long.toString(ProcessHandle.current().pid());
        new ProcessBuilder("kill", "-WINCH", self).start().waitFor();
        assertEquals(28, signals.next());
    }

    @Test
    void knowsThatAFileIsNoTerminal() {
        NativeHost host = host();
        if (!host.isTerminal(0)) {
            IOException refused = assertThrows(IOException.class, host::enterRawMode);
            assertTrue(
                    refused.getMessage().startsWith("cannot make the terminal raw: "),
                    refused.getMessage());
        }
    }
}
