package io.atoll.warm;

import io.atoll.base.BlockInputStream;
import io.atoll.linux.Fd;
import io.atoll.linux.FdIo;
import io.atoll.linux.Pty;
import io.atoll.linux.Signals;
import io.atoll.linux.UnixSockets;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Executor;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.locks.ReentrantLock;

/// One caller while its command runs: its descriptors, and the launcher that stands before its
/// terminal.
///
/// The command writes to the caller's stdout and stderr itself. Everything that depends on being
/// the terminal's foreground process is asked of the launcher: reading, raw mode, editors. A thread
/// of ours hears what the launcher says: answers, signals, and that it is gone, which interrupts
/// the command.
final class Caller implements AutoCloseable {
    private static final int READ_MAX = 64 << 10;

    /// Told to whoever waits for an answer when there will be none.
    private static final Frames.Frame GONE = new Frames.Frame('\0', new byte[0]);

    private final Frames frames;
    private final Fd socket;
    private final List<Fd> streams;
    private final long pid;
    private final Thread command;
    private final BlockingQueue<Frames.Frame> input = new LinkedBlockingQueue<>();
    private final BlockingQueue<Frames.Frame> answers = new LinkedBlockingQueue<>();
    private final ReentrantLock asking = new ReentrantLock();
    private final Pause pause = new Pause();
    private final CallerInput in = new CallerInput();
    private final List<CallerOutput> outputs;

    /// Guarded by this.
    private final List<CallerSignals> signals = new ArrayList<>();

    /// Guarded by this.
    private final List<AutoCloseable> held = new ArrayList<>();

    /// From then on the thread may do another's command. Written under this.
    private volatile boolean isOver;

    private volatile long goneSince;

    /// Begins to listen.
    ///
    /// @param streams stdin, stdout and stderr; closed with this
    /// @param command the thread that runs the command, interrupted if the caller leaves
    /// @param threads where to listen
    Caller(Fd socket, List<Fd> streams, long pid, Thread command, Executor threads) {
        this.frames = new Frames(socket);
        this.socket = socket;
        this.streams = List.copyOf(streams);
        this.pid = pid;
        this.command = command;
        this.outputs = List.of(new CallerOutput(streams.get(1)), new CallerOutput(streams.get(2)));
        threads.execute(this::listen);
    }

    private void listen() {
        for (Optional<Frames.Frame> next = frames.next(); next.isPresent(); next = frames.next()) {
            Frames.Frame frame = next.get();
            switch (frame.type()) {
                case 'D', 'F' -> input.add(frame);
                case 'm', 'p' -> answers.add(frame);
                case 's' -> signal(frame.number());
                case 'T' -> {
                    pause.begin();
                    frames.send('T', new byte[0]);
                }
                case 'C' -> pause.end();
                // A launcher of another make: the name of the socket should have prevented it.
                default -> {
                    UnixSockets.shutdown(socket);
                }
            }
        }
        leave();
    }

    /// The end of the conversation. Before the command's own it means that the caller was killed.
    private void leave() {
        boolean wasOver = isOver;
        goneSince = System.nanoTime() | 1;
        pause.end();
        outputs.forEach(CallerOutput::shut);
        input.add(GONE);
        answers.add(GONE);
        if (!wasOver) {
            // As the kernel tells those whose terminal has gone.
            signal(Signals.SIGHUP);
            closeHeld();
            interrupt();
        }
        endSignals();
    }

    private synchronized void interrupt() {
        if (!isOver) {
            command.interrupt();
        }
    }

    private synchronized void end() {
        isOver = true;
    }

    private synchronized void signal(int number) {
        signals.forEach(each -> each.offer(number));
    }

    private synchronized void endSignals() {
        signals.forEach(CallerSignals::close);
    }

    private void closeHeld() {
        List<AutoCloseable> all;
        synchronized (this) {
            all = List.copyOf(held);
            held.clear();
        }
        for (AutoCloseable each : all) {
            try {
                each.close();
            } catch (Exception _) {
                // It was being closed anyway.
            }
        }
    }

    /// Has something closed when the caller leaves, so that whoever blocks on it is let go.
    synchronized void hold(AutoCloseable thing) {
        held.add(thing);
    }

    synchronized void release(AutoCloseable thing) {
        held.removeIf(each -> each == thing);
    }

    /// Since when the caller is gone, in `nanoTime`; 0 while it is there.
    long goneSince() {
        return goneSince;
    }

    long pid() {
        return pid;
    }

    InputStream in() {
        return in;
    }

    OutputStream out() {
        return outputs.getFirst();
    }

    OutputStream err() {
        return outputs.getLast();
    }

    Fd descriptor(int stream) {
        return streams.get(stream);
    }

    boolean isTerminal(int stream) {
        return Pty.isTerminal(streams.get(stream));
    }

    /// Makes the terminal on stdin raw, or as it was.
    ///
    /// @return 0, or the errno of what failed
    int setRaw(boolean raw) {
        return ask('M', new byte[] {(byte) (raw ? 1 : 0), 0, 0, 0}).map(f -> f.number()).orElse(5);
    }

    /// Runs a program in the caller's place: its terminal, group, directory and environment.
    ///
    /// @return its exit status
    int run(List<String> argv) throws IOException {
        StringBuilder words = new StringBuilder();
        argv.forEach(word -> words.append(word).append('\0'));
        int status =
                ask('P', words.toString().getBytes(StandardCharsets.UTF_8))
                        .map(f -> f.number())
                        .orElse(-1);
        if (status < 0) {
            throw new IOException("cannot run " + argv.getFirst());
        }
        return status;
    }

