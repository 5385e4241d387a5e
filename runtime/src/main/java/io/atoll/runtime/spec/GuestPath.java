package io.atoll.runtime.spec;

import io.atoll.base.InvalidConfigException;

/// A path inside a container's root. It belongs to the container and is only ever resolved below
/// that root.
///
/// @param value absolute and without a NUL byte, at most [#LENGTH_MAX] characters; `..` is allowed
///   and stops at the root
public record GuestPath(String value) {
    /// The kernel's PATH_MAX without its NUL; linux/limits.h.
    public static final int LENGTH_MAX = 4095;

    public GuestPath {
        if (!value.startsWith("/") || value.indexOf('\0') >= 0 || value.length() > LENGTH_MAX) {
            throw new InvalidConfigException("path inside the container is not absolute: " + value);
        }
    }

    /// With a leading slash added if there is none, as `lxc.mount.entry` writes targets.
    public static GuestPath of(String text) {
        return new GuestPath(text.startsWith("/") ? text : "/" + text);
    }

    @Override
    public String toString() {
        return value;
    }
}
