package io.atoll.client;

import io.atoll.api.tls.Identity;
import io.atoll.api.tls.TlsContexts;
import java.io.EOFException;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.UnknownHostException;
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

    /// How the user calls it, for messages.
    private final String name;

    /// @param identity what the client proves who it is with; empty to stay a stranger
    /// @param trust which certificates of the server are believed
    public TlsConnector(String host, int port, Optional<Identity> identity, ServerTrust trust) {
        this(host, port, TlsContexts.of(identity, trust), trust, "");
    }

    private TlsConnector(
            String host, int port, SSLContext context, ServerTrust trust, String name) {
        this.host = host;
        this.port = port;
        this.trust = trust;
        this.context = context;
        this.name = name;
    }

    /// What the server was last seen with is asked of it.
    public ServerTrust trust() {
        return trust;
    }

    /// The same server, called by the name that the user has for it too.
    public TlsConnector named(String name) {
        return new TlsConnector(host, port, context, trust, " (remote " + name + ")");
    }

    @Override
    public Connection open() throws IOException {
        Socket plain = new Socket();
        try {
            plain.connect(
                    new InetSocketAddress(host, port), Math.toIntExact(CONNECT_TIMEOUT.toMillis()));
            plain.setTcpNoDelay(true);
        } catch (IOException e) {
            plain.close();
            String why =
                    e instanceof UnknownHostException
                            ? "the name " + host + " cannot be resolved"
                            : String.valueOf(e.getMessage());
            throw ConnectFailedException.remote(target(), why);
        }
        try {
            return secure(plain);
        } catch (SSLHandshakeException e) {
            plain.close();
            throw e.getCause() instanceof EOFException
                    ? ConnectFailedException.cut(target(), "it closed the connection at once")
                    : ConnectFailedException.remote(
                            target(), "the server's certificate is not trusted: " + e.getMessage());
        } catch (IOException e) {
            plain.close();
            throw ConnectFailedException.cut(target(), String.valueOf(e.getMessage()));
        }
    }

    private Connection secure(Socket plain) throws IOException {
        SSLSocket socket =
                (SSLSocket) context.getSocketFactory().createSocket(plain, host, port, true);
        SSLParameters parameters = socket.getSSLParameters();
        parameters.setEndpointIdentificationAlgorithm("HTTPS");
        socket.setSSLParameters(parameters);
        socket.setSoTimeout(Math.toIntExact(HANDSHAKE_TIMEOUT.toMillis()));
        socket.startHandshake();
        socket.setSoTimeout(0);
        return new Connection(socket.getInputStream(), socket.getOutputStream());
    }

    @Override
    public String target() {
        return "https://" + host() + ":" + port + name;
    }

    @Override
    public boolean isRemote() {
        return true;
    }

    @Override
    public String host() {
        return host.indexOf(':') >= 0 ? "[" + host + "]" : host;
    }
}
