package io.atoll.linux;

import io.atoll.base.Idmap;
import io.atoll.base.IdmapEntry;

/// Makes user namespaces that hold nothing but an id map, for idmapped mounts; user_namespaces(7).
/// A process with many threads cannot make one itself, so a short-lived command does.
public final class UserNamespaces {
    private UserNamespaces() {}

    /// A new namespace with this map; it lives as long as the descriptor or a mount that uses it.
    /// Takes a few milliseconds.
    ///
    /// @throws CommandFailed if the host does not allow user namespaces
    public static Fd create(Idmap idmap) {
        if (idmap.isPrivileged()) {
            throw new IllegalArgumentException("a user namespace needs a map");
        }
        Command command = Command.of("unshare", "--user", "sh", "-c", "echo ready; exec sleep 60");
        try (Commands.Held held = Commands.hold(command)) {
            ProcFiles.write("/proc/" + held.pid() + "/uid_map", idmap.render(IdmapEntry.Kind.UID));
            ProcFiles.write("/proc/" + held.pid() + "/gid_map", idmap.render(IdmapEntry.Kind.GID));
            return Namespaces.open(held.pid(), "user");
        }
    }
}
