package io.atoll.plan;

import java.util.Collection;
import java.util.EnumSet;
import java.util.Set;

/// A kind of namespace with its `CLONE_NEW*` flag of `linux/sched.h`; namespaces(7).
public enum Namespace {
    MOUNT("mnt", 0x0002_0000),
    CGROUP("cgroup", 0x0200_0000),
    UTS("uts", 0x0400_0000),
    IPC("ipc", 0x0800_0000),
    USER("user", 0x1000_0000),
    PID("pid", 0x2000_0000),
    NETWORK("net", 0x4000_0000),
    TIME("time", 0x0000_0080);

    private final String file;
    private final int flag;

    Namespace(String file, int flag) {
        this.file = file;
        this.flag = flag;
    }

    /// The name in `/proc/PID/ns`.
    public String file() {
        return file;
    }

    /// The clone flag.
    public int flag() {
        return flag;
    }

    static int flags(Collection<Namespace> set) {
        return set.stream().mapToInt(Namespace::flag).reduce(0, (a, b) -> a | b);
    }

    static Set<Namespace> ofFlags(int flags) {
        Set<Namespace> set = EnumSet.noneOf(Namespace.class);
        for (Namespace each : values()) {
            if ((flags & each.flag) != 0) {
                set.add(each);
            }
        }
        if (flags(set) != flags) {
            throw new InvalidPlanException(
                    "unknown namespace flags: 0x" + Integer.toHexString(flags));
        }
        return set;
    }
}
