package io.atoll.runtime;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.atoll.base.ByteSize;
import io.atoll.base.InvalidConfigException;
import io.atoll.base.UnsupportedException;
import io.atoll.linux.Fd;
import io.atoll.linux.cgroup.CgroupHierarchy;
import io.atoll.linux.cgroup.CgroupLayout;
import io.atoll.runtime.spec.LimitsSpec;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Cgroups of version 2 and 1 as recorded trees of ordinary files.
class ContainerCgroupsTest {
    private static final String PATH = "atoll/c1";

    @TempDir Path root;

    private ContainerCgroups unified;
    private ContainerCgroups legacy;

    @BeforeEach
    void layouts() {
        unified =
                new ContainerCgroups(
                        new CgroupLayout(
                                List.of(
                                        new CgroupHierarchy(
                                                2,
                                                root.resolve("v2").toString(),
                                                Set.of("cpu", "cpuset", "io", "memory", "pids"),
                                                "/"))),
                        PATH);
        legacy =
                new ContainerCgroups(
                        new CgroupLayout(
                                List.of(
                                        v1("memory"),
                                        v1("cpu"),
                                        v1("cpuacct"),
                                        v1("pids"),
                                        v1("blkio"),
                                        v1("freezer"))),
                        PATH);
    }

    private CgroupHierarchy v1(String controller) {
        return new CgroupHierarchy(1, root.resolve(controller).toString(), Set.of(controller), "/");
    }

    private void files(String hierarchy, Map<String, String> content) throws IOException {
        Path directory = Files.createDirectories(root.resolve(hierarchy).resolve(PATH));
        for (var file : content.entrySet()) {
            Files.writeString(directory.resolve(file.getKey()), file.getValue());
        }
    }

    private String read(String hierarchy, String file) throws IOException {
        return Files.readString(root.resolve(hierarchy).resolve(PATH).resolve(file));
    }

    @Test
    void killsAllAtOnceWhereTheKernelCan() throws IOException {
        files("v2", Map.of("cgroup.kill", ""));
        unified.killAll();
        assertEquals("1", read("v2", "cgroup.kill"));
    }

    @Test
    void leavesItToOthersWhereItCannot() throws IOException {
        files("v2", Map.of("cgroup.procs", ""));
        unified.killAll();
        legacy.killAll();
        assertFalse(Files.exists(root.resolve("v2").resolve(PATH).resolve("cgroup.kill")));
    }

    @Test
    void readsVersion2() throws IOException {
        files(
                "v2",
                Map.of(
                        "memory.current", "1048576\n",
                        "memory.peak", "2097152\n",
                        "memory.max", "max\n",
                        "memory.stat", "anon 4096\nfile 524288\nkernel 8192\n",
                        "memory.swap.current", "4096\n",
                        "cpu.stat", "usage_usec 1500\nuser_usec 1000\nsystem_usec 500\n",
                        "pids.current", "7\n",
                        "pids.max", "100\n",
                        "io.stat",
                                "8:0 rbytes=90430464 wbytes=299008000 rios=8950 wios=1252 dbytes=0 dios=0\n"));
        CgroupStats stats = unified.stats();
        assertEquals(
                new CgroupStats(
                        1048576,
                        524288,
                        2097152,
                        CgroupStats.UNLIMITED,
                        4096,
                        CgroupStats.UNKNOWN,
                        1_500_000,
                        7,
                        100,
                        List.of(new CgroupStats.Disk(8, 0, 90430464, 299008000, 8950, 1252))),
                stats);
    }

    @Test
    void readsVersion1() throws IOException {
        files(
                "memory",
                Map.of(
                        "memory.usage_in_bytes", "1048576\n",
                        "memory.max_usage_in_bytes", "2097152\n",
                        "memory.limit_in_bytes", "9223372036854771712\n",
                        "memory.memsw.usage_in_bytes", "1052672\n",
                        "memory.memsw.max_usage_in_bytes", "2101248\n",
                        "memory.stat", "cache 1\ntotal_cache 524288\n"));
        files("cpuacct", Map.of("cpuacct.usage", "1500000\n"));
        files("pids", Map.of("pids.current", "7\n", "pids.max", "max\n"));
        files(
                "blkio",
                Map.of(
                        "blkio.throttle.io_service_bytes_recursive",
                        "254:0 Read 4096\n254:0 Write 8192\n254:0 Total 12288\nTotal 12288\n",
                        "blkio.throttle.io_serviced_recursive",
                        "254:0 Read 1\n254:0 Write 2\nTotal 3\n"));
        assertEquals(
                new CgroupStats(
                        1048576,
                        524288,
                        2097152,
                        CgroupStats.UNLIMITED,
                        4096,
                        4096,
                        1_500_000,
                        7,
                        CgroupStats.UNLIMITED,
                        List.of(new CgroupStats.Disk(254, 0, 4096, 8192, 1, 2))),
                legacy.stats());
    }

