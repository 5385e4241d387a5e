package io.atoll.daemon.metric;

import io.atoll.linux.cgroup.CgroupFiles;
import io.atoll.runtime.CgroupStats;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.BinaryOperator;
import java.util.function.Function;

/// What cgroups tell about CPU, memory, disks and processes, as metrics. Reads files of version 1
/// and 2 on the host and enters nothing.
public final class CgroupMetrics {
    /// The lines of `memory.stat` that are shown as they are. Of version 1 those are taken that
    /// count what is below, too; version 2 has only such.
    private static final Map<String, Metric> STAT =
            Map.ofEntries(
                    Map.entry("active_anon", Metric.ACTIVE_ANON),
                    Map.entry("active_file", Metric.ACTIVE_FILE),
                    Map.entry("inactive_anon", Metric.INACTIVE_ANON),
                    Map.entry("inactive_file", Metric.INACTIVE_FILE),
                    Map.entry("unevictable", Metric.UNEVICTABLE),
                    Map.entry("shmem", Metric.SHMEM),
                    Map.entry("cache", Metric.CACHED),
                    Map.entry("file", Metric.CACHED),
                    Map.entry("dirty", Metric.DIRTY),
                    Map.entry("file_dirty", Metric.DIRTY),
                    Map.entry("writeback", Metric.WRITEBACK),
                    Map.entry("file_writeback", Metric.WRITEBACK),
                    Map.entry("mapped_file", Metric.MAPPED),
                    Map.entry("file_mapped", Metric.MAPPED),
                    Map.entry("rss", Metric.RSS),
                    Map.entry("anon", Metric.RSS));

    private final Metrics out;
    private final Map<String, String> labels;
    private final Function<String, Optional<CgroupFiles>> cgroups;

    /// @param labels what the cgroups belong to
    /// @param cgroups from a controller to the cgroup there
    public CgroupMetrics(
            Metrics out,
            Map<String, String> labels,
            Function<String, Optional<CgroupFiles>> cgroups) {
        this.out = out;
        this.labels = Map.copyOf(labels);
        this.cgroups = cgroups;
    }

    /// Adds all that is accounted.
    ///
    /// @param hostMemoryBytes what a cgroup without a limit can use
    /// @param hostPages the huge pages of the host
    /// @param blockDevice from `MAJOR:MINOR` to the name of a block device
    public void add(
            CgroupStats stats,
            long hostMemoryBytes,
            List<HugePages> hostPages,
            Function<String, String> blockDevice) {
        cpu();
        memory(stats, hostMemoryBytes);
        hugePages(hostPages);
        for (CgroupStats.Disk disk : stats.disks()) {
            disk(disk, blockDevice.apply(disk.major() + ":" + disk.minor()));
        }
        known(Metric.PROCS, stats.pids());
    }

    private void known(Metric metric, long value) {
        if (value != CgroupStats.UNKNOWN) {
            out.add(metric, labels, value);
        }
    }

    private Map<String, String> with(String... pairs) {
        Map<String, String> all = new HashMap<>(labels);
        for (int i = 0; i < pairs.length; i += 2) {
            all.put(pairs[i], pairs[i + 1]);
        }
        return all;
    }

    private String text(String controller, String file) {
        return cgroups.apply(controller).flatMap(files -> files.read(file)).orElse("");
    }

    /// Version 1 counts for each CPU, version 2 for all together, which are shown as CPU 0.
    private void cpu() {
        String perCpu = text("cpuacct", "cpuacct.usage_all");
        if (!perCpu.isEmpty()) {
            perCpu.lines()
                    .skip(1)
                    .map(line -> line.split(" "))
                    .forEach(words -> {
                        if (words.length == 3) {
                            cpu(words[0], "user", Duration.ofNanos(Long.parseLong(words[1])));
                            cpu(words[0], "system", Duration.ofNanos(Long.parseLong(words[2])));
                        }
                    });
        } else {
            Map<String, Long> stat =
                    cgroups.apply("cpu").map(files -> files.keyed("cpu.stat")).orElse(Map.of());
            if (stat.containsKey("user_usec")) {
                cpu("0", "user", micros(stat, "user_usec"));
                cpu("0", "system", micros(stat, "system_usec"));
            }
        }
        String effective =
                text("cpuset", "cpuset.effective_cpus") + text("cpuset", "cpuset.cpus.effective");
        if (!effective.isBlank()) {
            out.add(Metric.CPUS, labels, count(effective.strip()));
        }
    }

