package io.atoll.daemon.instance;

import io.atoll.daemon.store.RecordKey;
import io.atoll.daemon.store.UsedValues;
import io.atoll.linux.Fd;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// The roots of stopped instances that are open now. An overlay cannot be mounted a second time
/// while it is mounted: whoever opens a root that is open already shares it.
public final class OpenRoots {
    /// `root` is guarded by the lock, and nobody else's when the last user goes.
    private static final class Shared {
        private final ReentrantLock lock = new ReentrantLock();
        private @Nullable Fd root;
    }

    /// A root, until it is closed; the directory itself stays open while others have it, too.
    public interface Root extends AutoCloseable {
        Fd directory();

        @Override
        void close();
    }

    private final UsedValues<Shared> open = new UsedValues<>(Shared::new);

    /// Opens a root, or shares it.
    ///
    /// @param opener opens it if nobody has
    Root open(RecordKey key, Supplier<Fd> opener) {
        Shared shared = open.use(key);
        boolean isOpen = false;
        shared.lock.lock();
        try {
            Fd root = shared.root;
            if (root == null) {
                root = opener.get();
                shared.root = root;
            }
            isOpen = true;
            return root(key, root);
        } finally {
            shared.lock.unlock();
            if (!isOpen) {
                open.unuse(key, OpenRoots::shut);
            }
        }
    }

    private Root root(RecordKey key, Fd directory) {
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
                    open.unuse(key, OpenRoots::shut);
                }
            }
        };
    }

    private static void shut(Shared shared) {
        Fd root = shared.root;
        if (root != null) {
            root.close();
        }
    }
}
