package io.atoll.runtime;

import io.atoll.linux.Command;
import io.atoll.linux.Commands;
import io.atoll.linux.Errno;
import io.atoll.linux.ErrnoException;
import io.atoll.plan.ShimMessage;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;

/// The connection to `atoll-shim serve`, which is started when it is not there, and replaced when
/// it is another build: it outlives us, and so an upgrade meets the old one. Monitors are not
/// touched by either.
final class ForkServer {
    private static final Duration ANSWER = Duration.ofSeconds(10);

    private final RuntimePaths paths;

    /// Held while the server is looked at or started, so that parallel starts make one. Nothing
    /// else is locked inside.
    private final ReentrantLock lock = new ReentrantLock();

    private volatile boolean isKnownGood;

    ForkServer(RuntimePaths paths) {
        this.paths = paths;
    }

    /// A fresh connection for one request.
    ShimConnection connect() {
        if (isKnownGood) {
            try {
                return ShimConnection.open(paths.serverSocket());
            } catch (ErrnoException e) {
                if (!ShimConnection.isAbsence(e)) {
                    throw e;
                }
                isKnownGood = false;
            }
        }
        ensure();
        return ShimConnection.open(paths.serverSocket());
    }

    private void ensure() {
        lock.lock();
        try {
            if (isKnownGood) {
                return;
            }
            if (!isOurBuild()) {
                start();
            }
            isKnownGood = true;
        } finally {
            lock.unlock();
        }
    }

    /// False if nobody answers, or another build did and was sent away.
    private boolean isOurBuild() {
        try (ShimConnection connection = ShimConnection.open(paths.serverSocket())) {
            connection.send(new ShimMessage.Hello());
            Optional<ShimConnection.Received> answer = connection.receive(ANSWER);
            if (answer.isEmpty()) {
                return false; // It was killed just now; the socket is still there.
            }
            answer.get().close();
            if (answer.get().message() instanceof ShimMessage.Welcome(int version, String build)
                    && version == ShimMessage.VERSION
                    && build.equals(ownBuild())) {
                return true;
            }
        } catch (ErrnoException e) {
            if (ShimConnection.isAbsence(e) || e.is(Errno.EPIPE, Errno.ECONNRESET)) {
                return false;
            }
            throw e;
        }
        sendAway();
        return false;
    }

    private void sendAway() {
        try (ShimConnection connection = ShimConnection.open(paths.serverSocket())) {
            connection.send(new ShimMessage.Retire());
            connection.receive(ANSWER).ifPresent(ShimConnection.Received::close);
        }
    }

    /// Ends the one that is there, whatever its build; the next request starts another.
    void retire() {
        lock.lock();
        try {
            isKnownGood = false;
            sendAway();
        } catch (ErrnoException e) {
            if (!ShimConnection.isAbsence(e)) {
                throw e;
            }
        } finally {
            lock.unlock();
        }
    }

    private String ownBuild() {
        return Commands.run(Command.of(paths.shim().toString(), "--version")).text().strip();
    }

    private void start() {
        Path socket = paths.serverSocket();
        Commands.run(Command.of(paths.shim().toString(), "serve", "--socket", socket.toString()));
    }
}
