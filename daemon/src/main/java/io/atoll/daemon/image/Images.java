package io.atoll.daemon.image;

import io.atoll.api.ApiPath;
import io.atoll.base.AlreadyExistsException;
import io.atoll.base.Fingerprint;
import io.atoll.base.InternalException;
import io.atoll.base.InvalidConfigException;
import io.atoll.base.NotFoundException;
import io.atoll.base.ProjectName;
import io.atoll.base.Undo;
import io.atoll.daemon.http.Request;
import io.atoll.daemon.http.Response;
import io.atoll.daemon.http.Right;
import io.atoll.daemon.profile.Profiles;
import io.atoll.daemon.project.Feature;
import io.atoll.daemon.project.Projects;
import io.atoll.daemon.storage.Pools;
import io.atoll.daemon.store.Batch;
import io.atoll.daemon.store.RecordKey;
import io.atoll.daemon.store.Store;
import io.atoll.daemon.store.Stored;
import io.atoll.image.ImageFile;
import io.atoll.image.ImageMetadata;
import io.atoll.storage.ImageSource;
import io.atoll.storage.StorageDriver;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantLock;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/// The images: records per project, files once per fingerprint in `<state>/images` (`FP`, and
/// `FP.rootfs` of split images).
public final class Images {
    /// Files that are still coming in; swept at start.
    static final String UPLOAD_PREFIX = "upload-";

    private static final Pattern IMAGE_FILE = Pattern.compile("(\\p{XDigit}{64})(\\.rootfs)?");

    private final Store store;
    private final Projects projects;
    private final Pools pools;
    private final Path folder;

    /// Held while files of images appear or go, so that an upload does not lose them to a deletion
    /// of the same image in another project. Taken before the store's own; never while waiting for
    /// anything else.
    private final ReentrantLock files = new ReentrantLock();

    /// One for each image that is being brought into a pool: many launches at once wait for the
    /// first. Taken with no other lock held.
    private final Map<Fingerprint, ReentrantLock> imports = new ConcurrentHashMap<>();

    public Images(Store store, Projects projects, Pools pools, Path folder) {
        this.store = store;
        this.projects = projects;
        this.pools = pools;
        this.folder = folder;
        projects.addContents(project ->
                store.list(Image.KIND, project).stream()
                        .map(i -> ApiPath.of("images", i.name()))
                        .toList());
    }

