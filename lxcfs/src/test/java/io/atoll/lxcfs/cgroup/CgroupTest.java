package io.atoll.lxcfs.cgroup;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.atoll.lxcfs.view.CgroupMemory;
import io.atoll.lxcfs.view.Loadavg;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;

/// Recorded trees of v1, hybrid and v2 hosts.
class CgroupTest {
    private static final String V2_MOUNTS =
            "30 23 0:26 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw,nsdelegate\n";
    private static final String HYBRID_MOUNTS =
            """
            33 32 0:29 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory
            34 32 0:30 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct
            35 32 0:31 / /sys/fs/cgroup/cpuset rw - cgroup cgroup rw,cpuset
            36 32 0:32 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw
            """;

    private static final class Fake implements HostFiles {
        final Map<String, String> files = new HashMap<>();
        final Map<String, List<String>> directories = new HashMap<>();

        Fake put(String path, String text) {
            files.put(path, text);
            return this;
        }

        @Override
        public Optional<String> read(String path) {
            return Optional.ofNullable(files.get(path));
        }

        @Override
        public Optional<String> readLink(String path) {
            return read(path);
        }

        @Override
        public List<String> directories(String path) {
            return directories.getOrDefault(path, List.of());
        }
    }

    private static Cgroup cgroup(Fake files, String mounts, String membership) {
        return new Cgroup(files, CgroupMounts.parse(mounts), Membership.parse(membership));
    }

    @Test
    void takesTheLeastLimitOfAllAncestorsOnV2() {
        Fake files =
                new Fake()
                        .put("/sys/fs/cgroup/a/memory.max", "1000000\n")
                        .put("/sys/fs/cgroup/a/b/memory.max", "max\n")
                        .put("/sys/fs/cgroup/a/b/memory.current", "5000\n")
                        .put("/sys/fs/cgroup/a/b/memory.swap.current", "70\n")
                        .put("/sys/fs/cgroup/a/b/memory.swap.max", "90\n")
                        .put(
                                "/sys/fs/cgroup/a/b/memory.stat",
                                "anon 1\nfile 300\nactive_anon 4\nanon_thp 2\n");
        CgroupMemory memory =
                cgroup(files, V2_MOUNTS, "0::/a/b/init.scope\n").memory().orElseThrow();
        assertEquals(1_000_000, memory.limitBytes());
        assertEquals(5000, memory.usageBytes());
        assertEquals(300, memory.stat().cache());
        assertEquals(2, memory.stat().anonHuge());
        assertEquals(90, memory.swap().orElseThrow().limitBytes());
        assertEquals(70, memory.swap().orElseThrow().usedBytes(1 << 20));
    }

    @Test
    void readsTheKernelsLeastLimitOnV1() {
        String at = "/sys/fs/cgroup/memory/lxc/c1/";
        Fake files =
                new Fake()
                        .put(at + "memory.usage_in_bytes", "5000\n")
                        .put(at + "memory.memsw.usage_in_bytes", "5600\n")
                        .put(
                                at + "memory.stat",
                                "cache 1\nhierarchical_memory_limit 4096000\n"
                                        + "hierarchical_memsw_limit 9223372036854771712\ntotal_cache 300\n");
        CgroupMemory memory =
                cgroup(files, HYBRID_MOUNTS, "4:memory:/lxc/c1\n0::/\n").memory().orElseThrow();
        assertEquals(4_096_000, memory.limitBytes());
        assertEquals(300, memory.stat().cache());
        assertEquals(Long.MAX_VALUE, memory.swap().orElseThrow().limitBytes());
        assertEquals(600, memory.swap().orElseThrow().usageBytes());
    }

    @Test
    void hasNoMemoryWhereItCannotRead() {
        assertTrue(cgroup(new Fake(), V2_MOUNTS, "0::/a\n").memory().isEmpty());
        assertTrue(cgroup(new Fake(), HYBRID_MOUNTS, "4:memory:/a\n").memory().isEmpty());
        assertTrue(cgroup(new Fake(), "", "").memory().isEmpty());
    }

