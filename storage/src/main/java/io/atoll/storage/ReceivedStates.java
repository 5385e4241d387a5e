package io.atoll.storage;

import io.atoll.linux.Fd;
import io.atoll.linux.Inodes;
import io.atoll.linux.Subvolumes;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.stream.Stream;

/// What a snapshot of btrfs was made of that came from another server: the subvolumes as they came,
/// by the uuids that they have there. What comes later may begin with them, and the other server
/// counts on each byte. They share all data with the snapshot and go with it.
///
/// ```text
/// SNAPSHOT/.received/UUID.UUID/     as the list of streams called it, and the stream itself
/// ```
final class ReceivedStates {
    private static final String NAME = ".received";
    private static final String BETWEEN = ".";

    private ReceivedStates() {}

    /// Whether a subvolume within a snapshot is one of these.
    static boolean isOne(String path) {
        return path.startsWith(NAME + "/");
    }

    /// Keeps one in a snapshot that is being made.
    ///
    /// @param uuid that it has on the other server
    static void keep(Path snapshot, UUID uuid, Path received) {
        Path folder = snapshot.resolve(NAME);
        Path _ = PoolDirectories.io("prepare", folder, () -> Files.createDirectories(folder));
        try (Fd from = PoolDirectories.openDirectory(received);
                Fd parent = PoolDirectories.openDirectory(folder)) {
            Subvolumes.snapshot(from, parent, uuid + BETWEEN + Subvolumes.receivedUuid(from));
        }
    }

    /// Puts a copy of one where streams are unpacked, so that they may begin with it.
    ///
    /// @param state of [#find]
    /// @param uuid what they call it, or else as it was called when it came
    static void lay(Path state, Path folder, UUID uuid) {
        String name = String.valueOf(state.getFileName());
        UUID before = UUID.fromString(name.substring(name.indexOf(BETWEEN) + 1));
        for (UUID each : new HashSet<>(List.of(uuid, before))) {
            layAs(state, folder, each);
        }
    }

    /// The same for one that just came under another uuid than the list of streams has for it: LXD
    /// calls what it has received itself by the one or the other, as it happens.
    static void layAgain(Path received, Path folder, UUID uuid) {
        UUID now;
        try (Fd fd = PoolDirectories.openDirectory(received)) {
            now = Subvolumes.receivedUuid(fd);
        }
        if (!now.equals(uuid)) {
            layAs(received, folder, uuid);
        }
    }

    private static void layAs(Path state, Path folder, UUID uuid) {
        String name = ReceivedVolume.aside();
        try (Fd from = PoolDirectories.openDirectory(state);
                Fd parent = PoolDirectories.openDirectory(folder)) {
            Subvolumes.snapshot(from, parent, name);
            try (Fd copy = Subvolumes.open(parent, name)) {
                Subvolumes.setReceived(copy, uuid);
                Subvolumes.setReadOnly(copy, true);
            }
        }
    }

    /// Where one is.
    static Optional<Path> find(PoolDirectories directories, Path snapshot, UUID uuid) {
        return of(directories, snapshot)
                .filter(path -> String.valueOf(path.getFileName()).startsWith(uuid + BETWEEN))
                .findFirst();
    }

    /// Those of a snapshot.
    static Stream<Path> of(PoolDirectories directories, Path snapshot) {
        Path folder = snapshot.resolve(NAME);
        return Files.isDirectory(folder, LinkOption.NOFOLLOW_LINKS)
                ? directories.subdirectories(folder).stream()
                : Stream.empty();
    }

    /// Removes what a copy has in their places.
    static void drop(Path copy) {
        try (Fd top = PoolDirectories.openDirectory(copy)) {
            if (ReceivedVolume.has(top, NAME)) {
                Inodes.deleteTree(top, NAME);
            }
        }
    }
}
