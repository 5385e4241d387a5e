package io.atoll.daemon.instance;

import io.atoll.base.Idmap;
import io.atoll.base.IdmapEntry;
import io.atoll.base.InvalidConfigException;
import io.atoll.base.json.JsonException;
import io.atoll.daemon.instance.config.ConfigKeys;
import io.atoll.daemon.instance.config.IdmapAllocator;
import io.atoll.daemon.instance.config.IdmapJson;
import io.atoll.daemon.instance.config.InstanceConfig;
import io.atoll.daemon.store.RecordKey;
import io.atoll.linux.Idmaps;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;

/// Gives instances their ids. Choosing a gap and recording it must not interleave with another
/// choice, so both happen under one lock, which is held for one commit and never for shared ids.
final class InstanceIds {
    private final InstanceTable table;
    private final IdmapAllocator allocator;
    private final ReentrantLock choosing = new ReentrantLock();

    InstanceIds(InstanceTable table, Idmaps.Range range) {
        this.table = table;
        this.allocator = new IdmapAllocator(range.base(), range.count());
    }

    /// @param config expanded
    /// @param record commits the choice to the instance's record
    void allocate(
            RecordKey key, InstanceConfig config, Consumer<IdmapAllocator.Allocation> record) {
        if (config.is(ConfigKeys.PRIVILEGED) || !config.is(ConfigKeys.IDMAP_ISOLATED)) {
            record.accept(allocator.allocate(config, List.of()));
            return;
        }
        choosing.lock();
        try {
            record.accept(allocator.allocate(config, taken(key)));
        } finally {
            choosing.unlock();
        }
    }

    /// Whether the ids that are recorded for the next start are those that its configuration asks
    /// for. They are not after a restore, a move or a profile's change that changed what is asked.
    ///
    /// @param config expanded
    boolean isRight(InstanceRecord instance, InstanceConfig config) {
        boolean isIsolated =
                !config.is(ConfigKeys.PRIVILEGED) && config.is(ConfigKeys.IDMAP_ISOLATED);
        try {
            return allocator.isRight(
                    config,
                    base(instance),
                    IdmapJson.parse(instance.config(ConfigKeys.IDMAP_NEXT.name())),
                    isIsolated ? taken(instance.key()) : List.of());
        } catch (JsonException | InvalidConfigException e) {
            return false;
        }
    }

    private List<IdmapAllocator.Taken> taken(RecordKey except) {
        List<IdmapAllocator.Taken> out = new ArrayList<>();
        for (InstanceRecord other : table.list()) {
            long base = base(other);
            if (base > 0 && !other.key().equals(except)) {
                Idmap idmap = IdmapJson.parse(other.config(ConfigKeys.IDMAP_NEXT.name()));
                long count =
                        idmap.entries().stream()
                                .filter(e -> e.kind() == IdmapEntry.Kind.UID)
                                .mapToLong(e -> e.nsId().value() + e.count())
                                .max()
                                .orElse(0);
                out.add(new IdmapAllocator.Taken(base, count));
            }
        }
        return out;
    }

    private static long base(InstanceRecord instance) {
        String text = instance.config(ConfigKeys.IDMAP_BASE_USED.name());
        return text.matches("\\d{1,10}") ? Long.parseLong(text) : 0;
    }
}
