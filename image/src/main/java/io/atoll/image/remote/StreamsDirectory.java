package io.atoll.image.remote;

import io.atoll.base.Architecture;
import io.atoll.base.Fingerprint;
import io.atoll.base.InternalException;
import io.atoll.base.InvalidConfigException;
import io.atoll.base.json.Json;
import io.atoll.base.json.JsonException;
import io.atoll.image.FingerprintDigest;
import io.atoll.image.ImageFile;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Stream;

/// A directory that any web server can serve as a simplestreams server. Lists are replaced in one
/// step, and only after the files they name are there; files go after the lists forgot them.
///
/// It can also have the lists of older servers, for programs that know no streams, and signatures
/// of all lists and of what these name.
public final class StreamsDirectory {
    private static final String INDEX = "streams/v1/index.json";
    private static final String LIST = "streams/v1/images.json";

    /// What [#COMBINED] is called beside older lists.
    private static final String OLD_NAME = "lxd.tar.xz";

    private static final String COMBINED = "lxd_combined.tar.gz";
    private static final String SIGNATURE = ".asc";

    private final Path root;
    private final Optional<Signer> signer;
    private final boolean withLines;

    /// @param root made if it is missing
    public StreamsDirectory(Path root) {
        this(root, Optional.empty(), false);
    }

    /// @param root made if it is missing
    /// @param signer signs the lists, and images of the older lists
    /// @param withLines keep the older lists too; where they are they are kept in any case
    public StreamsDirectory(Path root, Optional<Signer> signer, boolean withLines) {
        this.root = root;
        this.signer = signer;
        this.withLines = withLines || Files.exists(root.resolve(LineIndex.USER));
    }

    /// What an image is.
    ///
    /// @param serial when it was made, `20260131_0742`
    /// @param aliases without architecture; may be empty
    public record Description(
            String os,
            String release,
            String variant,
            Architecture architecture,
            String serial,
            List<String> aliases) {
        /// @throws InvalidConfigException if it cannot be part of a path
        public Description {
            aliases = List.copyOf(aliases);
            for (String part : List.of(os, release, variant, serial)) {
                if (!part.matches("[A-Za-z0-9][A-Za-z0-9._+:-]{0,63}") || part.contains("..")) {
                    throw new InvalidConfigException(
                            "\"" + part + "\" cannot be part of an image's path");
                }
            }
        }

        /// As an image's properties say it.
        ///
        /// @param properties `os`, `release`, `variant`, `serial`; what is missing is made up
        public static Description of(
                Map<String, String> properties,
                Architecture architecture,
                String fallbackSerial,
                List<String> aliases) {
            return new Description(
                    word(properties.get("os"), "custom"),
                    word(properties.get("release"), "current"),
                    word(properties.get("variant"), "default"),
                    architecture,
                    word(properties.get("serial"), fallbackSerial),
                    aliases);
        }

        private static String word(@org.jspecify.annotations.Nullable String text, String other) {
            String clean =
                    text == null
                            ? ""
                            : text.replaceAll("[^A-Za-z0-9._+:-]+", "-")
                                    .replaceAll("^[^A-Za-z0-9]+", "");
            return clean.isEmpty() || clean.contains("..") ? other : clean;
        }

        String product() {
            return String.join(
                    ":", os.toLowerCase(Locale.ROOT), release, architecture.debianName(), variant);
        }

        String path() {
            return String.join(
                    "/",
                    "images",
                    os.toLowerCase(Locale.ROOT),
                    release,
                    architecture.debianName(),
                    variant,
                    serial);
        }
    }

    /// Fingerprints of all images in it.
    public List<Fingerprint> fingerprints() throws IOException {
        return StreamsImages.of(
                        StreamsList.parse(java.net.URI.create("https://here/"), list().render()))
                .stream()
                .map(RemoteImage::fingerprint)
                .toList();
    }

