package io.atoll.daemon.instance;

import io.atoll.base.CpuSet;
import io.atoll.base.DomainException;
import io.atoll.daemon.instance.compile.CpuPlacement;
import io.atoll.daemon.instance.config.ConfigKeys;
import io.atoll.daemon.instance.config.CpuLimit;
import io.atoll.daemon.store.RecordKey;
import io.atoll.linux.ErrnoException;
import io.atoll.runtime.Container;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;

/// Spreads instances that may use some of the host's processors over all of them: one that starts
/// gets those that carry the fewest, and when one has started or ended, or the host has other
/// processors, the rest move where that evens things out. What an instance has is asked of the
/// kernel, so that a daemon that was restarted moves nobody without need.
final class CpuBalancer {
    private static final Logger LOG = System.getLogger(CpuBalancer.class.getName());

    private final InstanceTable table;
    private final Supplier<CpuSet> online;
    private final Map<RecordKey, Container> running = new ConcurrentHashMap<>();
    private final AtomicBoolean isDue = new AtomicBoolean();

    /// Held while processors are chosen and given; leaf lock.
    private final ReentrantLock balancing = new ReentrantLock();

    /// @param online processors of the host now
    CpuBalancer(InstanceTable table, Supplier<CpuSet> online) {
        this.table = table;
        this.online = online;
    }

    void started(RecordKey key, Container container) {
        running.put(key, container);
        balanceSoon();
    }

    void ended(RecordKey key) {
        if (running.remove(key) != null) {
            balanceSoon();
        }
    }

    /// The host's processors are others now.
    void hostChanged() {
        balanceSoon();
    }

    /// The processors for an instance that starts, or whose limit is another now.
    CpuSet choose(RecordKey key, CpuLimit limit) {
        if (!(limit instanceof CpuLimit.Count(int count)) || count == 0) {
            return online.get();
        }
        balancing.lock();
        try {
            Map<String, CpuPlacement.Wish> others = wishes();
            others.remove(name(key));
            return CpuPlacement.placeOne(online.get(), count, others);
        } finally {
            balancing.unlock();
        }
    }

    private static String name(RecordKey key) {
        return key.project() + "/" + key.name();
    }

    /// Most instances have none, and all that run are asked when one starts: so first by name only.
    private Optional<CpuLimit> limit(RecordKey key) {
        return table.find(key)
                .filter(r -> table.isSet(r, ConfigKeys.CPU.name()))
                .flatMap(r -> table.expand(r).typed().get(ConfigKeys.CPU));
    }

    private Map<String, CpuPlacement.Wish> wishes() {
        Map<String, CpuPlacement.Wish> out = new TreeMap<>();
        running.forEach((key, container) -> {
            Optional<CpuLimit> limit = limit(key);
            if (limit.isPresent()) {
                try {
                    CpuSet now = CpuSet.parse(container.cpus());
                    out.put(name(key), new CpuPlacement.Wish(limit.get(), now));
                } catch (DomainException | ErrnoException e) {
                    LOG.log(Level.DEBUG, "instance ends while balanced instance=" + key.name(), e);
                }
            }
        });
        return out;
    }

    /// Starts that come together are evened out together.
    private void balanceSoon() {
        if (isDue.compareAndSet(false, true)) {
            Thread.ofVirtual().name("balance-cpus").start(this::balance);
        }
    }

    private void balance() {
        balancing.lock();
        try {
            isDue.set(false);
            Map<String, CpuPlacement.Wish> wishes = wishes();
            if (wishes.isEmpty()) {
                return;
            }
            Map<String, CpuSet> placed = CpuPlacement.place(online.get(), wishes);
            running.forEach((key, container) -> {
                CpuSet wanted = placed.get(name(key));
                CpuPlacement.Wish wish = wishes.get(name(key));
                if (wanted != null && wish != null && !wanted.equals(wish.current())) {
                    move(key, container, wanted);
                }
            });
        } finally {
            balancing.unlock();
        }
    }

    private static void move(RecordKey key, Container container, CpuSet wanted) {
        try {
            container.updateCpus(Optional.of(wanted.render()));
        } catch (DomainException | ErrnoException e) {
            LOG.log(Level.WARNING, "processors were not given instance=" + key.name(), e);
        }
    }
}
