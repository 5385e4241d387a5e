package io.atoll.client;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;

/// Connects to a unix socket with the JDK's own channels. Portable, but the channel classes cost a
/// cold JVM some 13 ms: the command line brings a connector of its own.
public final class UnixConnector implements Connector {
    private final Path socket;

    public UnixConnector(Path socket) {
        this.socket = socket;
    }

    @Override
    public Connection open() throws IOException {
        SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX);
        try {
            channel.connect(UnixDomainSocketAddress.of(socket));
        } catch (IOException e) {
            channel.close();
            throw new ConnectFailedException(target(), String.valueOf(e.getMessage()));
        }
        return new Connection(Channels.newInputStream(channel), Channels.newOutputStream(channel));
    }

    @Override
    public String target() {
        return socket.toString();
    }
}
