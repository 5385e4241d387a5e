package io.atoll.lxcfs.view;

import java.util.ArrayList;
import java.util.List;

/// Processor time used by a cgroup on each processor, by number.
///
/// @param perCpu index is the physical processor number
public record CpuUsage(List<Times> perCpu) {
    /// Time used on one processor, in nanoseconds.
    public record Times(long userNanos, long systemNanos) {}

    public CpuUsage {
        perCpu = List.copyOf(perCpu);
    }

    /// Parses cgroup v1's cpuacct.usage_all: a header, then `CPU USER SYSTEM` in nanoseconds.
    public static CpuUsage parseUsageAll(String text) {
        List<Times> out = new ArrayList<>();
        for (String line : text.split("\n")) {
            String[] words = line.strip().split("\\s+");
            if (words.length >= 3 && Text.parseLong(words[0]).orElse(-1) == out.size()) {
                long user = Text.parseLong(words[1]).orElse(0);
                out.add(new Times(user, Text.parseLong(words[2]).orElse(0)));
            }
        }
        return new CpuUsage(out);
    }
}
