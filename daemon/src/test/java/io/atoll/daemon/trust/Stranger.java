package io.atoll.daemon.trust;

import io.atoll.api.tls.Identity;
import io.atoll.api.tls.TlsContexts;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLSocket;

/// Somebody on the network whom nobody trusts, with a certificate of its own. Comes from addresses
/// of its own in turn, so that what the server does about one stranger does not hide what it does
/// about another. Thread-safe.
final class Stranger {
    /// How long an answer may take; longer is a fault of the server's, not of a busy machine.
    private static final int PATIENCE_MILLIS = 120_000;

    /// Who says nothing for so long waits for more, most likely.
    static final int SILENCE_MILLIS = 300;

    private static final int LAST_WORDS_MILLIS = 2_000;

    private static final SSLContext CONTEXT =
            TlsContexts.of(
                    Optional.of(Identity.selfSigned(Identity.Purpose.CLIENT, "mallory", List.of())),
                    NetworkedDaemon.ANY_SERVER);

    private final int network;
    private final int addresses;
    private final InetSocketAddress server;
    private final AtomicInteger connections = new AtomicInteger();

    /// One from `127.0.0.1` as everybody.
    Stranger(int port) {
        this(0, 1, port);
    }

    /// @param network comes from `127.NETWORK.0.1` and so many addresses after it
    Stranger(int network, int addresses, int port) {
        this.network = network;
        this.addresses = addresses;
        this.server = new InetSocketAddress(InetAddress.getLoopbackAddress(), port);
    }

    static SSLContext context() {
        return CONTEXT;
    }

    /// The addresses it comes from.
    List<String> addresses() {
        return IntStream.range(0, addresses).mapToObj(this::address).toList();
    }

    private String address(int index) {
        int host = index % addresses;
        return "127." + network + "." + host / 250 + "." + (1 + host % 250);
    }

    Socket connect() throws IOException {
        Socket socket = new Socket();
        try {
            InetAddress own = InetAddress.ofLiteral(address(connections.getAndIncrement()));
            socket.bind(new InetSocketAddress(own, 0));
            socket.connect(server);
            socket.setSoTimeout(PATIENCE_MILLIS);
            return socket;
        } catch (IOException e) {
            socket.close();
            throw e;
        }
    }

    /// TLS over a connection on which something may have been said already.
    SSLSocket tls(Socket plain) throws IOException {
        return tls(CONTEXT, plain);
    }

    SSLSocket tls(SSLContext context, Socket plain) throws IOException {
        SSLSocket socket =
                (SSLSocket)
                        context.getSocketFactory()
                                .createSocket(plain, "127.0.0.1", server.getPort(), true);
        try {
            socket.startHandshake();
            return socket;
        } catch (IOException e) {
            socket.close();
            throw e;
        }
    }

    static byte[] request(String method, String path, String body) {
        String head = method + " " + path + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n";
        int length = body.getBytes(StandardCharsets.UTF_8).length;
        return (head + "Content-Length: " + length + "\r\n\r\n" + body)
                .getBytes(StandardCharsets.UTF_8);
    }

    private static void read(Socket socket, ByteArrayOutputStream out) throws IOException {
        byte[] buffer = new byte[4096];
        int count = socket.getInputStream().read(buffer);
        while (count >= 0) {
            out.write(buffer, 0, count);
            count = socket.getInputStream().read(buffer);
        }
    }

    /// Sends and gives what comes back, maybe nothing. May be half of something: when the server
    /// has been silent for a while, this side ends the connection. Not before, because a server
    /// answers nobody who ends TLS.
    static String converse(Socket socket, byte[] bytes) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try {
            socket.getOutputStream().write(bytes);
            socket.getOutputStream().flush();
            socket.setSoTimeout(SILENCE_MILLIS);
            try {
                read(socket, out);
            } catch (SocketTimeoutException e) {
                socket.setSoTimeout(LAST_WORDS_MILLIS);
                socket.shutdownOutput();
                read(socket, out);
            }
        } catch (SSLException | SocketException | SocketTimeoutException e) {
            // Reset, or kept until the server's own patience ends: an answer too.
        }
        return out.toString(StandardCharsets.ISO_8859_1);
    }

    /// As [#converse], by TLS.
    String send(byte[] bytes) throws IOException {
        try (SSLSocket socket = tls(connect())) {
            return converse(socket, bytes);
        }
    }

    /// A header of a proxy, and a request by TLS behind it.
    String through(byte[] header, byte[] request) throws IOException {
        try (Socket plain = connect()) {
            plain.getOutputStream().write(header);
            try (SSLSocket socket = tls(plain)) {
                return converse(socket, request);
            }
        }
    }

    String through(String header, byte[] request) throws IOException {
        return through(header.getBytes(StandardCharsets.US_ASCII), request);
    }
}
