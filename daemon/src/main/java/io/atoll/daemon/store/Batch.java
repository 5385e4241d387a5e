package io.atoll.daemon.store;

import io.atoll.base.json.Json;
import java.util.ArrayList;
import java.util.List;

/// Changes that happen together or not at all. Filled by one thread, committed once.
public final class Batch {
    /// How many changes a batch may hold.
    public static final int CHANGES_MAX = 1000;

    /// One change. `expected` is the version the record must have; 0 means it must not exist.
    record Change(
            RecordKind<?> kind,
            RecordKey key,
            long expected,
            boolean isDelete,
            Json document,
            Object value) {}

    private final List<Change> changes = new ArrayList<>();

    /// The record must not exist, else the commit throws [io.atoll.base.AlreadyExistsException].
    public <T> Batch create(RecordKind<T> kind, RecordKey key, T value) {
        return add(new Change(kind, key, 0, false, kind.codec().encode(value), value));
    }

    /// The record must still be as it was read, else the commit throws [StaleRecordException].
    public <T> Batch replace(RecordKind<T> kind, Stored<T> read, T value) {
        return add(
                new Change(
                        kind,
                        read.key(),
                        read.version(),
                        false,
                        kind.codec().encode(value),
                        value));
    }

    /// The record must still be as it was read, else the commit throws [StaleRecordException].
    public <T> Batch delete(RecordKind<T> kind, Stored<T> read) {
        return add(
                new Change(kind, read.key(), read.version(), true, Json.Null.NULL, read.value()));
    }

    private Batch add(Change change) {
        if (changes.size() == CHANGES_MAX) {
            throw new IllegalStateException("a batch holds at most " + CHANGES_MAX + " changes");
        }
        changes.add(change);
        return this;
    }

    List<Change> changes() {
        return changes;
    }
}
