package io.atoll.lxctools.command;

import io.atoll.linux.Errno;
import io.atoll.linux.ErrnoException;
import io.atoll.linux.Fd;
import io.atoll.linux.FdIo;
import io.atoll.lxctools.Call;
import io.atoll.lxctools.Host;
import io.atoll.runtime.Container;
import java.io.IOException;
import java.io.OutputStream;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/// Carries bytes between the caller's terminal and one of a container's, until either ends or the
/// escape keys are typed. The caller's terminal is raw meanwhile.
final class TerminalRelay implements AutoCloseable {
    /// For no escape at all.
    static final int NO_ESCAPE = -1;

    private static final int BUFFER = 16 << 10;
    private static final Duration PATIENCE = Duration.ofSeconds(1);
    private static final Duration LOGIN = Duration.ofMillis(20);
    private static final Duration DRAIN = Duration.ofSeconds(2);

    private final Call call;
    private final Fd far;
    private final int escape;
    private final boolean isLasting;
    private final OutputStream log;
    private final Optional<Host.RawMode> rawMode;
    private final CountDownLatch left = new CountDownLatch(1);
    private final CountDownLatch drained = new CountDownLatch(1);
    private boolean isEscaped;

    private TerminalRelay(Call call, Fd far, int escape, boolean isLasting, OutputStream log) {
        this.call = call;
        this.isLasting = isLasting;
        this.log = log;
        this.far = far;
        this.escape = escape;
        Host host = call.invocation().host();
        rawMode = host.isTerminal(0) ? Optional.of(host.enterRawMode()) : Optional.empty();
    }

    /// Begins.
    ///
    /// @param far the container's end: a stream, or the master of a terminal
    /// @param escape the key that, followed by `q`, leaves; or [#NO_ESCAPE]
    /// @param sized whose console gets the size of the caller's terminal
    static TerminalRelay start(Call call, Fd far, int escape, Optional<Container> sized) {
        OutputStream none = OutputStream.nullOutputStream();
        return begin(new TerminalRelay(call, far, escape, false, none), call, sized);
    }

    /// As [#start] without an escape; what is printed goes to `log` too, which the caller closes.
    static TerminalRelay startLogged(Call call, Fd far, OutputStream log) {
        return begin(new TerminalRelay(call, far, NO_ESCAPE, false, log), call, Optional.empty());
    }

    /// As [#start] for the master of a terminal that outlives who is logged in.
    static TerminalRelay startLasting(Call call, Fd far, int escape) {
        OutputStream none = OutputStream.nullOutputStream();
        return begin(new TerminalRelay(call, far, escape, true, none), call, Optional.empty());
    }

    private static TerminalRelay begin(TerminalRelay relay, Call call, Optional<Container> sized) {
        sized.ifPresent(container ->
                call.invocation()
                        .host()
                        .windowSize()
                        .ifPresent(size -> container.resizeConsole(size.columns(), size.rows())));
        Thread.ofPlatform().daemon().name("from the container").start(relay::outward);
        Thread.ofPlatform().daemon().name("to the container").start(relay::inward);
        return relay;
    }

    private void outward() {
        byte[] buffer = new byte[BUFFER];
        try {
            do {
                for (int n = read(buffer); n > 0; n = read(buffer)) {
                    call.out().write(buffer, 0, n);
                    call.out().flush();
                    log.write(buffer, 0, n);
                }
            } while (waitsForLogin());
        } catch (IOException | IllegalStateException _) {
            // Nobody reads our output, or we were closed: either way it is over.
            return;
        } finally {
            drained.countDown();
            left.countDown();
        }
    }

    /// The monitor's masters do not block, and are not ours to change.
    private int read(byte[] buffer) {
        try {
            while (FdIo.poll(far, FdIo.POLLIN, PATIENCE) == 0) {
                if (!far.isOpen()) {
                    return 0;
                }
            }
            return FdIo.read(far, buffer, 0, buffer.length);
        } catch (ErrnoException e) {
            if (e.is(Errno.EIO, Errno.ECONNRESET)) {
                return 0;
            }
            throw e;
        }
    }

    private void write(byte[] bytes, int length) {
        int done = 0;
        while (done < length) {
            done += FdIo.writeSome(far, bytes, done, length - done);
            if (done < length) {
                int unused = FdIo.poll(far, FdIo.POLLOUT, PATIENCE);
            }
        }
    }

    /// A login that ends closes the terminal, and the next one opens it again: until then reading
    /// fails, which is no end.
    private boolean waitsForLogin() {
        LockSupport.parkNanos(LOGIN.toNanos());
        return isLasting && far.isOpen() && left.getCount() > 0;
    }

    private void inward() {
        byte[] buffer = new byte[BUFFER];
        try {
            for (int n = call.in().read(buffer); n > 0; n = call.in().read(buffer)) {
                if (!forward(buffer, n)) {
                    left.countDown();
                    return;
                }
            }
        } catch (IOException | ErrnoException | IllegalStateException _) {
            // The container's end is gone; what reads from it says so.
            return;
        }
        if (escape != NO_ESCAPE) {
            left.countDown();
        }
    }

    /// Sends what was typed, the escape key out of it. Twice the key is the key itself.
    ///
    /// @return false if the caller wants to leave
    private boolean forward(byte[] buffer, int count) {
        int length = 0;
        boolean isLeaving = false;
        for (int i = 0; i < count && !isLeaving; i++) {
            boolean isFirst = !isEscaped && (buffer[i] & 0xFF) == escape;
            isLeaving = isEscaped && buffer[i] == 'q';
            isEscaped = isFirst;
            if (!isFirst && !isLeaving) {
                buffer[length++] = buffer[i];
            }
        }
        write(buffer, length);
        return !isLeaving;
    }

    /// Waits until it is over: the container's end is gone or the escape was typed. Blocks.
    void await() {
        try {
            left.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /// Waits for the last words of a container that has ended.
    void drain() {
        try {
            drained.await(DRAIN.toMillis(), TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public void close() {
        rawMode.ifPresent(Host.RawMode::close);
    }

    /// The code of an escape key written as `^a` or `a`.
    static int escape(String text) {
        List<Character> letters = text.chars().mapToObj(c -> (char) c).toList();
        char last = letters.getLast();
        return letters.size() == 2 && letters.getFirst() == '^' || Character.isLetter(last)
                ? Character.toLowerCase(last) & 0x1F
                : last;
    }
}
