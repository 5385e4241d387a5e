package io.atoll.daemon.trust;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.atoll.base.json.Json;
import io.atoll.daemon.Daemon;
import io.atoll.daemon.DaemonOptions;
import io.atoll.daemon.event.Events;
import io.atoll.daemon.http.TestClient;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.X509Certificate;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.X509ExtendedTrustManager;

/// A whole daemon that listens on loopback, with its administrator. Closing it deletes its state.
final class NetworkedDaemon implements AutoCloseable {
    /// Trusts whoever answers; tests look at fingerprints themselves.
    static final X509ExtendedTrustManager ANY_SERVER = new AnyServer();

    private final Path state;
    private final int port;
    private Daemon daemon;
    private TestClient local;

    private NetworkedDaemon(Path state) throws IOException {
        this.state = state;
        this.port = freePort();
        this.daemon = start();
        this.local = client();
    }

    static NetworkedDaemon open() throws IOException {
        NetworkedDaemon out = new NetworkedDaemon(Files.createTempDirectory("atoll-networked-"));
        out.configure("core.https_address", "127.0.0.1:" + out.port);
        return out;
    }

    private Daemon start() throws IOException {
        Daemon started =
                Daemon.open(
                        DaemonOptions.parse(
                                List.of("--state-dir", state.toString()), Optional.empty()),
                        new Events());
        started.start();
        return started;
    }

    private TestClient client() throws IOException {
        return new TestClient(state.resolve("unix.socket"));
    }

    /// Ends it and starts it again on the same state.
    void restart() throws IOException {
        local.close();
        daemon.close();
        daemon = start();
        local = client();
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }

    Path state() {
        return state;
    }

    /// The administrator.
    TestClient local() {
        return local;
    }

    int port() {
        return port;
    }

    /// Sets a key of the server, which must work.
    void configure(String key, String value) throws IOException {
        TestClient.Answer answer = tryConfigure(key, value);
        assertEquals(200, answer.status(), answer.text());
    }

    /// Sets a key of the server, or not.
    TestClient.Answer tryConfigure(String key, String value) throws IOException {
        Json body = Json.object().put("config", Json.object().put(key, value));
        return local.send("PATCH", "/1.0", body.render());
    }

    @Override
    public void close() throws IOException {
        local.close();
        daemon.close();
        try (Stream<Path> files = Files.walk(state)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        }
    }

    private static final class AnyServer extends X509ExtendedTrustManager {
        @Override
        public void checkClientTrusted(X509Certificate[] chain, String type) {}

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String type) {}

        @Override
        public void checkClientTrusted(X509Certificate[] chain, String type, Socket socket) {}

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String type, Socket socket) {}

        @Override
        public void checkClientTrusted(X509Certificate[] chain, String type, SSLEngine engine) {}

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String type, SSLEngine engine) {}

        @Override
        public X509Certificate[] getAcceptedIssuers() {
            return new X509Certificate[0];
        }
    }
}
