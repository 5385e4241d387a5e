package io.atoll.network;

import io.atoll.linux.ProcFiles;

/// Kernel settings of the calling thread's network namespace, below `/proc/sys/net`.
final class Sysctls {
    private static final String ROOT = "/proc/sys/net/";

    private Sysctls() {}

    /// True if the kernel has the setting; without IPv6 all of `ipv6/` is missing.
    static boolean exists(String key) {
        return ProcFiles.readIfPresent(ROOT + key).isPresent();
    }

    /// Writes a value unless it is set already: `/proc/sys` may be read-only where we do not need
    /// to change it.
    static void set(String key, String value) {
        if (!ProcFiles.read(ROOT + key).strip().equals(value)) {
            ProcFiles.write(ROOT + key, value);
        }
    }

    static boolean is(String key, String value) {
        return ProcFiles.readIfPresent(ROOT + key)
                .map(String::strip)
                .filter(value::equals)
                .isPresent();
    }
}
