package io.atoll.image;

import io.atoll.base.InvalidConfigException;
import io.atoll.linux.KernelText;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/// Reads the archives of images. They come from anyone: names, links, sizes and numbers are checked
/// before they are used.
final class ImageArchives {
    private static final String METADATA = "metadata.yaml";
    private static final String TEMPLATES = "templates/";
    private static final String ROOTFS = "rootfs";

    private ImageArchives() {}

    static ImageMetadata readMetadata(ImageFile image) throws IOException {
        Optional<ImageMetadata> metadata = Optional.empty();
        boolean wantsRootfs = image.rootfs().isEmpty();
        try (TarReader tar = open(image.metadata())) {
            for (Optional<TarEntry> next = tar.next(); next.isPresent(); next = tar.next()) {
                String name = clean(next.get().name());
                if (name.equals(METADATA) && next.get().type() == TarEntry.Type.FILE) {
                    metadata = Optional.of(ImageMetadata.parse(text(tar, ImageMetadata.BYTES_MAX)));
                }
                wantsRootfs = wantsRootfs && !name.equals(ROOTFS) && !name.startsWith(ROOTFS + "/");
                if (metadata.isPresent() && !wantsRootfs) {
                    return metadata.get();
                }
            }
        } catch (EOFException e) {
            throw new InvalidConfigException("The archive is damaged: " + e.getMessage(), e);
        }
        if (metadata.isEmpty()) {
            throw new InvalidConfigException("Metadata tarball is missing metadata.yaml");
        }
        throw new InvalidConfigException("The image has no rootfs");
    }

    static void unpackMetadata(ImageFile image, Path directory) throws IOException {
        int rest = 1000;
        try (TarReader tar = open(image.metadata())) {
            for (Optional<TarEntry> next = tar.next();
                    next.isPresent() && rest > 0;
                    next = tar.next()) {
                String name = clean(next.get().name());
                if (next.get().type() == TarEntry.Type.FILE
                        && unpackVolumeFile(tar, name, directory)) {
                    rest--;
                }
            }
        }
    }

    /// Writes the current member if it is one of the files that a volume has beside its root file
    /// system.
    static boolean unpackVolumeFile(TarReader tar, String name, Path directory) throws IOException {
        if (name.equals(METADATA) || name.equals("backup.yaml")) {
            write(tar, ImageMetadata.BYTES_MAX, directory.resolve(name));
            return true;
        }
        String template = name.startsWith(TEMPLATES) ? name.substring(TEMPLATES.length()) : "";
        if (!isFileName(template)) {
            return false;
        }
        Path templates = Files.createDirectories(directory.resolve("templates"));
        write(tar, ImageFile.Limits.TEMPLATE_BYTES_MAX, templates.resolve(template));
        return true;
    }

    private static boolean isFileName(String name) {
        return !name.isEmpty()
                && !name.equals(".")
                && name.chars()
                        .noneMatch(c -> c == '/' || c < ' ' || Character.isSurrogate((char) c));
    }

    private static void write(TarReader tar, long bytesMax, Path target) throws IOException {
        Files.copy(bounded(tar, bytesMax), target, StandardCopyOption.REPLACE_EXISTING);
    }

    private static String text(TarReader tar, long bytesMax) throws IOException {
        return new String(bounded(tar, bytesMax).readAllBytes(), StandardCharsets.UTF_8);
    }

    private static InputStream bounded(TarReader tar, long bytesMax) {
        if (tar.data() instanceof TarData data && data.size() > bytesMax) {
            throw new InvalidConfigException(
                    "A file of the image is larger than " + bytesMax + " bytes");
        }
        return tar.data();
    }

    private static TarReader open(Path file) throws IOException {
        return new TarReader(Compression.unpacked(Files.newInputStream(file)));
    }

    static void streamRootfs(ImageFile image, OutputStream out) throws IOException {
        try (TarWriter writer = new TarWriter(out)) {
            readRootfs(image, writer::put);
        }
    }

    static void unpackRootfs(ImageFile image, Path target) throws IOException {
        try (TreeUnpacker unpacker = new TreeUnpacker(target)) {
            readRootfs(image, unpacker::add);
            unpacker.finish();
        }
    }

    /// Takes the checked members of a root file system, names relative to it, `.` for itself.
    interface Sink {
        void put(TarEntry entry, InputStream data) throws IOException;
    }

    private static void readRootfs(ImageFile image, Sink sink) throws IOException {
        if (image.squashfs().isPresent()) {
            throw new InvalidConfigException("A squashfs image is mounted, not unpacked");
        }
        boolean unified = image.rootfs().isEmpty();
        long entries;
        try (InputStream packed = Files.newInputStream(image.rootfs().orElse(image.metadata()))) {
            entries = readTar(Compression.unpacked(packed), unified ? ROOTFS : "", sink);
        }
        if (entries == 0) {
            throw new InvalidConfigException("The image has no rootfs");
        }
    }

