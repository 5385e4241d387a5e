package io.atoll.linux;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;

import io.atoll.base.LazyLogger;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicLong;

/// Tells when processes end: one platform thread and one epoll(7) for all pidfds, however many
/// there are.
///
/// Works for any descriptor whose becoming readable is the news, for example the connection to a
/// monitor.
public final class ExitWatcher implements AutoCloseable {
    private static final System.Logger LOG = LazyLogger.of(ExitWatcher.class);

    private static final int EPOLL_CTL_ADD = 1;
    private static final int EPOLL_CTL_DEL = 2;
    private static final int EPOLLIN = 1;
    private static final int EPOLLONESHOT = 1 << 30;
    private static final int EVENTS = 64;
    private static final long WAKE_KEY = 0;

    // struct epoll_event is packed on x86-64 and not on arm64.
    private static final boolean PACKED = !"aarch64".equals(System.getProperty("os.arch"));
    private static final int EVENT_SIZE = PACKED ? 12 : 16;
    private static final int EVENT_DATA = PACKED ? 4 : 8;

    private record Watched(Fd fd, Runnable action) {}

    private final Fd epoll;
    private final Fd wake;
    private final Executor executor;
    private final Thread thread;
    private final AtomicLong nextKey = new AtomicLong(1);
    private final Map<Long, Watched> watched = new ConcurrentHashMap<>();
    private volatile boolean isClosed;

    /// @param executor runs the actions; it must not block the thread that hands them over
    public ExitWatcher(Executor executor) {
        this.executor = executor;
        epoll = Fd.own(Syscalls.call(Sys.EPOLL_CREATE1, "epoll", Fcntl.O_CLOEXEC), "epoll");
        wake = Fd.own(Syscalls.call(Sys.EVENTFD2, "eventfd", 0, Fcntl.O_CLOEXEC), "eventfd");
        control(EPOLL_CTL_ADD, wake, EPOLLIN, WAKE_KEY);
        thread = Thread.ofPlatform().daemon().name("exit-watcher").start(this::loop);
    }

    /// One thing that is being watched.
    public final class Watch implements AutoCloseable {
        private final long key;

        private Watch(long key) {
            this.key = key;
        }

        /// Stops watching; the action does not run after this unless it was already handed over.
        @Override
        public void close() {
            Watched entry = watched.remove(key);
            if (entry != null) {
                forget(entry.fd());
            }
        }
    }

    /// Runs `action` once, when the process ends; at once if it has.
    ///
    /// @param pidFd stays the caller's, who keeps it open until the action has run or the watch is
    ///   closed; a duplicate is watched, so that a mistake cannot hit another's descriptor
    public Watch watch(Fd pidFd, Runnable action) {
        long key = nextKey.getAndIncrement();
        Fd own = pidFd.duplicate();
        watched.put(key, new Watched(own, action));
        try {
            control(EPOLL_CTL_ADD, own, EPOLLIN | EPOLLONESHOT, key);
        } catch (RuntimeException e) {
            watched.remove(key);
            own.close();
            throw e;
        }
        return new Watch(key);
    }

    private void control(int operation, Fd fd, int events, long key) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment event = arena.allocate(16, 8);
            event.set(JAVA_INT, 0, events);
            event.set(JAVA_LONG_UNALIGNED, EVENT_DATA, key);
            Syscalls.call(
                    Sys.EPOLL_CTL,
                    fd.what(),
                    epoll.number(),
                    operation,
                    fd.number(),
                    event.address());
        }
    }

    private void forget(Fd own) {
        try {
            control(EPOLL_CTL_DEL, own, 0, 0);
        } finally {
            own.close();
        }
    }

    private void loop() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment events = arena.allocate((long) EVENTS * EVENT_SIZE, 8);
            while (!isClosed) {
                long count =
                        Syscalls.call(
                                Sys.EPOLL_PWAIT,
                                "epoll",
                                epoll.number(),
                                events.address(),
                                EVENTS,
                                -1,
                                0,
                                8);
                for (int i = 0; i < count; i++) {
                    report(events.get(JAVA_LONG_UNALIGNED, (long) i * EVENT_SIZE + EVENT_DATA));
                }
            }
        } finally {
            watched.values().forEach(entry -> entry.fd().close());
            epoll.close();
        }
    }

    private void report(long key) {
        Watched entry = watched.remove(key);
        if (entry == null) {
            return;
        }
        forget(entry.fd());
        try {
            executor.execute(entry.action());
        } catch (RuntimeException e) {
            // One refused action must not end the news of all others.
            LOG.log(
                    System.Logger.Level.ERROR,
                    "exit of a process not reported what=" + entry.fd().what(),
                    e);
        }
    }

    /// Stops the thread. Actions not yet run never will.
    @Override
    public void close() {
        if (isClosed) {
            return;
        }
        isClosed = true;
        byte[] one = {1, 0, 0, 0, 0, 0, 0, 0};
        // The thread may have seen the flag already and be gone: what it is woken by is ours to
        // close.
        FdIo.write(wake, one);
        try {
            thread.join();
            wake.close();
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }
}
