package io.atoll.runtime;

import io.atoll.base.UnavailableException;
import io.atoll.linux.Errno;
import io.atoll.linux.ErrnoException;
import io.atoll.linux.ExitWatcher;
import io.atoll.linux.Fd;
import io.atoll.linux.FdIo;
import io.atoll.linux.PlatformThreads;
import io.atoll.linux.UnixSockets;
import io.atoll.plan.PlanLimits;
import io.atoll.plan.ShimMessage;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/// A conversation with the fork server, a monitor or an exec. Used by one thread at a time.
final class ShimConnection implements AutoCloseable {
    private static final int TAG = 1;

    private static final int ETIMEDOUT = 110;

    private final Fd socket;

    private ShimConnection(Fd socket) {
        this.socket = socket;
    }

    /// @throws ErrnoException with `ENOENT` or `ECONNREFUSED` if nobody listens
    static ShimConnection open(Path path) {
        return new ShimConnection(UnixSockets.connect(UnixSockets.Type.SEQPACKET, path));
    }

    /// A conversation with nobody, already closed.
    static ShimConnection none() {
        UnixSockets.Pair pair = UnixSockets.pair(UnixSockets.Type.SEQPACKET);
        pair.close();
        return new ShimConnection(pair.first());
    }

    /// True if an errno of [#open] means that nobody is there.
    static boolean isAbsence(ErrnoException e) {
        return e.is(Errno.ENOENT, Errno.ECONNREFUSED);
    }

    /// What to watch for the next message.
    Fd socket() {
        return socket;
    }

    /// One message and the descriptors that came with it, which the receiver closes.
    record Received(ShimMessage message, List<Fd> fds) implements AutoCloseable {
        Received {
            fds = List.copyOf(fds);
        }

        @Override
        public void close() {
            fds.forEach(Fd::close);
        }
    }

    void send(ShimMessage message) {
        send(message, List.of());
    }

    void send(ShimMessage message, List<Fd> fds) {
        UnixSockets.send(socket, ShimMessage.encode(TAG, message), fds);
    }

    /// The next message; empty if the other side is gone. Blocks for at most the time given.
    ///
    /// @throws ErrnoException with `ETIMEDOUT` when the time is over
    Optional<Received> receive(Duration timeout) {
        return PlatformThreads.call(() -> {
            if (FdIo.poll(socket, FdIo.POLLIN, timeout) == 0) {
                throw new ErrnoException("recvmsg", ETIMEDOUT, socket.what());
            }
            return receiveNow();
        });
    }

    /// As [#receive(Duration)], for answers that may take as long as a start with its hooks: a
    /// virtual thread waits without holding a platform thread.
    Optional<Received> receive(Duration timeout, ExitWatcher watcher) {
        if (!Thread.currentThread().isVirtual()) {
            return receive(timeout);
        }
        CountDownLatch readable = new CountDownLatch(1);
        try (ExitWatcher.Watch _ = watcher.watch(socket, readable::countDown)) {
            if (!readable.await(timeout.toNanos(), TimeUnit.NANOSECONDS)) {
                throw new ErrnoException("recvmsg", ETIMEDOUT, socket.what());
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new UnavailableException("interrupted while waiting for " + socket.what(), e);
        }
        return receiveNow();
    }

    /// The next message when the socket is known to be readable; empty if the other side is gone.
    Optional<Received> receiveNow() {
        UnixSockets.Message message;
        try {
            message =
                    UnixSockets.receive(
                            socket, ShimMessage.ANSWER_BYTES_MAX, PlanLimits.TERMINALS_MAX + 1);
        } catch (ErrnoException e) {
            if (e.is(Errno.ECONNRESET, Errno.EPIPE)) {
                return Optional.empty();
            }
            throw e;
        }
        if (message.isEnd()) {
            return Optional.empty();
        }
        return Optional.of(
                new Received(ShimMessage.decode(message.data()).message(), message.fds()));
    }

    @Override
    public void close() {
        socket.close();
    }
}