    /// Gives the checked members below `prefix` to the sink, links to names relative to it.
    ///
    /// @return how many
    static long readTar(InputStream in, String prefix, Sink sink) throws IOException {
        Members members = new Members(prefix, sink);
        try (TarReader tar = new TarReader(in)) {
            for (Optional<TarEntry> next = tar.next(); next.isPresent(); next = tar.next()) {
                members.offer(next.get(), tar.data());
            }
            return members.count();
        } catch (EOFException e) {
            throw new InvalidConfigException("The archive is damaged: " + e.getMessage(), e);
        }
    }

    /// Hands the members below a prefix on to a sink, checked one by one and all together.
    static final class Members {
        private final String prefix;
        private final Sink sink;
        private final RootfsChecks checks = new RootfsChecks();

        Members(String prefix, Sink sink) {
            this.prefix = prefix;
            this.sink = sink;
        }

        /// Takes the next member of the archive.
        ///
        /// @return false if it does not stand below the prefix
        boolean offer(TarEntry entry, InputStream data) throws IOException {
            Optional<String> name = below(prefix, clean(entry.name()));
            if (name.isEmpty()) {
                return false;
            }
            if (isKept(entry.type())) {
                boolean hard = entry.type() == TarEntry.Type.HARD_LINK;
                String link = hard ? hardLinkTarget(prefix, entry) : entry.link();
                TarEntry kept =
                        entry.renamed(name.get(), link).withXattrs(keptXattrs(entry.xattrs()));
                checks.check(kept);
                sink.put(kept, data);
            }
            return true;
        }

        /// How many were handed on.
        long count() {
            return checks.entries();
        }
    }

    /// Device nodes are left out: an instance gets its devices from the runtime, and one that an
    /// image brings could open the host's disk.
    private static boolean isKept(TarEntry.Type type) {
        return switch (type) {
            case FILE, HARD_LINK, SYMLINK, DIRECTORY, FIFO -> true;
            case CHAR_DEVICE, BLOCK_DEVICE, OTHER -> false;
        };
    }

    /// `trusted.*` steers overlay mounts and is not the image's to set.
    private static Map<String, byte[]> keptXattrs(Map<String, byte[]> xattrs) {
        Map<String, byte[]> kept = new HashMap<>(xattrs);
        kept.keySet()
                .removeIf(name ->
                        !name.equals("security.capability")
                                && !name.startsWith("user.")
                                && !name.startsWith("system.posix_acl_"));
        return kept;
    }

    private static String hardLinkTarget(String prefix, TarEntry entry) {
        return below(prefix, clean(entry.link()))
                .orElseThrow(() ->
                        refused(
                                entry.name(),
                                "its link target is outside of the root file system"));
    }

    /// The part of a name below `prefix`, `.` for the prefix itself; empty if it is elsewhere.
    private static Optional<String> below(String prefix, String name) {
        if (prefix.isEmpty()) {
            return Optional.of(name);
        }
        if (name.equals(prefix)) {
            return Optional.of(".");
        }
        return name.startsWith(prefix + "/")
                ? Optional.of(name.substring(prefix.length() + 1))
                : Optional.empty();
    }

    /// The name without leading `/` and `./`, doubled and trailing slashes; `.` if nothing is left.
    ///
    /// @throws InvalidConfigException if it has a `..`
    static String clean(String name) {
        StringBuilder clean = new StringBuilder(name.length());
        for (String part : name.split("/")) {
            if (part.equals("..")) {
                throw refused(name, "its name leads out of the archive");
            }
            if (!part.isEmpty() && !part.equals(".")) {
                clean.append(clean.isEmpty() ? "" : "/").append(part);
            }
        }
        return clean.isEmpty() ? "." : clean.toString();
    }

    private static InvalidConfigException refused(String name, String why) {
        String shown =
                new String(KernelText.encode(name), StandardCharsets.UTF_8)
                        .replaceAll("\\p{Cntrl}", "?");
        return new InvalidConfigException("Refused to unpack \"" + shown + "\": " + why);
    }

    /// What only all members together tell.
    private static final class RootfsChecks {
        private final Set<String> links = new HashSet<>();
        private long entries;
        private long bytes;

        void check(TarEntry entry) {
            entries++;
            bytes += entry.size();
            if (entries > ImageFile.Limits.ENTRIES_MAX || bytes > ImageFile.Limits.BYTES_MAX) {
                throw refused(entry.name(), "the image is too large");
            }
            checkParents(entry.name(), entry.name());
            if (entry.type() == TarEntry.Type.HARD_LINK) {
                checkParents(entry.name(), entry.link() + "/");
            }
            if (entry.type() == TarEntry.Type.SYMLINK) {
                links.add(entry.name());
            }
        }

        private void checkParents(String name, String path) {
            if (links.isEmpty()) {
                return;
            }
            for (int slash = path.indexOf('/'); slash > 0; slash = path.indexOf('/', slash + 1)) {
                // A hard link to a symbolic link itself is harmless: the link is not followed.
                boolean last = slash == path.length() - 1;
                if (!last && links.contains(path.substring(0, slash))) {
                    throw refused(name, "it lies behind a symbolic link of the same archive");
                }
            }
        }

        long entries() {
            return entries;
        }
    }
}
