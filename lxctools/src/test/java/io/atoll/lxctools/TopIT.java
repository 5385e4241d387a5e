package io.atoll.lxctools;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/// `lxc-top` on a terminal and for programs, with the columns and keys of LXC 5.0.2.
@Tag("privileged")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class TopIT {
    private static final String HEADING =
            "Container                   CPU          CPU          CPU"
                    + "                                BlkIO        Mem";

    private LxcHostFixture host;
    private String idle;
    private String busy;

    @BeforeAll
    void open() {
        host = new LxcHostFixture();
        idle = host.define("aa");
        busy = host.define("zz");
        host.must("lxc-start", "-n", idle);
        host.must("lxc-start", "-n", busy);
        host.inside(busy, "i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done");
        host.inside(busy, "dd if=/dev/zero of=/tmp/file bs=1M count=16 2>/dev/null");
    }

    @AfterAll
    void close() {
        host.close();
    }

    private TypedRun top(String... words) {
        String[] all =
                Arrays.copyOf(new String[] {"-P", host.lxcPath.toString()}, words.length + 2);
        System.arraycopy(words, 0, all, 2, words.length);
        return TypedRun.start(host.env(), "lxc-top", all);
    }

    /// Types a key and waits for a table with the names in this order.
    private void press(TypedRun run, String key, String... order) {
        run.forget();
        run.type(key);
        awaitOrder(run, key, order);
    }

    private static void awaitOrder(TypedRun run, String key, String... order) {
        LxcHostFixture.until(
                () -> {
                    String table = run.since("\033[0m");
                    return table.contains("TOTAL 2 of 2")
                            && table.indexOf(order[0]) < table.indexOf(order[1]);
                },
                "sorted after " + key + ": " + List.of(order));
    }

    @Test
    void keysSortAndTurnRound() {
        try (TypedRun run = top("-d", "100")) {
            awaitOrder(run, "nothing", idle, busy);
            String table = run.since("\033[H\033[J");
            assertTrue(table.startsWith("\033[7m\033[1m" + HEADING), table);
            assertTrue(table.contains("\r\n\033[0m" + idle.substring(0, 6)), table);
            assertTrue(table.contains("  0.00   (  0.00   /  0.00   ) "), table);
            press(run, "c", busy, idle);
            press(run, "c", idle, busy);
            press(run, "m", busy, idle);
            press(run, "r", idle, busy);
            press(run, "n", idle, busy);
            press(run, "n", busy, idle);
            press(run, "x", busy, idle);
            press(run, "k", busy, idle);
            press(run, "s", busy, idle);
            run.type("q");
            assertEquals(0, run.awaitEnd());
        }
        try (TypedRun run = top("-d", "100", "-s", "c", "-r")) {
            awaitOrder(run, "-s c -r", idle, busy);
            run.type("\003");
            assertEquals(0, run.awaitEnd());
        }
    }

    @Test
    void looksAgainAfterTheDelay() {
        try (TypedRun run = top("-d", "1")) {
            awaitOrder(run, "nothing", idle, busy);
            run.forget();
            awaitOrder(run, "a second", idle, busy);
            run.type("q");
            assertEquals(0, run.awaitEnd());
        }
    }

    @Test
    void printsLinesForProgramsUntilItIsEnded() throws Exception {
        CompletableFuture<ToolRun> done = new CompletableFuture<>();
        Thread thread =
                Thread.ofPlatform()
                        .start(() ->
                                done.complete(host.run("lxc-top", "-b", "-d", "1", "-s", "m")));
        LxcHostFixture.until(
                () -> thread.getState() == Thread.State.TIMED_WAITING,
                "it waits for the next look");
        thread.interrupt();
        ToolRun run = done.get();
        assertEquals(0, run.status(), run.err());
        List<String> lines = run.out().lines().toList();
        assertEquals(
                "time_ms,container,cpu_nanos,cpu_sys_userhz,cpu_user_userhz,blkio_bytes,"
                        + "blkio_iops,mem_used_bytes,memsw_used_bytes,kernel_mem_used_bytes",
                lines.getFirst());
        String number = ",\\d+";
        assertTrue(lines.get(1).matches("\\d{13}," + busy + number.repeat(8)), lines.get(1));
        assertTrue(lines.get(2).matches("\\d{13}," + idle + number.repeat(8)), lines.get(2));
        assertFalse(lines.get(1).contains("," + busy + ",0,"), lines.get(1));
    }

    @Test
    void saysWhatItCannot() {
        ToolRun noTerminal = host.run("lxc-top");
        assertEquals(1, noTerminal.status());
        assertTrue(noTerminal.err().contains("is not a tty"), noTerminal.err());
        assertEquals(1, host.run("lxc-top", "-b", "-s", "z").status());
        assertEquals(1, host.run("lxc-top", "-b", "-d", "x").status());
    }
}