    private Optional<Frames.Frame> ask(char type, byte[] payload) {
        asking.lock();
        try {
            frames.send(type, payload);
            while (true) {
                try {
                    return answered(answers.take());
                } catch (InterruptedException e) {
                    if (goneSince != 0) {
                        Thread.currentThread().interrupt();
                        return Optional.empty();
                    }
                    // Restoring the terminal is not given up for an interrupt.
                }
            }
        } finally {
            asking.unlock();
        }
    }

    private Optional<Frames.Frame> answered(Frames.Frame frame) {
        if (frame.type() == GONE.type()) {
            answers.add(GONE);
            return Optional.empty();
        }
        return Optional.of(frame);
    }

    /// Takes signals of the caller's: from the return of this on they have no effect of their own
    /// on it.
    CallerSignals signals(int... numbers) {
        CallerSignals fresh = new CallerSignals(numbers);
        long mask = 0;
        for (int number : numbers) {
            mask |= 1L << number;
        }
        synchronized (this) {
            signals.add(fresh);
        }
        Optional<Frames.Frame> unused =
                ask(
                        'S',
                        ByteBuffer.allocate(Long.BYTES)
                                .order(ByteOrder.LITTLE_ENDIAN)
                                .putLong(mask)
                                .array());
        if (goneSince != 0) {
            fresh.close();
        }
        return fresh;
    }

    /// Tells the caller the exit status of its command, which is its end.
    void finish(int status) {
        end();
        pause.end();
        frames.send('X', status);
    }

    @Override
    public void close() {
        end();
        UnixSockets.shutdown(socket);
        outputs.forEach(CallerOutput::shut);
        endSignals();
        closeHeld();
        socket.close();
        streams.forEach(Fd::close);
    }

    /// The caller's signals, for one who asked.
    static final class CallerSignals {
        private static final int END = -1;

        private final BlockingQueue<Integer> queue = new LinkedBlockingQueue<>();
        private final List<Integer> wanted = new ArrayList<>();

        private CallerSignals(int... numbers) {
            for (int number : numbers) {
                wanted.add(number);
            }
        }

        private void offer(int number) {
            if (wanted.contains(number)) {
                queue.add(number);
            }
        }

        /// Waits for the next; -1 when there will be none, or when interrupted.
        int next() {
            try {
                int number = queue.take();
                if (number == END) {
                    queue.add(END);
                }
                return number;
            } catch (InterruptedException _) {
                Thread.currentThread().interrupt();
                return END;
            }
        }

        void close() {
            queue.add(END);
        }
    }

    /// The caller's stdin, read by the launcher and only when it is asked for: what nobody asked
    /// for stays for the next program.
    private final class CallerInput extends BlockInputStream {
        private final ReentrantLock reading = new ReentrantLock();
        private byte[] chunk = new byte[0];
        private int at;
        private boolean isAsked;
        private boolean isEnded;

        @Override
        public int read(byte[] into, int offset, int length) throws IOException {
            Objects.checkFromIndexSize(offset, length, into.length);
            if (length == 0) {
                return 0;
            }
            reading.lock();
            try {
                if (at == chunk.length && !fetch(length)) {
                    return -1;
                }
                int count = Math.min(length, chunk.length - at);
                System.arraycopy(chunk, at, into, offset, count);
                at += count;
                return count;
            } finally {
                reading.unlock();
            }
        }

        /// False at the end of the input, which a terminal may have several times.
        private boolean fetch(int length) throws IOException {
            if (isEnded) {
                return false;
            }
            if (!isAsked) {
                frames.send('R', Math.min(length, READ_MAX));
                isAsked = true;
            }
            Frames.Frame frame;
            try {
                frame = input.take();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new IOException("interrupted while reading standard input", e);
            }
            isAsked = false;
            if (frame.type() == GONE.type()) {
                isEnded = true;
                return false;
            }
            if (frame.type() == 'F') {
                throw new IOException(
                        "cannot read standard input: " + io.atoll.linux.Errno.text(frame.number()));
            }
            chunk = frame.payload();
            at = 0;
            return chunk.length > 0;
        }
    }

    /// Holds the output back while the caller is stopped.
    private static final class Pause {
        private boolean isOn;

        synchronized void begin() {
            isOn = true;
        }

        synchronized void end() {
            isOn = false;
            notifyAll();
        }

        synchronized void await() throws IOException {
            while (isOn) {
                try {
                    wait();
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                    throw new IOException("interrupted while the caller is stopped", e);
                }
            }
        }
    }

    /// The caller's stdout or stderr. After the end nothing is written: a thread that a command
    /// left behind cannot write into what another caller gets.
    private final class CallerOutput extends OutputStream {
        private final Fd fd;
        private volatile boolean isShut;

        CallerOutput(Fd fd) {
            this.fd = fd;
        }

        void shut() {
            isShut = true;
        }

        @Override
        public void write(int b) throws IOException {
            write(new byte[] {(byte) b}, 0, 1);
        }

        @Override
        public void write(byte[] from, int offset, int length) throws IOException {
            pause.await();
            if (isShut) {
                throw new IOException("the caller is gone");
            }
            try {
                FdIo.write(fd, from, offset, length);
            } catch (io.atoll.linux.ErrnoException | IllegalStateException e) {
                throw new IOException(String.valueOf(e.getMessage()), e);
            }
        }
    }
}
