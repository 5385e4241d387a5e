package io.atoll.runtime.spec;

import io.atoll.base.InvalidConfigException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;

/// Attributes of the first process that all others inherit, and kernel settings of the container's
/// namespaces.
///
/// @param rlimits at most one of each resource
/// @param oomScoreAdj -1000 to 1000; proc(5)
/// @param sysctls written from inside, by name such as `net.ipv4.ip_forward`
/// @param proc files of the init's own `/proc/PID`, written by the monitor
/// @param personality execution domain; personality(2)
/// @param monitorDeathSignal what init gets when its monitor dies; empty to live on. The kernel
///   forgets it where init's program gains powers or a label of SELinux; prctl(2)
/// @param isAloneOnCores true if no other process runs on a sibling thread of a core meanwhile;
///   needs a kernel with core scheduling
/// @param isMonitorUnshared true to give the monitor a mount namespace of its own before any hook
///   runs: what hooks mount on the host is then seen by them and the container alone
/// @param monitorTitle how lists of processes show the monitor; empty for our own way
public record ProcessSpec(
        List<Rlimit> rlimits,
        OptionalInt oomScoreAdj,
        Map<String, String> sysctls,
        Map<String, String> proc,
        OptionalInt personality,
        OptionalInt monitorDeathSignal,
        boolean isAloneOnCores,
        boolean isMonitorUnshared,
        Optional<Title> monitorTitle) {
    /// The name and the title of a process in the lists of ps(1).
    ///
    /// @param process its first 15 bytes are shown
    /// @param kind of process
    /// @param name which of them
    public record Title(String process, String kind, String name) {}

    /// A container that outlives its monitor.
    public ProcessSpec(
            List<Rlimit> rlimits,
            OptionalInt oomScoreAdj,
            Map<String, String> sysctls,
            Map<String, String> proc,
            OptionalInt personality) {
        this(
                rlimits,
                oomScoreAdj,
                sysctls,
                proc,
                personality,
                OptionalInt.empty(),
                false,
                false,
                Optional.empty());
    }

    /// Nothing changed.
    public static final ProcessSpec DEFAULT =
            new ProcessSpec(
                    List.of(), OptionalInt.empty(), Map.of(), Map.of(), OptionalInt.empty());

    /// 32-bit machine name; linux/personality.h.
    public static final int PER_LINUX32 = 0x0008;

    public ProcessSpec {
        rlimits = List.copyOf(rlimits);
        sysctls = Map.copyOf(sysctls);
        proc = Map.copyOf(proc);
        for (String name : sysctls.keySet()) {
            if (name.isEmpty()
                    || name.contains("..")
                    || name.startsWith("/")
                    || name.startsWith(".")) {
                throw new InvalidConfigException("not a sysctl: " + name);
            }
        }
        for (String name : proc.keySet()) {
            if (name.isEmpty() || name.contains("..") || name.startsWith("/")) {
                throw new InvalidConfigException("not a file of /proc/PID: " + name);
            }
        }
    }
}
