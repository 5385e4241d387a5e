package io.atoll.storage;

import io.atoll.base.Idmap;
import io.atoll.base.json.Json;
import io.atoll.base.json.JsonException;
import io.atoll.linux.Command;
import java.io.IOException;
import java.io.OutputStream;
import java.util.List;
import java.util.Optional;

/// Volumes in the form in which a pool's own file system passes them on: quicker than file by file,
/// and each snapshot as what it has more than the one before. Only pools of the same driver take
/// it. The streams and what is in them have the order and the layout of LXD's optimized backups.
public interface VolumeStreams {
    /// One stream.
    ///
    /// @param snapshot whose it is; empty for the volume itself
    /// @param path what it holds of it: `/`, or where a file system within belongs
    /// @param uuid of what was sent, the same each time it is; empty where such things have none
    /// @param streamUuid what the stream calls it, and those that begin with it
    /// @param isReadOnly a file system within shall be so
    record Part(String snapshot, String path, String uuid, String streamUuid, boolean isReadOnly) {
        /// One that the stream calls as we do.
        public Part(String snapshot, String path, String uuid, boolean isReadOnly) {
            this(snapshot, path, uuid, uuid, isReadOnly);
        }

        /// All of a snapshot, or of the volume itself.
        public static Part whole(String snapshot) {
            return new Part(snapshot, "/", "", !snapshot.isEmpty());
        }

        public boolean isWhole() {
            return path.equals("/");
        }

        /// As LXD's lists of streams have it.
        ///
        /// @throws JsonException if it is none
        public static Part parse(Json item) {
            return new Part(
                    item.get("snapshot").asString(),
                    item.get("path").asString(),
                    item.get("uuid").asString(),
                    item.get("readonly").asBoolean());
        }

        /// As [#parse] takes it, which does not learn what the stream calls it.
        public Json.Obj describe() {
            return Json.object()
                    .put("path", path)
                    .put("snapshot", snapshot)
                    .put("readonly", isReadOnly)
                    .put("uuid", uuid);
        }

        /// The same, where the stream calls it something else.
        ///
        /// @param name empty for the same as its uuid
        public Part called(String name) {
            return new Part(snapshot, path, uuid, name.isEmpty() ? uuid : name, isReadOnly);
        }
    }

    /// Streams of the state of one moment. Closing it gives up what that took.
    interface Sending extends AutoCloseable {
        /// Snapshots from the oldest on, then the volume itself.
        List<Part> parts();

        /// Writes one of [#parts].
        void write(Part part, OutputStream out) throws IOException;

        @Override
        void close();
    }

    /// Where streams come from.
    interface Source {
        /// What a program reads that takes a stream; asked for each in the order of the parts.
        Command.Input of(Part part);
    }

    /// Whether archives say beside the streams which there are.
    boolean hasHeader();

    /// Whether a volume of this kind has such a form here.
    default boolean canSend(VolumeRef ref) {
        return true;
    }

    /// Gets a volume ready to be sent.
    ///
    /// @param files what the volume is to be: it, or a snapshot
    /// @param snapshots of the same volume, oldest first
    /// @param backupYaml goes along as `backup.yaml` beside an instance's root
    Sending send(VolumeRef files, List<String> snapshots, Optional<String> backupYaml);

    /// Makes a volume with its snapshots of streams that may come from anyone. Either all of it
    /// comes to be or nothing.
    ///
    /// @param isBlock it is a disk
    /// @param parts in the order in which they come; the volume itself is among them
    /// @param shifted the id map that owner ids in the streams went through
    /// @throws io.atoll.base.InvalidConfigException if what comes is no such volume
    void receive(
            VolumeName target, boolean isBlock, List<Part> parts, Source source, Idmap shifted);
}
