package io.atoll.daemon.device.attach;

import io.atoll.base.InvalidConfigException;
import io.atoll.base.Undo;
import io.atoll.daemon.device.DeviceConfig;
import io.atoll.linux.ErrnoException;
import io.atoll.linux.Fd;
import io.atoll.linux.FileStat;
import io.atoll.runtime.Container;
import io.atoll.runtime.spec.DeviceNode;
import io.atoll.runtime.spec.DeviceRule;
import io.atoll.runtime.spec.GuestPath;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// A device node of the host's.
record UnixDevice(DeviceConfig.UnixNode config, DeviceHost host) implements Device {
    private static final int PERMISSIONS = 0777;
    private static final int MODE = 0660;

    private DeviceNotes notes(Site site) {
        return new DeviceNotes(host.notes(), site.id());
    }

    /// The node that the instance gets; empty if the host's is missing and may be.
    private Optional<DeviceNode> node() {
        if (config.source().isEmpty()) {
            return Optional.of(
                    node(config.major().orElseThrow(), config.minor().orElseThrow(), MODE));
        }
        String source = config.source().get().toString();
        FileStat found;
        try {
            found = FileStat.of(source);
        } catch (ErrnoException e) {
            if (!config.isRequired()) {
                return Optional.empty();
            }
            throw new InvalidConfigException(
                    "Failed to start device \""
                            + config.name()
                            + "\": Required device not present: "
                            + source,
                    e);
        }
        FileStat.Type wanted =
                config.isBlock() ? FileStat.Type.BLOCK_DEVICE : FileStat.Type.CHAR_DEVICE;
        if (found.type() != wanted) {
            throw new InvalidConfigException(
                    "Failed to start device \""
                            + config.name()
                            + "\": "
                            + source
                            + " is no "
                            + (config.isBlock() ? "block" : "character")
                            + " device");
        }
        return Optional.of(
                node(
                        FileStat.major(found.rdev()),
                        FileStat.minor(found.rdev()),
                        found.mode() & PERMISSIONS));
    }

    private DeviceNode node(int major, int minor, int mode) {
        return new DeviceNode(
                GuestPath.of(config.guestPath()),
                config.isBlock() ? DeviceNode.Type.BLOCK : DeviceNode.Type.CHAR,
                major,
                minor,
                config.mode().orElse(mode),
                config.uid().orElse(0),
                config.gid().orElse(0));
    }

    @Override
    public void plan(Site site, StartParts parts) {
        node().ifPresent(parts::add);
    }

    @Override
    public void beforeStart(Site site, Undo undo) {
        node().ifPresent(node -> {
            undo.add(() -> notes(site).delete(config.name()));
            notes(site).write(config.name(), List.of(node));
        });
    }

    @Override
    public void attach(Site site, Container container, Undo undo) {
        node().ifPresent(node -> attach(site, container, node, undo));
    }

    private void attach(Site site, Container container, DeviceNode node, Undo undo) {
        undo.add(() -> release(site, container));
        allow(site, container, node);
        try (Fd tree = NodeTrees.make(site, node)) {
            GuestTargets.attach(site, container, tree, config.guestPath());
        }
    }

    private void allow(Site site, Container container, DeviceNode node) {
        DeviceNotes notes = notes(site);
        List<DeviceRule> before = notes.rules();
        notes.write(config.name(), List.of(node));
        container.updateDevices(before, notes.rules());
    }

    private void release(Site site, Container container) {
        DeviceNotes notes = notes(site);
        List<DeviceRule> before = notes.rules();
        notes.delete(config.name());
        container.updateDevices(before, notes.rules());
    }

    @Override
    public boolean refresh(Site site, Container container) {
        if (config.isRequired() || config.source().isEmpty()) {
            return false;
        }
        List<DeviceNode> before = notes(site).read(config.name());
        Optional<DeviceNode> now = node();
        boolean isSame =
                before.size() == (now.isPresent() ? 1 : 0)
                        && before.stream()
                                .allMatch(b ->
                                        b.major() == now.orElse(b).major()
                                                && b.minor() == now.orElse(b).minor());
        if (isSame) {
            return false;
        }
        detach(site, container);
        try (Undo undo = new Undo()) {
            now.ifPresent(node -> attach(site, container, node, undo));
            undo.keep();
        }
        return true;
    }

    @Override
    public void detach(Site site, Container container) {
        List<DeviceNode> given = new ArrayList<>(notes(site).read(config.name()));
        for (DeviceNode node : given) {
            GuestTargets.detach(container, node.path().value());
            GuestTargets.removeNode(site, container, node.path().value());
        }
        release(site, container);
    }

    @Override
    public void afterStop(Site site) {
        notes(site).delete(config.name());
    }
}
