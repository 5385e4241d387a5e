package io.atoll.lxcfs.cgroup;

import java.util.OptionalInt;

/// Asks the kernel about pid namespaces; pid_namespaces(7).
@FunctionalInterface
public interface PidNamespaces {
    /// The init (process 1) of the pid namespace that `pid` is in, as a pid of our own namespace;
    /// empty if it has gone.
    OptionalInt initOf(int pid);
}
