package io.atoll.linux;

/// How mounts and unmounts spread between copies of a mount; mount_namespaces(7).
public enum Propagation {
    PRIVATE(1L << 18),
    SLAVE(1L << 19),
    SHARED(1L << 20),
    UNBINDABLE(1L << 17);

    private final long flag;

    Propagation(long flag) {
        this.flag = flag;
    }

    /// `MS_PRIVATE` and so on; `linux/mount.h`.
    public long flag() {
        return flag;
    }
}
