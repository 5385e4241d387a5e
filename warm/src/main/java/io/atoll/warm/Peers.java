package io.atoll.warm;

import io.atoll.linux.ErrnoException;
import io.atoll.linux.Fd;
import io.atoll.linux.PeerCredentials;
import io.atoll.linux.Processes;
import io.atoll.linux.UnixSockets;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;

/// Decides who may have commands run here: processes of the same user with the same rights. The
/// launcher compares more, but by its own word; this is what a caller cannot lie about.
final class Peers {
    /// Rights, as `/proc/PID/status` names them.
    private static final List<String> RIGHTS =
            List.of(
                    "Uid:",
                    "Gid:",
                    "Groups:",
                    "CapInh:",
                    "CapPrm:",
                    "CapEff:",
                    "CapBnd:",
                    "CapAmb:",
                    "NoNewPrivs:",
                    "Seccomp:");

    private static final List<String> NAMESPACES = List.of("user", "mnt", "pid", "net");

    private final long uid = Integer.toUnsignedLong(Processes.uid());
    private final String own;

    /// @throws IOException if this process cannot be looked at
    Peers() throws IOException {
        this.own = rights("self");
    }

    /// The caller's process id; empty if it is refused.
    Optional<Long> check(Fd socket) {
        try {
            PeerCredentials peer = UnixSockets.peerCredentials(socket);
            return peer.pid() > 0 && peer.uid() == uid && rights("" + peer.pid()).equals(own)
                    ? Optional.of((long) peer.pid())
                    : Optional.empty();
        } catch (IOException | ErrnoException _) {
            // It has ended, or hides.
            return Optional.empty();
        }
    }

    private static String rights(String process) throws IOException {
        Path directory = Path.of("/proc", process);
        TreeMap<String, String> found = new TreeMap<>();
        for (String line : Files.readString(directory.resolve("status")).split("\n")) {
            int colon = line.indexOf(':') + 1;
            if (RIGHTS.contains(line.substring(0, colon))) {
                found.put(line.substring(0, colon), line.substring(colon).strip());
            }
        }
        for (String kind : NAMESPACES) {
            found.put(kind, Files.readSymbolicLink(directory.resolve("ns/" + kind)).toString());
        }
        return found.toString();
    }
}
