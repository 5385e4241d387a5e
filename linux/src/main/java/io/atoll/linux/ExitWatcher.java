package io.atoll.linux;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;

import io.atoll.base.LazyLogger;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/// Tells when processes end: one platform thread and one epoll(7) for all pidfds, however many
/// there are, and for all watchers of this process. Both are there while a watcher is open.
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

    private record Watched(ExitWatcher owner, Fd fd, Runnable action) {}

    private final Executor executor;
    private final Loop loop;

    /// Held while an action is handed over, so that none is after [#close]. Taken before [Loop]'s.
    private final ReentrantLock lock = new ReentrantLock();

    /// Guarded by `lock`.
    private boolean isClosed;

    /// Guarded by `lock`.
    private final Set<Long> keys = new HashSet<>();

    /// @param executor runs the actions; it must not block the thread that hands them over
    public ExitWatcher(Executor executor) {
        this.executor = executor;
        loop = Loop.enter();
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
            lock.lock();
            try {
                if (keys.remove(key)) {
                    loop.remove(key);
                }
            } finally {
                lock.unlock();
            }
        }
    }

    /// Runs `action` once, when the process ends; at once if it has.
    ///
    /// @param pidFd stays the caller's, who keeps it open until the action has run or the watch is
    ///   closed; a duplicate is watched, so that a mistake cannot hit another's descriptor
    /// @throws IllegalStateException if the watcher is closed
    public Watch watch(Fd pidFd, Runnable action) {
        lock.lock();
        try {
            if (isClosed) {
                throw new IllegalStateException("the watcher is closed: " + pidFd.what());
            }
            long key = loop.add(new Watched(this, pidFd.duplicate(), action));
            keys.add(key);
            return new Watch(key);
        } finally {
            lock.unlock();
        }
    }

    private void report(long key, Watched entry) {
        lock.lock();
        try {
            keys.remove(key);
            if (!isClosed) {
                executor.execute(entry.action());
            }
        } catch (RuntimeException e) {
            // One refused action must not end the news of all others.
            LOG.log(
                    System.Logger.Level.ERROR,
                    "exit of a process not reported what=" + entry.fd().what(),
                    e);
        } finally {
            lock.unlock();
        }
    }

    /// Stops watching. Actions not yet run never will.
    @Override
    public void close() {
        lock.lock();
        try {
            if (isClosed) {
                return;
            }
            isClosed = true;
            keys.forEach(loop::remove);
            keys.clear();
        } finally {
            lock.unlock();
        }
        loop.leave();
    }

    /// The thread and the epoll(7) of all watchers.
    private static final class Loop {
        /// Guards `current` and each `users`; nothing else is locked inside.
        private static final ReentrantLock LOCK = new ReentrantLock();

        private static @Nullable Loop current;

        private final Fd epoll;
        private final Fd wake;
        private final Thread thread;
        private final AtomicLong nextKey = new AtomicLong(WAKE_KEY + 1);
        private final Map<Long, Watched> watched = new ConcurrentHashMap<>();
        private int users;
        private volatile boolean isClosed;

        private Loop() {
            epoll = Fd.own(Syscalls.call(Sys.EPOLL_CREATE1, "epoll", Fcntl.O_CLOEXEC), "epoll");
            wake = Fd.own(Syscalls.call(Sys.EVENTFD2, "eventfd", 0, Fcntl.O_CLOEXEC), "eventfd");
            control(EPOLL_CTL_ADD, wake, EPOLLIN, WAKE_KEY);
            thread = Thread.ofPlatform().daemon().name("exit-watcher").start(this::run);
        }

        static Loop enter() {
            LOCK.lock();
            try {
                Loop loop = current == null ? new Loop() : current;
                loop.users++;
                current = loop;
                return loop;
            } finally {
                LOCK.unlock();
            }
        }

        /// The last one ends it.
        void leave() {
            LOCK.lock();
            try {
                users--;
                if (users > 0) {
                    return;
                }
                current = null;
            } finally {
                LOCK.unlock();
            }
            stop();
        }

        long add(Watched entry) {
            long key = nextKey.getAndIncrement();
            watched.put(key, entry);
            try {
                control(EPOLL_CTL_ADD, entry.fd(), EPOLLIN | EPOLLONESHOT, key);
            } catch (RuntimeException e) {
                watched.remove(key);
                entry.fd().close();
                throw e;
            }
            return key;
        }

        void remove(long key) {
            Watched entry = watched.remove(key);
            if (entry != null) {
                forget(entry.fd());
            }
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

        private void run() {
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
                epoll.close();
            }
        }

        private void report(long key) {
            Watched entry = watched.remove(key);
            if (entry == null) {
                return;
            }
            forget(entry.fd());
            entry.owner().report(key, entry);
        }

        private void stop() {
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
}
