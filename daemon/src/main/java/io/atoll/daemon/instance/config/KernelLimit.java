package io.atoll.daemon.instance.config;

import io.atoll.base.InvalidConfigException;
import java.util.OptionalLong;

/// A resource limit of the instance's init, from a key `limits.kernel.NAME`; see setrlimit(2).
///
/// @param soft what holds at first, absent for no limit
/// @param hard how far a process may raise it, absent for no limit
public record KernelLimit(OptionalLong soft, OptionalLong hard) {
    /// @throws InvalidConfigException if the text is neither `N`, `SOFT:HARD` nor `unlimited`
    public static KernelLimit parse(String text) {
        String[] parts = text.split(":", -1);
        if (parts.length > 2) {
            throw new InvalidConfigException("Invalid value: " + text);
        }
        return new KernelLimit(bound(parts[0], text), bound(parts[parts.length - 1], text));
    }

    private static OptionalLong bound(String part, String text) {
        if (part.strip().equals("unlimited")) {
            return OptionalLong.empty();
        }
        try {
            return OptionalLong.of(Long.parseLong(part.strip()));
        } catch (NumberFormatException e) {
            throw new InvalidConfigException("Invalid value: " + text, e);
        }
    }
}
