package io.atoll.storage;

/// What a volume is for. The names are LXD's, as in `/1.0/storage-pools/NAME/volumes/TYPE`.
public enum VolumeType {
    CONTAINER("container", "containers"),
    CUSTOM("custom", "custom"),
    IMAGE("image", "images");

    private final String apiName;
    private final String folder;

    VolumeType(String apiName, String folder) {
        this.apiName = apiName;
        this.folder = folder;
    }

    /// The name in LXD's API.
    public String apiName() {
        return apiName;
    }

    /// The folder in the pool.
    String folder() {
        return folder;
    }

    /// The folder of snapshots in the pool.
    String snapshotFolder() {
        return folder + "-snapshots";
    }
}
