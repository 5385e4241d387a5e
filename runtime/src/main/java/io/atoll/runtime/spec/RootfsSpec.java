package io.atoll.runtime.spec;

import io.atoll.base.InvalidConfigException;
import io.atoll.plan.MountAttribute;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;

/// Where the root file system comes from. Paths are the host's, absolute, as seen by the fork
/// server.
///
/// A layer that `isShifted` has ids on disk as inside the container and is mapped by an idmapped
/// mount; one that is not has the host's ids on disk already (or the container is privileged).
public sealed interface RootfsSpec {
    /// True if nothing may be written to the root.
    boolean isReadonly();

    /// How the root's mount is restricted besides.
    Set<MountAttribute> attributes();

    /// One layer of an overlay, or a whole root.
    record Layer(Path path, boolean isShifted) {
        public Layer {
            absolute(path);
        }
    }

    /// A plain directory, or the mount point of a volume.
    record Directory(Layer layer, boolean isReadonly, Set<MountAttribute> attributes)
            implements RootfsSpec {
        public Directory {
            attributes = Set.copyOf(attributes);
        }

        /// Without further restrictions.
        public Directory(Layer layer, boolean isReadonly) {
            this(layer, isReadonly, Set.of());
        }
    }

    /// An overlay: lower layers, topmost first, and one directory with subdirectories for upper and
    /// work.
    ///
    /// @param lowers at least one, at most [#LOWERS_MAX]
    /// @param writable the directory that holds `upper` and `work`; both must be inside it, so that
    ///   one idmapped mount covers both
    /// @param upper name of the upper directory inside `writable`
    /// @param work name of the work directory inside `writable`
    /// @param options further overlay options, `index=on` for one
    record Overlay(
            List<Layer> lowers,
            Layer writable,
            String upper,
            String work,
            List<String> options,
            boolean isReadonly,
            Set<MountAttribute> attributes)
            implements RootfsSpec {
        /// Overlayfs takes up to 500 layers; a longer stack is a mistake of the caller.
        public static final int LOWERS_MAX = 64;

        public Overlay {
            lowers = List.copyOf(lowers);
            options = List.copyOf(options);
            attributes = Set.copyOf(attributes);
            if (lowers.isEmpty() || lowers.size() > LOWERS_MAX) {
                throw new InvalidConfigException(
                        "overlay needs 1 to " + LOWERS_MAX + " lower layers");
            }
            simpleName(upper);
            simpleName(work);
        }

        /// Without further restrictions.
        public Overlay(
                List<Layer> lowers,
                Layer writable,
                String upper,
                String work,
                List<String> options,
                boolean isReadonly) {
            this(lowers, writable, upper, work, options, isReadonly, Set.of());
        }

        private static void simpleName(String name) {
            if (name.isEmpty() || name.equals(".") || name.equals("..") || name.indexOf('/') >= 0) {
                throw new InvalidConfigException("overlay directory is not a simple name: " + name);
            }
        }
    }

    /// A file system of its own, on a block device or in a file, mounted by the container's monitor
    /// and nowhere else: it is let go of with the container's last process.
    ///
    /// @param source the device, or the file if `isFile`
    /// @param fsType as the kernel names it, `ext4` for one
    /// @param options further options of the file system
    record Volume(
            Layer source,
            boolean isFile,
            String fsType,
            List<String> options,
            boolean isReadonly,
            Set<MountAttribute> attributes)
            implements RootfsSpec {
        public Volume {
            options = List.copyOf(options);
            attributes = Set.copyOf(attributes);
        }
    }

    private static void absolute(Path path) {
        if (!path.isAbsolute()) {
            throw new InvalidConfigException("rootfs path is not absolute: " + path);
        }
    }
}
