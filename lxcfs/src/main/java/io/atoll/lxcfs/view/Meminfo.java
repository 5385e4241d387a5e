package io.atoll.lxcfs.view;

import io.atoll.lxcfs.view.CgroupMemory.Stat;
import java.util.OptionalLong;

/// /proc/meminfo as a container sees it; proc_meminfo(5).
///
/// Lines that the cgroup knows nothing about stay the host's, as upstream's view has it.
public final class Meminfo {
    private Meminfo() {}

    /// Renders the container's file.
    ///
    /// @param host the host's /proc/meminfo
    /// @param hidesSwap true shows a machine without swap (`lxcfs -u`)
    public static String render(String host, CgroupMemory memory, boolean hidesSwap) {
        Figures figures = Figures.of(host, memory, hidesSwap);
        StringBuilder out = new StringBuilder(host.length() + 64);
        for (String line : host.split("\n")) {
            int colon = line.indexOf(':');
            OptionalLong own =
                    colon < 0 ? OptionalLong.empty() : figures.bytes(line.substring(0, colon));
            if (own.isPresent()) {
                appendLine(out, line.substring(0, colon + 1), own.getAsLong() / 1024);
            } else {
                out.append(line).append('\n');
            }
        }
        return out.toString();
    }

    /// A line's value in the host's file, in bytes; 0 if the line is missing.
    public static long hostBytes(String host, String name) {
        int start = host.startsWith(name + ":") ? 0 : host.indexOf("\n" + name + ":") + 1;
        if (start == 0 && !host.startsWith(name + ":")) {
            return 0;
        }
        int end = host.indexOf('\n', start);
        String line = host.substring(start + name.length() + 1, end < 0 ? host.length() : end);
        return Text.parseLong(line.replace("kB", "").strip()).orElse(0) * 1024;
    }

    private static void appendLine(StringBuilder out, String name, long kibibytes) {
        String value = Long.toString(kibibytes);
        out.append(name).repeat(' ', Math.max(0, 16 - name.length()));
        out.repeat(' ', Math.max(0, 8 - value.length())).append(value).append(" kB\n");
    }

    private record Figures(
            long total, long free, Stat stat, OptionalLong swapTotal, OptionalLong swapUsed) {
        static Figures of(String host, CgroupMemory memory, boolean hidesSwap) {
            long total = Math.min(memory.limitBytes(), hostBytes(host, "MemTotal"));
            long free = Math.max(0, total - memory.usageBytes());
            if (hidesSwap) {
                return new Figures(
                        total, free, memory.stat(), OptionalLong.of(0), OptionalLong.of(0));
            }
            long hostSwap = hostBytes(host, "SwapTotal");
            return memory.swap()
                    .map(s ->
                            new Figures(
                                    total,
                                    free,
                                    memory.stat(),
                                    OptionalLong.of(s.totalBytes(hostSwap)),
                                    OptionalLong.of(s.usedBytes(hostSwap))))
                    .orElseGet(() ->
                            new Figures(
                                    total,
                                    free,
                                    memory.stat(),
                                    OptionalLong.empty(),
                                    OptionalLong.empty()));
        }

        /// The container's value of a line; empty means that the host's line stands.
        OptionalLong bytes(String name) {
            return switch (name) {
                case "MemTotal" -> OptionalLong.of(total);
                case "MemFree" -> OptionalLong.of(free);
                case "MemAvailable" -> OptionalLong.of(Math.min(total, free + stat.cache()));
                case "Cached" -> OptionalLong.of(stat.cache());
                case "Active" -> OptionalLong.of(stat.activeAnon() + stat.activeFile());
                case "Inactive" -> OptionalLong.of(stat.inactiveAnon() + stat.inactiveFile());
                case "Active(anon)" -> OptionalLong.of(stat.activeAnon());
                case "Inactive(anon)" -> OptionalLong.of(stat.inactiveAnon());
                case "Active(file)" -> OptionalLong.of(stat.activeFile());
                case "Inactive(file)" -> OptionalLong.of(stat.inactiveFile());
                case "Unevictable" -> OptionalLong.of(stat.unevictable());
                case "Dirty" -> OptionalLong.of(stat.dirty());
                case "Writeback" -> OptionalLong.of(stat.writeback());
                case "AnonPages" ->
                        OptionalLong.of(
                                Math.max(
                                        0, stat.activeAnon() + stat.inactiveAnon() - stat.shmem()));
                case "Mapped" -> OptionalLong.of(stat.mapped());
                case "Shmem" -> OptionalLong.of(stat.shmem());
                case "AnonHugePages" -> OptionalLong.of(stat.anonHuge());
                case "SwapTotal" -> swapTotal;
                case "SwapFree" ->
                        swapTotal.isPresent()
                                ? OptionalLong.of(swapTotal.getAsLong() - swapUsed.orElse(0))
                                : OptionalLong.empty();
                case "Buffers",
                        "SwapCached",
                        "Slab",
                        "SReclaimable",
                        "SUnreclaim",
                        "KReclaimable" ->
                        OptionalLong.of(0);
                case "ShmemHugePages", "ShmemPmdMapped", "Zswap", "Zswapped" -> OptionalLong.of(0);
                default -> OptionalLong.empty();
            };
        }
    }
}
