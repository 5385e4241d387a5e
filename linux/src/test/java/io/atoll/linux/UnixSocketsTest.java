package io.atoll.linux;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class UnixSocketsTest {
    @TempDir Path directory;

    @Test
    void passesDescriptorsWithPackets() {
        try (UnixSockets.Pair pair = UnixSockets.pair(UnixSockets.Type.SEQPACKET);
                FdIo.Pipe pipe = FdIo.pipe()) {
            UnixSockets.send(pair.first(), bytes("one"), List.of(pipe.writer(), pipe.reader()));
            UnixSockets.send(pair.first(), bytes("two"));
            try (UnixSockets.Message one = UnixSockets.receive(pair.second(), 100, 4)) {
                assertArrayEquals(bytes("one"), one.data());
                assertEquals(2, one.fds().size());
                FdIo.write(one.fds().getFirst(), bytes("x"));
                byte[] read = new byte[5];
                assertEquals(1, FdIo.read(pipe.reader(), read, 0, 5));
            }
            try (UnixSockets.Message two = UnixSockets.receive(pair.second(), 100, 4)) {
                assertArrayEquals(bytes("two"), two.data());
                assertTrue(two.fds().isEmpty());
            }
            pair.first().close();
            assertTrue(UnixSockets.receive(pair.second(), 100, 4).isEnd());
        }
    }

    @Test
    void refusesATruncatedPacketOrTooManyDescriptors() {
        try (UnixSockets.Pair pair = UnixSockets.pair(UnixSockets.Type.SEQPACKET)) {
            UnixSockets.send(pair.first(), bytes("too long"));
            assertThrows(ErrnoException.class, () -> UnixSockets.receive(pair.second(), 3, 0));
            int before = Directories.list(Opens.open("/proc/self/fd", Fcntl.O_RDONLY, 0)).size();
            UnixSockets.send(
                    pair.first(), bytes("x"), List.of(pair.first(), pair.second(), pair.first()));
            assertThrows(ErrnoException.class, () -> UnixSockets.receive(pair.second(), 3, 1));
            int after = Directories.list(Opens.open("/proc/self/fd", Fcntl.O_RDONLY, 0)).size();
            assertEquals(before + 1, after, "only the second listing's own descriptor is more");
        }
    }

    @Test
    void tellsThePeerOfAStreamAlsoBehindALongPath() throws Exception {
        Path deep = directory.resolve("d".repeat(100)).resolve("s");
        java.nio.file.Files.createDirectory(deep.getParent());
        try (Fd listener = UnixSockets.listen(UnixSockets.Type.STREAM, deep, 5);
                Fd client = UnixSockets.connect(UnixSockets.Type.STREAM, deep);
                Fd server = UnixSockets.accept(listener)) {
            assertEquals(Processes.self(), UnixSockets.peerCredentials(server).pid());
            assertEquals(Processes.self(), UnixSockets.peerCredentials(client).pid());
            byte[] big = new byte[1 << 20];
            Thread sender =
                    Thread.ofPlatform()
                            .start(() -> {
                                UnixSockets.send(client, big);
                                UnixSockets.shutdownOutput(client);
                            });
            assertEquals(big.length, FdIo.readAll(server, big.length).length);
            sender.join();
        }
    }

    @Test
    void tellsThePeerOfAChannelOfJava() throws Exception {
        var address = UnixDomainSocketAddress.of(directory.resolve("s"));
        try (ServerSocketChannel listener = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            listener.bind(address);
            try (SocketChannel client = SocketChannel.open(address);
                    SocketChannel server = listener.accept()) {
                assertTrue(client.isConnected());
                assertEquals(Processes.self(), UnixSockets.peerCredentials(server).pid());
            }
        }
    }

    @Test
    void saysWhoDoesNotListen() {
        Path nobody = directory.resolve("nobody");
        ErrnoException e =
                assertThrows(
                        ErrnoException.class,
                        () -> UnixSockets.connect(UnixSockets.Type.STREAM, nobody));
        assertEquals("connect " + nobody + ": no such file or directory (ENOENT)", e.getMessage());
    }

    @Test
    void givesUpReceivingAfterTheTimeout() {
        try (UnixSockets.Pair pair = UnixSockets.pair(UnixSockets.Type.STREAM)) {
            UnixSockets.setReceiveTimeout(pair.first(), Duration.ofMillis(20));
            ErrnoException e =
                    assertThrows(
                            ErrnoException.class, () -> UnixSockets.receive(pair.first(), 10, 0));
            assertEquals(Errno.EAGAIN, e.errno());
        }
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
