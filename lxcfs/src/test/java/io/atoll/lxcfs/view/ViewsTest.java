package io.atoll.lxcfs.view;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.atoll.base.CpuSet;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/// Views of a recorded host of four processors, 16 GB and 2 GB of swap, compared with golden files.
class ViewsTest {
    private static final long MIB = 1L << 20;

    private static final CgroupMemory.Stat STAT =
            new CgroupMemory.Stat(
                    60 * MIB, 30 * MIB, 10 * MIB, 20 * MIB, 40 * MIB, 4096, 8192, 0, 5 * MIB,
                    3 * MIB, 2 * MIB);

    private static String golden(String name) {
        try (InputStream in = ViewsTest.class.getResourceAsStream("/view/" + name)) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static CgroupMemory memory(long limit, Optional<CgroupMemory.Swap> swap) {
        return new CgroupMemory(limit, 100 * MIB, STAT, swap);
    }

    @Test
    void meminfoShowsTheLimit() {
        CgroupMemory.Swap swap = new CgroupMemory.Swap(512 * MIB, 16 * MIB, 60);
        String shown =
                Meminfo.render(
                        golden("host-meminfo.txt"), memory(256 * MIB, Optional.of(swap)), false);
        assertEquals(golden("limited-meminfo.txt"), shown);
    }

    @Test
    void meminfoWithoutLimitShowsTheHostsTotal() {
        String shown =
                Meminfo.render(
                        golden("host-meminfo.txt"),
                        memory(Long.MAX_VALUE, Optional.empty()),
                        false);
        assertTrue(shown.startsWith("MemTotal:       16384000 kB\n"), shown);
        assertTrue(shown.contains("SwapTotal:       2097148 kB\n"), shown);
    }

    @Test
    void meminfoNeverShowsNegativeFigures() {
        CgroupMemory over = new CgroupMemory(50 * MIB, 100 * MIB, STAT, Optional.empty());
        String shown = Meminfo.render(golden("host-meminfo.txt"), over, true);
        assertTrue(shown.contains("MemFree:               0 kB\n"), shown);
        assertTrue(shown.contains("SwapTotal:             0 kB\n"), shown);
        assertTrue(shown.contains("SwapFree:              0 kB\n"), shown);
    }

    @Test
    void noSwappinessShowsOnlyWhatIsOutAlready() {
        CgroupMemory.Swap swap = new CgroupMemory.Swap(512 * MIB, 16 * MIB, 0);
        String shown =
                Meminfo.render(
                        golden("host-meminfo.txt"), memory(256 * MIB, Optional.of(swap)), false);
        assertTrue(
                shown.contains("SwapTotal:         16384 kB\nSwapFree:              0 kB\n"),
                shown);
    }

    @Test
    void swapsShowOneLineForAllSwap() {
        CgroupMemory.Swap swap = new CgroupMemory.Swap(512 * MIB, 16 * MIB, 60);
        String shown =
                Swaps.render(
                        golden("host-meminfo.txt"), memory(256 * MIB, Optional.of(swap)), false);
        assertEquals(
                "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\nnone\t\t\t\tvirtual\t\t524288\t16384\t0\n",
                shown);
        assertEquals(
                "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n",
                Swaps.render(
                        golden("host-meminfo.txt"), memory(256 * MIB, Optional.of(swap)), true));
    }

    @Test
    void cpuinfoCountsFromZero() {
        CpuView view = new CpuView(CpuSet.parse("1,3"), false);
        assertEquals(
                golden("cpuset-cpuinfo.txt"), Cpuinfo.render(golden("host-cpuinfo.txt"), view));
    }

    @Test
    void statShowsOwnUseAndOthersAsIdle() {
        CpuUsage usage =
                CpuUsage.parseUsageAll(
                        "cpu user system\n0 9 9\n1 2000000000 1000000000\n2 9 9\n3 500000000 0\n");
        String shown =
                Stat.render(
                        golden("host-stat.txt"),
                        new CpuView(CpuSet.parse("1,3"), false),
                        Optional.of(usage));
        assertEquals(golden("cpuset-stat.txt"), shown);
    }

    @Test
    void statWithoutUsageShowsTheHostsFiguresOfItsProcessors() {
        CpuView view = CpuView.ofQuota(CpuSet.parse("2-3"), 0.5);
        String shown = Stat.render(golden("host-stat.txt"), view, Optional.empty());
        assertTrue(
                shown.startsWith(
                        "cpu  30 3 30 3000 30 0 3 0 0 0\ncpu0 30 3 30 3000 30 0 3 0 0 0\nintr "),
                shown);
    }

    @Test
    void uptimeIsTheAgeOfInit() {
        assertEquals(
                "100.50 90.50\n",
                Uptime.render("1100.50 4000.00\n", 100_000, Optional.of(10_000_000_000L)));
        assertEquals("0.00 0.00\n", Uptime.render("1.00 4000.00\n", 100_000, Optional.of(1L)));
    }

    @Test
    void loadRisesAndFalls() {
        Loadavg load = Loadavg.ZERO;
        for (int i = 0; i < 12; i++) {
            load = load.sample(2, 1, 7, 4711);
        }
        assertEquals("1.26 0.36 0.13 1/7 4711\n", load.render());
        for (int i = 0; i < 120; i++) {
            load = load.sample(0, 0, 1, 4711);
        }
        assertEquals("0.00 0.05 0.07 0/1 4711\n", load.render());
    }

    @Test
    void diskstatsShowOnlyUsedDevices() {
        String host =
                "   8       0 sda 10 1 2 3 4 5 6 7 8 9 10\n 259       1 nvme0n1 1 1 1 1 1 1 1 1 1 1 1\n";
        Map<String, Diskstats.Io> v2 =
                Diskstats.parseIoStat(
                        "8:0 rbytes=1024 wbytes=4096 rios=2 wios=3 dbytes=0 dios=0\n259:1 \n");
        assertEquals(
                "   8       0 sda 2 0 2 0 3 0 8 0 0 0 0 0 0 0 0 0 0\n", Diskstats.render(host, v2));
        Map<String, Diskstats.Io> v1 =
                Diskstats.parseThrottle(
                        "8:0 Read 1024\n8:0 Write 4096\n8:0 Total 5120\nTotal 5120\n",
                        "8:0 Read 2\n8:0 Write 3\n");
        assertEquals(Diskstats.render(host, v2), Diskstats.render(host, v1));
        assertEquals("", Diskstats.render(host, Map.of()));
    }

    @Test
    void slabinfoKeepsTheHeader() {
        assertEquals("a\nb\n", Slabinfo.render("a\nb\nc\nd\n"));
    }

    @Test
    void onlineCountsFromZeroWhereAQuotaCuts() {
        assertEquals("0-1\n", CpuView.ofQuota(CpuSet.parse("4-7"), 1.5).renderOnline());
        assertEquals("4-7\n", new CpuView(CpuSet.parse("4-7"), false).renderOnline());
    }
}
