package io.atoll.lxcfs.view;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// /proc/stat as a container sees it; proc_stat(5). Only the `cpu` lines differ from the host's.
public final class Stat {
    /// USER_HZ: how many clock ticks make a second in this file on every Linux architecture but two
    /// forgotten ones.
    static final int TICKS_PER_SECOND = 100;

    private static final long NANOS_PER_TICK = 1_000_000_000L / TICKS_PER_SECOND;
    private static final int IDLE = 3;
    private static final int FIELDS = 10;

    private Stat() {}

    /// Renders the container's file.
    ///
    /// What a processor did for others counts as idle time, so that `top` inside adds up to 100 %.
    /// Without usage per processor (cgroup v2 has none) the host's figures of the container's
    /// processors are shown.
    ///
    /// @param host the host's /proc/stat
    public static String render(String host, CpuView view, Optional<CpuUsage> usage) {
        List<String> cpuLines = new ArrayList<>();
        StringBuilder rest = new StringBuilder(host.length());
        long[] sum = new long[FIELDS];
        for (String line : host.split("\n")) {
            if (!line.startsWith("cpu")) {
                rest.append(line).append('\n');
                continue;
            }
            int cpu =
                    (int)
                            Text.parseLong(line.substring(3, Math.max(3, line.indexOf(' '))))
                                    .orElse(-1);
            if (cpu >= 0 && view.cpus().contains(cpu)) {
                long[] fields = fieldsOf(line, cpu, usage);
                int shown = view.isRenumbered() ? cpuLines.size() : cpu;
                cpuLines.add(lineOf("cpu" + shown, fields));
                for (int i = 0; i < FIELDS; i++) {
                    sum[i] += fields[i];
                }
            }
        }
        return lineOf("cpu ", sum) + String.join("", cpuLines) + rest;
    }

    private static long[] fieldsOf(String line, int cpu, Optional<CpuUsage> usage) {
        String[] words = line.strip().split("\\s+");
        long[] host = new long[FIELDS];
        for (int i = 0; i < FIELDS && i + 1 < words.length; i++) {
            host[i] = Text.parseLong(words[i + 1]).orElse(0);
        }
        if (usage.isEmpty() || cpu >= usage.get().perCpu().size()) {
            return host;
        }
        CpuUsage.Times own = usage.get().perCpu().get(cpu);
        long[] out = new long[FIELDS];
        out[0] = own.userNanos() / NANOS_PER_TICK;
        out[2] = own.systemNanos() / NANOS_PER_TICK;
        long hostUsed = 0;
        for (int i = 0; i < FIELDS; i++) {
            hostUsed += i == IDLE ? 0 : host[i];
        }
        out[IDLE] = host[IDLE] + Math.max(0, hostUsed - out[0] - out[2]);
        return out;
    }

    private static String lineOf(String name, long[] fields) {
        StringBuilder out = new StringBuilder(name);
        for (long field : fields) {
            out.append(' ').append(field);
        }
        return out.append('\n').toString();
    }
}
