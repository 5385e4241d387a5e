package io.atoll.daemon.instance;

import io.atoll.base.Idmap;
import io.atoll.base.InvalidConfigException;
import io.atoll.base.NotFoundException;
import io.atoll.base.ProjectName;
import io.atoll.daemon.device.DeviceConfig;
import io.atoll.storage.RootfsLayers;
import io.atoll.storage.StorageDriver;
import io.atoll.storage.VolumeName;
import io.atoll.storage.VolumeRef;
import java.util.List;

/// The custom volumes that instances have as disks.
final class DiskVolumes {
    private static final String BLOCK = "Custom block volumes cannot be used on containers";

    private DiskVolumes() {}

    static VolumeRef volume(Ports.Pools pools, ProjectName project, String volume) {
        return VolumeName.custom(pools.volumeOwner(project) + "_" + volume).current();
    }

    /// Refuses what containers cannot have; a volume that is not there yet may come before the
    /// start.
    ///
    /// @throws InvalidConfigException in LXD's words
    static void check(Ports.Pools pools, ProjectName project, List<DeviceConfig> devices) {
        for (DeviceConfig device : devices) {
            if (device instanceof DeviceConfig.MountedDisk disk && disk.pool().isPresent()) {
                StorageDriver driver = pools.get(disk.pool().get());
                VolumeRef ref = volume(pools, project, disk.source());
                if (driver.exists(ref) && driver.disk(ref).isPresent()) {
                    throw new InvalidConfigException(
                            "Failed add validation for device \"" + disk.name() + "\": " + BLOCK);
                }
            }
        }
    }

    /// Refuses volumes that are not there.
    ///
    /// @throws InvalidConfigException in LXD's words
    static void requirePresent(Ports.Pools pools, ProjectName project, List<DeviceConfig> devices) {
        for (DeviceConfig device : devices) {
            if (device instanceof DeviceConfig.MountedDisk disk
                    && disk.pool().isPresent()
                    && !pools.get(disk.pool().get())
                            .exists(volume(pools, project, disk.source()))) {
                throw new InvalidConfigException(
                        "Failed add validation for device \""
                                + disk.name()
                                + "\": Failed loading custom volume: Storage volume not found");
            }
        }
    }

    /// What to mount of one.
    static RootfsLayers layers(
            Ports.Pools pools, ProjectName project, String pool, String volume, Idmap idmap) {
        StorageDriver driver = pools.get(pool);
        VolumeRef ref = volume(pools, project, volume);
        if (!driver.exists(ref)) {
            throw new NotFoundException("Failed loading custom volume: Storage volume not found");
        }
        if (driver.disk(ref).isPresent()) {
            throw new InvalidConfigException(BLOCK);
        }
        RootfsLayers layers = driver.layers(ref, idmap);
        return layers instanceof RootfsLayers.Directory directory
                        && pools.isUnmapped(pools.volumeOwner(project), pool, volume)
                ? new RootfsLayers.Directory(directory.path(), RootfsLayers.Ids.SHIFTED)
                : layers;
    }
}