    /// Removes what a dead daemon had begun: uploads, and files whose image was not recorded yet or
    /// no longer.
    public void start() {
        try {
            Files.createDirectories(folder);
            Set<String> recorded =
                    store.list(Image.KIND).stream().map(Stored::name).collect(Collectors.toSet());
            try (DirectoryStream<Path> files = Files.newDirectoryStream(folder)) {
                for (Path file : files) {
                    String name = String.valueOf(file.getFileName());
                    Matcher image = IMAGE_FILE.matcher(name);
                    if (name.startsWith(UPLOAD_PREFIX)
                            || image.matches() && !recorded.contains(image.group(1))) {
                        Files.delete(file);
                    }
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException("Cannot prepare " + folder, e);
        }
    }

    private ProjectName owner(ProjectName project) {
        return projects.effectiveIfThere(project, Feature.IMAGES);
    }

    /// Refuses to speak of a project that does not exist. Strangers do not learn which ones do.
    ///
    /// @throws NotFoundException in LXD's words
    void requireProject(Request request) {
        if (request.caller().may(Right.VIEW, request.project())) {
            ProjectName _ = projects.effective(request.project(), Feature.IMAGES);
        }
    }

    /// The images a project sees, by fingerprint.
    public List<Stored<Image>> list(ProjectName project) {
        return store.list(Image.KIND, owner(project));
    }

    public List<Stored<ImageAlias>> aliases(ProjectName project) {
        return store.list(ImageAlias.KIND, owner(project));
    }

    /// The aliases of one image.
    List<ImageAlias> aliasesOf(ProjectName project, Fingerprint image) {
        return aliases(project).stream()
                .map(Stored::value)
                .filter(a -> a.target().equals(image))
                .toList();
    }

    /// @throws NotFoundException in LXD's words
    public Stored<ImageAlias> getAlias(ProjectName project, String name) {
        return findAlias(project, name)
                // As instructions of old had it: `lxc launch lxc-org:/ubuntu/trusty/amd64`.
                .or(() ->
                        name.startsWith("/")
                                ? findAlias(project, name.substring(1))
                                : Optional.empty())
                .orElseThrow(() -> new NotFoundException("Image alias not found"));
    }

    private Optional<Stored<ImageAlias>> findAlias(ProjectName project, String name) {
        return name.isEmpty()
                ? Optional.empty()
                : store.find(ImageAlias.KIND, RecordKey.of(owner(project), name));
    }

    /// The image an alias stands for.
    ///
    /// @throws NotFoundException in LXD's words
    public Stored<Image> getByAlias(ProjectName project, String alias) {
        return getByFingerprint(project, getAlias(project, alias).value().target().value());
    }

    /// The image whose fingerprint begins so.
    ///
    /// @throws NotFoundException if there is none
    /// @throws InternalException if there are several; LXD answers 500
    public Stored<Image> getByFingerprint(ProjectName project, String beginning) {
        if (beginning.isEmpty()) {
            throw new InvalidConfigException("No fingerprint provided");
        }
        List<Stored<Image>> found =
                list(project).stream().filter(i -> i.name().startsWith(beginning)).toList();
        if (found.isEmpty()) {
            throw new NotFoundException("Image not found");
        }
        if (found.size() > 1) {
            throw new InternalException("More than one image matches");
        }
        return found.getFirst();
    }

    /// The newest image that has all these properties.
    ///
    /// @throws NotFoundException if there is none
    public Stored<Image> getByProperties(ProjectName project, Map<String, String> properties) {
        return list(project).stream()
                .filter(i -> i.value().properties().entrySet().containsAll(properties.entrySet()))
                .max(Comparator.comparing(i -> i.value().createdAt()))
                .orElseThrow(() -> new NotFoundException("Image not found"));
    }

    /// The files of an image.
    public ImageFile file(Image image) {
        Path metadata = folder.resolve(image.fingerprint().value());
        return image.isSplit()
                ? ImageFile.split(metadata, rootfs(metadata))
                : ImageFile.unified(metadata);
    }

    /// The files of an image for whoever may have them: one as it is, two as the parts of a form.
    public Response export(Image image) {
        ImageFile file = file(image);
        if (file.rootfs().isEmpty()) {
            String name = image.fingerprint() + image.extension();
            return Response.download(
                    file.metadata(), image.filename().isEmpty() ? name : image.filename());
        }
        try {
            return MultipartWriter.of(image, file).response();
        } catch (IOException e) {
            throw new InternalException("Failed to read the image: " + e.getMessage(), e);
        }
    }

    private static ImageSource source(ImageFile file) {
        return ImageSource.of(
                file::squashfs, file::unpackMetadata, file::streamRootfs, file::unpackRootfs);
    }

    private static Path rootfs(Path metadata) {
        return metadata.resolveSibling(metadata.getFileName() + ".rootfs");
    }

    /// Makes the image's volume in a pool, if it is not there, and notes that the image was used.
    /// Blocks, possibly long.
    public void ensureIn(StorageDriver pool, ProjectName project, Image image) {
        ReentrantLock onlyOne =
                imports.computeIfAbsent(image.fingerprint(), _ -> new ReentrantLock());
        onlyOne.lock();
        try {
            if (!pool.hasImage(image.fingerprint())) {
                pool.importImage(image.fingerprint(), source(file(image)));
            }
            noteUse(RecordKey.of(owner(project), image.fingerprint().value()));
        } finally {
            onlyOne.unlock();
        }
    }

    /// Many who make instances of one image at once would all write the same record, and all but
    /// one of them try again.
    private void noteUse(RecordKey key) {
        Instant now = Instant.now();
        if (!store.find(Image.KIND, key).map(i -> i.value().isUsed(now)).orElse(false)) {
            store.update(Image.KIND, key, image -> image.used(now));
        }
    }

    /// The image of a project with this fingerprint.
    Optional<Stored<Image>> find(ProjectName project, Fingerprint fingerprint) {
        return store.find(Image.KIND, RecordKey.of(owner(project), fingerprint.value()));
    }

    /// Gives a project an image that another has; the files are shared.
    Image copyWithin(ProjectName project, Image image, ImageOptions options) {
        ProjectName owner = projects.effective(project, Feature.IMAGES);
        files.lock();
        try {
            RecordKey key = RecordKey.of(owner, image.fingerprint().value());
            Optional<Stored<Image>> there = store.find(Image.KIND, key);
            if (there.isPresent()) {
                return there.get().value();
            }
            if (!isKept(image.fingerprint())) {
                throw new NotFoundException("Image not found");
            }
            Image copy =
                    image.edited(
                            options.isPublic(),
                            options.isAutoUpdated(),
                            options.expiresAt().orElse(image.expiresAt()),
                            image.properties(),
                            options.profiles().orElse(image.profiles()));
            store.commit(new Batch().create(Image.KIND, key, copy));
            return copy;
        } finally {
            files.unlock();
        }
    }

    /// Notes that somebody wants an image for itself, which came along with an instance before.
    void keep(ProjectName project, Fingerprint fingerprint) {
        store.update(Image.KIND, RecordKey.of(owner(project), fingerprint.value()), Image::kept);
    }

    /// The files of an image that some project has, under new names; empty if none has it.
    Optional<ImageFile> stage(Fingerprint fingerprint) throws IOException {
        files.lock();
        try {
            Optional<Image> image =
                    store.list(Image.KIND).stream()
                            .map(Stored::value)
                            .filter(kept -> kept.fingerprint().equals(fingerprint))
                            .findFirst();
            return image.isPresent()
                    ? Optional.of(SharedDownloads.linked(file(image.get()), this::newUpload))
                    : Optional.empty();
        } finally {
            files.unlock();
        }
    }

    /// Where the files are kept, those that come in too.
    Path folder() {
        return folder;
    }

    /// A name for a file that comes in, in the folder where it will stay.
    public Path newUpload() throws IOException {
        return Files.createTempFile(folder, UPLOAD_PREFIX, "");
    }

    /// Where built images are kept for the next time.
    Path buildCache() {
        return folder.resolveSibling("cache").resolve("images");
    }

    /// Lets aliases stand for an image, whatever they stood for before.
    ///
    /// @param aliases name to description
    void moveAliases(ProjectName project, Map<String, String> aliases, Fingerprint target) {
        ProjectName owner = projects.effective(project, Feature.IMAGES);
        for (Map.Entry<String, String> alias : aliases.entrySet()) {
            RecordKey key = RecordKey.of(owner, alias.getKey());
            ImageAlias moved = new ImageAlias(alias.getKey(), alias.getValue(), target);
            store.attempt(() -> {
                Optional<Stored<ImageAlias>> old = store.find(ImageAlias.KIND, key);
                Batch batch = new Batch();
                store.commit(
                        old.isPresent()
                                ? batch.replace(ImageAlias.KIND, old.get(), moved)
                                : batch.create(ImageAlias.KIND, key, moved));
                return moved;
            });
        }
    }

    /// Takes a complete image over: checks it, moves its files in place, records it.
    ///
    /// @param staged files made with [#newUpload()]; gone afterwards, however this ends
    /// @throws AlreadyExistsException if the project has this image
    public Image add(
            ProjectName project, ImageFile staged, Fingerprint fingerprint, ImageOptions options)
            throws IOException {
        ProjectName owner = projects.effective(project, Feature.IMAGES);
        files.lock();
        try (Undo undo = new Undo()) {
            undo.add(() -> discard(staged));
            RecordKey key = RecordKey.of(owner, fingerprint.value());
            if (store.find(Image.KIND, key).isPresent()) {
                throw new AlreadyExistsException("Image with same fingerprint already exists");
            }
            Image image = describe(staged, fingerprint, options);
            if (isKept(fingerprint)) {
                discard(staged);
            } else {
                ImageFile target = file(image);
                move(staged.metadata(), target.metadata());
                undo.add(() -> discard(target));
                if (staged.rootfs().isPresent()) {
                    move(staged.rootfs().get(), target.rootfs().orElseThrow());
                }
            }
            Batch batch = new Batch().create(Image.KIND, key, image);
            options.aliases()
                    .forEach((name, text) ->
                            batch.create(
                                    ImageAlias.KIND,
                                    RecordKey.of(owner, name),
                                    new ImageAlias(name, text, fingerprint)));
            store.commit(batch);
            undo.keep();
            return image;
        } finally {
            files.unlock();
        }
    }

    private static Image describe(ImageFile staged, Fingerprint fingerprint, ImageOptions options)
            throws IOException {
        ImageMetadata metadata = staged.readMetadata();
        Map<String, String> properties = new TreeMap<>(metadata.properties());
        properties.putAll(options.properties());
        return new Image(
                fingerprint,
                options.filename(),
                staged.size(),
                metadata.architecture(),
                staged.rootfs().isPresent(),
                staged.compression().extension(),
                options.isPublic(),
                options.isAutoUpdated(),
                metadata.createdAt(),
                options.expiresAt().or(metadata::expiresAt).orElse(Instant.EPOCH),
                Instant.now(),
                Instant.EPOCH,
                properties,
                options.profiles().orElse(List.of(Profiles.DEFAULT)),
                options.isCached(),
                options.source());
    }

    /// Whether any project has this image.
    private boolean isKept(Fingerprint fingerprint) {
        return store.list(Image.KIND).stream().anyMatch(i -> i.name().equals(fingerprint.value()));
    }

    private static void move(Path from, Path to) throws IOException {
        Files.move(from, to, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    }

    private static void discard(ImageFile file) throws IOException {
        Files.deleteIfExists(file.metadata());
        if (file.rootfs().isPresent()) {
            Files.deleteIfExists(file.rootfs().get());
        }
    }

    /// Removes an image from a project, with its aliases; its files and volumes go with the last
    /// project that has it.
    void delete(ProjectName project, Stored<Image> image) throws IOException {
        files.lock();
        try {
            Batch batch = new Batch().delete(Image.KIND, image);
            for (Stored<ImageAlias> alias : aliases(project)) {
                if (alias.value().target().equals(image.value().fingerprint())) {
                    batch.delete(ImageAlias.KIND, alias);
                }
            }
            store.commit(batch);
            if (!isKept(image.value().fingerprint())) {
                pools.drivers().forEach(d -> d.deleteImage(image.value().fingerprint()));
                discard(file(image.value()));
            }
        } finally {
            files.unlock();
        }
    }
}
