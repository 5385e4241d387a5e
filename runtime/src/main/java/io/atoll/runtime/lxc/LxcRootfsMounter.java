package io.atoll.runtime.lxc;

import io.atoll.base.InvalidConfigException;
import io.atoll.base.NotFoundException;
import io.atoll.base.UnavailableException;
import io.atoll.base.UnsupportedException;
import io.atoll.linux.Command;
import io.atoll.linux.CommandFailed;
import io.atoll.linux.Commands;
import io.atoll.plan.MountAttribute;
import io.atoll.runtime.spec.HookSpec;
import io.atoll.runtime.spec.RootfsSpec;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;

/// Brings the storage of `lxc.rootfs.path` into a state in which a container can start from it:
/// finds file systems, mounts images, attaches network disks. What it attaches is given back by
/// hooks after the container's end.
public final class LxcRootfsMounter {
    private static final Duration PATIENCE = Duration.ofSeconds(10);
    private static final Duration HOOK_TIMEOUT = Duration.ofSeconds(30);

    /// Options of `lxc.rootfs.options` that say how to mount, not what the file system shall do.
    private static final Set<String> MOUNT_WORDS =
            Set.of(
                    "ro",
                    "rw",
                    "defaults",
                    "private",
                    "rprivate",
                    "shared",
                    "rshared",
                    "slave",
                    "rslave",
                    "unbindable",
                    "runbindable",
                    "bind",
                    "rbind",
                    "relatime",
                    "dev",
                    "suid",
                    "exec",
                    "atime",
                    "diratime");

    private static final Map<String, MountAttribute> ATTRIBUTES =
            Map.of(
                    "nodev", MountAttribute.NO_DEV,
                    "nosuid", MountAttribute.NO_SUID,
                    "noexec", MountAttribute.NO_EXEC,
                    "noatime", MountAttribute.NO_ATIME);

    private final ImageMounts images;

    /// @param images mounts lower layers that are image files
    public LxcRootfsMounter(ImageMounts images) {
        this.images = images;
    }

    /// A root that can be started from.
    ///
    /// @param hooks to run after the container's end
    public record Ready(RootfsSpec rootfs, List<HookSpec> hooks) {
        public Ready {
            hooks = List.copyOf(hooks);
        }
    }

    /// Makes the storage ready. Blocks.
    ///
    /// @param options value of `lxc.rootfs.options`, may be empty
    /// @throws NotFoundException if there is nothing at the path
    /// @throws UnsupportedException if the host lacks the driver's tool
    public Ready prepare(LxcRootfs rootfs, String options) {
        Options parsed = Options.parse(options);
        return switch (rootfs) {
            case LxcRootfs.Directory(_, Path path) -> directory(path, parsed);
            case LxcRootfs.Overlay overlay -> ready(overlay(overlay, parsed));
            case LxcRootfs.Loop(Path file) -> ready(volume(file, true, parsed));
            case LxcRootfs.Device(Path path) -> ready(volume(path, false, parsed));
            case LxcRootfs.Zfs(String dataset) -> directory(zfsMountPoint(dataset), parsed);
            case LxcRootfs.Rbd(String image) -> rbd(image, parsed);
            case LxcRootfs.Nbd nbd -> nbd(nbd, parsed);
        };
    }

    /// @param own what the file system shall do
    private record Options(
            boolean isShifted,
            boolean isReadonly,
            List<String> own,
            Set<MountAttribute> attributes) {
        static Options parse(String text) {
            List<String> words =
                    Arrays.stream(text.split(","))
                            .map(String::strip)
                            .filter(w -> !w.isEmpty())
                            .toList();
            Set<MountAttribute> attributes = EnumSet.noneOf(MountAttribute.class);
            List<String> own = new ArrayList<>();
            for (String word : words) {
                MountAttribute attribute = ATTRIBUTES.get(word);
                if (attribute != null) {
                    attributes.add(attribute);
                } else if (!MOUNT_WORDS.contains(word) && !word.startsWith("idmap=")) {
                    own.add(word);
                }
            }
            return new Options(
                    words.contains("idmap=container"), words.contains("ro"), own, attributes);
        }
    }

    private static Ready ready(RootfsSpec rootfs) {
        return new Ready(rootfs, List.of());
    }

    /// A path without driver may also be a file with a file system, as in LXC.
    private Ready directory(Path path, Options options) {
        if (Files.isRegularFile(path)) {
            return ready(volume(path, true, options));
        }
        exists(path);
        return ready(
                new RootfsSpec.Directory(
                        new RootfsSpec.Layer(path, options.isShifted()),
                        options.isReadonly(),
                        options.attributes()));
    }

