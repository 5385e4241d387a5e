package io.atoll.runtime;

import io.atoll.base.UnavailableException;
import io.atoll.linux.ErrnoException;
import io.atoll.linux.ExitWatcher;
import io.atoll.linux.Fd;
import io.atoll.linux.Pty;
import io.atoll.plan.ShimMessage;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;

/// A command behind a connection to its supervisor, on which its end is told.
final class ShimExecution implements Execution {
    /// Nobody saw the end: the supervisor was killed.
    private static final int STATUS_UNKNOWN = 255;

    private final int pid;
    private final ShimConnection connection;
    private final Optional<Fd> terminal;
    private final CountDownLatch ended = new CountDownLatch(1);

    /// Held while a message is sent or the connection closed. Nothing else is locked inside.
    private final ReentrantLock lock = new ReentrantLock();

    /// Holds a duplicate of the connection's descriptor, so that it has to be closed too for the
    /// other side to notice.
    private final ExitWatcher.Watch watch;

    private volatile int status = STATUS_UNKNOWN;

    ShimExecution(int pid, ShimConnection connection, Optional<Fd> terminal, ExitWatcher watcher) {
        this.pid = pid;
        this.connection = connection;
        this.terminal = terminal;
        watch = watcher.watch(connection.socket(), this::readEnd);
    }

    private void readEnd() {
        lock.lock();
        try {
            connection
                    .receiveNow()
                    .ifPresent(received -> {
                        if (received.message() instanceof ShimMessage.Gone gone) {
                            status = ExitReason.of(gone).status();
                        }
                        received.close();
                    });
        } catch (ErrnoException | IllegalStateException _) {
            // Closed by us meanwhile, or broken: the status stays unknown.
            status = STATUS_UNKNOWN;
        } finally {
            lock.unlock();
            ended.countDown();
        }
    }

    @Override
    public int pid() {
        return pid;
    }

    @Override
    public int waitExit() {
        try {
            ended.await();
            return status;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new UnavailableException("interrupted while waiting for process " + pid, e);
        }
    }

    @Override
    public OptionalInt waitExit(Duration timeout) {
        try {
            return ended.await(timeout.toNanos(), TimeUnit.NANOSECONDS)
                    ? OptionalInt.of(status)
                    : OptionalInt.empty();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new UnavailableException("interrupted while waiting for process " + pid, e);
        }
    }

    @Override
    public void signal(int number) {
        tell(new ShimMessage.Signal(number));
    }

    @Override
    public void resize(int columns, int rows) {
        // By the master that we hold, not by a message: what is typed next must find the new size.
        if (terminal.isEmpty() || ended.getCount() == 0) {
            return;
        }
        try {
            Pty.resize(terminal.get(), new Pty.WindowSize(columns, rows));
        } catch (IllegalStateException _) {
            // Closed at this very moment: there is no window any more.
        }
    }

    /// A command that has just ended takes no messages; that is no failure.
    private void tell(ShimMessage message) {
        lock.lock();
        try {
            if (ended.getCount() > 0 && connection.socket().isOpen()) {
                connection.send(message);
            }
        } catch (ErrnoException e) {
            if (!e.is(io.atoll.linux.Errno.EPIPE, io.atoll.linux.Errno.ECONNRESET)) {
                throw e;
            }
        } finally {
            lock.unlock();
        }
    }

    @Override
    public Optional<Fd> terminal() {
        return terminal;
    }

    @Override
    public void close() {
        watch.close();
        lock.lock();
        try {
            connection.close();
        } finally {
            lock.unlock();
        }
        terminal.ifPresent(Fd::close);
        ended.countDown();
    }
}
