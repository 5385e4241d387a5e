package io.atoll.daemon.device.attach;

import io.atoll.base.InvalidConfigException;
import io.atoll.base.Undo;
import io.atoll.daemon.device.DeviceConfig;
import io.atoll.daemon.device.DeviceConfig.Wanted;
import io.atoll.daemon.device.IoLimits;
import io.atoll.daemon.device.attach.CdiEdits.Moment;
import io.atoll.linux.Fd;
import io.atoll.runtime.Container;
import io.atoll.runtime.spec.DeviceNode;
import io.atoll.runtime.spec.DeviceRule;
import io.atoll.runtime.spec.GuestPath;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/// Devices of the host that are found by what they are: those that are there, and as they come and
/// go while the instance runs.
record FoundDevice(DeviceConfig.Found config, DeviceHost host) implements Device {
    private static final Logger LOG = System.getLogger(FoundDevice.class.getName());

    private DeviceNotes notes(Site site) {
        return new DeviceNotes(host.notes(), site.id());
    }

    private List<DeviceNode> nodes() {
        List<DeviceNode> out =
                HostDevices.KERNEL.find(config.wanted()).stream().map(this::node).toList();
        if (out.isEmpty() && config.isRequired() && vendor().isEmpty()) {
            throw new InvalidConfigException(
                    "Failed to start device \""
                            + config.name()
                            + "\": Required device not present");
        }
        return out;
    }

    /// What a vendor's file says.
    private Optional<CdiEdits> vendor() {
        return config.wanted() instanceof Wanted.Cdi cdi
                ? Optional.of(CdiSpecs.KERNEL.find(cdi.qualified()))
                : Optional.empty();
    }

    /// Files that belong to the device.
    private List<DiskDevice> mounts() {
        return vendor().map(CdiEdits::mounts).orElse(List.of()).stream().map(this::disk).toList();
    }

    /// Runs the programs that a vendor's file names for this moment.
    private void run(Site site, Moment moment, OptionalInt pid) {
        vendor().ifPresent(edits -> hooks(site).run(edits.hooks(moment), moment, pid));
    }

    /// No instance's name begins with a dot.
    private CdiHooks hooks(Site site) {
        Path bundle = host.notes().resolve(".cdi").resolve(site.id() + "." + config.name());
        return new CdiHooks(bundle, site.id());
    }

    private static OptionalInt pid(Container container) {
        return OptionalInt.of(container.initPid());
    }

    /// At the end a file that is gone, or a program that fails, is in nobody's way.
    private void runLast(Site site) {
        try {
            run(site, Moment.STOPPED, OptionalInt.empty());
        } catch (InvalidConfigException e) {
            LOG.log(Level.WARNING, "hooks did not run device=" + config.name(), e);
        }
        hooks(site).forget();
    }

    private DiskDevice disk(CdiEdits.Mount mount) {
        return new DiskDevice(
                new DeviceConfig.MountedDisk(
                        config.name(),
                        mount.source(),
                        Optional.empty(),
                        mount.target(),
                        mount.isReadOnly(),
                        mount.isRecursive(),
                        true,
                        Optional.empty(),
                        mount.propagation(),
                        mount.options(),
                        IoLimits.NONE),
                host);
    }

    private DeviceNode node(HostDevices.Node found) {
        return new DeviceNode(
                GuestPath.of(found.path()),
                found.type(),
                found.major(),
                found.minor(),
                config.mode().orElse(found.mode()),
                config.uid().orElse(found.uid()),
                config.gid().orElse(found.gid()),
                found.access());
    }

    @Override
    public void plan(Site site, StartParts parts) {
        nodes().forEach(parts::add);
        vendor().ifPresent(edits -> parts.addEnvironment(edits.environment()));
        mounts().forEach(mount -> mount.plan(site, parts));
    }

    @Override
    public void beforeInit(Site site, Container container, Undo undo) {
        mounts().forEach(mount -> mount.beforeInit(site, container, undo));
        undo.add(() -> runLast(site));
        run(site, Moment.CREATED, pid(container));
    }

    @Override
    public void afterStart(Site site, Container container) {
        run(site, Moment.STARTED, pid(container));
    }

    @Override
    public void beforeStart(Site site, Undo undo) {
        undo.add(() -> notes(site).delete(config.name()));
        undo.add(() -> hooks(site).forget());
        notes(site).write(config.name(), nodes());
        noteMounts(site);
    }

    /// Where files of the device are inside, as its file may be another when they go.
    private void noteMounts(Site site) {
        if (config.wanted() instanceof Wanted.Cdi) {
            hooks(site).noteMounts(mounts().stream().map(m -> m.config().guestPath()).toList());
        }
    }

    @Override
    public void attach(Site site, Container container, Undo undo) {
        List<DeviceNode> nodes = nodes();
        undo.add(() -> detach(site, container));
        noteMounts(site);
        allow(site, container, nodes);
        nodes.forEach(node -> show(site, container, node));
        mounts().forEach(mount -> mount.attach(site, container, undo));
        run(site, Moment.CREATED, pid(container));
        run(site, Moment.STARTED, pid(container));
    }

    private void allow(Site site, Container container, List<DeviceNode> nodes) {
        List<DeviceRule> before = notes(site).rules();
        notes(site).write(config.name(), nodes);
        container.updateDevices(before, notes(site).rules());
    }

    private static void show(Site site, Container container, DeviceNode node) {
        try (Fd tree = NodeTrees.make(site, node)) {
            GuestTargets.attach(site, container, tree, node.path().value());
        }
    }

    private static void hide(Site site, Container container, DeviceNode node) {
        GuestTargets.detach(container, node.path().value());
        GuestTargets.removeNode(site, container, node.path().value());
    }

    /// Numbers of a device that was plugged in again are others, so its node is another one.
    private static boolean isSame(DeviceNode one, DeviceNode other) {
        return one.path().equals(other.path())
                && one.type() == other.type()
                && one.major() == other.major()
                && one.minor() == other.minor();
    }

    private static List<DeviceNode> without(List<DeviceNode> nodes, List<DeviceNode> others) {
        List<DeviceNode> out = new ArrayList<>(nodes);
        out.removeIf(node -> others.stream().anyMatch(other -> isSame(node, other)));
        return out;
    }

    @Override
    public boolean refresh(Site site, Container container) {
        if (config.wanted() instanceof Wanted.Cdi) {
            return false;
        }
        List<DeviceNode> before = notes(site).read(config.name());
        List<DeviceNode> now =
                HostDevices.KERNEL.find(config.wanted()).stream().map(this::node).toList();
        List<DeviceNode> gone = without(before, now);
        List<DeviceNode> come = without(now, before);
        if (gone.isEmpty() && come.isEmpty()) {
            return false;
        }
        gone.forEach(node -> hide(site, container, node));
        allow(site, container, now);
        come.forEach(node -> show(site, container, node));
        return true;
    }

    @Override
    public void detach(Site site, Container container) {
        hooks(site).mounts().forEach(target -> GuestTargets.detach(container, target));
        notes(site).read(config.name()).forEach(node -> hide(site, container, node));
        List<DeviceRule> before = notes(site).rules();
        notes(site).delete(config.name());
        container.updateDevices(before, notes(site).rules());
        runLast(site);
    }

    /// What came or went while no daemon looked.
    @Override
    public void resume(Site site, Container container) {
        boolean unused = refresh(site, container);
    }

    @Override
    public void afterStop(Site site) {
        notes(site).delete(config.name());
        runLast(site);
    }
}
