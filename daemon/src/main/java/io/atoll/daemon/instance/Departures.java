package io.atoll.daemon.instance;

import io.atoll.base.DomainException;
import io.atoll.daemon.store.RecordKey;
import io.atoll.linux.ErrnoException;
import io.atoll.linux.Fd;
import io.atoll.linux.FileSystemStat;
import io.atoll.runtime.Container;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/// Roots of containers that end, kept for a moment longer than the container.
///
/// When nothing refers to an overlay any more, the kernel writes out all of the file system that
/// its upper layer is on, whoever the data is from, and the last process of the container dies only
/// then. Nobody was promised that; so the last reference is a descriptor of ours, closed by a
/// thread that nobody waits for, but a start of the same instance: the kernel refuses a second
/// overlay on the same upper layer.
final class Departures {
    private static final long OVERLAY = 0x794c7630L; // linux/magic.h

    /// How many roots are let go of at a time; each writes out the same file system in most cases.
    private static final int THREADS_MAX = 4;

    /// What is held, and of which instance. Two may end one instance at once.
    private final Map<FutureTask<Boolean>, RecordKey> held = new ConcurrentHashMap<>();

    private final ThreadPoolExecutor threads;

    Departures() {
        threads =
                new ThreadPoolExecutor(
                        THREADS_MAX,
                        THREADS_MAX,
                        5,
                        TimeUnit.SECONDS,
                        new LinkedBlockingQueue<>(),
                        Thread.ofPlatform().daemon().name("departure-", 0).factory());
        threads.allowCoreThreadTimeOut(true);
    }

    /// A root that is held until this is closed, which does not wait for the kernel.
    interface Hold extends AutoCloseable {
        @Override
        void close();
    }

    /// Holds the root of a container that is about to end, if it is an overlay and still there.
    /// Others are not held: a volume that is a file system of its own could not be taken away
    /// meanwhile.
    Hold hold(RecordKey key, Container container) {
        Optional<Fd> root = overlay(container);
        return root.isEmpty() ? () -> {} : hold(key, root.get());
    }

    /// Holds a descriptor, for a start of that instance to wait for.
    Hold hold(RecordKey key, AutoCloseable root) {
        FutureTask<Boolean> close =
                new FutureTask<>(() -> {
                    root.close();
                    return true;
                });
        held.put(close, key);
        return () ->
                threads.execute(() -> {
                    close.run();
                    RecordKey unused = held.remove(close);
                });
    }

    private static Optional<Fd> overlay(Container container) {
        Fd root;
        try {
            root = container.rootFd();
        } catch (DomainException | ErrnoException _) {
            return Optional.empty();
        }
        try {
            if (FileSystemStat.of(root).magic() == OVERLAY) {
                return Optional.of(root);
            }
        } catch (ErrnoException _) {
            // As one that is not there.
        }
        root.close();
        return Optional.empty();
    }

    /// Waits until nothing of this instance is held any more, or the time is over.
    void await(RecordKey key, Duration timeout) throws InterruptedException {
        for (Map.Entry<FutureTask<Boolean>, RecordKey> entry : held.entrySet()) {
            if (entry.getValue().equals(key)) {
                try {
                    boolean unused = entry.getKey().get(timeout.toMillis(), TimeUnit.MILLISECONDS);
                } catch (ExecutionException | TimeoutException _) {
                    // Whoever needs the upper layer now is told by the kernel that it is busy.
                }
            }
        }
    }
}
