package io.atoll.daemon.migration;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.atoll.base.UnavailableException;
import io.atoll.daemon.http.WebSocket;
import io.atoll.testkit.Await;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.UnaryOperator;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/// Connections that break at any byte, and bytes that change on their way.
class SteadySocketTest {
    private static final Duration LIMIT = Duration.ofSeconds(60);
    private static final Duration PATIENCE = Duration.ofSeconds(30);
    private static final Duration SHORT = Duration.ofMillis(200);
    private static final int BYTES = 3 << 20;

    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
    private final Net net = new Net();

    @AfterEach
    void stop() {
        threads.shutdownNow();
    }

    /// Two ends that know how to meet again, over connections with faults.
    @SuppressWarnings("NullAway.Init") // begin comes first
    private final class Net {
        /// Bytes that the next connections carry before they break.
        private final LinkedBlockingQueue<Long> budgets = new LinkedBlockingQueue<>();

        private final AtomicLong carried = new AtomicLong();
        private final AtomicInteger connections = new AtomicInteger();
        private volatile UnaryOperator<byte[]> fault = bytes -> bytes;
        private volatile boolean isDown;

        /// The near end of the newest connection.
        private volatile End last;

        private volatile SteadySocket near;
        private volatile SteadySocket far;

        /// @param comesBack whether lost connections come back
        void begin(boolean comesBack, Duration patience) {
            End[] pair = pair();
            Optional<Returns.Dialer> dialer =
                    comesBack ? Optional.of(this::dial) : Optional.empty();
            far = new SteadySocket(pair[1], Optional.empty(), patience, _ -> {});
            near = new SteadySocket(pair[0], dialer, patience, _ -> {});
        }

        private Optional<WebSocket> dial() {
            if (isDown) {
                throw new UnavailableException("down");
            }
            End[] pair = pair();
            threads.execute(() -> {
                boolean unused = far.resumeWith(pair[1]);
            });
            return Optional.of(pair[0]);
        }

        private End[] pair() {
            Long budget = budgets.poll();
            AtomicLong left = new AtomicLong(budget == null ? Long.MAX_VALUE : budget);
            End a = new End(left, this);
            End b = new End(left, this);
            a.other = b;
            b.other = a;
            connections.incrementAndGet();
            last = a;
            return new End[] {a, b};
        }
    }

    /// One end of a connection.
    private static final class End implements WebSocket {
        private static final int PART = 10_000;

        private final LinkedBlockingQueue<Message> inbox = new LinkedBlockingQueue<>();
        private final AtomicLong left;
        private final Net net;
        private volatile End other = this;
        private volatile boolean isOver;

        End(AtomicLong left, Net net) {
            this.left = left;
            this.net = net;
        }

        @Override
        public Message receive() throws InterruptedException {
            Message message = inbox.take();
            if (message instanceof Closed) {
                inbox.add(message);
            }
            return message;
        }

        @Override
        public void sendText(String text) throws IOException {
            throw new IOException("there are no texts here");
        }

        @Override
        public void sendBinary(ByteBuffer bytes) throws IOException {
            byte[] frame = new byte[bytes.remaining()];
            bytes.get(frame);
            if (isOver) {
                throw new IOException("gone");
            }
            if (left.addAndGet(-frame.length) < 0) {
                abort();
                throw new IOException("cut");
            }
            net.carried.addAndGet(frame.length);
            byte[] there = net.fault.apply(frame);
            for (int at = 0; at < there.length; at += PART) {
                int end = Math.min(there.length, at + PART);
                other.inbox.add(
                        new Binary(
                                ByteBuffer.wrap(Arrays.copyOfRange(there, at, end)),
                                end == there.length));
            }
        }

        @Override
        public void close() {
            abort();
        }

        @Override
        public void abort() {
            isOver = true;
            other.isOver = true;
            inbox.add(new Closed(false));
            other.inbox.add(new Closed(false));
        }

        /// Only this end notices.
        void die() {
            isOver = true;
            inbox.add(new Closed(false));
        }

        @Override
        public boolean isOpen() {
            return !isOver;
        }
    }

    /// Half of it is noise and half can be compressed.
    private static byte[] content(long seed) {
        byte[] bytes = new byte[BYTES];
        Random random = new Random(seed);
        byte[] noise = new byte[BYTES / 2];
        random.nextBytes(noise);
        System.arraycopy(noise, 0, bytes, 0, noise.length);
        return bytes;
    }

    /// More than may be on its way.
    private static byte[] moreThanFits() {
        byte[] noise = new byte[3 * SteadySocket.WINDOW_BYTES];
        new Random(1).nextBytes(noise);
        return noise;
    }