    /// The tree of version 2 counts time also where it has not the controller.
    @Test
    void readsTimeWhereTheControllerIsElsewhere() throws IOException {
        CgroupHierarchy bare = new CgroupHierarchy(2, root.resolve("v2").toString(), Set.of(), "/");
        files("v2", Map.of("cpu.stat", "usage_usec 1500\n"));
        files("cpu", Map.of("cpu.stat", "nr_periods 0\n"));
        for (List<CgroupHierarchy> all : List.of(List.of(bare), List.of(v1("cpu"), bare))) {
            ContainerCgroups hybrid = new ContainerCgroups(new CgroupLayout(all), PATH);
            assertEquals(1_500_000, hybrid.stats().cpuNanos());
            assertEquals(1_500_000, hybrid.usage().cpuNanos());
        }
        files("cpuacct", Map.of("cpuacct.usage", "7\n"));
        List<CgroupHierarchy> both = List.of(v1("cpu"), v1("cpuacct"), bare);
        assertEquals(7, new ContainerCgroups(new CgroupLayout(both), PATH).stats().cpuNanos());
    }

    @Test
    void missingFilesAreUnknown() {
        CgroupStats stats = unified.stats();
        assertEquals(CgroupStats.UNKNOWN, stats.memoryBytes());
        assertEquals(CgroupStats.UNKNOWN, stats.cpuNanos());
        assertEquals(List.of(), stats.disks());
    }

    @Test
    void freezesByEvents() throws IOException {
        files("v2", Map.of("cgroup.freeze", "0\n", "cgroup.events", "populated 1\nfrozen 1\n"));
        assertFalse(unified.isFrozen());
        unified.freeze();
        assertTrue(unified.isFrozen());
        unified.thaw();
        assertFalse(unified.isFrozen());
    }

    /// Programs inside have cgroups of their own: one that follows, one that has chosen, one that
    /// has what is not to be had any more.
    @Test
    void movesToOtherProcessorsWithAllBelowOnVersion1() throws IOException {
        ContainerCgroups own = new ContainerCgroups(new CgroupLayout(List.of(v1("cpuset"))), PATH);
        files("cpuset", Map.of("cpuset.cpus", "0-1"));
        files("cpuset/" + PATH + "/follows", "cpuset.cpus", "0-1");
        files("cpuset/" + PATH + "/follows/below", "cpuset.cpus", "0-1");
        files("cpuset/" + PATH + "/chose", "cpuset.cpus", "1-2");
        files("cpuset/" + PATH + "/wants", "cpuset.cpus", "0-0");
        own.updateCpus(Optional.of("1-3"));
        assertEquals("1-3", own.cpus());
        assertEquals("1-3", read("cpuset", "follows/cpuset.cpus"));
        assertEquals("1-3", read("cpuset", "follows/below/cpuset.cpus"));
        assertEquals("1-2", read("cpuset", "chose/cpuset.cpus"));
        assertEquals("1-3", read("cpuset", "wants/cpuset.cpus"));
        Files.writeString(root.resolve("cpuset/cpuset.cpus"), "0-7\n");
        own.updateCpus(Optional.empty());
        assertEquals("0-7", own.cpus());
        assertThrows(InvalidConfigException.class, () -> legacyAt("none").updateCpus(of("1")));
    }

    private ContainerCgroups legacyAt(String path) {
        return new ContainerCgroups(new CgroupLayout(List.of(v1("cpuset"))), path);
    }

    private static Optional<String> of(String cpus) {
        return Optional.of(cpus);
    }

    private void files(String directory, String file, String content) throws IOException {
        Path made = Files.createDirectories(root.resolve(directory));
        Files.writeString(made.resolve(file), content);
    }

    @Test
    void movesToOtherProcessorsOnVersion2() throws IOException {
        files("v2", Map.of("cpuset.cpus", "\n", "cpuset.cpus.effective", "0-3\n"));
        assertEquals("0-3", unified.cpus());
        unified.updateCpus(Optional.of("1"));
        assertEquals("1", unified.cpus());
        assertEquals("", legacy.cpus());
        legacy.updateCpus(Optional.empty());
        assertThrows(UnsupportedException.class, () -> legacy.updateCpus(of("1")));
    }

