package io.atoll.runtime.lxc;

import io.atoll.base.UnavailableException;
import io.atoll.base.UnsupportedException;
import io.atoll.linux.Errno;
import io.atoll.linux.ErrnoException;
import io.atoll.linux.Fd;
import io.atoll.linux.FileStat;
import io.atoll.linux.FsContext;
import io.atoll.linux.Loop;
import io.atoll.linux.MountAttribute;
import io.atoll.linux.Mounts;
import io.atoll.linux.PlatformThreads;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.EnumSet;
import java.util.Optional;
import java.util.stream.Stream;

/// Read-only images, mounted once for all containers that use them. The place is named by the
/// file's inode, so that hard links of one image share a mount and its pages in memory. A container
/// keeps its own hold on the file system: an image can be unmounted at any time.
public final class ImageMounts {
    private final Path directory;

    /// @param directory for the mount points, on a file system that is emptied at boot
    public ImageMounts(Path directory) {
        this.directory = directory;
    }

    /// Mounts an image if it is not. Needs root. Blocks.
    ///
    /// @return the directory with its files
    /// @throws UnsupportedException if the kernel does not know its file system
    public Path mount(Path file) {
        Path target = place(file);
        if (isMounted(target)) {
            return target;
        }
        try {
            Files.createDirectories(target);
            // Two starts at once make one mount.
            try (FileChannel channel =
                            FileChannel.open(
                                    directory.resolve(".lock"),
                                    StandardOpenOption.CREATE,
                                    StandardOpenOption.WRITE);
                    FileLock lock = channel.lock()) {
                if (lock.isValid() && !isMounted(target)) {
                    PlatformThreads.run(() -> mount(file, target));
                }
            }
        } catch (IOException e) {
            throw new UnavailableException(
                    "cannot mount image " + file + " on " + target + ": " + e.getMessage(), e);
        }
        return target;
    }

    private static void mount(Path file, Path target) {
        try (Fd mount = open(file)) {
            Mounts.move(mount, target.toString());
        }
    }

    /// A detached mount of an image. Its set-id files and devices are nothing for the host; an
    /// overlay on top does not inherit that.
    public static Fd open(Path file) {
        String type = FileSystemType.of(file);
        try (Loop.Device loop = Loop.attach(file, true);
                FsContext context = FsContext.open(type)) {
            context.set("source", loop.path()).flag("ro");
            return context.mount(
                    EnumSet.of(MountAttribute.RDONLY, MountAttribute.NOSUID, MountAttribute.NODEV));
        } catch (ErrnoException e) {
            if (e.is(Errno.ENODEV)) {
                throw new UnsupportedException("this kernel has no " + type, e);
            }
            throw e;
        }
    }

    /// Unmounts an image; containers that run go on.
    public void unmount(Path file) {
        if (Files.exists(file)) {
            release(place(file));
        }
    }

    /// Unmounts all images.
    public void unmountAll() {
        if (!Files.isDirectory(directory)) {
            return;
        }
        try (Stream<Path> places = Files.list(directory)) {
            places.filter(Files::isDirectory).forEach(ImageMounts::release);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void release(Path target) {
        if (isMounted(target)) {
            PlatformThreads.run(() -> Mounts.umount(target.toString(), true));
        }
        try {
            boolean unused = Files.deleteIfExists(target);
        } catch (IOException _) {
            // A mount made at this moment: it stays for whoever made it.
            return;
        }
    }

    private Path place(Path file) {
        FileStat stat = FileStat.of(file.toString());
        return directory.resolve(
                Long.toHexString(stat.device()) + "-" + Long.toHexString(stat.inode()));
    }

    /// A mount has another device number than the directory it hides.
    private static boolean isMounted(Path target) {
        Optional<Path> parent = Optional.ofNullable(target.getParent());
        try {
            return parent.isPresent()
                    && FileStat.of(target.toString()).device()
                            != FileStat.of(parent.get().toString()).device();
        } catch (ErrnoException e) {
            if (e.is(Errno.ENOENT)) {
                return false;
            }
            throw e;
        }
    }
}
