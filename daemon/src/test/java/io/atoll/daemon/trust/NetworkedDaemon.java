package io.atoll.daemon.trust;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.atoll.base.json.Json;
import io.atoll.daemon.LocalDaemon;
import io.atoll.daemon.http.AnyPeer;
import io.atoll.daemon.http.TestClient;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.util.List;
import javax.net.ssl.X509ExtendedTrustManager;

/// A whole daemon that listens on loopback, with its administrator. Closing it deletes its state.
final class NetworkedDaemon implements AutoCloseable {
    /// Trusts whoever answers; tests look at fingerprints themselves.
    static final X509ExtendedTrustManager ANY_SERVER = new AnyPeer();

    private final LocalDaemon daemon;
    private final int port;

    private NetworkedDaemon(LocalDaemon daemon) throws IOException {
        this.daemon = daemon;
        this.port = freePort();
    }

    static NetworkedDaemon open(String... options) throws IOException {
        NetworkedDaemon out =
                new NetworkedDaemon(LocalDaemon.open("atoll-networked-", List.of(options)));
        out.configure("core.https_address", "127.0.0.1:" + out.port);
        return out;
    }

    /// Ends it and starts it again on the same state.
    void restart() throws IOException {
        daemon.shut();
        daemon.reopen();
    }

    static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }

    Path state() {
        return daemon.state();
    }

    /// The administrator.
    TestClient local() {
        return daemon.client();
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
        return local().send("PATCH", "/1.0", body.render());
    }

    @Override
    public void close() throws IOException {
        daemon.close();
    }
}
