package io.atoll.image;

import io.atoll.base.Fingerprint;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/// An image as it is stored and transferred: one *unified* archive with `metadata.yaml`,
/// `templates/` and `rootfs/`, or a *split* pair, an archive of the first two and the root file
/// system as squashfs or archive.
///
/// @param metadata the unified archive, or the metadata archive of a split image
/// @param rootfs the second file of a split image
public record ImageFile(Path metadata, Optional<Path> rootfs) {
    public static ImageFile unified(Path file) {
        return new ImageFile(file, Optional.empty());
    }

    public static ImageFile split(Path metadata, Path rootfs) {
        return new ImageFile(metadata, Optional.of(rootfs));
    }

    /// Reads both files to compute the fingerprint. Blocks.
    public Fingerprint fingerprint() throws IOException {
        FingerprintDigest digest = new FingerprintDigest();
        Files.copy(metadata, digest.tee(OutputStream.nullOutputStream()));
        if (rootfs.isPresent()) {
            Files.copy(rootfs.get(), digest.tee(OutputStream.nullOutputStream()));
        }
        return digest.finish();
    }

    /// The bytes of both files together.
    public long size() throws IOException {
        return Files.size(metadata) + (rootfs.isPresent() ? Files.size(rootfs.get()) : 0);
    }

    /// What the metadata archive is packed with.
    public Compression compression() throws IOException {
        return compression(metadata);
    }

    /// The root file system if it came as one squashfs file, which can be mounted as it is.
    public Optional<Path> squashfs() throws IOException {
        if (rootfs.isPresent() && compression(rootfs.get()) == Compression.SQUASHFS) {
            return rootfs;
        }
        return Optional.empty();
    }

    private static Compression compression(Path file) throws IOException {
        try (var in = Files.newInputStream(file)) {
            return Compression.detect(in.readNBytes(Compression.HEAD_BYTES));
        }
    }

    /// Finds, parses and checks the metadata, and checks that a unified archive has a `rootfs/`.
    /// Reads a unified archive only until both were seen.
    ///
    /// @throws io.atoll.base.InvalidConfigException with LXD's words if it is no image
    public ImageMetadata readMetadata() throws IOException {
        return ImageArchives.readMetadata(this);
    }

    /// Writes `metadata.yaml` and `templates/` into `directory`, which exists and belongs to the
    /// caller. Nothing else of the archive is written, and nothing outside of it.
    public void unpackMetadata(Path directory) throws IOException {
        ImageArchives.unpackMetadata(this, directory);
    }

    /// Writes the root file system as one plain tar archive, names relative to `/`, checked: no
    /// name or link leaves the root, the size stays below [Limits]. For images with a [#squashfs()]
    /// this is refused.
    public void streamRootfs(OutputStream tar) throws IOException {
        ImageArchives.streamRootfs(this, tar);
    }

    /// Unpacks the root file system into the empty directory `target` with the owners, modes,
    /// times, links, devices and extended attributes of the archive. Needs root. Names are resolved
    /// below `target` only, whatever the archive says. For images with a [#squashfs()] this is
    /// refused: mount it.
    public void unpackRootfs(Path target) throws IOException {
        ImageArchives.unpackRootfs(this, target);
    }

    /// Upper bounds for what an archive may hold.
    public static final class Limits {
        /// Files and directories in one archive.
        public static final long ENTRIES_MAX = 5_000_000;

        /// Unpacked bytes of one archive.
        public static final long BYTES_MAX = 1L << 40;

        /// Bytes of one template file.
        public static final long TEMPLATE_BYTES_MAX = 1 << 20;

        private Limits() {}
    }
}