    @Test
    void hugePagesAreLimitedAndTakenBack() throws IOException {
        ContainerCgroups own = new ContainerCgroups(new CgroupLayout(List.of(v1("hugetlb"))), PATH);
        files("hugetlb", Map.of("hugetlb.2MB.limit_in_bytes", "9223372036854771712"));
        own.update(
                new LimitsSpec(
                        LimitsSpec.Memory.NONE,
                        LimitsSpec.Cpu.NONE,
                        OptionalLong.empty(),
                        LimitsSpec.Io.NONE,
                        List.of(new LimitsSpec.Hugepages("2MB", ByteSize.parse("4MiB"))),
                        List.of()));
        assertEquals("4194304", read("hugetlb", "hugetlb.2MB.limit_in_bytes").substring(0, 7));
        own.update(LimitsSpec.NONE);
        assertTrue(read("hugetlb", "hugetlb.2MB.limit_in_bytes").startsWith("-1"));
    }

    @Test
    void throughputOfBlockDevicesIsWrittenForEach() throws IOException {
        List<LimitsSpec.Throttle> throttles =
                List.of(new LimitsSpec.Throttle(8, 16, 1000, 0, 0, 20));
        files("v2", Map.of("io.max", ""));
        unified.updateThrottles(throttles);
        assertEquals("8:16 rbps=1000 wbps=max riops=max wiops=20", read("v2", "io.max"));
        files(
                "blkio",
                Map.of(
                        "blkio.throttle.read_bps_device", "",
                        "blkio.throttle.write_bps_device", "",
                        "blkio.throttle.read_iops_device", "",
                        "blkio.throttle.write_iops_device", ""));
        legacy.updateThrottles(throttles);
        assertEquals("8:16 1000", read("blkio", "blkio.throttle.read_bps_device"));
        assertEquals("8:16 0", read("blkio", "blkio.throttle.write_bps_device"));
        assertEquals("8:16 20", read("blkio", "blkio.throttle.write_iops_device"));
    }

    @Test
    void commandsGetALeaf() throws IOException {
        files("v2", Map.of("cgroup.subtree_control", "\n"));
        for (int i = 0; i < 2; i++) {
            try (Fd leaf = unified.openForCommand().orElseThrow()) {
                assertTrue(leaf.what().endsWith("/atoll/c1/.lxc"), leaf.what());
            }
        }
        assertTrue(legacy.openForCommand().isEmpty());
    }

    @Test
    void besideVersion1ALeafIsOnlyForInitsThatPassControllersOn() throws IOException {
        ContainerCgroups hybrid =
                new ContainerCgroups(
                        new CgroupLayout(
                                List.of(
                                        v1("memory"),
                                        new CgroupHierarchy(
                                                2,
                                                root.resolve("v2").toString(),
                                                Set.of("hugetlb"),
                                                "/"))),
                        PATH);
        files("v2", Map.of("cgroup.subtree_control", "\n"));
        try (Fd own = hybrid.openForCommand().orElseThrow()) {
            assertTrue(own.what().endsWith("/atoll/c1"), own.what());
        }
        files("v2", Map.of("cgroup.subtree_control", "hugetlb\n"));
        try (Fd leaf = hybrid.openForCommand().orElseThrow()) {
            assertTrue(leaf.what().endsWith("/atoll/c1/.lxc"), leaf.what());
        }
    }

    @Test
    void updatesAndTakesBackOnVersion2() throws IOException {
        files(
                "v2",
                Map.of(
                        "memory.max",
                        "max",
                        "memory.swap.max",
                        "max",
                        "cpu.max",
                        "max",
                        "cpu.weight",
                        "100",
                        "pids.max",
                        "max"));
        LimitsSpec limits =
                new LimitsSpec(
                        new LimitsSpec.Memory(
                                Optional.of(ByteSize.parse("64MiB")),
                                Optional.empty(),
                                Optional.of(new ByteSize(0)),
                                OptionalInt.empty()),
                        new LimitsSpec.Cpu(
                                OptionalLong.of(1024),
                                OptionalLong.of(50_000),
                                OptionalLong.empty(),
                                Optional.empty(),
                                Optional.empty()),
                        OptionalLong.of(10),
                        LimitsSpec.Io.NONE,
                        List.of(),
                        List.of());
        unified.update(limits);
        assertEquals("67108864", read("v2", "memory.max").substring(0, 8));
        assertEquals("0", read("v2", "memory.swap.max").substring(0, 1));
        assertEquals("50000 100000", read("v2", "cpu.max"));
        assertEquals("10", read("v2", "pids.max").substring(0, 2));
        unified.update(LimitsSpec.NONE);
        // Ordinary files keep their tail: the beginning is what was written.
        assertTrue(read("v2", "memory.max").startsWith("max"));
        assertTrue(read("v2", "cpu.max").startsWith("max"));
    }
}
