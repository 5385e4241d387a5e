package io.atoll.daemon.store;

/// A record as it was read: with the version that a change must name. Versions grow with every
/// change of the record.
public record Stored<T>(RecordKey key, long version, T value) {
    public String project() {
        return key.project();
    }

    public String name() {
        return key.name();
    }
}