    @Test
    void inheritsTheCpusetFromAnAncestor() {
        Fake v2 = new Fake().put("/sys/fs/cgroup/a/cpuset.cpus.effective", "2-3\n");
        assertEquals(
                "2-3\n",
                cgroup(v2, V2_MOUNTS, "0::/a/b/c\n").cpus(false).orElseThrow().renderOnline());
        Fake v1 = new Fake().put("/sys/fs/cgroup/cpuset/a/cpuset.effective_cpus", "1\n");
        assertEquals(
                "1\n",
                cgroup(v1, HYBRID_MOUNTS, "3:cpuset:/a\n")
                        .cpus(false)
                        .orElseThrow()
                        .renderOnline());
    }

    @Test
    void cutsProcessorsByTheTightestQuota() {
        Fake v2 =
                new Fake()
                        .put("/sys/fs/cgroup/a/cpuset.cpus.effective", "4-7\n")
                        .put("/sys/fs/cgroup/a/cpu.max", "150000 100000\n")
                        .put("/sys/fs/cgroup/a/b/cpu.max", "max 100000\n");
        assertEquals(
                "0-1\n",
                cgroup(v2, V2_MOUNTS, "0::/a/b\n").cpus(true).orElseThrow().renderOnline());
        Fake v1 =
                new Fake()
                        .put("/sys/fs/cgroup/cpuset/a/cpuset.effective_cpus", "0-3\n")
                        .put("/sys/fs/cgroup/cpu,cpuacct/a/cpu.cfs_quota_us", "-1\n")
                        .put("/sys/fs/cgroup/cpu,cpuacct/a/cpu.cfs_period_us", "100000\n");
        Cgroup unlimited =
                cgroup(
                        v1.put("/sys/fs/cgroup/x", ""),
                        HYBRID_MOUNTS,
                        "3:cpuset:/a\n2:cpu,cpuacct:/a\n");
        assertEquals("0-3\n", unlimited.cpus(true).orElseThrow().renderOnline());
    }

    @Test
    void findsTheInitByTheNamespaceNotByTheCaller() {
        Fake files =
                new Fake()
                        .put("/proc/self/ns/pid", "pid:[1]")
                        .put("/proc/50/ns/pid", "pid:[2]")
                        .put("/proc/40/cgroup", "0::/c1\n")
                        .put("/proc/60/ns/pid", "pid:[1]")
                        .put("/proc/60/cgroup", "0::/user\n");
        Readers readers =
                new Readers(
                        files,
                        CgroupMounts.parse(V2_MOUNTS),
                        pid -> pid == 50 ? OptionalInt.of(40) : OptionalInt.empty());
        Readers.Reader inside = readers.find(50).orElseThrow();
        assertEquals(40, inside.pid());
        assertFalse(inside.isHost());
        Readers.Reader host = readers.find(60).orElseThrow();
        assertEquals(60, host.pid());
        assertTrue(host.isHost());
        assertTrue(readers.find(0).isEmpty());
        assertTrue(readers.find(99).isEmpty());
    }

    @Test
    void tracksLoadUntilTheInitHasGone() {
        Fake files =
                new Fake()
                        .put(
                                "/proc/40/stat",
                                "40 (init) S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 1000 20")
                        .put("/proc/41/stat", "41 (w) R 1")
                        .put("/sys/fs/cgroup/c1/cgroup.threads", "40\n")
                        .put("/sys/fs/cgroup/c1/sub/cgroup.threads", "41\n");
        files.directories.put("/sys/fs/cgroup/c1", List.of("sub"));
        LoadTracker tracker = new LoadTracker(files);
        Optional<Cgroup> cgroup = Optional.of(cgroup(files, V2_MOUNTS, "0::/c1\n"));
        Loadavg first = tracker.find(40, 1000, () -> cgroup).orElseThrow();
        assertEquals(1, first.running());
        assertEquals(2, first.total());
        assertEquals(41, first.lastPid());
        tracker.sampleAll();
        assertTrue(tracker.find(40, 1000, () -> cgroup).orElseThrow().one() > first.one());
        files.files.remove("/proc/40/stat");
        tracker.sampleAll();
        assertEquals(0, tracker.size());
    }
}
