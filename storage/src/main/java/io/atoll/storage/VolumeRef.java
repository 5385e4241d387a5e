package io.atoll.storage;

/// A volume as it is now, or one snapshot of it.
///
/// @param snapshot the snapshot's name, or empty for the volume itself
public record VolumeRef(VolumeName volume, String snapshot) {
    public VolumeRef {
        if (!snapshot.isEmpty()) {
            VolumeName.checkFileName("snapshot", snapshot);
        }
    }

    public boolean isSnapshot() {
        return !snapshot.isEmpty();
    }

    @Override
    public String toString() {
        return isSnapshot() ? volume + "/" + snapshot : volume.toString();
    }
}
