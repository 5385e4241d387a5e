package io.atoll.base;

/// A user or group id as the host sees it, 0 to 2^32-2.
public record HostId(long value) {
    /// One past the last valid id; 2^32-1 means "no id" to the kernel.
    public static final long LIMIT = 0xFFFF_FFFFL;

    public HostId {
        check(value);
    }

    static void check(long value) {
        if (value < 0 || value >= LIMIT) {
            throw new InvalidConfigException("id " + value + " is not in 0.." + (LIMIT - 1));
        }
    }
}
