package io.atoll.runtime.lxc;

import io.atoll.base.InternalException;
import io.atoll.base.LazyLogger;
import java.io.IOException;
import java.nio.file.ClosedWatchServiceException;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.WatchEvent;
import java.nio.file.WatchKey;
import java.nio.file.WatchService;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;

/// What happens to containers from now on, also to those that start later. Nothing is polled: that
/// a monitor is there is told by inotify(7) on the directory of monitors, everything else by the
/// monitor itself.
///
/// [#next] is for one thread. A container that lives for less time than it takes to connect to its
/// monitor is told of by what that left, if its starter has not taken it away yet.
public final class LxcEvents implements AutoCloseable {
    private static final System.Logger LOG = LazyLogger.of(LxcEvents.class);

    /// News that nobody takes; what comes after them is lost.
    private static final int PENDING_MAX = 4096;

    private final WatchService files;
    private final BlockingQueue<LxcEvent> news = new LinkedBlockingQueue<>(PENDING_MAX);
    private final BlockingQueue<Runnable> work = new LinkedBlockingQueue<>(PENDING_MAX);
    private final Thread looker;
    private final Thread listener;

    /// What to do when something happens in a directory. Only the looking thread has it, once that
    /// runs.
    private final Map<WatchKey, Runnable> watched = new HashMap<>();

    private LxcEvents(WatchService files) {
        this.files = files;
        looker = Thread.ofVirtual().name("lxc-events").unstarted(this::look);
        listener = Thread.ofVirtual().name("lxc-files").unstarted(this::listen);
    }

    /// @param paths stay the caller's, open for as long as this is
    /// @param names says whose news are wanted
    public static LxcEvents open(List<LxcPath> paths, Predicate<String> names) {
        try {
            LxcEvents events = new LxcEvents(FileSystems.getDefault().newWatchService());
            paths.forEach(path -> new WatchedMonitors(events, path, names).begin());
            events.looker.start();
            events.listener.start();
            return events;
        } catch (IOException e) {
            throw new InternalException("cannot watch for containers: " + e.getMessage(), e);
        }
    }

    /// Waits for the next one.
    ///
    /// @param timeout empty for ever
    /// @return empty when the time is over
    public Optional<LxcEvent> next(Optional<Duration> timeout) throws InterruptedException {
        if (timeout.isEmpty()) {
            return Optional.of(news.take());
        }
        return Optional.ofNullable(news.poll(timeout.get().toNanos(), TimeUnit.NANOSECONDS));
    }

    void tell(LxcEvent event) {
        if (!news.offer(event)) {
            LOG.log(System.Logger.Level.WARNING, "nobody takes the news; lost: " + event);
        }
    }

    /// Does something on the looking thread, after what happened before.
    void later(Runnable task) {
        if (!work.offer(task)) {
            LOG.log(System.Logger.Level.WARNING, "too much happens at once");
        }
    }

    /// @return empty if the directory is not there
    Optional<WatchKey> watch(Path directory, Runnable task, WatchEvent.Kind<?>... kinds) {
        try {
            WatchKey key = directory.register(files, kinds);
            watched.put(key, task);
            return Optional.of(key);
        } catch (IOException e) {
            if (Files.isDirectory(directory)) {
                throw new InternalException("cannot watch " + directory + ": " + e.getMessage(), e);
            }
            return Optional.empty();
        }
    }

    void forget(WatchKey key) {
        key.cancel();
        watched.remove(key);
    }

    private void look() {
        try {
            while (true) {
                work.take().run();
            }
        } catch (InterruptedException _) {
            LOG.log(System.Logger.Level.DEBUG, "closed");
        }
    }

    private void listen() {
        try {
            while (true) {
                WatchKey key = files.take();
                later(() -> happened(key));
            }
        } catch (ClosedWatchServiceException | InterruptedException _) {
            LOG.log(System.Logger.Level.DEBUG, "closed");
        }
    }

    /// What exactly happened does not matter: who watches looks at everything anew, so that news
    /// which the kernel dropped do no harm.
    private void happened(WatchKey key) {
        Runnable task = watched.get(key);
        try {
            key.pollEvents();
            boolean isThere = key.reset();
            if (task != null) {
                task.run();
            }
            if (!isThere) {
                watched.remove(key);
            }
        } catch (ClosedWatchServiceException _) {
            LOG.log(System.Logger.Level.DEBUG, "closed");
        }
    }

    /// Nothing is told any more.
    @Override
    public void close() {
        looker.interrupt();
        try {
            files.close();
        } catch (IOException e) {
            throw new InternalException("cannot end watching: " + e.getMessage(), e);
        }
    }
}
