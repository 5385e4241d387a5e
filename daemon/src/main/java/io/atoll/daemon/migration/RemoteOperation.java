package io.atoll.daemon.migration;

import io.atoll.api.tls.Pem;
import io.atoll.api.tls.TlsContexts;
import io.atoll.base.InvalidConfigException;
import io.atoll.base.json.Json;
import io.atoll.daemon.http.WebSocket;
import io.atoll.daemon.image.PinnedServer;
import java.net.URI;
import java.net.http.HttpClient;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;

/// An operation of another server that waits for this one to connect.
///
/// @param url of the operation, https
/// @param certificate the server's, PEM; empty if the host's authorities vouch for it
/// @param secrets by the name of the websocket
public record RemoteOperation(String url, String certificate, Map<String, String> secrets) {
    /// The websocket for messages, and for its secret.
    static final String CONTROL = "control";

    /// The websocket for files.
    static final String FILES = "fs";

    /// The websocket for the memory of processes.
    static final String CRIU = "criu";

    /// @throws InvalidConfigException in LXD's words if a secret is missing
    public RemoteOperation {
        secrets = Map.copyOf(secrets);
        if (!url.startsWith("https://")) {
            throw new InvalidConfigException("Invalid operation URL \"" + url + "\"");
        }
        for (String name : new String[] {CONTROL, FILES}) {
            if (secrets.getOrDefault(name, "").isEmpty()) {
                throw new InvalidConfigException("Missing migration secret \"" + name + "\"");
            }
        }
    }

    /// Reads the `target` of a request to a source, or the `source` of one to a target.
    public static RemoteOperation parse(Json json) {
        Json secrets = json.get("secrets");
        return new RemoteOperation(
                json.get("operation").asString(),
                json.get("certificate").asString(),
                (secrets.isNull() ? json.get("websockets") : secrets).asStringMap());
    }

    /// Whether the source wants to send the memory of processes, too.
    public boolean isLive() {
        return secrets.containsKey(CRIU);
    }

    /// Opens both websockets. Blocks.
    ///
    /// @throws io.atoll.base.UnavailableException if the server cannot be reached or refuses
    Line connect() {
        HttpClient.Builder builder = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1);
        if (!certificate.isEmpty()) {
            builder.sslContext(
                    TlsContexts.of(
                            Optional.empty(), new PinnedServer(Pem.certificate(certificate))));
        }
        // Its selector and threads stay until it is told that no more connections are wanted.
        HttpClient client = builder.build();
        try {
            WebSocket control = OutboundSocket.open(client, uri(CONTROL));
            try {
                return new Line(control, OutboundSocket.open(client, uri(FILES)), again(client));
            } catch (RuntimeException e) {
                control.abort();
                throw e;
            }
        } catch (RuntimeException e) {
            client.shutdown();
            throw e;
        }
    }

    /// This side opened the connections and opens them again.
    private Returns again(HttpClient client) {
        return new Returns() {
            @Override
            public Optional<Dialer> dialer(String name) {
                return Optional.of(() -> OutboundSocket.reopen(client, uri(name)));
            }

            @Override
            public void await(String name, Consumer<WebSocket> taker) {
                // The other side waits.
            }

            @Override
            public void end() {
                client.shutdown();
            }
        };
    }

    private URI uri(String name) {
        try {
            return URI.create(
                    "wss://"
                            + url.substring("https://".length()).replaceFirst("\\?.*", "")
                            + "/websocket?secret="
                            + secrets.getOrDefault(name, ""));
        } catch (IllegalArgumentException e) {
            throw new InvalidConfigException("Invalid operation URL \"" + url + "\"", e);
        }
    }
}
