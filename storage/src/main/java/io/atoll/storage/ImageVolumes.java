package io.atoll.storage;

import io.atoll.base.Fingerprint;
import io.atoll.base.InvalidConfigException;
import io.atoll.base.NotFoundException;
import io.atoll.base.UnsupportedException;
import io.atoll.linux.Command;
import io.atoll.linux.Commands;
import io.atoll.linux.Errno;
import io.atoll.linux.ErrnoException;
import io.atoll.linux.Fcntl;
import io.atoll.linux.Fd;
import io.atoll.linux.FileStat;
import io.atoll.linux.FsContext;
import io.atoll.linux.Loop;
import io.atoll.linux.MountAttribute;
import io.atoll.linux.Mounts;
import io.atoll.linux.Opens;
import io.atoll.linux.PlatformThreads;
import io.atoll.linux.TreeCopy;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;

/// The images of a pool: each a directory with `metadata.yaml`, `templates/` and the root file
/// system, kept packed as a squashfs file and mounted read-only at `rootfs` while it is of use, or
/// unpacked in `rootfs` where the host cannot do that. Mounts stay when the daemon goes; after the
/// host went they are made again by whoever needs them.
///
/// ```text
/// images/FINGERPRINT/{metadata.yaml,templates/,rootfs.squashfs,rootfs/}
/// images/FINGERPRINT/.given-up     deleted while instances still used it
/// ```
final class ImageVolumes {
    /// Why zstd at this level: docs/decisions/0020. Overlays refer to files of the image by
    /// handles, which need `-exports`. The archive's entry for the root directory itself is
    /// ignored. Of squashfs-tools 4.5 only this program, not sqfstar, takes a level.
    private static final List<String> PACK_OPTIONS =
            List.of(
                    "-tar",
                    "-noappend",
                    "-exports",
                    "-root-mode",
                    "755",
                    "-comp",
                    "zstd",
                    "-Xcompression-level",
                    "3",
                    "-quiet",
                    "-no-progress");

    private static final String MKSQUASHFS = "mksquashfs";
    private static final String PACKED = "rootfs.squashfs";
    private static final String ROOTFS = "rootfs";
    private static final String GIVEN_UP = ".given-up";
    private static final Duration PACKING_TIMEOUT = Duration.ofMinutes(30);

    private final PoolDirectories directories;

    /// How the root file systems of images are of use to a driver.
    interface Use {
        /// Packed, if the kernel can map ids there, which the probe says; else unpacked.
        record Mounted(IdmapProbe probe) implements Use {}

        /// As files.
        record Unpacked() implements Use {}
    }

    /// Says whether a packed image can be used here; else it is unpacked.
    private final IdmapProbe probe;

    /// What the probe said, the same for all images of a kernel.
    private volatile Optional<Boolean> packedIsOfUse = Optional.empty();

    /// Held while an image is mounted, unmounted, given up or taken back. Nothing else is called
    /// under it that locks.
    private final ReentrantLock lock = new ReentrantLock();

    ImageVolumes(PoolDirectories directories, Use use) {
        this.directories = directories;
        this.probe = use instanceof Use.Mounted(IdmapProbe given) ? given : _ -> false;
        if (use instanceof Use.Unpacked) {
            packedIsOfUse = Optional.of(false);
        }
    }

    /// The directory of an image that is kept as files.
    Path unpacked(Fingerprint image) {
        return path(image);
    }

    private Path path(Fingerprint image) {
        return directories.path(VolumeName.image(image).current());
    }

    boolean exists(Fingerprint image) {
        return Files.isDirectory(path(image)) && !Files.exists(path(image).resolve(GIVEN_UP));
    }

    /// Does nothing if the image is there; takes it back if it was given up.
    void add(Fingerprint image, ImageSource source) {
        lock.lock();
        try {
            if (Files.deleteIfExists(path(image).resolve(GIVEN_UP))
                    || Files.isDirectory(path(image))) {
                return;
            }
        } catch (IOException e) {
            throw new UnsupportedException(
                    "Failed to take back image " + image + ": " + e.getMessage(), e);
        } finally {
            lock.unlock();
        }
        Path making = directories.aside(directory -> fill(directory, source));
        directories.place(making, VolumeName.image(image).current());
    }

    private void fill(Path directory, ImageSource source) throws IOException {
        source.unpackMetadata(directory);
        Path rootfs = Files.createDirectory(directory.resolve(ROOTFS));
        Path file = directory.resolve(PACKED);
        Optional<Path> squashfs = source.squashfs();
        if (squashfs.isPresent()) {
            linkOrCopy(squashfs.get(), file);
        } else if (packedIsOfUse.orElse(true) && Commands.find(MKSQUASHFS).isPresent()) {
            pack(file, source);
        } else {
            source.unpackRootfs(rootfs);
            return;
        }
        if (!isOfUse(file)) {
            unpackSquashfs(directory);
        }
    }

    /// Tried with each image: one that is no file system is better refused now than at a start.
    private boolean isOfUse(Path file) {
        boolean answer =
                PlatformThreads.call(() -> {
                    try (Fd mount = open(file)) {
                        return packedIsOfUse.orElseGet(() -> probe.canMap(mount));
                    }
                });
        packedIsOfUse = Optional.of(answer);
        return answer;
    }

    /// A hard link costs nothing, but needs the same file system and mount.
    private static void linkOrCopy(Path file, Path target) throws IOException {
        try {
            Files.createLink(target, file);
        } catch (FileSystemException _) {
            Files.copy(file, target);
            sync(target);
        }
    }

