package io.atoll.daemon.instance;

import io.atoll.daemon.store.RecordKey;
import io.atoll.linux.Fd;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// The roots of stopped instances that are open now. An overlay cannot be mounted a second time
/// while it is mounted: whoever opens a root that is open already shares it.
public final class OpenRoots {
    /// `users` counts those that have the root or are about to open it and is guarded by `open`;
    /// `root` is guarded by the lock.
    private static final class Shared {
        private final ReentrantLock lock = new ReentrantLock();
        private int users;
        private @Nullable Fd root;
    }

    /// A root, until it is closed; the directory itself stays open while others have it, too.
    public interface Root extends AutoCloseable {
        Fd directory();

        @Override
        void close();
    }

    private final Map<RecordKey, Shared> open = new HashMap<>();

    /// Opens a root, or shares it.
    ///
    /// @param opener opens it if nobody has
    Root open(RecordKey key, Supplier<Fd> opener) {
        Shared shared = use(key);
        boolean isOpen = false;
        shared.lock.lock();
        try {
            Fd root = shared.root;
            if (root == null) {
                root = opener.get();
                shared.root = root;
            }
            isOpen = true;
            return root(key, shared, root);
        } finally {
            shared.lock.unlock();
            if (!isOpen) {
                unuse(key, shared);
            }
        }
    }

    private Root root(RecordKey key, Shared shared, Fd directory) {
        return new Root() {
            private boolean isClosed;

            @Override
            public Fd directory() {
                return directory;
            }

            @Override
            public void close() {
                if (!isClosed) {
                    isClosed = true;
                    unuse(key, shared);
                }
            }
        };
    }

    private Shared use(RecordKey key) {
        synchronized (open) {
            Shared shared = open.computeIfAbsent(key, _ -> new Shared());
            shared.users++;
            return shared;
        }
    }

    private void unuse(RecordKey key, Shared shared) {
        synchronized (open) {
            shared.users--;
            if (shared.users > 0) {
                return;
            }
            open.remove(key);
            Fd root = shared.root;
            if (root != null) {
                root.close();
            }
        }
    }
}
