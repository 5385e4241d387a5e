package io.atoll.runtime.spec;

/// A flag of one mount; mount(8) knows them by their lower case names.
public enum MountFlag {
    RO(0x1, 1),
    NOSUID(0x2, 2),
    NODEV(0x4, 4),
    NOEXEC(0x8, 8),
    NOATIME(0x10, 1 << 10),
    NODIRATIME(0x80, 1 << 11),
    STRICTATIME(0x20, 1 << 24),
    NOSYMFOLLOW(0x20_0000, 1 << 8);

    private final int attribute;
    private final int legacy;

    MountFlag(int attribute, int legacy) {
        this.attribute = attribute;
        this.legacy = legacy;
    }

    /// The `MOUNT_ATTR_*` bit of linux/mount.h.
    public int attribute() {
        return attribute;
    }

    /// The `MS_*` bit of linux/mount.h.
    public int legacyFlag() {
        return legacy;
    }
}
