package io.atoll.storage;

import java.nio.file.Path;
import java.util.List;

/// What a volume's file system is put together from. Paths are of the host and stay valid while the
/// pool is mounted.
public sealed interface RootfsLayers {
    /// What the owner ids on disk mean.
    enum Ids {
        /// As seen inside: root's files belong to 0. The mounter applies the container's id map.
        UNSHIFTED,
        /// Shifted to the id map that was asked for: mount without id map.
        SHIFTED
    }

    Ids ids();

    /// One directory.
    record Directory(Path path, Ids ids) implements RootfsLayers {}

    /// An overlay, see [#OPTIONS]. With id maps *all* layers must be mapped and the file system be
    /// created by a thread whose fsuid and fsgid are the mapped root, else the mount succeeds but
    /// is silently read-only.
    ///
    /// @param lowers upmost first, read-only, at least one
    /// @param upper where changes go
    /// @param work on the same file system as `upper`; both must be seen through one mount of a
    ///   common parent
    record Overlay(List<Path> lowers, Path upper, Path work, Ids ids) implements RootfsLayers {
        /// Mount options that every mounter of such layers must use, since the upper directory on
        /// disk depends on them: without `index` hard links of the image break on copy-up, without
        /// `redirect_dir` renaming a directory of the image fails with EXDEV.
        public static final List<String> OPTIONS =
                List.of("index=on", "redirect_dir=on", "xino=on");

        public Overlay {
            lowers = List.copyOf(lowers);
        }
    }
}
