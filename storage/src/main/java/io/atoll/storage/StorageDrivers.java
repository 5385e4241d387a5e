package io.atoll.storage;

import io.atoll.base.InvalidConfigException;
import java.util.List;

/// All drivers by name.
public final class StorageDrivers {
    /// In the order they are offered to users; the first is the default.
    public static final List<String> NAMES = List.of("overlay", "dir", "btrfs");

    private StorageDrivers() {}

    /// Binds a driver to a pool without touching the disk.
    ///
    /// @throws InvalidConfigException with LXD's words if there is no such driver
    public static StorageDriver open(String driver, PoolSpec pool) {
        return open(driver, pool, IdmapProbe.KERNEL);
    }

    /// As [#open(String,PoolSpec)] on a kernel that may be able to do less.
    public static StorageDriver open(String driver, PoolSpec pool, IdmapProbe probe) {
        return switch (driver) {
            case "overlay" -> new OverlayDriver(pool, probe);
            case "dir" -> new DirDriver(pool, probe);
            case "btrfs" -> new BtrfsDriver(pool, probe);
            default -> throw new InvalidConfigException("Unknown driver");
        };
    }
}
