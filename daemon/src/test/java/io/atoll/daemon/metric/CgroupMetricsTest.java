package io.atoll.daemon.metric;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.atoll.linux.cgroup.CgroupFiles;
import io.atoll.runtime.CgroupStats;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Numbers of cgroup files in, text out.
final class CgroupMetricsTest {
    private static final long HOST_MEMORY = 8L << 30;

    /// 8 MiB of which 6 are free, and 2 GiB of which all are.
    private static final List<HugePages> HOST_PAGES =
            List.of(new HugePages(2 << 20, 4, 3), new HugePages(1 << 30, 2, 2));

    @TempDir Path root;

    private void file(String path, String text) throws IOException {
        Path file = root.resolve(path);
        Path _ = Files.createDirectories(file.getParent());
        Path _ = Files.writeString(file, text);
    }

    private Optional<CgroupFiles> cgroup(String controller) {
        Path directory = root.resolve(controller);
        return Files.isDirectory(directory)
                ? Optional.of(new CgroupFiles(directory.toString()))
                : Optional.empty();
    }

    private static CgroupStats stats(long memory, long limit, List<CgroupStats.Disk> disks) {
        return new CgroupStats(memory, 1000, memory, limit, 7, 7, 0, 3, 100, disks);
    }

    private List<String> samples(CgroupStats stats) {
        Metrics out = new Metrics();
        new CgroupMetrics(out, Map.of("name", "c1"), this::cgroup)
                .add(stats, HOST_MEMORY, HOST_PAGES, numbers -> "dev-" + numbers);
        return out.render().lines().filter(l -> !l.startsWith("#")).toList();
    }

    private static void assertHas(List<String> samples, String... wanted) {
        for (String sample : wanted) {
            assertEquals(
                    List.of(sample),
                    samples.stream().filter(sample::equals).toList(),
                    samples::toString);
        }
    }

    @Test
    void countsHugePagesWithinTheLimits() throws IOException {
        file("hugetlb/hugetlb.2MB.limit_in_bytes", "9223372036854771712\n");
        file("hugetlb/hugetlb.2MB.usage_in_bytes", "2097152\n");
        file("hugetlb/hugetlb.1GB.limit_in_bytes", "1073741824\n");
        file("hugetlb/hugetlb.1GB.usage_in_bytes", "1073741824\n");
        assertHas(
                samples(stats(1500, Long.MAX_VALUE, List.of())),
                "lxd_memory_HugepagesTotal_bytes{name=\"c1\"} 1082130432",
                "lxd_memory_HugepagesFree_bytes{name=\"c1\"} 6291456");
    }

    @Test
    void countsHugePagesOfVersion2() throws IOException {
        file("hugetlb/hugetlb.2MB.max", "4194304\n");
        file("hugetlb/hugetlb.2MB.current", "2097152\n");
        file("hugetlb/hugetlb.1GB.max", "max\n");
        file("hugetlb/hugetlb.1GB.current", "0\n");
        assertHas(
                samples(stats(1500, Long.MAX_VALUE, List.of())),
                "lxd_memory_HugepagesTotal_bytes{name=\"c1\"} 2151677952",
                "lxd_memory_HugepagesFree_bytes{name=\"c1\"} 2149580800");
    }

    @Test
    void readsTheHostsHugePages() throws IOException {
        file("pages/hugepages-64kB/nr_hugepages", "5\n");
        file("pages/hugepages-64kB/free_hugepages", "4\n");
        file("pages/hugepages-1048576kB/nr_hugepages", "1\n");
        file("pages/hugepages-1048576kB/free_hugepages", "0\n");
        file("pages/other", "");
        List<HugePages> found = HugePages.of(root.resolve("pages"));
        assertEquals(List.of(new HugePages(1 << 30, 1, 0), new HugePages(64 << 10, 5, 4)), found);
        assertEquals(List.of("1GB", "64KB"), found.stream().map(HugePages::name).toList());
        assertEquals("2MB", new HugePages(2 << 20, 0, 0).name());
        assertEquals(List.of(), HugePages.of(root.resolve("nosuch")));
    }

