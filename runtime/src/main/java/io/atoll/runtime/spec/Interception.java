package io.atoll.runtime.spec;

import io.atoll.runtime.spec.SeccompSpec.Action;
import io.atoll.runtime.spec.SeccompSpec.Argument;
import io.atoll.runtime.spec.SeccompSpec.Comparison;
import io.atoll.runtime.spec.SeccompSpec.Rule;
import java.util.List;

/// A kind of system calls that a container's processes make and the host answers.
public enum Interception {
    /// Making character devices that do no harm.
    MKNOD,

    /// The mark that overlayfs sets on directories that hide others.
    SETXATTR,

    /// How much memory there is.
    SYSINFO,

    /// Real-time scheduling.
    SCHED_SETSCHEDULER,

    /// File systems on block devices that the container has, or by programs inside.
    MOUNT,

    /// Programs that decide which devices a cgroup may use.
    BPF;

    private static final long S_IFMT = 0xF000;
    private static final long S_IFCHR = 0x2000;

    /// `MS_REMOUNT`, `MS_BIND`, `MS_MOVE` and the four kinds of propagation: those the kernel does
    /// inside.
    private static final long OTHER_MOUNTS = 0x20 | 0x3000 | 0x1E_0000;

    /// `BPF_PROG_LOAD`, `BPF_PROG_ATTACH` and `BPF_PROG_DETACH`.
    private static final List<Long> BPF_COMMANDS = List.of(5L, 8L, 9L);

    /// Which calls the kernel hands to us.
    public List<Rule> rules() {
        return switch (this) {
            case MKNOD -> List.of(device("mknod", 1), device("mknodat", 2));
            case SETXATTR -> List.of(any("setxattr"), any("lsetxattr"), any("fsetxattr"));
            case SYSINFO -> List.of(any("sysinfo"));
            case SCHED_SETSCHEDULER -> List.of(any("sched_setscheduler"));
            case MOUNT -> List.of(masked("mount", 3, 0, OTHER_MOUNTS));
            case BPF -> BPF_COMMANDS.stream().map(Interception::bpf).toList();
        };
    }

    private static Rule bpf(long command) {
        return new Rule(
                "bpf", new Action.Notify(), List.of(new Argument(0, Comparison.EQ, command, 0)));
    }

    private static Rule any(String name) {
        return new Rule(name, new Action.Notify(), List.of());
    }

    private static Rule device(String name, int mode) {
        return masked(name, mode, S_IFCHR, S_IFMT);
    }

    private static Rule masked(String name, int index, long value, long mask) {
        return new Rule(
                name,
                new Action.Notify(),
                List.of(new Argument(index, Comparison.MASKED_EQ, value, mask)));
    }
}
