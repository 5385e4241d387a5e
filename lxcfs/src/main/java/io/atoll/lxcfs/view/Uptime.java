package io.atoll.lxcfs.view;

import java.util.Optional;

/// /proc/uptime as a container sees it: how old its init is; proc_uptime(5).
public final class Uptime {
    private Uptime() {}

    /// Renders the container's file.
    ///
    /// @param host the host's /proc/uptime
    /// @param startTicks the init's start time in ticks since boot, field 22 of /proc/PID/stat
    /// @param cpuNanos processor time the container used; without it the second figure repeats the
    ///   first
    public static String render(String host, long startTicks, Optional<Long> cpuNanos) {
        int space = host.indexOf(' ');
        double sinceBoot = Double.parseDouble(space < 0 ? host.strip() : host.substring(0, space));
        double age = Math.max(0, sinceBoot - (double) startTicks / Stat.TICKS_PER_SECOND);
        double idle = Math.max(0, age - cpuNanos.orElse(0L) / 1e9);
        StringBuilder out = Text.appendHundredths(new StringBuilder(24), age).append(' ');
        return Text.appendHundredths(out, idle).append('\n').toString();
    }
}
