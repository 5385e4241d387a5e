package io.atoll.network;

import io.atoll.base.InvalidConfigException;

/// What a network interface may be called.
public final class InterfaceNames {
    /// `IFNAMSIZ` of `linux/if.h` without the final NUL.
    public static final int LENGTH_MAX = 15;

    private static final int LENGTH_MIN = 2;

    private InterfaceNames() {}

    /// @throws InvalidConfigException if the kernel, or anything that has the name in a file name
    ///   or rule, would not take it
    public static void check(String name) {
        if (name.length() < LENGTH_MIN) {
            throw new InvalidConfigException(
                    "Network interface is too short (minimum 2 characters)");
        }
        if (name.length() > LENGTH_MAX) {
            throw new InvalidConfigException(
                    "Network interface is too long (maximum 15 characters)");
        }
        if (!name.matches("[-_a-zA-Z0-9.]+")) {
            throw new InvalidConfigException("Name contains invalid characters");
        }
        if (name.matches("\\.+") || name.startsWith("-")) {
            throw new InvalidConfigException("Network interface name is not usable: " + name);
        }
    }
}
