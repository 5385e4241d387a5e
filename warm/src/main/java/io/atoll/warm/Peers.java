package io.atoll.warm;

import io.atoll.linux.ErrnoException;
import io.atoll.linux.Fd;
import io.atoll.linux.PeerCredentials;
import io.atoll.linux.ProcFiles;
import io.atoll.linux.Processes;
import io.atoll.linux.UnixSockets;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/// Decides who may have commands run here: processes of the same user with the same rights. The
/// launcher compares more, but by its own word; this is what a caller cannot lie about.
final class Peers {
    /// Rights, as `/proc/PID/status` names them.
    private static final Set<String> RIGHTS =
            Set.of(
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

    /// @throws ErrnoException if this process cannot be looked at
    Peers() {
        this.own = rights("self");
    }

    /// The caller's process id; empty if it is refused.
    Optional<Long> check(Fd socket) {
        try {
            PeerCredentials peer = UnixSockets.peerCredentials(socket);
            return peer.pid() > 0 && peer.uid() == uid && rights("" + peer.pid()).equals(own)
                    ? Optional.of((long) peer.pid())
                    : Optional.empty();
        } catch (ErrnoException _) {
            // It has ended, or hides.
            return Optional.empty();
        }
    }

    /// The kernel's own lines, which come in the same order for all processes.
    private static String rights(String process) {
        String directory = "/proc/" + process;
        StringBuilder found = new StringBuilder();
        for (String line : ProcFiles.read(directory + "/status").split("\n")) {
            if (RIGHTS.contains(line.substring(0, line.indexOf(':') + 1))) {
                found.append(line).append('\n');
            }
        }
        for (String kind : NAMESPACES) {
            found.append(ProcFiles.readLink(directory + "/ns/" + kind)).append('\n');
        }
        return found.toString();
    }
}
