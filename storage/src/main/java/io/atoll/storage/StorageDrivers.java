package io.atoll.storage;

import io.atoll.base.InvalidConfigException;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/// All drivers by name.
public final class StorageDrivers {
    /// In the order they are offered to users; the first is the default.
    public static final List<String> NAMES = List.of("overlay", "dir", "btrfs", "lvm", "zfs");

    private StorageDrivers() {}

    /// The programs of the host that a driver cannot do without.
    private static List<String> programs(String driver) {
        return switch (driver) {
            case "btrfs" -> List.of("btrfs", "mkfs.btrfs");
            case "lvm" -> List.of("lvm", "lvcreate", "vgcreate");
            case "zfs" -> List.of("zfs", "zpool");
            default -> List.of();
        };
    }

    /// The drivers that this host has the programs for, with what version, for showing.
    public static Map<String, String> available(HostTools tools) {
        Map<String, String> out = new TreeMap<>();
        for (String name : NAMES) {
            if (programs(name).stream().allMatch(tools::has)) {
                out.put(name, "1");
            }
        }
        return out;
    }

    /// Binds a driver to a pool without touching the disk.
    ///
    /// @throws InvalidConfigException with LXD's words if there is no such driver
    public static StorageDriver open(String driver, PoolSpec pool) {
        return open(driver, pool, IdmapProbe.KERNEL);
    }

    /// As [#open(String,PoolSpec)] on a kernel that may be able to do less.
    public static StorageDriver open(String driver, PoolSpec pool, IdmapProbe probe) {
        return open(driver, pool, probe, HostTools.REAL);
    }

    /// As [#open(String,PoolSpec,IdmapProbe)] with programs that may be others than the host's.
    public static StorageDriver open(
            String driver, PoolSpec pool, IdmapProbe probe, HostTools tools) {
        return switch (driver) {
            case "overlay" -> new OverlayDriver(pool, probe);
            case "dir" -> new DirDriver(pool, probe);
            case "btrfs" -> new BtrfsDriver(pool, probe);
            case "lvm" -> new DatasetDriver(pool, made -> new LvmDatasets(made, tools), probe);
            case "zfs" -> new DatasetDriver(pool, made -> new ZfsDatasets(made, tools), probe);
            default -> throw new InvalidConfigException("Unknown driver");
        };
    }
}
