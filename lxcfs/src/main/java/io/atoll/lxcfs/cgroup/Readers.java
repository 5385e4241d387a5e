package io.atoll.lxcfs.cgroup;

import io.atoll.linux.Processes;
import java.util.Optional;
import java.util.OptionalInt;

/// Tells whose numbers a reading process is to see. What the kernel says of the caller's pid
/// decides, never anything the caller says.
public final class Readers {

    private final HostFiles files;
    private final CgroupMounts mounts;
    private final PidNamespaces namespaces;
    private final Optional<String> ownNamespace;

    public Readers(HostFiles files, CgroupMounts mounts, PidNamespaces namespaces) {
        this.files = files;
        this.mounts = mounts;
        this.namespaces = namespaces;
        this.ownNamespace = files.readLink("/proc/self/ns/pid");
    }

    /// A reader resolved.
    ///
    /// @param pid whose cgroups count: the init of the reader's pid namespace, or the reader itself
    ///   on the host
    /// @param isHost the reader is in our own pid namespace
    public record Reader(int pid, boolean isHost) {}

    /// The cgroups of a resolved reader, read now; empty if its process has gone.
    public Optional<Cgroup> cgroup(Reader reader) {
        return files.read("/proc/" + reader.pid() + "/cgroup")
                .map(text -> new Cgroup(files, mounts, Membership.parse(text)));
    }

    /// Resolves a reader.
    ///
    /// @param pid thread or process id in our pid namespace; 0 means not visible from here
    /// @return empty if the process cannot be looked at: it shall see the host's file
    public Optional<Reader> find(int pid) {
        if (pid <= 0) {
            return Optional.empty();
        }
        Optional<String> namespace = files.readLink("/proc/" + pid + "/ns/pid");
        if (namespace.isEmpty()) {
            return Optional.empty();
        }
        boolean isHost = namespace.equals(ownNamespace);
        OptionalInt init = isHost ? OptionalInt.of(pid) : namespaces.initOf(pid);
        return init.isEmpty() ? Optional.empty() : Optional.of(new Reader(init.getAsInt(), isHost));
    }

    /// When a process started, in clock ticks since boot; proc_pid_stat(5).
    public Optional<Long> startTicks(int pid) {
        return files.read("/proc/" + pid + "/stat").flatMap(Processes::startTicks);
    }
}
