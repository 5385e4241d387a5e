package io.atoll.storage;

import io.atoll.base.BusyException;
import io.atoll.base.Fingerprint;
import io.atoll.base.Idmap;
import io.atoll.base.UnsupportedException;
import io.atoll.linux.Errno;
import io.atoll.linux.ErrnoException;
import io.atoll.linux.Fcntl;
import io.atoll.linux.Fd;
import io.atoll.linux.FsContext;
import io.atoll.linux.MountAttribute;
import io.atoll.linux.Mounts;
import io.atoll.linux.Opens;
import io.atoll.linux.PlatformThreads;
import io.atoll.linux.Xattrs;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.time.Duration;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/// Images are mounted and shared, an instance is the directory of its changes: creating one costs a
/// few system calls whatever the image's size, and works on any file system that can be the upper
/// layer of an overlay. Volumes that come from no image are plain directories. See overlayfs in the
/// kernel's documentation.
final class OverlayDriver extends DirectoryDriver {
    /// System property: how many milliseconds a busy upper layer is waited for.
    static final String BUSY_PATIENCE = "atoll.storage.busy.millis";

    /// Taking an overlay away may write out the whole file system below it.
    private static final long BUSY_PATIENCE_MILLIS = 30_000;

    private static final Duration BUSY_PAUSE = Duration.ofMillis(5);

    private final IdmapProbe probe;

    OverlayDriver(PoolSpec pool, IdmapProbe probe) {
        super(
                pool,
                new ImageVolumes.Use.Mounted(probe),
                new SourceDirectory(pool),
                new PlainTrees());
        this.probe = probe;
    }

    @Override
    String driverName() {
        return "overlay";
    }

    @Override
    void checkFileSystem(Path scratch) throws IOException {
        checkIdmap(scratch, probe);
        for (String name : List.of("lower", UPPER, WORK)) {
            Files.createDirectory(scratch.resolve(name));
        }
        try (Fd mount =
                        merge(
                                scratch.resolve("lower"),
                                scratch.resolve(UPPER),
                                scratch.resolve(WORK),
                                false);
                Fd file = Opens.openAt(mount, "probe", Fcntl.O_WRONLY | Fcntl.O_CREAT, 0600)) {
            Xattrs.set(file, "user.atoll", new byte[] {1});
        } catch (ErrnoException e) {
            if (e.is(Errno.ENOSPC)) {
                throw e;
            }
            // Some file systems are taken for the upper layer and then silently read-only, hence
            // the file above.
            throw new UnsupportedException(
                    "The file system of \""
                            + scratch.getParent()
                            + "\" cannot hold the changes of an overlay, use driver \"dir\" or another source: "
                            + e.getMessage(),
                    e);
        }
    }

    @Override
    void fillFromImage(Path directory, Fingerprint image, Path lower) throws IOException {
        Path upper = Files.createDirectory(directory.resolve(UPPER));
        Path unused = Files.createDirectory(directory.resolve(WORK));
        // The root of an overlay has the attributes of the upper directory.
        copyRootAttributes(lower, upper);
        writeImage(directory, image);
    }

    @Override
    public RootfsLayers layers(VolumeRef ref, Idmap idmap) {
        Path directory = directories().existing(ref);
        Optional<Fingerprint> image = imageOf(directory);
        if (image.isEmpty()) {
            return new RootfsLayers.Directory(
                    directory.resolve(ROOTFS), RootfsLayers.Ids.UNSHIFTED);
        }
        Path lower = images().rootfs(image.get());
        Path work = directory.resolve(WORK);
        dropVolatileMark(work);
        return new RootfsLayers.Overlay(
                List.of(lower), directory.resolve(UPPER), work, RootfsLayers.Ids.UNSHIFTED);
    }

    /// A mount with option `volatile` leaves a mark that makes the kernel refuse the next one, for
    /// what was written may not have reached the disk when the host crashed. It is then no worse
    /// than any file that nobody asked to be written out.
    private static void dropVolatileMark(Path work) {
        Path features = work.resolve("work").resolve("incompat");
        if (!Files.isDirectory(features, LinkOption.NOFOLLOW_LINKS)) {
            return;
        }
        Path mark = features.resolve("volatile");
        boolean unused =
                PoolDirectories.io(
                        "prepare",
                        mark,
                        () -> {
                            boolean wasUsed = Files.deleteIfExists(mark.resolve("dirty"));
                            boolean wasMarked = Files.deleteIfExists(mark);
                            return Files.deleteIfExists(features) || wasMarked || wasUsed;
                        });
    }

    @Override
    public Fd openMount(VolumeRef ref) {
        boolean readOnly = ref.isSnapshot() || ref.volume().type() == VolumeType.IMAGE;
        return PlatformThreads.call(() -> openMount(ref, readOnly));
    }

    private Fd openMount(VolumeRef ref, boolean readOnly) {
        if (ref.volume().type() == VolumeType.IMAGE) {
            return cloneDirectory(images().rootfs(new Fingerprint(ref.volume().name())), true);
        }
        try {
            return switch (layers(ref, Idmap.NONE)) {
                case RootfsLayers.Directory(Path path, _) -> cloneDirectory(path, readOnly);
                case RootfsLayers.Overlay(List<Path> lowers, Path upper, Path work, _) ->
                        mergePatiently(lowers.getFirst(), upper, work, readOnly);
            };
        } catch (ErrnoException e) {
            if (e.is(Errno.EBUSY)) {
                throw new BusyException("Volume " + ref + " is in use", e);
            }
            throw PoolDirectories.storage("open", directories().path(ref), e);
        }
    }

    /// The kernel takes an instance's mounts down a moment after its last process: until then its
    /// upper layer is taken.
    private static Fd mergePatiently(Path lower, Path upper, Path work, boolean readOnly) {
        long patience = Long.getLong(BUSY_PATIENCE, BUSY_PATIENCE_MILLIS);
        long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(patience);
        while (true) {
            try {
                return merge(lower, upper, work, readOnly);
            } catch (ErrnoException e) {
                if (!e.is(Errno.EBUSY) || System.nanoTime() > deadline) {
                    throw e;
                }
                LockSupport.parkNanos(BUSY_PAUSE.toNanos());
            }
        }
    }

    static Fd cloneDirectory(Path path, boolean readOnly) {
        Fd tree = Mounts.cloneTree(path.toString(), false);
        try {
            if (readOnly) {
                Mounts.setAttributes(tree, Set.of(MountAttribute.RDONLY), Set.of(), false);
            }
            return tree;
        } catch (ErrnoException e) {
            tree.close();
            throw e;
        }
    }

    private static Fd merge(Path lower, Path upper, Path work, boolean readOnly) {
        try (FsContext context = FsContext.open("overlay")) {
            context.set("lowerdir", escape(lower))
                    .set("upperdir", escape(upper))
                    .set("workdir", escape(work));
            for (String option : RootfsLayers.Overlay.OPTIONS) {
                String[] parts = option.split("=", 2);
                context.set(parts[0], parts[1]);
            }
            EnumSet<MountAttribute> attributes =
                    EnumSet.of(MountAttribute.NOSUID, MountAttribute.NODEV);
            if (readOnly) {
                attributes.add(MountAttribute.RDONLY);
            }
            // Else taking the mount away writes out all of the host's file system and waits for it.
            context.flag("volatile");
            Fd mount = context.mount(attributes);
            dropVolatileMark(work);
            return mount;
        }
    }

    /// In `lowerdir` a colon begins the next layer.
    private static String escape(Path path) {
        return path.toString().replace("\\", "\\\\").replace(":", "\\:");
    }
}
