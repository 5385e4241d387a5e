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
        if (named(text) != cpus.count()) {
            throw new InvalidConfigException("Cannot define CPU multiple times");
        }
        return new Pinned(cpus);
    }

    /// How many processors a list names that can be parsed, each time it names one.
    private static int named(String list) {
        int count = 0;
        for (String part : list.split(",")) {
            count += CpuSet.parse(part).count();
        }
        return count;
    }
}
