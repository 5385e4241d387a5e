package io.atoll.daemon.http;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.nio.channels.SocketChannel;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class PeerNamesTest {
    private final AtomicLong now = new AtomicLong();
    private final AtomicInteger asked = new AtomicInteger();

    @Test
    void hostIsAskedOnceAMinuteForEachUser() throws IOException {
        PeerNames names = new PeerNames(_ -> "name" + asked.incrementAndGet(), now::get);
        try (SocketChannel any = SocketChannel.open(StandardProtocolFamily.UNIX)) {
            assertEquals("name1", names.of(0, any));
            assertEquals("name1", names.of(0, any));
            assertEquals("name2", names.of(1000, any));
            now.addAndGet(TimeUnit.MINUTES.toNanos(1));
            assertEquals("name3", names.of(0, any));
        }
    }

    @Test
    void peerThatHasGoneHasNoNameAndIsAskedForAgain() throws IOException {
        PeerNames names =
                new PeerNames(
                        _ -> {
                            if (asked.incrementAndGet() == 1) {
                                throw new IOException("gone");
                            }
                            return "root";
                        },
                        now::get);
        try (SocketChannel any = SocketChannel.open(StandardProtocolFamily.UNIX)) {
            assertEquals("", names.of(0, any));
            assertEquals("root", names.of(0, any));
        }
    }
}
