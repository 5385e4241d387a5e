package io.atoll.runtime;

import io.atoll.linux.cgroup.CgroupFiles;
import io.atoll.linux.cgroup.CgroupLayout;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;

/// Reads [CgroupStats] from version 1 and 2 files.
final class CgroupStatsReader {
    private final Function<String, Optional<CgroupFiles>> cgroups;
    private final Optional<CgroupFiles> unified;
    private final CgroupLayout layout;

    private CgroupStatsReader(
            Function<String, Optional<CgroupFiles>> cgroups,
            Optional<CgroupFiles> unified,
            CgroupLayout layout) {
        this.cgroups = cgroups;
        this.unified = unified;
        this.layout = layout;
    }

    /// @param cgroups from a controller to the container's directory
    /// @param unified that of version 2, if there is one
    static CgroupStats read(
            Function<String, Optional<CgroupFiles>> cgroups,
            Optional<CgroupFiles> unified,
            CgroupLayout layout) {
        return new CgroupStatsReader(cgroups, unified, layout).read();
    }

    static CgroupUsage usage(
            Function<String, Optional<CgroupFiles>> cgroups,
            Optional<CgroupFiles> unified,
            CgroupLayout layout) {
        return new CgroupStatsReader(cgroups, unified, layout).usage();
    }

    private CgroupUsage usage() {
        boolean isV1 = isV1("memory");
        long memory = number("memory", isV1 ? "memory.usage_in_bytes" : "memory.current");
        long peak = number("memory", isV1 ? "memory.max_usage_in_bytes" : "memory.peak");
        return new CgroupUsage(
                memory,
                peak,
                isV1
                        ? difference(number("memory", "memory.memsw.usage_in_bytes"), memory)
                        : number("memory", "memory.swap.current"),
                isV1
                        ? difference(number("memory", "memory.memsw.max_usage_in_bytes"), peak)
                        : number("memory", "memory.swap.peak"),
                cpuNanos(),
                number("pids", "pids.current"));
    }

    private CgroupStats read() {
        boolean isV1 = isV1("memory");
        Map<String, Long> stat =
                cgroups.apply("memory").map(files -> files.keyed("memory.stat")).orElse(Map.of());
        long memory = number("memory", isV1 ? "memory.usage_in_bytes" : "memory.current");
        long memoryPeak = number("memory", isV1 ? "memory.max_usage_in_bytes" : "memory.peak");
        long limit = number("memory", isV1 ? "memory.limit_in_bytes" : "memory.max");
        return new CgroupStats(
                memory,
                stat.getOrDefault(isV1 ? "total_cache" : "file", CgroupStats.UNKNOWN),
                memoryPeak,
                limit,
                swap(isV1, memory, stat),
                isV1
                        ? difference(
                                number("memory", "memory.memsw.max_usage_in_bytes"), memoryPeak)
                        : number("memory", "memory.swap.peak"),
                cpuNanos(),
                number("pids", "pids.current"),
                number("pids", "pids.max"),
                disks());
    }

    private boolean isV1(String controller) {
        return layout.controller(controller).filter(h -> h.version() == 1).isPresent();
    }

    private long number(String controller, String file) {
        return cgroups.apply(controller)
                .map(files -> files.number(file).orElse(CgroupStats.UNKNOWN))
                .orElse(CgroupStats.UNKNOWN);
    }

    /// Version 1 accounts the sum of memory and swap.
    private long swap(boolean isV1, long memory, Map<String, Long> stat) {
        if (!isV1) {
            return number("memory", "memory.swap.current");
        }
        Long swap = stat.get("total_swap");
        return swap != null
                ? swap
                : difference(number("memory", "memory.memsw.usage_in_bytes"), memory);
    }

    private static long difference(long sum, long part) {
        return sum == CgroupStats.UNKNOWN || part == CgroupStats.UNKNOWN
                ? CgroupStats.UNKNOWN
                : Math.max(0, sum - part);
    }

    /// Every cgroup of version 2 counts time, whichever version has the controller `cpu`.
    private long cpuNanos() {
        if (layout.controller("cpuacct").filter(h -> h.version() == 1).isPresent()) {
            return number("cpuacct", "cpuacct.usage");
        }
        Long micros =
                unified.map(files -> files.keyed("cpu.stat")).orElse(Map.of()).get("usage_usec");
        return micros == null ? CgroupStats.UNKNOWN : micros * 1000;
    }

    private List<CgroupStats.Disk> disks() {
        Optional<String> v2 = cgroups.apply("io").flatMap(files -> files.read("io.stat"));
        return v2.isPresent() ? unifiedDisks(v2.get()) : legacyDisks();
    }

    /// `8:0 rbytes=90430464 wbytes=299008000 rios=8950 wios=1252 dbytes=0 dios=0`
    private static List<CgroupStats.Disk> unifiedDisks(String text) {
        List<CgroupStats.Disk> disks = new ArrayList<>();
        for (String line : text.lines().toList()) {
            String[] words = line.split(" ");
            Map<String, Long> values = new HashMap<>();
            for (int i = 1; i < words.length; i++) {
                int equals = words[i].indexOf('=');
                if (equals > 0) {
                    values.put(
                            words[i].substring(0, equals),
                            Long.valueOf(words[i].substring(equals + 1)));
                }
            }
            addDisk(disks, words[0], values, "rbytes", "wbytes", "rios", "wios");
        }
        return disks;
    }

    /// Lines of `8:0 Read 4096`, one file for bytes and one for operations.
    private List<CgroupStats.Disk> legacyDisks() {
        Map<String, Map<String, Long>> byDevice = new java.util.TreeMap<>();
        for (String file : List.of("bytes", "serviced")) {
            String name =
                    "blkio.throttle.io_" + (file.equals("bytes") ? "service_bytes" : "serviced");
            String text =
                    cgroups.apply("blkio")
                            .flatMap(files -> files.read(name + "_recursive"))
                            .orElse("");
            for (String line : text.lines().toList()) {
                String[] words = line.split(" ");
                if (words.length == 3) {
                    byDevice.computeIfAbsent(words[0], _ -> new HashMap<>())
                            .put(words[1] + file, Long.valueOf(words[2]));
                }
            }
        }
        List<CgroupStats.Disk> disks = new ArrayList<>();
        byDevice.forEach((device, values) ->
                addDisk(
                        disks,
                        device,
                        values,
                        "Readbytes",
                        "Writebytes",
                        "Readserviced",
                        "Writeserviced"));
        return disks;
    }

    private static void addDisk(
            List<CgroupStats.Disk> disks, String device, Map<String, Long> values, String... keys) {
        int colon = device.indexOf(':');
        if (colon > 0) {
            disks.add(
                    new CgroupStats.Disk(
                            Integer.parseInt(device.substring(0, colon)),
                            Integer.parseInt(device.substring(colon + 1)),
                            values.getOrDefault(keys[0], 0L),
                            values.getOrDefault(keys[1], 0L),
                            values.getOrDefault(keys[2], 0L),
                            values.getOrDefault(keys[3], 0L)));
        }
    }
}
