package io.atoll.runtime.spec;

import java.util.Locale;

/// A kind of namespace; namespaces(7).
public enum NamespaceKind {
    USER(0x1000_0000),
    MNT(0x0002_0000),
    PID(0x2000_0000),
    NET(0x4000_0000),
    UTS(0x0400_0000),
    IPC(0x0800_0000),
    CGROUP(0x0200_0000),
    TIME(0x0000_0080);

    private final int cloneFlag;

    NamespaceKind(int cloneFlag) {
        this.cloneFlag = cloneFlag;
    }

    /// The `CLONE_NEW*` bit of linux/sched.h.
    public int cloneFlag() {
        return cloneFlag;
    }

    /// The name of its file below `/proc/PID/ns`.
    public String fileName() {
        return name().toLowerCase(Locale.ROOT);
    }
}
