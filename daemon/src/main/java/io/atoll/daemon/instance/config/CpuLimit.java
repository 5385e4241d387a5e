package io.atoll.daemon.instance.config;

import io.atoll.base.InvalidConfigException;
import java.util.Collections;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;

/// The value of `limits.cpu`: how many CPUs, or which.
public sealed interface CpuLimit {
    /// One past the highest CPU number that is accepted, the kernel's own ceiling
    /// (`CONFIG_NR_CPUS`).
    int CPUS_MAX = 8192;

    /// This many CPUs, chosen when the instance starts.
    record Count(int cpus) implements CpuLimit {}

    /// Exactly these CPUs.
    record Pinned(Set<Integer> cpus) implements CpuLimit {
        public Pinned {
            cpus = Collections.unmodifiableSortedSet(new TreeSet<>(cpus));
        }

        /// As written to `cpuset.cpus`.
        public String render() {
            return cpus.stream().map(String::valueOf).collect(Collectors.joining(","));
        }
    }

    /// A bare number is a count; a range or a list names CPUs, and `2-2` names just one.
    ///
    /// @throws InvalidConfigException if the text is neither
    static CpuLimit parse(String text) {
        if (text.matches("\\d+")) {
            return new Count(number(text, text));
        }
        return new Pinned(parseSet(text));
    }

    /// The numbers of a list as `0-3,7`.
    static Set<Integer> parseSet(String text) {
        Set<Integer> cpus = new TreeSet<>();
        for (String part : text.split(",", -1)) {
            String[] ends = part.strip().split("-", 2);
            int first = number(ends[0], text);
            int last = ends.length == 2 ? number(ends[1], text) : first;
            if (last < first) {
                throw new InvalidConfigException("Invalid CPU limit syntax: \"" + text + "\"");
            }
            for (int cpu = first; cpu <= last; cpu++) {
                cpus.add(cpu);
            }
        }
        return cpus;
    }

    private static int number(String digits, String text) {
        if (!digits.matches("\\d{1,4}") || Integer.parseInt(digits) >= CPUS_MAX) {
            throw new InvalidConfigException("Invalid CPU limit syntax: \"" + text + "\"");
        }
        return Integer.parseInt(digits);
    }
}
