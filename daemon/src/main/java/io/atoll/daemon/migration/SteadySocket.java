package io.atoll.daemon.migration;

import io.atoll.base.UnavailableException;
import io.atoll.daemon.http.WebSocket;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// A websocket that outlives its connections. What is sent is kept until the other side has used
/// it; when a connection is lost, one side opens another, both say what they expect next, and what
/// was on its way is sent again. Nothing is lost, doubled or begun anew. A piece that arrives
/// changed counts as a lost connection.
///
/// The window is the flow control, too: what the other side has not used up it need not take more
/// of, so whoever reads a connection never has to wait and acknowledgements always get through.
///
/// Locks, in this order: `producing` (who sends, one at a time), `sending` (what goes onto the
/// connection), `state`.
final class SteadySocket implements WebSocket {
    /// How much may be on its way.
    static final int WINDOW_BYTES = 4 << 20;

    /// What may come in before it is asked for: a window and the piece that overstepped it.
    private static final int WINDOW_MAX = WINDOW_BYTES + SteadyFrame.cost(SteadyFrame.PIECE_MAX);

    /// System property: how many milliseconds a lost connection may take to come back.
    static final String PATIENCE = "atoll.migration.patience.millis";

    private static final long PATIENCE_MILLIS = 30_000;

    /// How long a refusal is not believed: the other side may be about to get ready.
    private static final Duration DISBELIEF = Duration.ofSeconds(2);

    private static final Duration FIRST_PAUSE = Duration.ofMillis(100);
    private static final Duration LAST_PAUSE = Duration.ofSeconds(2);
    private static final Duration PULSE = Duration.ofSeconds(5);

    /// A connection on which nothing comes for so long is lost; the other side's pulse is 5 s.
    private static final Duration SILENCE = Duration.ofSeconds(20);

    private static final Duration HANDSHAKE = Duration.ofSeconds(10);
    private static final Duration LAST_WORDS = Duration.ofSeconds(1);

    /// So many changed pieces in a row are no accident.
    private static final int DAMAGES_MAX = 3;

    /// So many connections in a row that bring nothing new will not get further either.
    private static final int IDLE_RETURNS_MAX = 50;

    private final Optional<Returns.Dialer> dialer;
    private final Duration patience;
    private final Duration pulse;
    private final Consumer<Integer> resumed;

    private final ReentrantLock producing = new ReentrantLock();
    private final ReentrantLock sending = new ReentrantLock();

    /// Guards all fields below; `changed` is signalled when one of them lets somebody go on.
    private final ReentrantLock state = new ReentrantLock();

    private final Condition changed = state.newCondition();

    /// The connection; null while there is none.
    private @Nullable WebSocket current;

    private boolean isOver;
    private int resumes;
    private int damages;
    private int idleReturns;
    private long heardAt = System.nanoTime();

    /// Sent and not used up by the other side, by number without gaps.
    private final Deque<SteadyFrame.Piece> onTheWay = new ArrayDeque<>();

    private long bytesOnTheWay;
    private long nextOut;
    private byte[] digestOut = SteadyFrame.start();
    private long nextIn;
    private byte[] digestIn = SteadyFrame.start();

    /// What came and was not asked for yet; at most a window of it.
    private final BlockingQueue<Message> inbox = new LinkedBlockingQueue<>();

    private long bytesIn;
    private long used;
    private @Nullable Closed end;

    /// How long a lost connection may take to come back.
    static Duration patience() {
        return Duration.ofMillis(Long.getLong(PATIENCE, PATIENCE_MILLIS));
    }

    /// @param first the connection that there is
    /// @param dialer empty if the other side opens new ones, or nobody does
    /// @param patience zero if nobody opens new ones
    /// @param resumed told how often the connection has come back
    SteadySocket(
            WebSocket first,
            Optional<Returns.Dialer> dialer,
            Duration patience,
            Consumer<Integer> resumed) {
        this(first, dialer, patience, PULSE, resumed);
    }

    SteadySocket(
            WebSocket first,
            Optional<Returns.Dialer> dialer,
            Duration patience,
            Duration pulse,
            Consumer<Integer> resumed) {
        this.dialer = dialer;
        this.patience = patience;
        this.pulse = pulse;
        this.resumed = resumed;
        this.current = first;
        read(first);
        Thread unused = Thread.ofVirtual().name("migration-pulse").start(this::keepAlive);
    }

    // What comes in.

    private void read(WebSocket connection) {
        Thread unused =
                Thread.ofVirtual()
                        .name("migration-reader")
                        .start(() -> {
                            try {
                                readAll(connection);
                            } catch (MalformedMessageException _) {
                                damaged();
                            } catch (InterruptedException _) {
                                Thread.currentThread().interrupt();
                            }
                            lost(connection);
                        });
    }

