package io.atoll.plan;

/// How mount events pass between peers, as `MS_*` of mount(2).
public enum Propagation {
    UNCHANGED(0),
    UNBINDABLE(1 << 17),
    PRIVATE(1 << 18),
    SLAVE(1 << 19),
    SHARED(1 << 20);

    private final int flag;

    Propagation(int flag) {
        this.flag = flag;
    }

    /// The kernel's flag.
    public int flag() {
        return flag;
    }

    static Propagation ofFlag(int flag) {
        for (Propagation each : values()) {
            if (each.flag == flag) {
                return each;
            }
        }
        throw new InvalidPlanException("unknown propagation: " + flag);
    }
}
