package io.atoll.daemon.instance;

import io.atoll.base.Idmap;
import io.atoll.base.ProjectName;
import io.atoll.daemon.device.attach.DeviceHost;
import io.atoll.daemon.device.attach.Networks;
import io.atoll.storage.RootfsLayers;
import io.atoll.storage.VolumeName;
import java.nio.file.Path;

/// Connects devices to the parts of the daemon that they need.
final class InstanceDevices {
    private InstanceDevices() {}

    static DeviceHost host(Ports ports, InstancePaths paths) {
        return new DeviceHost() {
            @Override
            public Networks networks() {
                return ports.networks();
            }

            @Override
            public RootfsLayers volume(
                    ProjectName project, String pool, String volume, Idmap idmap) {
                VolumeName name =
                        VolumeName.custom(ports.pools().volumeOwner(project) + "_" + volume);
                return ports.pools().get(pool).layers(name.current(), idmap);
            }

            @Override
            public Path rootVolume(String pool, String instance) {
                return ports.pools().get(pool).directory(VolumeName.container(instance).current());
            }

            @Override
            public Path notes() {
                return paths.devices();
            }
        };
    }
}
