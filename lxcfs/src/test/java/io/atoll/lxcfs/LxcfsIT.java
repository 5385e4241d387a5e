package io.atoll.lxcfs;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.Timeout;

/// The mounted file system on a real kernel, read from boxes with limits.
@Tag("privileged")
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class LxcfsIT {
    private static final long MIB = 1L << 20;

    private final Path mountPoint = Path.of("/tmp/atoll-lxcfs-it-" + ProcessHandle.current().pid());
    private final String cgroup = "atoll-lxcfs-it-" + ProcessHandle.current().pid();
    private LxcfsProcess lxcfs;
    private Box box;

    @BeforeEach
    void start() {
        lxcfs = LxcfsProcess.ours(mountPoint, "-l");
        box = new Box(cgroup, mountPoint);
    }

    @AfterEach
    void stop() {
        box.close();
        lxcfs.close();
        assertFalse(
                Box.shell("cat /proc/self/mountinfo").contains(mountPoint.toString()),
                "mount left");
    }

    private static long kibibytes(String meminfo, String name) {
        Matcher m =
                Pattern.compile("(?m)^" + Pattern.quote(name) + ": +(\\d+) kB$").matcher(meminfo);
        assertTrue(m.find(), name + " is missing in " + meminfo);
        return Long.parseLong(m.group(1));
    }

    @Test
    void showsTheLimitAndItsChangeAtOnce() {
        box.limitMemory(100 * MIB);
        assertEquals(100 * 1024, kibibytes(box.run("cat /proc/meminfo"), "MemTotal"));
        assertTrue(box.run("free -k").contains(" " + 100 * 1024 + " "));
        box.limitMemory(64 * MIB);
        assertEquals(64 * 1024, kibibytes(box.run("cat /proc/meminfo"), "MemTotal"));
        String host = Box.shell("cat /proc/meminfo");
        assertTrue(kibibytes(host, "MemTotal") > 100 * 1024);
    }

    @Test
    void countsPageCacheAsAvailable() {
        box.limitMemory(64 * MIB);
        Path file = Path.of("/var/tmp", cgroup + ".cache");
        String shown =
                box.run(
                        "dd if=/dev/zero of="
                                + file
                                + " bs=1M count=48 2>/dev/null; sync; cat /proc/meminfo");
        file.toFile().delete();
        assertTrue(kibibytes(shown, "Cached") > 10 * 1024, shown);
        assertTrue(kibibytes(shown, "MemFree") + kibibytes(shown, "Cached") <= 64 * 1024, shown);
        assertTrue(kibibytes(shown, "MemAvailable") > kibibytes(shown, "MemFree"), shown);
    }

    @Test
    void showsOnlyItsProcessors() {
        assumeTrue(Runtime.getRuntime().availableProcessors() > 1, "needs two processors");
        box.limit("cpuset", "cpuset.cpus", "cpuset.cpus", "1");
        assertEquals("1\n", box.run("cat /sys/devices/system/cpu/online"));
        assertEquals("processor\t: 0\n", box.run("grep ^processor /proc/cpuinfo"));
        assertEquals("cpu1\n", box.run("grep -o ^cpu[0-9]* /proc/stat | tail -n +2"));
        assertEquals("1\n", box.run("nproc"));
    }

    @Test
    void isYoungAndIdle() {
        String uptime = box.run("cat /proc/uptime");
        assertTrue(Double.parseDouble(uptime.split(" ")[0]) < 60, uptime);
        assertTrue(box.run("uptime").contains("up 0 min"), box.run("uptime"));
        String[] load = box.run("cat /proc/loadavg").split(" ");
        assertTrue(Double.parseDouble(load[0]) < 2, String.join(" ", load));
        assertTrue(
                Integer.parseInt(load[3].split("/")[1]) < 10,
                "counts only its own tasks: " + load[3]);
        assertTrue(box.run("top -bn1").contains("Tasks:"), "top works");
    }

    @Test
    void aNestedBoxSeesTheSmallerLimit() {
        box.limitMemory(64 * MIB);
        try (Box nested = new Box(cgroup + "-2/inner", mountPoint)) {
            nested.limitMemoryAbove(80 * MIB);
            assertEquals(80 * 1024, kibibytes(nested.run("cat /proc/meminfo"), "MemTotal"));
            nested.limitMemory(40 * MIB);
            assertEquals(40 * 1024, kibibytes(nested.run("cat /proc/meminfo"), "MemTotal"));
            assertEquals(64 * 1024, kibibytes(box.run("cat /proc/meminfo"), "MemTotal"));
        }
    }

    @Test
    void aHostReaderSeesTheHost() {
        box.limitMemory(64 * MIB);
        String shown =
                Box.shell(
                        "grep btime "
                                + mountPoint
                                + "/proc/stat; grep MemTotal "
                                + mountPoint
                                + "/proc/meminfo");
        assertEquals(Box.shell("grep btime /proc/stat; grep MemTotal /proc/meminfo"), shown);
    }

    @Test
    void refusesWriting() {
        for (String file :
                List.of("proc/meminfo", "sys/devices/system/cpu/cpu1/online", "proc/new")) {
            String answer = Box.shell("(echo 1 > " + mountPoint + "/" + file + ") 2>&1");
            assertTrue(
                    answer.contains("ermission denied") || answer.contains("nonexistent"), answer);
        }
        assertTrue(
                Box.shell("cat /sys/devices/system/cpu/online").startsWith("0"), "host untouched");
    }

    @Test
    void oddSizedReadsSeeOneSnapshot() {
        for (String file : List.of("meminfo", "cpuinfo", "stat")) {
            String whole = box.run("wc -l < /proc/" + file);
            assertEquals(whole, box.run("dd if=/proc/" + file + " bs=7 2>/dev/null | wc -l"), file);
            assertEquals(
                    whole, box.run("dd if=/proc/" + file + " bs=4093 2>/dev/null | wc -l"), file);
        }
        assertEquals("MemFree", box.run("dd if=/proc/meminfo bs=1 skip=28 count=7 2>/dev/null"));
    }

    /// sendfile(2), SEEK_DATA and what tools make of a file's size: cat of busybox, cp, tail, wc.
    @Test
    void toolsOfAllKindsSeeTheWholeFile() {
        for (String file : List.of("meminfo", "cpuinfo", "loadavg")) {
            String whole = box.run("cat /proc/" + file + " | wc -l");
            for (String command :
                    List.of(
                            "busybox cat /proc/" + file + " | wc -l",
                            "cp /proc/"
                                    + file
                                    + " /tmp/"
                                    + cgroup
                                    + "-copy; wc -l < /tmp/"
                                    + cgroup
                                    + "-copy",
                            "tail -n 1000 /proc/" + file + " | wc -l",
                            "busybox head -c 99999 /proc/" + file + " | wc -l")) {
                assertEquals(whole, box.run(command), command);
            }
            String bytes = box.run("cat /proc/" + file + " | wc -c").strip();
            assertEquals(bytes, box.run("wc -c < /proc/" + file).strip(), file);
        }
        Box.shell("rm -f /tmp/" + cgroup + "-copy");
    }

    @Test
    void servesAThousandReadersAtOnce() {
        String script =
                "for i in $(seq 1000); do (grep -q ^MemTotal /proc/meminfo || echo failed) & done; wait; echo done";
        assertEquals("done\n", box.run(script));
        assertTrue(lxcfs.isAlive());
    }

    @Test
    void survivesReadersThatDieInTheMiddle() {
        box.run(
                "for i in $(seq 200); do (exec timeout -s KILL 0.01 cat /proc/stat /proc/cpuinfo >/dev/null 2>&1) & done; wait");
        assertTrue(box.run("cat /proc/meminfo").startsWith("MemTotal"));
    }

    @Test
    void healsRunningContainersAfterACrash() {
        box.limitMemory(100 * MIB);
        Process reader = readingForever();
        lxcfs.kill();
        assertTrue(box.run("cat /proc/meminfo").contains("not connected"));
        long start = System.nanoTime();
        lxcfs = LxcfsProcess.ours(mountPoint, "-l");
        LxcfsProcess.await(() -> box.run("cat /proc/meminfo").startsWith("MemTotal"), "healed");
        Duration took = Duration.ofNanos(System.nanoTime() - start);
        reader.destroyForcibly();
        assertEquals(100 * 1024, kibibytes(box.run("cat /proc/meminfo"), "MemTotal"));
        assertTrue(
                box.run("cat /proc/stat /proc/uptime /sys/devices/system/cpu/online")
                        .startsWith("cpu "));
        // Most of it is the start of a JVM without a cache.
        Duration limit = Duration.ofMillis(500L * LxcfsProcess.PATIENCE_SECONDS);
        assertTrue(took.compareTo(limit) < 0, "took " + took);
        String mounts = box.run("grep fuse.lxcfs /proc/self/mountinfo | cut -d\" \" -f5 | sort");
        assertEquals(
                mounts.lines().distinct().count(),
                mounts.lines().count(),
                "each file mounted once: " + mounts);
    }

    private Process readingForever() {
        try {
            return new ProcessBuilder(
                            "sh",
                            "-c",
                            "while :; do cat " + mountPoint + "/proc/meminfo; done >/dev/null 2>&1")
                    .start();
        } catch (java.io.IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    @Test
    void refusesAPlaceThatIsServedAlready() {
        String answer = Box.shell("cat /proc/self/mountinfo | grep -c " + mountPoint);
        assertEquals("1\n", answer);
        assertEquals(
                1,
                Main.run(
                        List.of(mountPoint.toString()),
                        System.out,
                        new java.io.PrintStream(java.io.OutputStream.nullOutputStream())));
        assertEquals("1\n", Box.shell("cat /proc/self/mountinfo | grep -c " + mountPoint));
    }

    /// Every field against Debian's lxcfs on the same cgroup. What differs is listed with its
    /// reason.
    @TestFactory
    List<DynamicTest> beside() {
        return Files.isExecutable(Path.of("/usr/bin/lxcfs"))
                ? List.of(DynamicTest.dynamicTest("Debian's lxcfs", this::showsWhatUpstreamShows))
                : List.of();
    }

    private void showsWhatUpstreamShows() {
        Path upstream = Path.of(mountPoint + "-upstream");
        List<String> command = List.of("/usr/bin/lxcfs", "-f", "-p", upstream + ".pid");
        try (LxcfsProcess _ = LxcfsProcess.start(command, upstream);
                Box both = new Box(cgroup + "-3", mountPoint)) {
            both.limitMemory(100 * MIB);
            for (String file :
                    List.of("proc/meminfo", "proc/cpuinfo", "sys/devices/system/cpu/online")) {
                String theirs = both.run("cat " + upstream + "/" + file);
                String ours = both.run("cat " + mountPoint + "/" + file);
                assertEquals(comparable(theirs), comparable(ours), file);
            }
            String keys = "sed s/[0-9.]*//g " + upstream + "/proc/stat";
            assertEquals(
                    both.run(keys),
                    both.run(keys.replace(upstream.toString(), mountPoint.toString())));
        }
        Path.of(upstream + ".pid").toFile().delete();
    }

    /// Leaves out lines that are the host's and change by themselves, and KReclaimable, which
    /// upstream leaves at the host's value although its parts are shown as 0.
    private static String comparable(String text) {
        List<String> volatileLines =
                List.of(
                        "KReclaimable",
                        "KernelStack",
                        "PageTables",
                        "Committed_AS",
                        "VmallocUsed",
                        "Percpu",
                        "cpu MHz",
                        "DirectMap",
                        "Mlocked",
                        "SecPageTables",
                        "Zswap",
                        "Bounce",
                        "MemFree",
                        "MemAvailable",
                        "Active",
                        "Inactive",
                        "AnonPages",
                        "Mapped",
                        "Cached",
                        "Dirty",
                        "Writeback",
                        "AnonHugePages");
        StringBuilder out = new StringBuilder();
        for (String line : text.split("\n")) {
            if (volatileLines.stream().noneMatch(line::startsWith)) {
                out.append(line).append('\n');
            }
        }
        return out.toString();
    }
}
