package io.atoll.runtime.intercept;

import io.atoll.linux.ProcFiles;
import io.atoll.linux.Processes;
import io.atoll.linux.cgroup.CgroupFiles;
import io.atoll.runtime.CgroupStats;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.TreeMap;

/// `sysinfo(2)` as the container's limits make it, by the same numbers as its cgroups have.
final class SysinfoCall {
    private static final int BYTES = 112;
    private static final double LOAD_UNIT = 65_536;
    private static final long TICKS_PER_SECOND = 100;

    /// Larger numbers mean that nothing is limited; version 1 says so in bytes.
    private static final long LIMIT_MAX = 1L << 60;

    private SysinfoCall() {}

    static Answer answer(Caller caller, Guest guest) {
        caller.write(caller.argument(0), encode(guest));
        return Answer.DONE;
    }

    private static byte[] encode(Guest guest) {
        Map<String, Long> host = meminfo(ProcFiles.read("/proc/meminfo"));
        CgroupStats stats = guest.container().stats();
        long hostTotal = host.getOrDefault("MemTotal", 0L);
        long total = Math.min(hostTotal, limit(stats.memoryLimitBytes()).orElse(hostTotal));
        boolean isLimited = total < hostTotal;
        long cache = Math.max(0, stats.memoryCacheBytes());
        long used = Math.max(0, stats.memoryBytes());
        long hostSwap = host.getOrDefault("SwapTotal", 0L);
        long swap =
                swapLimit(guest, total).stream()
                        .map(l -> Math.min(l, hostSwap))
                        .findFirst()
                        .orElse(hostSwap);
        String[] load = ProcFiles.read("/proc/loadavg").split(" ");
        ByteBuffer out = ByteBuffer.allocate(BYTES).order(ByteOrder.LITTLE_ENDIAN);
        out.putLong(uptime(guest));
        for (String each : List.of(load[0], load[1], load[2])) {
            out.putLong((long) (Double.parseDouble(each) * LOAD_UNIT));
        }
        out.putLong(total);
        out.putLong(isLimited ? Math.max(0, total - used) : host.getOrDefault("MemFree", 0L));
        out.putLong(isLimited ? 0 : host.getOrDefault("Shmem", 0L));
        out.putLong(isLimited ? Math.min(cache, used) : host.getOrDefault("Buffers", 0L));
        out.putLong(swap);
        out.putLong(Math.max(0, swap - Math.max(0, stats.swapBytes())));
        out.putShort((short) Math.min(Math.max(0, stats.pids()), 0xFFFF));
        out.putInt(BYTES - 8, 1);
        return out.array();
    }

    private static long uptime(Guest guest) {
        double now = Double.parseDouble(ProcFiles.read("/proc/uptime").split(" ")[0]);
        long start =
                Processes.identity(guest.container().initPid())
                        .map(id -> id.startTicks() / TICKS_PER_SECOND)
                        .orElse(0L);
        return Math.max(0, (long) now - start);
    }

    private static OptionalLong limit(long bytes) {
        return bytes > 0 && bytes < LIMIT_MAX ? OptionalLong.of(bytes) : OptionalLong.empty();
    }

    /// What may be swapped out; version 1 limits it together with memory.
    private static Optional<Long> swapLimit(Guest guest, long memory) {
        Optional<CgroupFiles> files = guest.container().cgroup("memory");
        Optional<Long> own =
                files.flatMap(f -> f.read("memory.swap.max")).flatMap(SysinfoCall::number);
        return own.or(() ->
                files.flatMap(f -> f.read("memory.memsw.limit_in_bytes"))
                        .flatMap(SysinfoCall::number)
                        .map(both -> Math.max(0, both - memory)));
    }

    private static Optional<Long> number(String text) {
        String word = text.strip();
        return word.matches("\\d{1,18}")
                ? Optional.of(Long.parseLong(word)).filter(n -> n < LIMIT_MAX)
                : Optional.empty();
    }

    /// Bytes by name.
    static Map<String, Long> meminfo(String text) {
        Map<String, Long> out = new TreeMap<>();
        for (String line : text.split("\n")) {
            String[] words = line.split("[:\\s]+");
            if (words.length > 1 && words[1].matches("\\d{1,15}")) {
                out.put(words[0], Long.parseLong(words[1]) << 10);
            }
        }
        return out;
    }
}
