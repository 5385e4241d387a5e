package io.atoll.storage;

import io.atoll.base.Idmap;
import io.atoll.base.InvalidConfigException;
import io.atoll.storage.VolumeStreams.Part;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;

/// Volumes in the form of [VolumeStreams] on their way to and from other servers, which may have
/// some of their snapshots already: what both have is what later snapshots begin with.
public interface MigrationStreams {
    /// More streams than this are not taken.
    int PARTS_MAX = 10_000;

    /// Gets a volume ready to be sent.
    ///
    /// @param files what the volume is to be: it, or a snapshot
    /// @param snapshots of the same volume, oldest first: all that the target has or gets
    /// @param areNamed whether the streams call what they are of by the uuids of the parts, as a
    ///   target needs that looks for them by these. Where a target is told both, they need not,
    ///   which works on one file system too
    VolumeStreams.Sending send(VolumeRef files, List<String> snapshots, boolean areNamed);

    /// Whether a snapshot came here as these streams.
    ///
    /// @param parts of this snapshot
    boolean has(VolumeRef snapshot, List<Part> parts);

    /// Whether a snapshot came here as streams at all, so that others may begin with it.
    boolean isReceived(VolumeRef snapshot);

    /// Makes a volume with its snapshots of streams that come from anyone. Either all of it comes
    /// to be or nothing.
    ///
    /// @throws InvalidConfigException if what comes is no such volume
    void receive(VolumeName target, boolean isBlock, Arrival arrival, VolumeStreams.Source source);

    /// What a server says that a volume is.
    ///
    /// @param snapshots that it has, oldest first
    /// @param parts in the order in which they come, and among them those that do not have to
    /// @param kept snapshots that need not come because `earlier` has them
    /// @param earlier what is brought up to date
    /// @param shifted the id map that owner ids went through
    record Arrival(
            List<String> snapshots,
            List<Part> parts,
            Set<String> kept,
            Optional<VolumeName> earlier,
            Idmap shifted) {
        /// @throws InvalidConfigException if it cannot be a volume
        public Arrival {
            snapshots = List.copyOf(snapshots);
            parts = List.copyOf(parts);
            kept = Set.copyOf(kept);
            if (parts.size() > PARTS_MAX) {
                throw new InvalidConfigException(
                        "The other server has more than " + PARTS_MAX + " subvolumes to send");
            }
            List<String> whole = parts.stream().filter(Part::isWhole).map(Part::snapshot).toList();
            List<String> wanted = new ArrayList<>(snapshots);
            wanted.add("");
            // What stays need not be spoken of.
            for (String name : kept) {
                if (!whole.contains(name)) {
                    boolean _ = wanted.remove(name);
                }
            }
            if (!whole.equals(wanted)) {
                throw new InvalidConfigException(
                        "The other server speaks of the snapshots "
                                + snapshots
                                + " and sends those of "
                                + whole);
            }
            Set<String> seen = new HashSet<>();
            for (Part part : parts) {
                if (!seen.add(part.snapshot() + part.path()) || !seen.add(uuid(part).toString())) {
                    throw new InvalidConfigException(
                            "The other server has a subvolume twice: "
                                    + part.snapshot()
                                    + part.path());
                }
                if (!wanted.contains(part.snapshot())) {
                    throw new InvalidConfigException(
                            "The other server has a subvolume of no snapshot: " + part.path());
                }
            }
        }

        /// Those that have to come.
        public List<Part> missing() {
            return parts.stream().filter(part -> !kept.contains(part.snapshot())).toList();
        }

        /// @throws InvalidConfigException if it has none
        static UUID uuid(Part part) {
            return parse(part.uuid());
        }

        static UUID streamUuid(Part part) {
            return parse(part.streamUuid());
        }

        private static UUID parse(String text) {
            try {
                UUID uuid = UUID.fromString(text);
                if (uuid.toString().equals(text)) {
                    return uuid;
                }
            } catch (IllegalArgumentException _) {
                // Said below.
            }
            throw new InvalidConfigException(
                    "The other server has a subvolume without a uuid: \"" + text + "\"");
        }
    }
}