    private static Void send(WebSocket socket, byte[] bytes, long seed) throws IOException {
        Random random = new Random(seed);
        int at = 0;
        while (at < bytes.length) {
            int length = Math.min(bytes.length - at, 1 + random.nextInt(200_000));
            socket.sendBinary(ByteBuffer.wrap(bytes, at, length));
            at += length;
        }
        socket.sendBarrier();
        return null;
    }

    private static byte[] receive(WebSocket socket) throws InterruptedException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        while (true) {
            switch (socket.receive()) {
                case WebSocket.Binary(ByteBuffer bytes, boolean _) ->
                        out.write(bytes.array(), bytes.position(), bytes.remaining());
                case WebSocket.Text _ -> {
                    return out.toByteArray();
                }
                case WebSocket.Closed _ -> throw new AssertionError("closed");
            }
        }
    }

    private <T> T join(Future<T> future) throws Exception {
        return future.get(LIMIT.toSeconds(), TimeUnit.SECONDS);
    }

    private <T> Future<T> start(Callable<T> work) {
        return threads.submit(work);
    }

    /// Both directions at once.
    private void bothWays(long seed) throws Exception {
        byte[] there = content(seed);
        byte[] back = content(seed + 1);
        Future<Void> out = start(() -> send(net.near, there, seed));
        Future<Void> in = start(() -> send(net.far, back, seed));
        Future<byte[]> atFar = start(() -> receive(net.far));
        Future<byte[]> atNear = start(() -> receive(net.near));
        assertArrayEquals(there, join(atFar), () -> "seed " + seed);
        assertArrayEquals(back, join(atNear), () -> "seed " + seed);
        Void unused = join(out);
        unused = join(in);
        assertTrue(net.near.flush(LIMIT));
    }

    @Test
    void whereverItIsCutEverythingComesOnceAndInOrder() throws Exception {
        for (long seed = 1; seed <= 5; seed++) {
            Random random = new Random(seed);
            for (int i = 0; i < 6; i++) {
                net.budgets.add((long) random.nextInt(800_000));
            }
            int before = net.connections.get();
            net.begin(true, PATIENCE);
            bothWays(seed);
            net.near.close();
            assertTrue(net.connections.get() - before > 3, "seed " + seed + " was not cut");
            net.budgets.clear();
        }
    }

    @Test
    void aCutDoesNotBeginAnew() throws Exception {
        byte[] noise = new byte[BYTES];
        new Random(7).nextBytes(noise);
        net.budgets.add(BYTES / 2L);
        net.begin(true, PATIENCE);
        Future<byte[]> there = start(() -> receive(net.far));
        Void unused = send(net.near, noise, 7);
        assertArrayEquals(noise, join(there));
        assertEquals(2, net.connections.get());
        // Once, and what was on its way when it was cut; from zero it would be half as much again.
        assertTrue(net.carried.get() < BYTES * 1.25, () -> "carried " + net.carried.get());
    }

    @Test
    void aChangedByteIsNotTakenAndComesAgain() throws Exception {
        for (int at : new int[] {0, 3, 9, 12, 20, 60, 5_000}) {
            AtomicInteger pieces = new AtomicInteger();
            net.fault =
                    frame -> {
                        if (frame.length > 6_000 && pieces.incrementAndGet() == 5) {
                            frame[at] ^= 0x10;
                        }
                        return frame;
                    };
            int before = net.connections.get();
            net.begin(true, PATIENCE);
            byte[] bytes = content(3);
            Future<byte[]> there = start(() -> receive(net.far));
            Void unused = send(net.near, bytes, 3);
            assertArrayEquals(bytes, join(there), () -> "byte " + at);
            assertEquals(2, net.connections.get() - before, () -> "byte " + at);
            net.near.close();
        }
    }

    @Test
    void aWayThatAlwaysChangesBytesIsGivenUp() throws Exception {
        net.fault =
                frame -> {
                    if (frame.length > 6_000) {
                        frame[frame.length - 1] ^= 1;
                    }
                    return frame;
                };
        net.begin(true, PATIENCE);
        Future<Void> sending = start(() -> send(net.near, moreThanFits(), 1));
        assertInstanceOf(WebSocket.Closed.class, join(start(() -> net.far.receive())));
        // Who wants to come back then is told.
        assertThrows(Exception.class, () -> join(sending));
    }

    @Test
    void withoutAWayBackACutIsTheEnd() throws Exception {
        net.budgets.add(500_000L);
        net.begin(false, Duration.ZERO);
        Future<byte[]> there = start(() -> receive(net.far));
        assertThrows(IOException.class, () -> send(net.near, content(2), 2));
        assertTrue(
                assertThrows(Exception.class, () -> join(there)).getMessage().contains("closed"));
        assertFalse(net.near.isOpen());
    }

    @Test
    void whoDoesNotComeBackIsGivenUpAfterAWhile() throws Exception {
        net.budgets.add(500_000L);
        net.begin(true, SHORT);
        net.isDown = true;
        assertThrows(IOException.class, () -> send(net.near, moreThanFits(), 2));
        Await.until("the other side to give up", LIMIT, () -> !net.far.isOpen());
    }

    @Test
    void whoDoesNotReadHoldsTheSenderBack() throws Exception {
        net.begin(true, PATIENCE);
        byte[] noise = moreThanFits();
        Future<Void> sending = start(() -> send(net.near, noise, 1));
        Await.until(
                "the window to fill", LIMIT, () -> net.carried.get() >= SteadySocket.WINDOW_BYTES);
        assertFalse(sending.isDone());
        assertTrue(net.carried.get() < SteadySocket.WINDOW_BYTES * 1.1);
        assertArrayEquals(noise, join(start(() -> receive(net.far))));
        Void unused = join(sending);
    }

    @Test
    void aDeadConnectionIsReplacedByALivingOne() throws Exception {
        net.begin(true, PATIENCE);
        bothWays(10);
        // The far side does not hear that the near one has lost the connection.
        net.last.die();
        bothWays(11);
        assertEquals(2, net.connections.get());
    }

    @Test
    void aStrangersConnectionIsRefusedAndHarmless() throws Exception {
        net.begin(true, PATIENCE);
        Void unused = send(net.near, new byte[] {1, 2, 3}, 1);
        assertArrayEquals(new byte[] {1, 2, 3}, receive(net.far));
        for (SteadyFrame greeting :
                List.of(
                        new SteadyFrame.Resume(99),
                        new SteadyFrame.Resume(-1),
                        new SteadyFrame.Bye())) {
            End[] pair = net.pair();
            pair[0].sendBinary(ByteBuffer.wrap(greeting.encode()));
            assertFalse(net.far.resumeWith(pair[1]));
        }
        bothWays(12);
    }

    @Test
    void whatCanBeCompressedIs() throws Exception {
        net.begin(true, PATIENCE);
        byte[] zeros = new byte[BYTES];
        Future<byte[]> there = start(() -> receive(net.far));
        Void unused = send(net.near, zeros, 1);
        assertArrayEquals(zeros, join(there));
        assertTrue(net.carried.get() < BYTES / 50, () -> "carried " + net.carried.get());
    }

    @Test
    void closingOneSideEndsTheOther() throws Exception {
        net.begin(true, PATIENCE);
        net.near.sendBinary(ByteBuffer.wrap(new byte[] {7}));
        net.near.close();
        assertInstanceOf(WebSocket.Binary.class, net.far.receive());
        assertEquals(new WebSocket.Closed(true), net.far.receive());
        assertEquals(new WebSocket.Closed(true), net.far.receive());
        assertThrows(IOException.class, net.far::sendBarrier);
        assertEquals(1, net.connections.get());
    }

    @Test
    void framesAreReadAsWritten() {
        byte[] plain = new byte[1000];
        SteadyFrame.Piece piece = SteadyFrame.Piece.of(false, 42, true, plain, SteadyFrame.start());
        assertTrue(piece.isCompressed());
        SteadyFrame.Piece read =
                assertInstanceOf(SteadyFrame.Piece.class, SteadyFrame.decode(piece.encode()));
        assertArrayEquals(plain, read.open(SteadyFrame.start()));
        assertEquals(new SteadyFrame.Ack(5), SteadyFrame.decode(new SteadyFrame.Ack(5).encode()));
        assertEquals(
                new SteadyFrame.Resume(6), SteadyFrame.decode(new SteadyFrame.Resume(6).encode()));
        assertEquals(new SteadyFrame.Bye(), SteadyFrame.decode(new SteadyFrame.Bye().encode()));
        assertThrows(MalformedMessageException.class, () -> read.open(new byte[] {1, 2, 3}));
    }

    @Test
    void anyOtherBytesAreRefused() {
        byte[] good =
                SteadyFrame.Piece.of(true, 1, true, new byte[300], SteadyFrame.start()).encode();
        for (int seed = 0; seed < 20_000; seed++) {
            Random random = new Random(seed);
            byte[] bytes = Arrays.copyOf(good, 4 + random.nextInt(good.length + 5));
            for (int i = random.nextInt(4); i > 0; i--) {
                bytes[random.nextInt(bytes.length)] = (byte) random.nextInt(256);
            }
            CRC32C sum = new CRC32C();
            sum.update(bytes, 0, bytes.length - 4);
            ByteBuffer.wrap(bytes).putInt(bytes.length - 4, (int) sum.getValue());
            try {
                if (SteadyFrame.decode(bytes) instanceof SteadyFrame.Piece piece) {
                    assertTrue(piece.open(SteadyFrame.start()).length <= SteadyFrame.PIECE_MAX);
                }
            } catch (MalformedMessageException _) {
                // Refused.
            }
        }
    }
}