    private static void pack(Path target, ImageSource source) throws IOException {
        List<String> argv = new ArrayList<>(List.of(MKSQUASHFS, "-", target.toString()));
        argv.addAll(PACK_OPTIONS);
        Commands.Result unused =
                Commands.run(Command.of(argv).input(source::streamRootfs).timeout(PACKING_TIMEOUT));
        sync(target);
    }

    private static void unpackSquashfs(Path directory) throws IOException {
        Path file = directory.resolve(PACKED);
        PlatformThreads.run(() -> {
            try (Fd mount = open(file);
                    Fd source = Opens.openAt(mount, ".", Fcntl.O_RDONLY | Fcntl.O_DIRECTORY, 0);
                    Fd target = PoolDirectories.openDirectory(directory.resolve(ROOTFS))) {
                long unused = TreeCopy.contents(source, target, _ -> true);
            } catch (ErrnoException e) {
                throw unreadable(e);
            }
        });
        Files.delete(file);
    }

    /// The file must be whole before it gets its name; after a crash of the host nothing would
    /// notice.
    private static void sync(Path file) throws IOException {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            channel.force(true);
        }
    }

    /// The root file system, mounted.
    ///
    /// @throws NotFoundException if there is no such image, though it may be given up
    Path rootfs(Fingerprint image) {
        Path directory = path(image);
        Path rootfs = directory.resolve(ROOTFS);
        Path file = directory.resolve(PACKED);
        if (isMounted(directory) || Files.isDirectory(rootfs) && !Files.exists(file)) {
            return rootfs;
        }
        if (!Files.exists(file)) {
            throw new NotFoundException("Image " + image.abbreviated() + " is not in the pool");
        }
        lock.lock();
        try {
            if (!isMounted(directory)) {
                PlatformThreads.run(() -> mount(file, rootfs));
            }
            return rootfs;
        } finally {
            lock.unlock();
        }
    }

    /// A mount has another device number than the directory it hides; the host's table is long and
    /// slow to read.
    private static boolean isMounted(Path directory) {
        try {
            Path rootfs = directory.resolve(ROOTFS);
            return FileStat.of(rootfs.toString()).device()
                    != FileStat.of(directory.toString()).device();
        } catch (ErrnoException e) {
            if (e.is(Errno.ENOENT)) {
                return false;
            }
            throw e;
        }
    }

    private static void mount(Path file, Path target) {
        try (Fd mount = open(file)) {
            Mounts.move(mount, target.toString());
        } catch (ErrnoException e) {
            throw PoolDirectories.storage("mount", file, e);
        }
    }

    /// What went wrong with what is in a squashfs: its publisher's fault, if it is damaged.
    static RuntimeException unreadable(ErrnoException e) {
        return e.is(Errno.EINVAL, Errno.EIO, Errno.ENOMEM)
                ? new InvalidConfigException(
                        "The root file system of the image is damaged: " + e.getMessage(), e)
                : e;
    }

    /// A detached mount of a squashfs file. Set-id files and devices of an image are nothing for
    /// the host.
    ///
    /// @throws InvalidConfigException if the kernel cannot make sense of it
    static Fd open(Path file) {
        try (Loop.Device loop = Loop.attach(file, true);
                FsContext context = FsContext.open("squashfs")) {
            context.set("source", loop.path()).flag("ro");
            return context.mount(
                    EnumSet.of(MountAttribute.RDONLY, MountAttribute.NOSUID, MountAttribute.NODEV));
        } catch (ErrnoException e) {
            if (e.is(Errno.ENODEV)) {
                throw new UnsupportedException("This kernel has no squashfs", e);
            }
            throw unreadable(e);
        }
    }

    /// Takes away the mount; running instances keep theirs.
    void unmount(Fingerprint image) {
        lock.lock();
        try {
            if (isMounted(path(image))) {
                PlatformThreads.run(
                        () -> Mounts.umount(path(image).resolve(ROOTFS).toString(), true));
            }
        } finally {
            lock.unlock();
        }
    }

    void unmountAll() {
        for (String name : directories.volumes(VolumeType.IMAGE)) {
            unmount(new Fingerprint(name));
        }
    }

    /// Deletes an image, or marks it if it is used.
    void delete(Fingerprint image, boolean used) {
        if (!Files.isDirectory(path(image))) {
            return;
        }
        if (used) {
            Path mark = path(image).resolve(GIVEN_UP);
            PoolDirectories.io("give up", path(image), () -> Files.write(mark, new byte[0]));
            return;
        }
        unmount(image);
        directories.delete(VolumeName.image(image));
    }

    /// True for an image that waits for its last user to go.
    boolean isGivenUp(Fingerprint image) {
        return Files.exists(path(image).resolve(GIVEN_UP));
    }

    /// Copies what an instance gets of an image beside its files.
    void copyMetadata(Fingerprint image, Path target) throws IOException {
        Path directory = path(image);
        Files.copy(directory.resolve("metadata.yaml"), target.resolve("metadata.yaml"));
        Path templates = directory.resolve("templates");
        if (!Files.isDirectory(templates)) {
            return;
        }
        Path made = Files.createDirectory(target.resolve("templates"));
        try (var files = Files.list(templates)) {
            for (Path file : files.toList()) {
                Files.copy(file, made.resolve(file.getFileName().toString()));
            }
        }
    }
}
