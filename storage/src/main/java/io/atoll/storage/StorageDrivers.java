package io.atoll.storage;

import io.atoll.base.InvalidConfigException;
import java.util.List;

/// All drivers by name.
public final class StorageDrivers {
    /// In the order they are offered to users; the first is the default.
    public static final List<String> NAMES = List.of("overlay", "dir");

    private StorageDrivers() {}

    /// Binds a driver to a pool without touching the disk.
    ///
    /// @throws InvalidConfigException with LXD's words if there is no such driver
    public static StorageDriver open(String driver, PoolSpec pool) {
        return switch (driver) {
            case "overlay" -> new OverlayDriver(pool, true);
            case "dir" -> new DirDriver(pool);
            default -> throw new InvalidConfigException("Unknown driver");
        };
    }
}