    private static Duration micros(Map<String, Long> stat, String line) {
        return Duration.of(stat.getOrDefault(line, 0L), ChronoUnit.MICROS);
    }

    private void cpu(String cpu, String mode, Duration seconds) {
        out.add(Metric.CPU_SECONDS, with("cpu", cpu, "mode", mode), seconds);
    }

    /// How many CPUs a list such as `0-3,7` names.
    private static long count(String list) {
        long count = 0;
        for (String range : list.split(",")) {
            String[] ends = range.split("-");
            count += Long.parseLong(ends[ends.length - 1]) - Long.parseLong(ends[0]) + 1;
        }
        return count;
    }

    private void memory(CgroupStats stats, long hostMemoryBytes) {
        Map<String, Long> lines =
                cgroups.apply("memory").map(files -> files.keyed("memory.stat")).orElse(Map.of());
        boolean isV1 = lines.containsKey("total_rss");
        STAT.forEach((line, metric) -> {
            Long bytes = lines.get(isV1 ? "total_" + line : line);
            if (bytes != null) {
                out.add(metric, labels, bytes);
            }
        });
        sum(lines, isV1, "active_", Metric.ACTIVE);
        sum(lines, isV1, "inactive_", Metric.INACTIVE);
        known(Metric.SWAP, stats.swapBytes());
        if (stats.memoryBytes() != CgroupStats.UNKNOWN) {
            long limit =
                    Math.min(
                            hostMemoryBytes,
                            Math.min(
                                    stats.memoryLimitBytes(),
                                    lines.getOrDefault(
                                            "hierarchical_memory_limit", Long.MAX_VALUE)));
            long free = Math.max(0, limit - stats.memoryBytes());
            long cached = Math.max(0, stats.memoryCacheBytes());
            out.add(Metric.MEM_TOTAL, labels, limit);
            out.add(Metric.MEM_FREE, labels, free);
            out.add(Metric.MEM_AVAILABLE, labels, Math.min(limit, free + cached));
        }
        BinaryOperator<String> kills =
                (file, line) ->
                        text("memory", file)
                                .lines()
                                .filter(l -> l.startsWith(line + " "))
                                .map(l -> l.substring(line.length() + 1))
                                .findFirst()
                                .orElse("");
        String count =
                kills.apply("memory.oom_control", "oom_kill")
                        + kills.apply("memory.events", "oom_kill");
        if (!count.isEmpty()) {
            out.add(Metric.OOM_KILLS, labels, Long.parseLong(count));
        }
    }

    /// All sizes together. What no limit keeps back is the host's.
    private void hugePages(List<HugePages> sizes) {
        Optional<CgroupFiles> cgroup = cgroups.apply("hugetlb");
        if (cgroup.isEmpty()) {
            return;
        }
        long total = 0;
        long free = 0;
        for (HugePages size : sizes) {
            String file = "hugetlb." + size.name();
            long host = size.total() * size.pageBytes();
            long limit =
                    Math.min(
                            host,
                            number(file + ".limit_in_bytes")
                                    .or(() -> number(file + ".max"))
                                    .orElse(Long.MAX_VALUE));
            long used =
                    number(file + ".usage_in_bytes").or(() -> number(file + ".current")).orElse(0L);
            total += limit;
            free += Math.min(size.free() * size.pageBytes(), Math.max(0, limit - used));
        }
        out.add(Metric.HUGEPAGES_FREE, labels, free);
        out.add(Metric.HUGEPAGES_TOTAL, labels, total);
    }

    private Optional<Long> number(String file) {
        String text = text("hugetlb", file).strip();
        return text.matches("\\d{1,18}") ? Optional.of(Long.parseLong(text)) : Optional.empty();
    }

    private void sum(Map<String, Long> lines, boolean isV1, String what, Metric metric) {
        String prefix = (isV1 ? "total_" : "") + what;
        Long anon = lines.get(prefix + "anon");
        Long file = lines.get(prefix + "file");
        if (anon != null && file != null) {
            out.add(metric, labels, anon + file);
        }
    }

    private void disk(CgroupStats.Disk disk, String name) {
        Map<String, String> all = with("device", name);
        out.add(Metric.DISK_READ_BYTES, all, disk.readBytes());
        out.add(Metric.DISK_READS, all, disk.reads());
        out.add(Metric.DISK_WRITTEN_BYTES, all, disk.writeBytes());
        out.add(Metric.DISK_WRITES, all, disk.writes());
    }
}
