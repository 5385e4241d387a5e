package io.atoll.storage;

import io.atoll.linux.CommandFailed;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/// Subvolumes on their way from one btrfs to another; btrfs-send(8), btrfs-receive(8).
final class BtrfsTransfer {
    private BtrfsTransfer() {}

    /// Sends subvolumes, each as what it has more than the one before.
    ///
    /// @return where they are in the target, not to be written; the caller discards them
    static List<Path> send(List<Path> subvolumes, PoolDirectories from, PoolDirectories to) {
        List<Path> frozen = new ArrayList<>();
        List<Path> received = new ArrayList<>();
        try {
            for (Path subvolume : subvolumes) {
                Path copy = from.freeAside();
                Path before = frozen.isEmpty() ? copy : frozen.getLast();
                // Only what cannot change can be sent.
                String _ =
                        HostTools.REAL.run(
                                List.of(
                                        "btrfs",
                                        "subvolume",
                                        "snapshot",
                                        "-r",
                                        subvolume.toString(),
                                        copy.toString()));
                frozen.add(copy);
                received.add(to.freeAside().resolveSibling(copy.getFileName()));
                send(copy, before, to);
            }
            return received;
        } catch (CommandFailed e) {
            received.forEach(to::discardAside);
            throw PoolDirectories.command("send", subvolumes.getLast(), e);
        } catch (RuntimeException e) {
            received.forEach(to::discardAside);
            throw e;
        } finally {
            frozen.forEach(from::discardAside);
        }
    }

    private static void send(Path copy, Path before, PoolDirectories to) {
        List<String> sending = new ArrayList<>(List.of("btrfs", "send", "-q"));
        if (!before.equals(copy)) {
            sending.addAll(List.of("-p", before.toString()));
        }
        sending.add(copy.toString());
        String target = String.valueOf(to.freeAside().getParent());
        HostTools.REAL.pipe(sending, List.of("btrfs", "receive", "-q", target));
    }
}
