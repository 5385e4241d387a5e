package io.atoll.runtime.lxc;

import io.atoll.base.InvalidConfigException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/// What a value of `lxc.rootfs.path` means. The text before the first colon names the driver; a
/// value that begins with a slash has none and is what it turns out to be on disk.
public sealed interface LxcRootfs {
    /// Names that may stand in front of a colon.
    Set<String> DRIVERS =
            Set.of("dir", "btrfs", "overlay", "overlayfs", "loop", "lvm", "zfs", "rbd", "nbd");

    /// The driver's name as it is written.
    String driver();

    /// The value of the key.
    String render();

    /// A directory; for `btrfs` the directory is a subvolume.
    record Directory(String driver, Path path) implements LxcRootfs {
        @Override
        public String render() {
            return driver + ":" + path;
        }
    }

    /// Layers. A lower layer that is a file is an image: a squashfs or erofs file system, which is
    /// mounted read-only when the container starts.
    ///
    /// @param lowers topmost first
    /// @param upper the directory of changes; the work directory stands beside it
    record Overlay(List<Path> lowers, Path upper) implements LxcRootfs {
        public Overlay {
            lowers = List.copyOf(lowers);
        }

        @Override
        public String driver() {
            return "overlay";
        }

        /// Where overlayfs prepares files, on the file system of the upper directory.
        public Path work() {
            return upper.resolveSibling("work");
        }

        @Override
        public String render() {
            StringBuilder text = new StringBuilder("overlay:");
            lowers.forEach(lower -> text.append(lower).append(':'));
            return text.append(upper).toString();
        }
    }

    /// A file with a file system in it.
    record Loop(Path file) implements LxcRootfs {
        @Override
        public String driver() {
            return "loop";
        }

        @Override
        public String render() {
            return "loop:" + file;
        }
    }

    /// A block device, such as a logical volume.
    record Device(Path path) implements LxcRootfs {
        @Override
        public String driver() {
            return "lvm";
        }

        @Override
        public String render() {
            return "lvm:" + path;
        }
    }

    /// A ZFS data set.
    record Zfs(String dataset) implements LxcRootfs {
        @Override
        public String driver() {
            return "zfs";
        }

        @Override
        public String render() {
            return "zfs:" + dataset;
        }
    }

    /// An image of a Ceph pool, `POOL/IMAGE` or the device it is mapped to.
    record Rbd(String image) implements LxcRootfs {
        @Override
        public String driver() {
            return "rbd";
        }

        @Override
        public String render() {
            return "rbd:" + image;
        }
    }

    /// A disk file of QEMU, served by `qemu-nbd`.
    ///
    /// @param partition from 1; 0 for the whole disk
    record Nbd(Path file, int partition) implements LxcRootfs {
        @Override
        public String driver() {
            return "nbd";
        }

        @Override
        public String render() {
            return "nbd:" + file + (partition == 0 ? "" : ":" + partition);
        }
    }

    /// Reads a value of the key. Nothing is looked up on disk.
    ///
    /// @throws InvalidConfigException if it names no path, or a driver that there is not
    static LxcRootfs parse(String value) {
        int colon = value.indexOf(':');
        if (value.startsWith("/") || colon < 0) {
            return value.startsWith("/dev/")
                    ? new Device(path(value, value))
                    : new Directory("dir", path(value, value));
        }
        String driver = value.substring(0, colon);
        String rest = value.substring(colon + 1);
        return switch (driver) {
            case "dir", "btrfs" -> new Directory(driver, path(rest, value));
            case "overlay", "overlayfs" -> overlay(rest, value);
            case "loop" -> new Loop(path(rest, value));
            case "lvm" -> new Device(path(rest, value));
            case "zfs" -> new Zfs(notEmpty(rest, value));
            case "rbd" -> new Rbd(notEmpty(rest, value));
            case "nbd" -> nbd(rest, value);
            default ->
                    throw new InvalidConfigException(
                            "lxc.rootfs.path = "
                                    + value
                                    + ": there is no driver \""
                                    + driver
                                    + "\"; use dir, overlay, loop, btrfs, lvm, zfs, rbd or nbd");
        };
    }

    private static LxcRootfs overlay(String rest, String value) {
        List<Path> layers = new ArrayList<>();
        for (String layer : rest.split(":")) {
            layers.add(path(layer, value));
        }
        if (layers.size() < 2) {
            throw new InvalidConfigException(
                    "lxc.rootfs.path = " + value + ": overlay needs a lower and an upper layer");
        }
        return new Overlay(layers.subList(0, layers.size() - 1), layers.getLast());
    }

    private static LxcRootfs nbd(String rest, String value) {
        int colon = rest.lastIndexOf(':');
        if (colon > 0 && rest.substring(colon + 1).matches("[0-9]{1,3}")) {
            return new Nbd(
                    path(rest.substring(0, colon), value),
                    Integer.parseInt(rest.substring(colon + 1)));
        }
        return new Nbd(path(rest, value), 0);
    }

    private static Path path(String text, String value) {
        if (!text.startsWith("/") || text.indexOf('\0') >= 0) {
            throw new InvalidConfigException(
                    "lxc.rootfs.path = " + value + ": not an absolute path: " + text);
        }
        return Path.of(text).normalize();
    }

    private static String notEmpty(String text, String value) {
        if (text.isEmpty() || text.startsWith("-")) {
            throw new InvalidConfigException("lxc.rootfs.path = " + value + ": no name in it");
        }
        return text;
    }
}
