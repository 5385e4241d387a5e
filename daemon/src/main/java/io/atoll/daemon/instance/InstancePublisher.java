package io.atoll.daemon.instance;

import io.atoll.base.InvalidConfigException;
import io.atoll.base.ProjectName;
import io.atoll.base.json.Json;
import io.atoll.daemon.backup.CompressionDefaults;
import io.atoll.daemon.image.ImagePublisher;
import io.atoll.daemon.operation.Operation;
import io.atoll.image.ImageMetadata;
import io.atoll.image.ImageWriter;
import io.atoll.image.Packing;
import io.atoll.linux.Fd;
import io.atoll.storage.StorageDriver;
import io.atoll.storage.VolumeName;
import io.atoll.storage.VolumeRef;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Map;
import java.util.TreeMap;

/// Makes images out of instances that are stopped, and out of snapshots.
final class InstancePublisher implements ImagePublisher {
    private final InstanceTable table;
    private final InstanceLocks locks;
    private final InstanceRunner runner;
    private final Instances instances;
    private final CompressionDefaults compressions;

    InstancePublisher(
            InstanceTable table,
            InstanceLocks locks,
            InstanceRunner runner,
            Instances instances,
            CompressionDefaults compressions) {
        this.table = table;
        this.locks = locks;
        this.runner = runner;
        this.instances = instances;
        this.compressions = compressions;
    }

    /// An instance, and a snapshot of it or nothing.
    private record Source(InstanceRecord instance, String snapshot) {
        VolumeRef volume() {
            VolumeName volume = Instances.volume(instance);
            return snapshot.isEmpty() ? volume.current() : volume.snapshot(snapshot);
        }
    }

    @Override
    public void check(ProjectName project, Json body) {
        Packing unused = packing(project, body);
        requireStopped(find(project, body.get("source")));
    }

    private Packing packing(ProjectName project, Json body) {
        String wanted = body.get("compression_algorithm").asString();
        return Packing.parse(wanted.isEmpty() ? compressions.ofImages(project) : wanted);
    }

    private void requireStopped(Source found) {
        if (found.snapshot().isEmpty() && runner.isRunning(found.instance().key())) {
            throw new InvalidConfigException("Cannot export a running instance as an image");
        }
    }

    private Source find(ProjectName project, Json source) {
        String[] parts = source.get("name").asString().split("/", 2);
        boolean wantsSnapshot = source.get("type").asString().equals("snapshot");
        if (parts[0].isEmpty() || wantsSnapshot != (parts.length == 2)) {
            throw new InvalidConfigException(
                    "Invalid source name \"" + source.get("name").asString() + "\"");
        }
        InstanceRecord instance = table.get(project, parts[0]);
        return wantsSnapshot
                ? new Source(instance, table.snapshot(instance, parts[1]).name())
                : new Source(instance, "");
    }

    @Override
    public void publish(ProjectName project, Json body, Path target, Operation operation)
            throws IOException {
        Packing packing = packing(project, body);
        Source source = find(project, body.get("source"));
        // An instance that started meanwhile would write below the reader.
        try (InstanceLocks.Held _ = locks.holdAlone(source.instance().key(), "publish")) {
            requireStopped(source);
            pack(source, packing, body.get("properties"), target);
        }
    }

    private void pack(Source source, Packing packing, Json properties, Path target)
            throws IOException {
        StorageDriver pool = instances.pool(source.instance());
        Path directory = pool.directory(source.volume());
        try (Fd root = pool.openRoot(source.volume());
                OutputStream out =
                        new BufferedOutputStream(Files.newOutputStream(target), 1 << 16)) {
            ImageWriter.writeUnified(
                    out,
                    packing,
                    metadata(source, directory, properties),
                    directory.resolve("templates"),
                    root);
        }
    }

    /// What the instance's own image said, unless the request says other properties.
    private static ImageMetadata metadata(Source source, Path directory, Json wanted)
            throws IOException {
        Map<String, String> properties = new TreeMap<>();
        wanted.asMap().forEach((name, value) -> properties.put(name, value.asString()));
        Path file = directory.resolve("metadata.yaml");
        if (!Files.exists(file)) {
            return new ImageMetadata(
                    source.instance().architecture(),
                    Instant.now().getEpochSecond(),
                    0,
                    properties,
                    Map.of());
        }
        ImageMetadata own = ImageMetadata.parse(Files.readString(file));
        return properties.isEmpty()
                ? own
                : new ImageMetadata(
                        own.architecture(),
                        own.creationDate(),
                        own.expiryDate(),
                        properties,
                        own.templates());
    }
}
