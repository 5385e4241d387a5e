package io.atoll.runtime.intercept;

import io.atoll.base.HostId;
import io.atoll.base.Idmap;
import io.atoll.base.IdmapEntry;
import io.atoll.linux.ErrnoException;
import io.atoll.linux.FileStat;
import io.atoll.runtime.Container;
import java.util.function.Supplier;

/// The container whose calls are answered.
///
/// @param ids its map
/// @param mounts what it may have mounted now
/// @param filtersDevices true if it may have programs for devices in its cgroups
public record Guest(
        Container container, Idmap ids, Supplier<MountPolicy> mounts, boolean filtersDevices) {
    /// True if the file belongs to somebody inside, so that root inside has power over it;
    /// user_namespaces(7).
    boolean owns(FileStat file) {
        return ids.toNs(IdmapEntry.Kind.UID, new HostId(file.uid())).isPresent()
                && ids.toNs(IdmapEntry.Kind.GID, new HostId(file.gid())).isPresent();
    }

    /// True if a thread's user namespace is the container's own. Whoever makes another one inside
    /// has all capabilities in that, and they mean nothing here.
    boolean isOwnNamespace(int tid) {
        return isSameNamespace(tid, "user");
    }

    /// True if a thread's namespace of this kind is that of the container's init.
    boolean isSameNamespace(int tid, String kind) {
        try {
            return FileStat.of("/proc/" + tid + "/ns/" + kind)
                    .isSameInode(FileStat.of("/proc/" + container.initPid() + "/ns/" + kind));
        } catch (ErrnoException _) {
            return false;
        }
    }
}
