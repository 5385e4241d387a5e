package io.atoll.lxcfs.view;

/// /proc/cpuinfo as a container sees it: only its processors, counted from 0; proc_cpuinfo(5).
public final class Cpuinfo {
    private Cpuinfo() {}

    /// Renders the container's file.
    ///
    /// A block begins with a line `processor : N`; text before the first block and trailing blocks
    /// without that line (the machine's description on ARM) stay.
    ///
    /// @param host the host's /proc/cpuinfo
    public static String render(String host, CpuView view) {
        StringBuilder out = new StringBuilder(host.length());
        int next = 0;
        for (String block : host.split("(?<=\n\n)")) {
            int cpu = processorOf(block);
            if (cpu < 0) {
                out.append(block);
            } else if (view.cpus().contains(cpu)) {
                int lineEnd = block.indexOf('\n');
                int colon = block.indexOf(':');
                out.append(block, 0, colon + 1).append(' ').append(next++);
                out.append(block, lineEnd < 0 ? block.length() : lineEnd, block.length());
            }
        }
        return out.toString();
    }

    private static int processorOf(String block) {
        int lineEnd = block.indexOf('\n');
        String line = lineEnd < 0 ? block : block.substring(0, lineEnd);
        int colon = line.indexOf(':');
        if (colon < 0 || !line.substring(0, colon).strip().equals("processor")) {
            return -1;
        }
        return (int) Text.parseLong(line.substring(colon + 1)).orElse(-1);
    }
}
