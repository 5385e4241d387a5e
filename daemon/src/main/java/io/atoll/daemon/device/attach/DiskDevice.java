package io.atoll.daemon.device.attach;

import io.atoll.base.InvalidConfigException;
import io.atoll.base.Undo;
import io.atoll.daemon.device.DeviceConfig;
import io.atoll.linux.BlockDevices;
import io.atoll.linux.Errno;
import io.atoll.linux.ErrnoException;
import io.atoll.linux.Fd;
import io.atoll.linux.GuestMounts;
import io.atoll.linux.MountAttribute;
import io.atoll.linux.Mounts;
import io.atoll.linux.PlatformThreads;
import io.atoll.linux.Propagation;
import io.atoll.runtime.Container;
import io.atoll.runtime.spec.GuestPath;
import io.atoll.runtime.spec.MountFlag;
import io.atoll.runtime.spec.MountSpec;
import io.atoll.runtime.spec.NamespaceKind;
import io.atoll.storage.IdmapProbe;
import io.atoll.storage.RootfsLayers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/// A directory or file of the host, or a custom volume, shown inside.
record DiskDevice(DeviceConfig.MountedDisk config, DeviceHost host) implements Device {
    /// Whether ids can be mapped, by file system; asking the kernel costs a process.
    private static final Map<Long, Boolean> MAPPABLE = new ConcurrentHashMap<>();

    /// What is shown.
    ///
    /// @param isShifted empty: where the file system can do it
    private record Source(Path path, Optional<Boolean> isShifted) {}

    private Source source(Site site) {
        if (config.pool().isEmpty()) {
            return new Source(Path.of(config.source()), config.isShifted());
        }
        RootfsLayers layers =
                host.volume(site.project(), config.pool().get(), config.source(), site.idmap());
        if (!(layers instanceof RootfsLayers.Directory directory)) {
            throw failed("volume is no directory");
        }
        return new Source(
                directory.path(), Optional.of(directory.ids() == RootfsLayers.Ids.UNSHIFTED));
    }

    private InvalidConfigException failed(String why) {
        return new InvalidConfigException(
                "Failed to start device \"" + config.name() + "\": " + why);
    }

    /// @return false if the source is missing and may be
    private boolean exists(Path source) {
        if (Files.exists(source)) {
            return true;
        }
        if (config.isRequired()) {
            throw failed(missing(source.toString()));
        }
        return false;
    }

    @Override
    public void requirePresent(Site site) {
        if (config.pool().isEmpty()
                && config.isRequired()
                && !Files.exists(Path.of(config.source()))) {
            throw new InvalidConfigException(missing(config.source()));
        }
    }

    private String missing(String source) {
        return "Missing source path \"" + source + "\" for disk \"" + config.name() + "\"";
    }

    @Override
    public void plan(Site site, StartParts parts) {
        Source source = source(site);
        if (!exists(source.path())) {
            return;
        }
        throttle(site).ifPresent(parts::add);
        if (isLocked(site)) {
            return;
        }
        parts.add(
                new MountSpec.Bind(
                        source.path(),
                        GuestPath.of(config.guestPath()),
                        MountOptions.flags(
                                config.name(), config.isReadOnly(), config.mountOptions()),
                        config.isRecursive(),
                        isShifted(site, source),
                        false,
                        Optional.of(propagation()),
                        Files.isDirectory(source.path())
                                ? MountSpec.Create.DIR
                                : MountSpec.Create.FILE,
                        !config.isRequired()));
    }

    /// Whether root inside must be kept from loosening the mount. The plan cannot do that: such
    /// mounts come when the container is complete.
    private boolean isLocked(Site site) {
        return !site.idmap().isPrivileged() && !attributes().isEmpty();
    }

    @Override
    public void beforeInit(Site site, Container container, Undo undo) {
        if (isLocked(site)) {
            attach(site, container, undo);
        }
    }

    private static boolean isShifted(Site site, Source source) {
        if (site.idmap().isPrivileged()) {
            return false;
        }
        return source.isShifted().orElseGet(() -> canMap(source.path()));
    }

    private static boolean canMap(Path source) {
        long fileSystem = io.atoll.linux.FileStat.of(source.toString()).device();
        Boolean known = MAPPABLE.get(fileSystem);
        if (known == null) {
            try (Fd tree = Mounts.cloneTree(source.toString(), false)) {
                known = IdmapProbe.KERNEL.canMap(tree);
                MAPPABLE.put(fileSystem, known);
            }
        }
        return known;
    }

