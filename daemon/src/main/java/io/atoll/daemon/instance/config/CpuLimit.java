package io.atoll.daemon.instance.config;

import io.atoll.base.CpuSet;
import io.atoll.base.InvalidConfigException;

/// The value of `limits.cpu`: how many CPUs, or which.
public sealed interface CpuLimit {
    /// This many CPUs, chosen when the instance starts.
    record Count(int cpus) implements CpuLimit {}

    /// All that the host has.
    CpuLimit ALL = new Count(0);

    /// Exactly these CPUs.
    record Pinned(CpuSet cpus) implements CpuLimit {}

    /// A bare number is a count; a range or a list names CPUs, and `2-2` names just one.
    ///
    /// @throws InvalidConfigException if the text is neither
    static CpuLimit parse(String text) {
        CpuSet cpus = CpuSet.parse(text);
        if (text.matches("\\d+")) {
            return new Count(cpus.numbers().getFirst());
        }
        if (cpus.isEmpty()) {
            throw new InvalidConfigException("Invalid CPU limit syntax: \"" + text + "\"");
        }
        return new Pinned(cpus);
    }
}