    /// Whatever it was, it is asked for again on another connection.
    private void damaged() {
        state.lock();
        try {
            damages++;
            if (damages >= DAMAGES_MAX) {
                finish(false);
            }
        } finally {
            state.unlock();
        }
    }

    private void readAll(WebSocket connection) throws InterruptedException {
        while (true) {
            Optional<SteadyFrame> frame = receive(connection);
            if (frame.isEmpty() || !take(frame.get())) {
                return;
            }
        }
    }

    /// One frame; empty when the connection is lost.
    private static Optional<SteadyFrame> receive(WebSocket connection) throws InterruptedException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        while (true) {
            if (!(connection.receive() instanceof Binary(ByteBuffer part, boolean isLast))) {
                return Optional.empty();
            }
            if (bytes.size() + part.remaining() > SteadyFrame.FRAME_MAX) {
                throw new MalformedMessageException("a frame that is too long");
            }
            bytes.write(part.array(), part.arrayOffset() + part.position(), part.remaining());
            if (isLast) {
                return Optional.of(SteadyFrame.decode(bytes.toByteArray()));
            }
        }
    }

    /// @return whether more may follow
    private boolean take(SteadyFrame frame) {
        state.lock();
        try {
            heardAt = System.nanoTime();
            switch (frame) {
                case SteadyFrame.Piece piece -> take(piece);
                case SteadyFrame.Ack(long next) -> acknowledged(next);
                case SteadyFrame.Resume _ ->
                        throw new MalformedMessageException("a resume in the middle");
                case SteadyFrame.Bye _ -> {
                    finish(true);
                    return false;
                }
            }
            return true;
        } finally {
            state.unlock();
        }
    }

    /// One that is known already is passed over: it was sent again for nothing.
    private void take(SteadyFrame.Piece piece) {
        if (isOver || piece.number() < nextIn) {
            return;
        }
        if (piece.number() > nextIn) {
            throw new MalformedMessageException("a piece is missing");
        }
        byte[] plain = piece.open(digestIn);
        if (bytesIn + SteadyFrame.cost(plain.length) > WINDOW_MAX) {
            finish(false);
            throw new MalformedMessageException("more than the window");
        }
        damages = 0;
        idleReturns = 0;
        nextIn++;
        digestIn = piece.digest();
        bytesIn += SteadyFrame.cost(plain.length);
        inbox.add(
                piece.isText()
                        ? new Text(new String(plain, StandardCharsets.UTF_8))
                        : new Binary(ByteBuffer.wrap(plain), piece.isLast()));
    }

    private void acknowledged(long next) {
        if (next > nextOut) {
            throw new MalformedMessageException("an acknowledgement of what was not sent");
        }
        while (!onTheWay.isEmpty() && onTheWay.getFirst().number() < next) {
            idleReturns = 0;
            bytesOnTheWay -= onTheWay.removeFirst().cost();
        }
        changed.signalAll();
    }

    @Override
    public Message receive() throws InterruptedException {
        Closed over = end;
        if (over != null) {
            return over;
        }
        Message message = inbox.take();
        if (message instanceof Closed closed) {
            end = closed;
            return message;
        }
        SteadyFrame ack;
        state.lock();
        try {
            used++;
            bytesIn -= SteadyFrame.cost(size(message));
            ack = new SteadyFrame.Ack(used);
        } finally {
            state.unlock();
        }
        // One for several, unless the other side may wait for it.
        if (inbox.isEmpty() || used % 8 == 0) {
            transmit(ack);
        }
        return message;
    }

    private static int size(Message message) {
        return switch (message) {
            case Binary(ByteBuffer bytes, boolean _) -> bytes.remaining();
            case Text(String text) -> text.getBytes(StandardCharsets.UTF_8).length;
            case Closed _ -> 0;
        };
    }

    // What goes out.

    /// @throws IllegalArgumentException if it is longer than a piece
    @Override
    public void sendText(String text) throws IOException {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        if (bytes.length > SteadyFrame.PIECE_MAX) {
            throw new IllegalArgumentException("a text of " + bytes.length + " bytes");
        }
        send(true, ByteBuffer.wrap(bytes));
    }

    @Override
    public void sendBinary(ByteBuffer bytes) throws IOException {
        send(false, bytes);
    }

    private void send(boolean isText, ByteBuffer bytes) throws IOException {
        producing.lock();
        try {
            do {
                byte[] plain = new byte[Math.min(bytes.remaining(), SteadyFrame.PIECE_MAX)];
                bytes.get(plain);
                transmit(next(isText, !bytes.hasRemaining(), plain));
            } while (bytes.hasRemaining());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted while sending to the other server", e);
        } finally {
            producing.unlock();
        }
    }

    private SteadyFrame.Piece next(boolean isText, boolean isLast, byte[] plain)
            throws IOException, InterruptedException {
        state.lock();
        try {
            while (bytesOnTheWay >= WINDOW_BYTES && !isOver) {
                changed.await();
            }
            if (isOver) {
                throw new IOException("the connection to the other server was lost");
            }
            SteadyFrame.Piece piece =
                    SteadyFrame.Piece.of(isText, nextOut, isLast, plain, digestOut);
            nextOut++;
            digestOut = piece.digest();
            onTheWay.add(piece);
            bytesOnTheWay += piece.cost();
            return piece;
        } finally {
            state.unlock();
        }
    }

    /// Puts a frame on the connection if there is one; if not, a piece goes over the next one.
    private void transmit(SteadyFrame frame) {
        sending.lock();
        try {
            WebSocket connection = current();
            if (connection != null) {
                put(connection, frame);
            }
        } finally {
            sending.unlock();
        }
    }

    private void put(WebSocket connection, SteadyFrame frame) {
        try {
            connection.sendBinary(ByteBuffer.wrap(frame.encode()));
        } catch (IOException _) {
            lost(connection);
        }
    }

    private @Nullable WebSocket current() {
        state.lock();
        try {
            return current;
        } finally {
            state.unlock();
        }
    }

    /// Waits until the other side has used up everything.
    ///
    /// @return whether it has
    boolean flush(Duration limit) throws InterruptedException {
        long left = limit.toNanos();
        state.lock();
        try {
            while (!onTheWay.isEmpty() && !isOver && left > 0) {
                left = changed.awaitNanos(left);
            }
            return onTheWay.isEmpty();
        } finally {
            state.unlock();
        }
    }

    /// Says that this side is alive, and looks whether the other one is.
    private void keepAlive() {
        try {
            while (true) {
                Thread.sleep(pulse);
                SteadyFrame ack;
                WebSocket silent = null;
                state.lock();
                try {
                    if (isOver) {
                        return;
                    }
                    ack = new SteadyFrame.Ack(used);
                    if (System.nanoTime() - heardAt > SILENCE.toNanos()) {
                        silent = current;
                    }
                } finally {
                    state.unlock();
                }
                if (silent != null) {
                    silent.abort();
                    lost(silent);
                } else {
                    transmit(ack);
                }
            }
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }

    // Connections that go and come.

    private void lost(WebSocket connection) {
        int before;
        state.lock();
        try {
            if (isOver) {
                // The other side learns it so, if it did not say it itself.
                connection.abort();
                return;
            }
            if (current != connection) {
                return;
            }
            current = null;
            idleReturns++;
            if (patience.isZero() || idleReturns > IDLE_RETURNS_MAX) {
                finish(false);
                return;
            }
            before = resumes;
        } finally {
            state.unlock();
        }
        connection.abort();
        Thread unused =
                Thread.ofVirtual()
                        .name("migration-return")
                        .start(
                                dialer.isPresent()
                                        ? () -> dial(dialer.get())
                                        : () -> awaitReturn(before));
    }

    private void dial(Returns.Dialer opener) {
        long began = System.nanoTime();
        Duration pause = FIRST_PAUSE;
        try {
            while (isLost()) {
                long passed = System.nanoTime() - began;
                Duration limit = patience;
                try {
                    Optional<WebSocket> fresh = opener.dial();
                    if (fresh.isPresent() && resumeWith(fresh.get())) {
                        return;
                    }
                    limit = fresh.isPresent() ? patience : DISBELIEF;
                } catch (UnavailableException _) {
                    // Perhaps later.
                }
                if (passed > limit.toNanos()) {
                    giveUp();
                    return;
                }
                Thread.sleep(pause);
                pause =
                        pause.multipliedBy(2).compareTo(LAST_PAUSE) < 0
                                ? pause.multipliedBy(2)
                                : LAST_PAUSE;
            }
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }

    private boolean isLost() {
        state.lock();
        try {
            return current == null && !isOver;
        } finally {
            state.unlock();
        }
    }

    /// @param before how often it had come back when it was lost
    private void awaitReturn(int before) {
        long left = patience.toNanos();
        state.lock();
        try {
            while (resumes == before && left > 0 && !isOver) {
                left = changed.awaitNanos(left);
            }
            if (resumes == before) {
                finish(false);
            }
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        } finally {
            state.unlock();
        }
    }

    /// Goes on over another connection; the one before, if there still is one, is given up.
    ///
    /// @return false if it is none to go on with, and was ended
    boolean resumeWith(WebSocket fresh) {
        sending.lock();
        try {
            WebSocket before = current();
            if (before != null) {
                // The other side knows better whether it is alive. Nothing may be read from it
                // any more once we have said what we expect.
                before.abort();
            }
            long expected;
            boolean isEnded;
            state.lock();
            try {
                isEnded = isOver;
                expected = nextIn;
            } finally {
                state.unlock();
            }
            if (isEnded) {
                fresh.sendBinary(ByteBuffer.wrap(new SteadyFrame.Bye().encode()));
                fresh.close();
                return false;
            }
            fresh.sendBinary(ByteBuffer.wrap(new SteadyFrame.Resume(expected).encode()));
            List<SteadyFrame.Piece> again = greeted(fresh);
            int times;
            state.lock();
            try {
                current = fresh;
                heardAt = System.nanoTime();
                resumes++;
                times = resumes;
                changed.signalAll();
            } finally {
                state.unlock();
            }
            // Both sides may have much to say: reading begins before the writing.
            read(fresh);
            again.forEach(piece -> put(fresh, piece));
            resumed.accept(times);
            return true;
        } catch (IOException | MalformedMessageException _) {
            fresh.abort();
            return false;
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
            fresh.abort();
            return false;
        } finally {
            sending.unlock();
        }
    }

    /// Hears what the other side expects, and what that means.
    private List<SteadyFrame.Piece> greeted(WebSocket fresh)
            throws IOException, InterruptedException {
        Thread guard =
                Thread.ofVirtual()
                        .start(() -> {
                            try {
                                Thread.sleep(HANDSHAKE);
                                fresh.abort();
                            } catch (InterruptedException _) {
                                // It spoke.
                            }
                        });
        Optional<SteadyFrame> greeting;
        try {
            greeting = receive(fresh);
        } finally {
            guard.interrupt();
        }
        if (dialer.isPresent() && greeting.filter(SteadyFrame.Bye.class::isInstance).isPresent()) {
            giveUp();
        }
        if (greeting.isEmpty() || !(greeting.get() instanceof SteadyFrame.Resume(long next))) {
            throw new MalformedMessageException("a connection that does not go on");
        }
        state.lock();
        try {
            long oldest = onTheWay.isEmpty() ? nextOut : onTheWay.getFirst().number();
            if (next < oldest || next > nextOut) {
                throw new MalformedMessageException("a connection of something else");
            }
            // Those it has but has not used yet stay, so that they count against the window.
            return onTheWay.stream().filter(piece -> piece.number() >= next).toList();
        } finally {
            state.unlock();
        }
    }

    private void giveUp() {
        state.lock();
        try {
            finish(false);
        } finally {
            state.unlock();
        }
    }

    /// The lock is held.
    private void finish(boolean isClean) {
        if (!isOver) {
            isOver = true;
            inbox.add(new Closed(isClean));
            changed.signalAll();
        }
    }

    @Override
    public void close() {
        Left left = leave(true);
        if (left.connection != null) {
            if (!left.wasOver) {
                sayBye(left.connection);
            }
            left.connection.close();
        }
    }

    /// What was there when we ended it.
    private record Left(@Nullable WebSocket connection, boolean wasOver) {}

    private Left leave(boolean isClean) {
        state.lock();
        try {
            Left left = new Left(current, isOver);
            finish(isClean);
            return left;
        } finally {
            state.unlock();
        }
    }

    private void sayBye(WebSocket connection) {
        try {
            if (!sending.tryLock(LAST_WORDS.toMillis(), TimeUnit.MILLISECONDS)) {
                return;
            }
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
            return;
        }
        try {
            connection.sendBinary(ByteBuffer.wrap(new SteadyFrame.Bye().encode()));
        } catch (IOException _) {
            // It hears that when it wants to come back.
        } finally {
            sending.unlock();
        }
    }

    /// Ends it now. Tells the other side if that is possible at once.
    @Override
    public void abort() {
        Left left = leave(false);
        WebSocket connection = left.connection;
        if (connection == null) {
            return;
        }
        if (left.wasOver) {
            connection.abort();
            return;
        }
        Thread parting = Thread.ofVirtual().start(() -> sayBye(connection));
        Thread unused =
                Thread.ofVirtual()
                        .start(() -> {
                            try {
                                boolean unusedEnd = parting.join(LAST_WORDS);
                            } catch (InterruptedException _) {
                                Thread.currentThread().interrupt();
                            }
                            connection.abort();
                        });
    }

    @Override
    public boolean isOpen() {
        state.lock();
        try {
            return !isOver;
        } finally {
            state.unlock();
        }
    }
}
