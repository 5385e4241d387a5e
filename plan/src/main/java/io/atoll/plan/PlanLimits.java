package io.atoll.plan;

/// The named limits of a plan. The shim checks every one again; `docs/plan.md` lists them with the
/// wire format.
public final class PlanLimits {
    /// Bytes of one encoded plan. One `SOCK_SEQPACKET` message carries it, so it stays below the
    /// kernel's default send buffer.
    public static final int PLAN_BYTES_MAX = 192 * 1024;

    /// Descriptor slots of one run.
    public static final int SLOTS_MAX = 64;

    /// Steps in one section.
    public static final int STEPS_MAX = 1024;

    /// Bytes of a path, the kernel's `PATH_MAX` without its NUL.
    public static final int PATH_BYTES_MAX = 4095;

    /// Bytes of any other string or of a blob.
    public static final int TEXT_BYTES_MAX = 128 * 1024;

    /// Strings in one list: arguments, environment, mount options.
    public static final int LIST_MAX = 4096;

    /// Bytes of the plan's name, which is also shown in the monitor's title.
    public static final int NAME_BYTES_MAX = 255;

    /// Patches of one netlink message.
    public static final int PATCHES_MAX = 16;

    /// Instructions of a seccomp filter, the kernel's `BPF_MAXINSNS`.
    public static final int SECCOMP_INSTRUCTIONS_MAX = 4096;

    /// Bytes of the console's ring buffer.
    public static final int RING_BYTES_MAX = 64 * 1024 * 1024;

    /// Pseudo terminals of one container that its monitor owns: the console (0) and `lxc.tty.max`
    /// more.
    public static final int TERMINALS_MAX = 32;

    /// Milliseconds that a hook, a start or a gate may take.
    public static final int TIMEOUT_MILLIS_MAX = 3_600_000;

    private PlanLimits() {}
}
