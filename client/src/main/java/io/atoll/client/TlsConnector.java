package io.atoll.client;

import io.atoll.api.tls.Identity;
import io.atoll.api.tls.TlsContexts;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.time.Duration;
import java.util.Optional;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLHandshakeException;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;

/// Connects to a server over the network with TLS 1.3.
public final class TlsConnector implements Connector {
    private static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(10);
    private static final Duration HANDSHAKE_TIMEOUT = Duration.ofSeconds(30);

    private final String host;
    private final int port;
    private final ServerTrust trust;
    private final SSLContext context;

    /// @param identity what the client proves who it is with; empty to stay a stranger
    /// @param trust which certificates of the server are believed
    public TlsConnector(String host, int port, Optional<Identity> identity, ServerTrust trust) {
        this.host = host;
        this.port = port;
        this.trust = trust;
        this.context = TlsContexts.of(identity, trust);
    }

    /// What the server was last seen with is asked of it.
    public ServerTrust trust() {
        return trust;
    }

    @Override
    public Connection open() throws IOException {
        Socket plain = new Socket();
        try {
            plain.connect(
                    new InetSocketAddress(host, port), Math.toIntExact(CONNECT_TIMEOUT.toMillis()));
            plain.setTcpNoDelay(true);
            SSLSocket socket =
                    (SSLSocket) context.getSocketFactory().createSocket(plain, host, port, true);
            SSLParameters parameters = socket.getSSLParameters();
            parameters.setEndpointIdentificationAlgorithm("HTTPS");
            socket.setSSLParameters(parameters);
            socket.setSoTimeout(Math.toIntExact(HANDSHAKE_TIMEOUT.toMillis()));
            socket.startHandshake();
            socket.setSoTimeout(0);
            return new Connection(socket.getInputStream(), socket.getOutputStream());
        } catch (SSLHandshakeException e) {
            plain.close();
            throw new ConnectFailedException(
                    target(), "the server's certificate is not trusted: " + e.getMessage());
        } catch (IOException e) {
            plain.close();
            throw new ConnectFailedException(target(), String.valueOf(e.getMessage()));
        }
    }

    @Override
    public String target() {
        return "https://" + host() + ":" + port;
    }

    @Override
    public String host() {
        return host.indexOf(':') >= 0 ? "[" + host + "]" : host;
    }
}
