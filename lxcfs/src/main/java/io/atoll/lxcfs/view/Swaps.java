package io.atoll.lxcfs.view;

/// /proc/swaps as a container sees it: one line for all its swap, none without; proc_swaps(5).
public final class Swaps {
    private static final String HEADER = "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n";

    private Swaps() {}

    /// Renders the container's file.
    ///
    /// @param hostMeminfo the host's /proc/meminfo, for its total swap
    public static String render(String hostMeminfo, CgroupMemory memory, boolean hidesSwap) {
        if (hidesSwap || memory.swap().isEmpty()) {
            return HEADER;
        }
        CgroupMemory.Swap swap = memory.swap().get();
        long hostTotal = Meminfo.hostBytes(hostMeminfo, "SwapTotal");
        long total = swap.totalBytes(hostTotal) / 1024;
        long used = swap.usedBytes(hostTotal) / 1024;
        return total == 0
                ? HEADER
                : HEADER + "none\t\t\t\tvirtual\t\t" + total + "\t" + used + "\t0\n";
    }
}
