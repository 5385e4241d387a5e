package io.atoll.daemon.instance;

import io.atoll.base.Idmap;
import io.atoll.base.ProjectName;
import io.atoll.daemon.device.Devices;
import io.atoll.daemon.device.NicConfig;
import io.atoll.daemon.device.attach.DeviceHost;
import io.atoll.daemon.device.attach.Networks;
import io.atoll.daemon.device.attach.ProxyServer;
import io.atoll.daemon.device.attach.Site;
import io.atoll.storage.RootfsLayers;
import io.atoll.storage.VolumeName;
import java.net.InetAddress;
import java.nio.file.Path;
import java.util.List;

/// Connects devices to the parts of the daemon that they need.
final class InstanceDevices {
    private InstanceDevices() {}

    static DeviceHost host(
            InstanceTable table, Ports ports, InstancePaths paths, ProxyServer proxies) {
        return new DeviceHost() {
            @Override
            public Networks networks() {
                return ports.networks();
            }

            @Override
            public RootfsLayers volume(
                    ProjectName project, String pool, String volume, Idmap idmap) {
                return DiskVolumes.layers(ports.pools(), project, pool, volume, idmap);
            }

            @Override
            public Path rootVolume(String pool, String instance) {
                return ports.pools().get(pool).directory(VolumeName.container(instance).current());
            }

            @Override
            public ProxyServer proxies() {
                return proxies;
            }

            @Override
            public List<InetAddress> addresses(String instance, boolean isV6) {
                return table.list().stream()
                        .filter(r -> r.hostWideName().equals(instance))
                        .flatMap(r -> Devices.parseAll(table.expand(r).devices()).stream())
                        .filter(NicConfig.class::isInstance)
                        .map(NicConfig.class::cast)
                        .map(nic -> isV6 ? nic.ipv6() : nic.ipv4())
                        .flatMap(family -> family.addresses().stream())
                        .toList();
            }

            @Override
            public boolean isNameTaken(Site site, String network) {
                return table.list().stream()
                        .filter(r -> r.name().equals(site.hostname()))
                        .filter(r -> !r.project().equals(site.project()))
                        .flatMap(r -> Devices.parseAll(table.expand(r).devices()).stream())
                        .filter(NicConfig.class::isInstance)
                        .anyMatch(nic -> ((NicConfig) nic).isAt(network));
            }

            @Override
            public Path notes() {
                return paths.devices();
            }
        };
    }
}
