package io.atoll.daemon.user;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.Channels;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;

/// A program: hands connections to one socket on to another, so that those come from the user who
/// runs it. Needs nothing but the JDK.
final class Relay {
    private Relay() {}

    public static void main(String[] args) throws IOException {
        UnixDomainSocketAddress target = UnixDomainSocketAddress.of(Path.of(args[1]));
        try (ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            server.bind(UnixDomainSocketAddress.of(Path.of(args[0])));
            System.out.println("listening");
            while (true) {
                SocketChannel near = server.accept();
                try {
                    SocketChannel far = SocketChannel.open(target);
                    Thread unused = Thread.ofPlatform().start(() -> pump(near, far));
                    Thread alsoUnused = Thread.ofPlatform().start(() -> pump(far, near));
                } catch (IOException e) {
                    near.close();
                }
            }
        }
    }

    private static void pump(SocketChannel from, SocketChannel to) {
        try (from;
                to;
                InputStream in = Channels.newInputStream(from);
                OutputStream out = Channels.newOutputStream(to)) {
            long unused = in.transferTo(out);
        } catch (IOException e) {
            // One of them has gone: so does the other.
        }
    }
}
