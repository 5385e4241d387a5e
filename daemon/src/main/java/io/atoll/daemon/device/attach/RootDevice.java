package io.atoll.daemon.device.attach;

import io.atoll.base.Undo;
import io.atoll.base.UnsupportedException;
import io.atoll.daemon.device.DeviceConfig;
import io.atoll.linux.BlockDevices;
import io.atoll.runtime.Container;
import java.util.Optional;

/// The disk that the instance lies on. It is there before and after every run; here is only how
/// fast it may be used. Its size belongs to the volume.
record RootDevice(DeviceConfig.RootDisk config, DeviceHost host) implements Device {
    @Override
    public void plan(Site site, StartParts parts) {
        if (config.isReadOnly()) {
            parts.makeRootReadOnly();
        }
        throttle(site).ifPresent(parts::add);
    }

    @Override
    public void attach(Site site, Container container, Undo undo) {
        throw refused();
    }

    @Override
    public boolean canBecome(DeviceConfig next) {
        return next instanceof DeviceConfig.RootDisk root
                && root.pool().equals(config.pool())
                && root.isReadOnly() == config.isReadOnly();
    }

    @Override
    public void change(Site site, Container container, DeviceConfig next, Undo undo) {}

    @Override
    public void detach(Site site, Container container) {
        throw refused();
    }

    private UnsupportedException refused() {
        return new UnsupportedException(
                "The root disk \""
                        + config.name()
                        + "\" can only be replaced while the instance is stopped");
    }

    @Override
    public Optional<DiskThrottle> throttle(Site site) {
        return config.limits().isNone()
                ? Optional.empty()
                : BlockDevices.below(host.rootVolume(config.pool(), site.id()).toString())
                        .map(device -> new DiskThrottle(device, config.limits()));
    }
}