    @Test
    void readsVersion1() throws IOException {
        file("cpuacct/cpuacct.usage_all", "cpu user system\n0 4000000 0\n1 1500000000 2\n");
        file("cpuset/cpuset.effective_cpus", "0-2,5\n");
        file("memory/memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 2\n");
        file(
                "memory/memory.stat",
                "cache 1\nrss 2\nhierarchical_memory_limit 5000\ntotal_cache 10\ntotal_rss 20\n"
                        + "total_active_anon 4\ntotal_active_file 8\ntotal_mapped_file 6\n");
        List<String> samples =
                samples(
                        stats(
                                1500,
                                Long.MAX_VALUE,
                                List.of(new CgroupStats.Disk(8, 1, 1, 2, 3, 4))));
        assertHas(
                samples,
                "lxd_cpu_seconds_total{cpu=\"0\",mode=\"user\",name=\"c1\"} 0.004",
                "lxd_cpu_seconds_total{cpu=\"0\",mode=\"system\",name=\"c1\"} 0",
                "lxd_cpu_seconds_total{cpu=\"1\",mode=\"user\",name=\"c1\"} 1.5",
                "lxd_cpu_effective_total{name=\"c1\"} 4",
                "lxd_memory_Cached_bytes{name=\"c1\"} 10",
                "lxd_memory_RSS_bytes{name=\"c1\"} 20",
                "lxd_memory_Active_bytes{name=\"c1\"} 12",
                "lxd_memory_Mapped_bytes{name=\"c1\"} 6",
                "lxd_memory_MemTotal_bytes{name=\"c1\"} 5000",
                "lxd_memory_MemFree_bytes{name=\"c1\"} 3500",
                "lxd_memory_MemAvailable_bytes{name=\"c1\"} 4500",
                "lxd_memory_OOM_kills_total{name=\"c1\"} 2",
                "lxd_memory_Swap_bytes{name=\"c1\"} 7",
                "lxd_disk_written_bytes_total{device=\"dev-8:1\",name=\"c1\"} 2",
                "lxd_procs_total{name=\"c1\"} 3");
    }

    @Test
    void readsVersion2() throws IOException {
        file("cpu/cpu.stat", "usage_usec 30\nuser_usec 1500000\nsystem_usec 10\n");
        file("memory/memory.stat", "anon 5\nfile 6\nfile_dirty 7\nshmem 8\nunevictable 9\n");
        file("memory/memory.events", "low 0\noom 1\noom_kill 1\noom_group_kill 0\n");
        List<String> samples = samples(stats(100, 4000, List.of()));
        assertHas(
                samples,
                "lxd_cpu_seconds_total{cpu=\"0\",mode=\"user\",name=\"c1\"} 1.5",
                "lxd_memory_RSS_bytes{name=\"c1\"} 5",
                "lxd_memory_Cached_bytes{name=\"c1\"} 6",
                "lxd_memory_Dirty_bytes{name=\"c1\"} 7",
                "lxd_memory_OOM_kills_total{name=\"c1\"} 1",
                "lxd_memory_MemTotal_bytes{name=\"c1\"} 4000");
    }

    @Test
    void leavesOutWhatIsNotAccounted() {
        CgroupStats nothing = new CgroupStats(-1, -1, -1, -1, -1, -1, -1, -1, -1, List.of());
        assertEquals(List.of(), samples(nothing));
    }

    @Test
    void rendersTextThatCollectorsRead() {
        Metrics out = new Metrics();
        out.add(Metric.UPTIME, Map.of(), Duration.ofMillis(1500));
        out.add(Metric.PROCS, Map.of("name", "a\"b\\c\nd"), 12345678901L);
        String text = out.render();
        assertEquals(
                """
                lxd_procs_total{name="a\\"b\\\\c\\nd"} 12345678901
                lxd_uptime_seconds 1.5
                """,
                text.lines()
                        .filter(l -> !l.startsWith("#"))
                        .map(l -> l + "\n")
                        .reduce("", String::concat));
        assertEquals("# EOF", text.lines().toList().getLast());
    }
}