    private Json.Obj list() throws IOException {
        Path file = root.resolve(LIST);
        if (!Files.exists(file)) {
            return Json.object()
                    .put("content_id", "images")
                    .put("datatype", "image-downloads")
                    .put("format", "products:1.0")
                    .put("products", Json.object());
        }
        try {
            if (Json.parse(Files.readString(file)) instanceof Json.Obj list
                    && list.get("products") instanceof Json.Obj) {
                return list;
            }
        } catch (JsonException e) {
            throw new InvalidConfigException(file + " is damaged: " + e.getMessage(), e);
        }
        throw new InvalidConfigException(file + " is no list of images");
    }

    /// Adds an image, or replaces the one with the same description.
    ///
    /// @param keep how many builds of one product stay, the newest
    /// @throws InvalidConfigException if the lists are signed, and there is nobody to sign them
    public void add(Description what, ImageFile image, int keep) throws IOException {
        if (signer.isEmpty() && Files.exists(root.resolve(INDEX + SIGNATURE))) {
            throw new InvalidConfigException(
                    root + " is signed: say with which key to sign it again");
        }
        Path folder = Files.createDirectories(root.resolve(what.path()));
        Json.Obj items = Json.object();
        if (image.rootfs().isPresent()) {
            boolean isSquashfs = image.squashfs().isPresent();
            String type = isSquashfs ? "squashfs" : "root.tar.xz";
            Json.Obj metadata = item(what, folder, image.metadata(), "lxd.tar.xz", "lxd.tar.xz");
            metadata.put(
                    isSquashfs ? "combined_squashfs_sha256" : "combined_rootxz_sha256",
                    image.fingerprint().value());
            items.put("lxd.tar.xz", metadata);
            String name = isSquashfs ? "rootfs.squashfs" : "rootfs.tar.xz";
            items.put(name, item(what, folder, image.rootfs().get(), name, type));
        } else {
            items.put(COMBINED, item(what, folder, image.metadata(), COMBINED, COMBINED));
            if (withLines) {
                placeForLines(image.metadata(), folder);
            }
        }
        Json.Obj list = list();
        Json.Obj products = (Json.Obj) list.get("products");
        dropAliases(products, what);
        List<String> old = put(products, what, items, keep);
        write(LIST, list.render() + "\n");
        write(INDEX, index(products).render() + "\n");
        if (withLines) {
            String lines = LineIndex.render(lines(products));
            write(LineIndex.SYSTEM, lines);
            write(LineIndex.USER, lines);
        }
        for (String path : old) {
            delete(root.resolve(path));
        }
    }

    /// Nothing promises its sum there, so that it has a signature of its own.
    private void placeForLines(Path file, Path folder) throws IOException {
        Path target = folder.resolve(OLD_NAME);
        place(file, target);
        if (signer.isPresent()) {
            sign(signer.get(), target, target);
        }
    }

    /// The newest builds, as far as they are in one file: older programs know nothing else.
    private static List<LineIndex.Line> lines(Json.Obj products) {
        List<LineIndex.Line> out = new ArrayList<>();
        for (Json product : products.members().values()) {
            Json versions = product.get("versions");
            for (String serial : versions.asMap().keySet().stream().sorted().toList().reversed()) {
                String path =
                        versions.get(serial).get("items").get(COMBINED).get("path").asString();
                if (!path.isEmpty()) {
                    out.add(
                            new LineIndex.Line(
                                    product.get("os").asString().toLowerCase(Locale.ROOT),
                                    product.get("release").asString(),
                                    product.get("arch").asString(),
                                    product.get("variant").asString(),
                                    serial,
                                    "/" + path.substring(0, path.lastIndexOf('/') + 1)));
                    break;
                }
            }
        }
        return out;
    }

    private static void sign(Signer signer, Path file, Path name) throws IOException {
        Path fresh = name.resolveSibling("." + name.getFileName() + SIGNATURE + ".new");
        signer.sign(file, fresh);
        Files.move(
                fresh,
                name.resolveSibling(name.getFileName() + SIGNATURE),
                StandardCopyOption.ATOMIC_MOVE);
    }

