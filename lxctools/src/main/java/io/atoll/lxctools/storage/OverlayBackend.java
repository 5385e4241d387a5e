package io.atoll.lxctools.storage;

import io.atoll.base.UnavailableException;
import io.atoll.linux.Directories;
import io.atoll.linux.Errno;
import io.atoll.linux.ErrnoException;
import io.atoll.linux.Fd;
import io.atoll.linux.FileStat;
import io.atoll.linux.FsContext;
import io.atoll.runtime.lxc.ImageMounts;
import io.atoll.runtime.lxc.LxcRootfs;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/// Layers. A new container has a lower layer of its own that a template fills, or an image that the
/// template names; what the container changes goes to `overlay/delta`.
final class OverlayBackend implements Backend {
    private static final String LOWER = "rootfs";
    private static final String DELTA = "overlay/delta";

    @Override
    public String name() {
        return "overlay";
    }

    @Override
    public boolean isUsable(Path directory) {
        return Files.isDirectory(Path.of("/sys/module/overlay"));
    }

    @Override
    public LxcRootfs create(Place place, StorageOptions options) {
        Path lower = options.directory().orElse(place.directory().resolve(LOWER));
        Trees.make(lower);
        return above(lower, place);
    }

    /// Changes of a container above a directory that is left as it is.
    static LxcRootfs.Overlay above(Path lower, Place place) {
        return new LxcRootfs.Overlay(List.of(lower), delta(place, lower));
    }

    private static Path delta(Place place, Path attributesOf) {
        Path upper = place.directory().resolve(DELTA);
        Trees.make(upper);
        Trees.make(upper.resolveSibling("work"));
        // The root of an overlay has the attributes of the upper directory.
        try (Fd from = Trees.directory(attributesOf);
                Fd to = Trees.directory(upper)) {
            FileStat stat = FileStat.of(from);
            Directories.chown(to, stat.uid(), stat.gid());
            Directories.chmod(to, stat.mode());
        }
        return upper;
    }

    /// While it is created, a template fills the lower layer itself; afterwards all layers count.
    @Override
    public RootfsView open(LxcRootfs rootfs, Place place) {
        LxcRootfs.Overlay overlay = (LxcRootfs.Overlay) rootfs;
        Path target = place.directory().resolve(".merged");
        Trees.make(target);
        List<Fd> images = new ArrayList<>();
        try (FsContext context = FsContext.open("overlay")) {
            List<String> lowers = new ArrayList<>();
            for (Path lower : overlay.lowers()) {
                if (Files.isDirectory(lower)) {
                    lowers.add(escape(lower));
                } else {
                    Fd image = ImageMounts.open(lower);
                    images.add(image);
                    lowers.add(image.procPath());
                }
            }
            context.set("lowerdir", String.join(":", lowers))
                    .set("upperdir", escape(overlay.upper()))
                    .set("workdir", escape(overlay.work()));
            return RootfsView.mounted(
                    context.mount(Set.of()),
                    target,
                    () -> {
                        try {
                            boolean unused = Files.deleteIfExists(target);
                        } catch (IOException e) {
                            throw new UnavailableException(
                                    "cannot remove " + target + ": " + e.getMessage(), e);
                        }
                    });
        } catch (ErrnoException e) {
            throw e.is(Errno.EBUSY)
                    ? new UnavailableException("the layers of " + place.name() + " are in use", e)
                    : e;
        } finally {
            images.forEach(Fd::close);
        }
    }

    private static String escape(Path path) {
        return path.toString().replace("\\", "\\\\").replace(":", "\\:");
    }

    /// The container's own layers only: what another one is made above stays.
    @Override
    public void delete(LxcRootfs rootfs) {
        LxcRootfs.Overlay overlay = (LxcRootfs.Overlay) rootfs;
        Trees.delete(overlay.upper());
        Trees.delete(overlay.work());
        Path own = overlay.upper().getParent();
        Path container = own == null ? null : own.getParent();
        for (Path lower : overlay.lowers()) {
            if (container != null && container.equals(lower.getParent())) {
                if (Files.isDirectory(lower, LinkOption.NOFOLLOW_LINKS)) {
                    Trees.delete(lower);
                }
            }
        }
    }

    /// The changes are copied; the layers below are shared, an image by another name for the same
    /// file.
    @Override
    public LxcRootfs snapshot(LxcRootfs source, Place place) {
        LxcRootfs.Overlay overlay = (LxcRootfs.Overlay) source;
        List<Path> lowers = new ArrayList<>();
        for (Path lower : overlay.lowers()) {
            boolean isOwn =
                    overlay.upper().getParent() != null
                            && lower.startsWith(overlay.upper().getParent().getParent());
            lowers.add(
                    isOwn && Files.isRegularFile(lower) ? link(lower, place.directory()) : lower);
        }
        Path upper = place.directory().resolve(DELTA);
        Trees.make(upper);
        Trees.make(upper.resolveSibling("work"));
        Trees.copyHere(overlay.upper(), upper);
        return new LxcRootfs.Overlay(lowers, upper);
    }

    private static Path link(Path image, Path directory) {
        Path target = directory.resolve(String.valueOf(image.getFileName()));
        try {
            try {
                return Files.createLink(target, image);
            } catch (IOException _) {
                // Another file system.
                return Files.copy(image, target);
            }
        } catch (IOException e) {
            throw new UnavailableException(
                    "cannot copy the image " + image + ": " + e.getMessage(), e);
        }
    }

    /// Only if a layer below is a directory, which is shared.
    @Override
    public boolean isSnapshotDependent() {
        return true;
    }
}
