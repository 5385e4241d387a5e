package io.atoll.storage;

import io.atoll.base.Fingerprint;
import io.atoll.base.Idmap;
import io.atoll.linux.ErrnoException;
import io.atoll.linux.Fd;
import io.atoll.linux.PlatformThreads;
import io.atoll.linux.TreeCopy;
import java.io.IOException;
import java.nio.file.Path;

/// Every volume is a directory of its own with all its files. Slow to make, but works where
/// overlays do not, and nested overlays work on it.
class DirDriver extends DirectoryDriver {
    private final IdmapProbe probe;

    DirDriver(PoolSpec pool, IdmapProbe probe) {
        // Images are copied from, never part of an instance.
        super(
                pool,
                new ImageVolumes.Use.Mounted(_ -> true),
                new SourceDirectory(pool),
                new PlainTrees());
        this.probe = probe;
    }

    /// For drivers that keep images as files too.
    DirDriver(PoolSpec pool, IdmapProbe probe, PoolGround ground, Trees trees) {
        super(pool, new ImageVolumes.Use.Unpacked(), ground, trees);
        this.probe = probe;
    }

    @Override
    String driverName() {
        return "dir";
    }

    @Override
    void checkFileSystem(Path scratch) {
        checkIdmap(scratch, probe);
    }

    @Override
    void fillFromImage(Path directory, Fingerprint image, Path lower) throws IOException {
        Path rootfs = makeRootfs(directory);
        PlatformThreads.run(() -> {
            try (Fd source = PoolDirectories.openDirectory(lower);
                    Fd target = PoolDirectories.openDirectory(rootfs)) {
                long unused = TreeCopy.contents(source, target, _ -> true);
            } catch (ErrnoException e) {
                throw PoolDirectories.storage("unpack the image into", rootfs, e);
            }
        });
    }

    @Override
    public RootfsLayers layers(VolumeRef ref, Idmap idmap) {
        return new RootfsLayers.Directory(
                directories().existing(ref).resolve(ROOTFS), RootfsLayers.Ids.UNSHIFTED);
    }

    @Override
    public Fd openMount(VolumeRef ref) {
        boolean image = ref.volume().type() == VolumeType.IMAGE;
        Path path =
                image
                        ? images().rootfs(new Fingerprint(ref.volume().name()))
                        : directories().existing(ref).resolve(ROOTFS);
        return PlatformThreads.call(
                () -> OverlayDriver.cloneDirectory(path, image || ref.isSnapshot()));
    }
}
