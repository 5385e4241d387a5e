package io.atoll.runtime;

import io.atoll.base.DomainException;
import io.atoll.base.Idmap;
import io.atoll.linux.ErrnoException;
import io.atoll.linux.Fd;
import io.atoll.runtime.spec.NamespaceKind;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;

/// A user namespace of every idmap in use, borrowed from a container that was started with it, for
/// idmapped mounts of the next. Only its map counts: holding it gives a container no access to
/// another.
final class UserNamespaceCache implements AutoCloseable {
    private static final int KEPT_MAX = 64;

    /// Guards the map. Nothing else is locked inside.
    private final ReentrantLock lock = new ReentrantLock();

    private final Map<Idmap, Fd> kept = new LinkedHashMap<>();

    /// A duplicate that the caller closes.
    Optional<Fd> find(Idmap idmap) {
        lock.lock();
        try {
            return Optional.ofNullable(kept.get(idmap)).map(Fd::duplicate);
        } finally {
            lock.unlock();
        }
    }

    /// Keeps the namespace of a container that was just started, if there is none of its map yet
    /// and it lives still.
    void keep(Idmap idmap, Container container) {
        lock.lock();
        try {
            if (idmap.isPrivileged() || kept.size() >= KEPT_MAX || kept.containsKey(idmap)) {
                return;
            }
        } finally {
            lock.unlock();
        }
        Fd namespace;
        try {
            namespace = container.namespaceFd(NamespaceKind.USER);
        } catch (ErrnoException | DomainException _) {
            return;
        }
        lock.lock();
        try {
            Fd other = kept.putIfAbsent(idmap, namespace);
            if (other != null) {
                namespace.close();
            }
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void close() {
        lock.lock();
        try {
            kept.values().forEach(Fd::close);
            kept.clear();
        } finally {
            lock.unlock();
        }
    }
}