    private MountSpec.Propagation propagation() {
        return switch (config.propagation()) {
            case "shared", "rshared" -> MountSpec.Propagation.SHARED;
            case "slave", "rslave" -> MountSpec.Propagation.SLAVE;
            case "unbindable", "runbindable" -> MountSpec.Propagation.UNBINDABLE;
            default -> MountSpec.Propagation.PRIVATE;
        };
    }

    @Override
    public void attach(Site site, Container container, Undo undo) {
        Source source = source(site);
        if (!exists(source.path())) {
            return;
        }
        boolean isShifted = isShifted(site, source);
        try (Fd tree = PlatformThreads.call(() -> tree(container, source.path(), isShifted))) {
            if (!isLocked(site)) {
                GuestTargets.attach(site, container, tree, config.guestPath());
                return;
            }
            try (Fd locked = GuestMounts.locked(tree, config.isRecursive())) {
                GuestTargets.attach(site, container, locked, config.guestPath());
            }
        }
    }

    private Fd tree(Container container, Path source, boolean isShifted) {
        Fd tree = Mounts.cloneTree(source.toString(), config.isRecursive());
        try {
            Mounts.setPropagation(
                    tree, Propagation.valueOf(propagation().name()), config.isRecursive());
            Set<MountAttribute> attributes = attributes();
            if (!attributes.isEmpty()) {
                Mounts.setAttributes(
                        tree,
                        attributes,
                        EnumSet.noneOf(MountAttribute.class),
                        config.isRecursive());
            }
            if (isShifted) {
                shift(container, tree);
            }
            return tree;
        } catch (RuntimeException e) {
            tree.close();
            throw e;
        }
    }

    private void shift(Container container, Fd tree) {
        try (Fd namespace = container.namespaceFd(NamespaceKind.USER)) {
            Mounts.setIdmap(tree, namespace, config.isRecursive());
        } catch (ErrnoException e) {
            if (e.is(Errno.EINVAL, Errno.EPERM)) {
                throw new InvalidConfigException(
                        "Failed to start device \""
                                + config.name()
                                + "\": the file system of \""
                                + config.source()
                                + "\" cannot map owners; unset shift",
                        e);
            }
            throw e;
        }
    }

    private Set<MountAttribute> attributes() {
        Set<MountAttribute> out = EnumSet.noneOf(MountAttribute.class);
        for (MountFlag flag :
                MountOptions.flags(config.name(), config.isReadOnly(), config.mountOptions())) {
            out.add(
                    MountAttribute.valueOf(
                            flag == MountFlag.RO
                                    ? "RDONLY"
                                    : flag.name().toUpperCase(Locale.ROOT)));
        }
        return out;
    }

    /// How fast it may be used can be changed under it; all else is another mount.
    @Override
    public boolean canBecome(DeviceConfig next) {
        return next instanceof DeviceConfig.MountedDisk disk
                && new DeviceConfig.MountedDisk(
                                config.name(),
                                config.source(),
                                config.pool(),
                                config.guestPath(),
                                config.isReadOnly(),
                                config.isRecursive(),
                                disk.isRequired(),
                                config.isShifted(),
                                config.propagation(),
                                config.mountOptions(),
                                disk.limits())
                        .equals(disk);
    }

    /// The limits of all disks are written together by whoever changes them.
    @Override
    public void change(Site site, Container container, DeviceConfig next, Undo undo) {}

    @Override
    public void detach(Site site, Container container) {
        GuestTargets.detach(container, config.guestPath());
    }

    @Override
    public Optional<DiskThrottle> throttle(Site site) {
        if (config.limits().isNone()) {
            return Optional.empty();
        }
        Path path = source(site).path();
        return Files.exists(path)
                ? BlockDevices.below(path.toString())
                        .map(device -> new DiskThrottle(device, config.limits()))
                : Optional.empty();
    }

    /// Options of a mount as `raw.mount.options` says them.
    static final class MountOptions {
        private MountOptions() {}

        static Set<MountFlag> flags(String device, boolean isReadOnly, List<String> words) {
            Set<MountFlag> out = EnumSet.noneOf(MountFlag.class);
            if (isReadOnly) {
                out.add(MountFlag.RO);
            }
            for (String word : words) {
                out.add(flag(device, word));
            }
            return out;
        }

        private static MountFlag flag(String device, String word) {
            for (MountFlag flag : MountFlag.values()) {
                if (flag.name().equalsIgnoreCase(word)) {
                    return flag;
                }
            }
            throw new InvalidConfigException(
                    "Failed to start device \""
                            + device
                            + "\": mount option \""
                            + word
                            + "\" is not supported");
        }
    }
}