    private RootfsSpec overlay(LxcRootfs.Overlay overlay, Options options) {
        List<RootfsSpec.Layer> lowers = new ArrayList<>();
        for (Path lower : overlay.lowers()) {
            exists(lower);
            Path directory = Files.isDirectory(lower) ? lower : images.mount(lower);
            lowers.add(new RootfsSpec.Layer(directory, options.isShifted()));
        }
        exists(overlay.upper());
        Path writable = overlay.upper().getParent();
        Path upper = overlay.upper().getFileName();
        if (writable == null || upper == null) {
            throw new InvalidConfigException("overlay cannot have / as its upper layer");
        }
        try {
            Files.createDirectories(overlay.work());
        } catch (IOException e) {
            throw new UnavailableException(
                    "cannot make " + overlay.work() + ": " + e.getMessage(), e);
        }
        return new RootfsSpec.Overlay(
                lowers,
                new RootfsSpec.Layer(writable, options.isShifted()),
                upper.toString(),
                "work",
                options.own(),
                options.isReadonly(),
                options.attributes());
    }

    private static RootfsSpec volume(Path source, boolean isFile, Options options) {
        exists(source);
        return new RootfsSpec.Volume(
                new RootfsSpec.Layer(source, options.isShifted()),
                isFile,
                FileSystemType.of(source),
                options.own(),
                options.isReadonly(),
                options.attributes());
    }

    private static void exists(Path path) {
        if (!Files.exists(path)) {
            throw new NotFoundException("lxc.rootfs.path: there is no " + path);
        }
    }

    private static Path zfsMountPoint(String dataset) {
        String answer =
                run("zfs", "zfs", "get", "-H", "-o", "value", "mountpoint", dataset).strip();
        if (!answer.startsWith("/")) {
            throw new UnsupportedException(
                    "zfs data set " + dataset + " has no mount point, but: " + answer);
        }
        return Path.of(answer);
    }

    private static Ready rbd(String image, Options options) {
        if (image.startsWith("/dev/")) {
            image = image.substring("/dev/rbd/".length());
        }
        String device = run("rbd", "rbd", "map", image).strip();
        return new Ready(
                volume(Path.of(device), false, options), List.of(release("rbd", "unmap", device)));
    }

    private static Ready nbd(LxcRootfs.Nbd nbd, Options options) {
        exists(nbd.file());
        String device = freeNbd();
        String unused = run("qemu-nbd", "qemu-nbd", "--connect=" + device, nbd.file().toString());
        Path whole = Path.of(nbd.partition() == 0 ? device : device + "p" + nbd.partition());
        HookSpec disconnect = release("qemu-nbd", "--disconnect", device);
        try {
            await(whole);
            return new Ready(volume(whole, false, options), List.of(disconnect));
        } catch (RuntimeException e) {
            String ignored = run("qemu-nbd", "qemu-nbd", "--disconnect", device);
            throw e;
        }
    }

    /// The kernel reads the partition table a moment after the disk is there.
    private static void await(Path device) {
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        while (!Files.exists(device) && System.nanoTime() < deadline) {
            java.util.concurrent.locks.LockSupport.parkNanos(5_000_000);
        }
    }

    private static String freeNbd() {
        try (Stream<Path> devices = Files.list(Path.of("/sys/block"))) {
            return devices.filter(d -> d.getFileName().toString().startsWith("nbd"))
                    .filter(d -> !Files.exists(d.resolve("pid")))
                    .map(d -> "/dev/" + d.getFileName())
                    .sorted()
                    .findFirst()
                    .orElseThrow(() ->
                            new UnsupportedException(
                                    "no free network block device; load the kernel module"
                                            + " nbd"));
        } catch (IOException e) {
            throw new UnsupportedException("cannot list /sys/block: " + e.getMessage(), e);
        }
    }

    private static HookSpec release(String... argv) {
        List<String> full = new ArrayList<>(List.of(argv));
        full.set(0, Commands.find(argv[0]).map(Path::toString).orElse("/usr/bin/" + argv[0]));
        return new HookSpec(
                HookSpec.Phase.POST_STOP, full, Map.of("PATH", Commands.PATH), HOOK_TIMEOUT);
    }

    private static String run(String tool, String... argv) {
        if (Commands.find(argv[0]).isEmpty()) {
            throw new UnsupportedException(
                    "this host has no command \"" + tool + "\", which this rootfs needs");
        }
        try {
            return Commands.run(Command.of(argv)).text();
        } catch (CommandFailed e) {
            throw new UnavailableException(String.valueOf(e.getMessage()), e);
        }
    }
}
