package io.atoll.daemon.backup;

import io.atoll.base.Idmap;
import io.atoll.base.InvalidConfigException;
import io.atoll.base.json.Json;
import io.atoll.base.json.JsonException;
import io.atoll.image.BackupPart;
import io.atoll.image.BackupReader;
import io.atoll.image.BackupWriter;
import io.atoll.storage.StorageDriver;
import io.atoll.storage.VolumeName;
import io.atoll.storage.VolumeStreams;
import io.atoll.storage.VolumeStreams.Part;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;

/// How volumes are written in a backup: as files, or in a form of their pool's driver.
///
/// @param driver of the pool that the backup is of
/// @param isOptimized they are streams of that driver
/// @param hasHeader a document beside the streams says which there are
public record BackupForm(String driver, boolean isOptimized, boolean hasHeader) {
    /// More would be no backup of anything.
    private static final int PARTS_MAX = 10_000;

    public static BackupForm of(StorageDriver pool, Optional<VolumeStreams> streams) {
        return new BackupForm(
                pool.info().name(),
                streams.isPresent(),
                streams.filter(VolumeStreams::hasHeader).isPresent());
    }

    /// As an index says.
    public static BackupForm parse(Json index) {
        return new BackupForm(
                index.get("backend").asString(),
                index.get("optimized").asBoolean(),
                index.get("optimized_header").asBoolean());
    }

    /// Adds the members of an index.
    public Json.Obj describe(Json.Obj index) {
        return index.put("optimized", isOptimized).put("optimized_header", hasHeader);
    }

    /// Where the volumes of a backup stand.
    public interface Places extends Function<String, BackupPart> {
        /// @param snapshot empty for the volume itself
        @Override
        BackupPart apply(String snapshot);
    }

    /// Writes a volume and its snapshots as streams.
    ///
    /// @param spool where a stream lies until its length is known
    public void write(BackupWriter writer, VolumeStreams.Sending sending, Places places, Path spool)
            throws IOException {
        if (hasHeader) {
            writer.putStreamHeader(header(sending.parts()));
        }
        for (Part part : sending.parts()) {
            writer.putStream(
                    places.apply(part.snapshot()),
                    part.path(),
                    spool,
                    out -> sending.write(part, out));
        }
    }

    private static String header(List<Part> parts) {
        List<Json> subvolumes = parts.stream().<Json>map(Part::describe).toList();
        return BackupYaml.render(Json.object().put("subvolumes", Json.array(subvolumes)));
    }

    /// What a backup in such a form is unpacked to.
    ///
    /// @param snapshots that the index names, oldest first
    /// @param shifted the id map that owner ids went through
    public record Target(
            StorageDriver pool,
            VolumeName volume,
            boolean isBlock,
            List<String> snapshots,
            Idmap shifted) {}

    /// Makes a volume of the streams in an archive whose index was read.
    ///
    /// @throws InvalidConfigException if it is another driver's form, or not what the index says
    public void read(BackupReader reader, Target target, Places places) {
        String theirs = target.pool().info().name();
        Optional<VolumeStreams> streams = target.pool().streams();
        if (!driver.equals(theirs) || streams.isEmpty()) {
            throw new InvalidConfigException(
                    "Optimized backup storage driver \""
                            + driver
                            + "\" differs from the target storage pool driver \""
                            + theirs
                            + "\"");
        }
        List<Part> parts = parts(reader, target.snapshots());
        streams.get()
                .receive(
                        target.volume(),
                        target.isBlock(),
                        parts,
                        part ->
                                stdin ->
                                        reader.copyStream(
                                                places.apply(part.snapshot()), part.path(), stdin),
                        target.shifted());
    }

    private List<Part> parts(BackupReader reader, List<String> snapshots) {
        List<String> wanted = new ArrayList<>(snapshots);
        wanted.add("");
        if (!hasHeader) {
            return wanted.stream().map(Part::whole).toList();
        }
        List<Part> parts = header(reader);
        List<String> whole = parts.stream().filter(Part::isWhole).map(Part::snapshot).toList();
        if (!whole.equals(wanted)) {
            throw new InvalidConfigException(
                    "The backup has streams of " + whole + " and an index of " + wanted);
        }
        return parts;
    }

    private static List<Part> header(BackupReader reader) {
        try {
            List<Part> parts = new ArrayList<>();
            Set<List<String>> seen = new HashSet<>();
            Json header = BackupYaml.parse(reader.readStreamHeader());
            for (Json item : header.get("subvolumes").asList()) {
                Part part = Part.parse(item);
                boolean isNew = seen.add(List.of(part.snapshot(), part.path()));
                if (!isNew || parts.size() == PARTS_MAX) {
                    throw new InvalidConfigException("The backup has a stream twice: " + part);
                }
                parts.add(part);
            }
            return parts;
        } catch (JsonException e) {
            throw new InvalidConfigException(
                    "The backup does not say which streams it has: " + e.getMessage(), e);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
