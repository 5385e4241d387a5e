package io.atoll.daemon.device.attach;

import io.atoll.base.Undo;
import io.atoll.daemon.device.DeviceConfig;
import io.atoll.linux.Fd;
import io.atoll.runtime.Container;
import io.atoll.runtime.spec.DeviceNode;
import io.atoll.runtime.spec.DeviceRule;
import io.atoll.runtime.spec.GuestPath;
import java.util.List;

/// A trusted platform module in software: a process per module, started before the instance's first
/// program and ended with it; what it keeps lasts as long as the device is configured.
record TpmDevice(DeviceConfig.Tpm config, DeviceHost host) implements Device {
    private static final int MODE = 0600;

    private TpmEmulator emulator() {
        return host.tpms();
    }

    private String key(Site site) {
        return HostEnd.key(site, config.name());
    }

    private DeviceNotes notes(Site site) {
        return new DeviceNotes(host.notes(), site.id());
    }

    private static DeviceNode node(String path, TpmEmulator.Numbers numbers) {
        return new DeviceNode(
                GuestPath.of(path),
                DeviceNode.Type.CHAR,
                numbers.major(),
                numbers.minor(),
                MODE,
                0,
                0);
    }

    @Override
    public void beforeInit(Site site, Container container, Undo undo) {
        forgetIfNew(site, undo);
        // The container is dead by then.
        undo.add(() -> afterStop(site));
        make(site, container);
    }

    @Override
    public void attach(Site site, Container container, Undo undo) {
        forgetIfNew(site, undo);
        undo.add(() -> detach(site, container));
        make(site, container);
    }

    /// What a module keeps that was there before is not ours to delete.
    private void forgetIfNew(Site site, Undo undo) {
        if (!emulator().keeps(key(site))) {
            undo.add(() -> emulator().forget(key(site)));
        }
    }

    private void make(Site site, Container container) {
        TpmEmulator.Module module = emulator().start(key(site));
        List<DeviceNode> nodes =
                List.of(
                        node(config.guestPath(), module.raw()),
                        node(config.managedPath(), emulator().managed(module)));
        List<DeviceRule> before = notes(site).rules();
        notes(site).write(config.name(), nodes);
        container.updateDevices(before, notes(site).rules());
        for (DeviceNode node : nodes) {
            try (Fd tree = NodeTrees.make(site, node)) {
                GuestTargets.attach(site, container, tree, node.path().value());
            }
        }
    }

    @Override
    public void detach(Site site, Container container) {
        for (DeviceNode node : notes(site).read(config.name())) {
            GuestTargets.detach(container, node.path().value());
            GuestTargets.removeNode(site, container, node.path().value());
        }
        List<DeviceRule> before = notes(site).rules();
        notes(site).delete(config.name());
        container.updateDevices(before, notes(site).rules());
        emulator().stop(key(site));
    }

    @Override
    public void afterStop(Site site) {
        notes(site).delete(config.name());
        emulator().stop(key(site));
    }

    @Override
    public void release(Site site) {
        emulator().forget(key(site));
    }
}
