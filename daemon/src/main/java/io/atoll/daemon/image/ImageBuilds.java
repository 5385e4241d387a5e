package io.atoll.daemon.image;

import io.atoll.base.AlreadyExistsException;
import io.atoll.base.Architecture;
import io.atoll.base.Fingerprint;
import io.atoll.base.InvalidConfigException;
import io.atoll.base.ProjectName;
import io.atoll.base.json.Json;
import io.atoll.daemon.operation.Operation;
import io.atoll.image.ImageBuilder;
import io.atoll.image.ImageFile;
import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Map;
import java.util.concurrent.locks.ReentrantLock;

/// Builds images on request: `{"source": {"type": "build", "alias": "debian/12"}}`, ours alone.
/// Building again takes what was built not long ago and moves the aliases.
final class ImageBuilds {
    private final Images images;

    /// Held during a build, which takes the whole machine anyway; the second caller then finds the
    /// first one's result.
    private final ReentrantLock building = new ReentrantLock();

    ImageBuilds(Images images) {
        this.images = images;
    }

    /// @throws InvalidConfigException if the request names nothing that can be built
    static void check(Json source) {
        if (source.get("alias").asString().isEmpty()) {
            throw new InvalidConfigException(
                    "Image to build is missing: one of " + String.join(", ", ImageBuilder.NAMES));
        }
    }

    /// What was built.
    record Built(Fingerprint fingerprint, long size, boolean isNew) {}

    /// @param options whose aliases are moved if other images have them
    Built build(Operation operation, ProjectName project, Json source, ImageOptions options)
            throws IOException {
        String name = source.get("alias").asString();
        Architecture architecture = architecture(source);
        building.lock();
        try {
            ImageBuilder builder =
                    new ImageBuilder(
                            images.buildCache(),
                            text -> operation.update("build_progress", Json.string(text)));
            ImageFile made = builder.build(name, architecture, source.get("refresh").asBoolean());
            Fingerprint fingerprint = made.fingerprint();
            boolean isNew = add(project, made, fingerprint, options);
            images.moveAliases(project, options.aliases(), fingerprint);
            return new Built(fingerprint, made.size(), isNew);
        } finally {
            building.unlock();
        }
    }

    private static Architecture architecture(Json source) {
        String wanted = source.get("architecture").asString();
        return wanted.isEmpty()
                ? Architecture.host()
                : Architecture.find(wanted)
                        .orElseThrow(() ->
                                new InvalidConfigException(
                                        "Architecture isn't supported: " + wanted));
    }

    private boolean add(
            ProjectName project, ImageFile made, Fingerprint fingerprint, ImageOptions options)
            throws IOException {
        Path metadata = images.newUpload();
        Path rootfs = images.newUpload();
        ImageOptions plain =
                new ImageOptions(
                        options.filename(),
                        options.isPublic(),
                        options.isAutoUpdated(),
                        options.properties(),
                        options.profiles(),
                        options.expiresAt(),
                        Map.of());
        try {
            linkOrCopy(made.metadata(), metadata);
            linkOrCopy(made.rootfs().orElseThrow(), rootfs);
            images.add(project, ImageFile.split(metadata, rootfs), fingerprint, plain);
            return true;
        } catch (AlreadyExistsException _) {
            return false;
        } finally {
            Files.deleteIfExists(metadata);
            Files.deleteIfExists(rootfs);
        }
    }

    /// The cache is made anew under another name, never written in place, so both may share the
    /// file.
    private static void linkOrCopy(Path file, Path target) throws IOException {
        Files.delete(target);
        try {
            Files.createLink(target, file);
        } catch (FileSystemException _) {
            Files.copy(file, target, StandardCopyOption.REPLACE_EXISTING);
        }
    }
}