    /// An alias stands for one product of an architecture: the last that asked for it.
    private static void dropAliases(Json.Obj products, Description what) {
        for (Map.Entry<String, Json> product : products.members().entrySet()) {
            boolean isOther =
                    product.getValue() instanceof Json.Obj
                            && !product.getKey().equals(what.product())
                            && product.getValue()
                                    .get("arch")
                                    .asString()
                                    .equals(what.architecture().debianName());
            if (isOther) {
                List<String> left =
                        Stream.of(product.getValue().get("aliases").asString().split(","))
                                .filter(a -> !what.aliases().contains(a))
                                .toList();
                ((Json.Obj) product.getValue()).put("aliases", String.join(",", left));
            }
        }
    }

    private static List<String> put(Json.Obj products, Description what, Json.Obj items, int keep) {
        Json.Obj versions = Json.object();
        List<String> aliases = what.aliases();
        if (products.get(what.product()) instanceof Json.Obj known) {
            versions.members().putAll(known.get("versions").asMap());
            if (aliases.isEmpty()) {
                aliases = List.of(known.get("aliases").asString().split(","));
            }
        }
        versions.put(what.serial(), Json.object().put("items", items));
        TreeMap<String, Json> sorted = new TreeMap<>(Comparator.reverseOrder());
        sorted.putAll(versions.members());
        List<String> gone = sorted.keySet().stream().skip(Math.max(1, keep)).toList();
        Map<String, Json> kept = new LinkedHashMap<>(sorted);
        gone.forEach(kept::remove);
        products.put(
                what.product(),
                Json.object()
                        .put("aliases", String.join(",", aliases))
                        .put("arch", what.architecture().debianName())
                        .put("os", what.os())
                        .put("release", what.release())
                        .put("release_title", what.release())
                        .put("variant", what.variant())
                        .put("versions", new Json.Obj(kept)));
        String folder = what.path();
        String parent = folder.substring(0, folder.lastIndexOf('/') + 1);
        return gone.stream().map(serial -> parent + serial).toList();
    }

    private static Json.Obj index(Json.Obj products) {
        return Json.object()
                .put("format", "index:1.0")
                .put(
                        "index",
                        Json.object()
                                .put(
                                        "images",
                                        Json.object()
                                                .put("datatype", "image-downloads")
                                                .put("format", "products:1.0")
                                                .put("path", LIST)
                                                .put(
                                                        "products",
                                                        products.members().keySet().stream()
                                                                .sorted()
                                                                .toList())));
    }

    private Json.Obj item(Description what, Path folder, Path file, String name, String type)
            throws IOException {
        place(file, folder.resolve(name));
        FingerprintDigest digest = new FingerprintDigest();
        long _ = Files.copy(file, digest.tee(OutputStream.nullOutputStream()));
        return Json.object()
                .put("ftype", type)
                .put("path", what.path() + "/" + name)
                .put("sha256", digest.finish().value())
                .put("size", Files.size(file));
    }

    /// A hard link costs nothing, but needs the same file system.
    private static void place(Path file, Path target) throws IOException {
        Path fresh = target.resolveSibling("." + target.getFileName() + ".new");
        Files.deleteIfExists(fresh);
        try {
            Files.createLink(fresh, file);
        } catch (FileSystemException | UnsupportedOperationException _) {
            Files.copy(file, fresh);
        }
        Files.setPosixFilePermissions(
                fresh, java.nio.file.attribute.PosixFilePermissions.fromString("rw-r--r--"));
        Files.move(fresh, target, StandardCopyOption.ATOMIC_MOVE);
    }

    /// Between the file and its signature there is a moment in which one is new: readers of signed
    /// lists refuse them then, and come again.
    private void write(String path, String content) throws IOException {
        Path target = root.resolve(path);
        Path parent =
                Optional.ofNullable(target.getParent())
                        .orElseThrow(() -> new InternalException("no parent: " + target));
        Files.createDirectories(parent);
        Path fresh = parent.resolve("." + target.getFileName() + ".new");
        Files.write(fresh, content.getBytes(StandardCharsets.UTF_8));
        if (signer.isPresent()) {
            sign(signer.get(), fresh, target);
        }
        Files.move(fresh, target, StandardCopyOption.ATOMIC_MOVE);
    }

    private static void delete(Path folder) throws IOException {
        if (!Files.isDirectory(folder)) {
            return;
        }
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        }
    }
}
