package io.atoll.runtime.spec;

import io.atoll.runtime.spec.SeccompSpec.Action;
import io.atoll.runtime.spec.SeccompSpec.Argument;
import io.atoll.runtime.spec.SeccompSpec.Comparison;
import io.atoll.runtime.spec.SeccompSpec.Rule;
import java.util.List;

/// A kind of system calls that a container's processes make and the host answers.
public enum Interception {
    /// Making character devices that do no harm.
    MKNOD(List.of(device("mknod", 1), device("mknodat", 2))),

    /// The mark that overlayfs sets on directories that hide others.
    SETXATTR(List.of(any("setxattr"), any("lsetxattr"), any("fsetxattr"))),

    /// How much memory there is.
    SYSINFO(List.of(any("sysinfo"))),

    /// Real-time scheduling.
    SCHED_SETSCHEDULER(List.of(any("sched_setscheduler"))),

    /// File systems on block devices that the container has.
    MOUNT(
            List.of(
                    new Rule(
                            "mount",
                            new Action.Notify(),
                            List.of(
                                    // Not MS_REMOUNT, MS_BIND, MS_MOVE and the four kinds of
                                    // propagation: those the kernel does inside.
                                    new Argument(
                                            3,
                                            Comparison.MASKED_EQ,
                                            0,
                                            0x20 | 0x3000 | 0x1E_0000)))));

    private static final long S_IFMT = 0xF000;
    private static final long S_IFCHR = 0x2000;

    private final List<Rule> rules;

    Interception(List<Rule> rules) {
        this.rules = rules;
    }

    /// Which calls the kernel hands to us.
    public List<Rule> rules() {
        return rules;
    }

    private static Rule any(String name) {
        return new Rule(name, new Action.Notify(), List.of());
    }

    private static Rule device(String name, int mode) {
        return new Rule(
                name,
                new Action.Notify(),
                List.of(new Argument(mode, Comparison.MASKED_EQ, S_IFCHR, S_IFMT)));
    }
}
