package io.atoll.runtime.spec;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/// One mount to make inside a container, in the order of the list it stands in.
public sealed interface MountSpec {
    /// What to make at the target before mounting, if it is not there.
    enum Create {
        NOTHING,
        FILE,
        DIR
    }

    /// Propagation of a mount; mount_namespaces(7).
    enum Propagation {
        PRIVATE(1 << 18),
        SLAVE(1 << 19),
        SHARED(1 << 20),
        UNBINDABLE(1 << 17);

        private final int flag;

        Propagation(int flag) {
            this.flag = flag;
        }

        /// The `MS_*` bit of linux/mount.h.
        public int flag() {
            return flag;
        }
    }

    /// Where it goes, below the container's root.
    GuestPath target();

    /// What to make there first.
    Create create();

    /// True if a failure is no failure of the start.
    boolean isOptional();

    /// Part of the host's tree, or of the container's own.
    ///
    /// @param source on the host; or below the container's root if `isRelative`
    /// @param isShifted true to map the ids on disk by the container's idmap
    /// @param isRelative source is a path inside the container
    record Bind(
            Path source,
            GuestPath target,
            Set<MountFlag> flags,
            boolean isRecursive,
            boolean isShifted,
            boolean isRelative,
            Optional<Propagation> propagation,
            Create create,
            boolean isOptional)
            implements MountSpec {
        public Bind {
            flags = Set.copyOf(flags);
        }

        /// A recursive bind that makes its target and must succeed.
        public static Bind of(
                Path source,
                GuestPath target,
                boolean isShifted,
                Create create,
                MountFlag... flags) {
            return new Bind(
                    source,
                    target,
                    Set.of(flags),
                    true,
                    isShifted,
                    false,
                    Optional.empty(),
                    create,
                    false);
        }
    }

    /// A new instance of a file system such as tmpfs, mounted from inside, or a block device's,
    /// mounted by the host.
    ///
    /// @param type file system type
    /// @param source as mount(8) shows it; a block device's path where the type needs one
    /// @param options for the file system itself, each `key` or `key=value`
    record FileSystem(
            String type,
            String source,
            GuestPath target,
            Set<MountFlag> flags,
            List<String> options,
            Create create,
            boolean isOptional)
            implements MountSpec {
        public FileSystem {
            flags = Set.copyOf(flags);
            options = List.copyOf(options);
        }
    }
}
