package io.atoll.storage;

/// The content of one snapshot of a volume that comes from elsewhere.
///
/// @param name of the snapshot
public record SnapshotFiller(String name, Filler filler) {
    public SnapshotFiller {
        VolumeName.checkFileName("snapshot", name);
    }
}
