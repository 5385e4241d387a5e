package io.atoll.e2e;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.atoll.testkit.Await;
import io.atoll.testkit.Leaks;
import io.atoll.testkit.Program.Output;
import io.atoll.testkit.TestDaemon;
import io.atoll.testkit.TestImages;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/// What is left, and what goes on, when processes die at a bad moment and when many things happen
/// at once.
@Tag("privileged")
@Tag("e2e")
class FaultsTest {
    private static final String MARKER = "e2ef";
    private static final Duration SOON = Duration.ofSeconds(30);
    private static final int CROWD = 200;
    private static final int AT_ONCE = 16;

    @RegisterExtension final Leaks leaks = Leaks.of(MARKER);

    private TestDaemon daemon;

    @BeforeEach
    void start() {
        daemon = TestDaemon.launch("atoll-" + MARKER);
        lxc("storage", "create", "default", "overlay");
        lxc("network", "create", MARKER + "br", "ipv6.address=none");
        lxc("profile", "device", "add", "default", "root", "disk", "path=/", "pool=default");
        lxc(
                "profile",
                "device",
                "add",
                "default",
                "eth0",
                "nic",
                "network=" + MARKER + "br",
                "name=eth0");
        lxc("image", "import", TestImages.busybox().toString(), "--alias", "busybox");
    }

    @AfterEach
    void stop() {
        daemon.close();
    }

    private Output lxc(String... command) {
        return daemon.lxc().run(command).ok();
    }

    private String column(String name, String column) {
        return lxc("list", "^" + name + "$", "--format=csv", "--columns=" + column).out().strip();
    }

    @Test
    void containersOutliveAKilledDaemon() {
        lxc("launch", "busybox", "c1");
        String pid = column("c1", "p");
        daemon.kill();
        daemon.start();
        assertEquals("RUNNING", column("c1", "s"));
        assertEquals(pid, column("c1", "p"));
        assertEquals("here\n", lxc("exec", "c1", "--", "echo", "here").out());
        lxc("stop", "--force", "c1");
    }

    @Test
    void whatDiedWhileTheDaemonWasDownIsStartedAgain() {
        lxc("launch", "busybox", "c1");
        String pid = column("c1", "p");
        daemon.kill();
        ProcessHandle.of(Long.parseLong(pid)).orElseThrow().destroyForcibly();
        daemon.start();
        Await.until(
                "a new init of c1",
                SOON,
                () -> column("c1", "s").equals("RUNNING") && !column("c1", "p").equals(pid));
    }

    @Test
    void theForkServerIsReplacedWhenItDies() {
        lxc("launch", "busybox", "c1");
        daemon.helpers("serve").forEach(ProcessHandle::destroyForcibly);
        assertEquals("RUNNING", column("c1", "s"));
        lxc("launch", "busybox", "c2");
        lxc("exec", "c1", "--", "true");
    }

    @Test
    void aKilledMonitorIsReplaced() {
        lxc("launch", "busybox", "c1");
        String pid = column("c1", "p");
        killMonitors();
        Await.until("a new monitor", SOON, () -> daemon.monitors().size() == 1);
        assertEquals("RUNNING", column("c1", "s"));
        assertEquals(pid, column("c1", "p"));
        Await.until("the console", SOON, () -> speaks("c1"));

        // Nobody is there to see this one die.
        daemon.kill();
        killMonitors();
        daemon.start();
        assertEquals(pid, column("c1", "p"));
        assertEquals("here\n", lxc("exec", "c1", "--", "echo", "here").out());
        // It may be killed before it can say that it worked.
        daemon.lxc().run("exec", "c1", "--", "reboot");
        Await.until(
                "c1 to reboot",
                SOON,
                () -> {
                    // Both in one look: between two it may have ended.
                    String now = column("c1", "sp");
                    return now.matches("RUNNING,\\d+") && !now.endsWith("," + pid);
                });
        lxc("stop", "--force", "c1");
    }

    private void killMonitors() {
        List<ProcessHandle> monitors = daemon.monitors();
        assertEquals(1, monitors.size());
        monitors.forEach(ProcessHandle::destroyForcibly);
        Await.until("its end", SOON, () -> monitors.stream().noneMatch(ProcessHandle::isAlive));
    }

    private boolean speaks(String name) {
        daemon.lxc().run("exec", name, "--", "sh", "-c", "echo I am here >/dev/console");
        return lxc("console", "--show-log", name).out().contains("I am here");
    }

    @Test
    void halfMadeInstancesAreRolledBackAfterAKill() throws Exception {
        try (ExecutorService clients = Executors.newFixedThreadPool(AT_ONCE)) {
            for (int i = 0; i < AT_ONCE; i++) {
                String name = "k" + i;
                clients.submit(() -> daemon.lxc().run("launch", "busybox", name));
            }
            Await.until(
                    "the first instance", SOON, () -> !lxc("list", "--format=csv").out().isBlank());
            daemon.kill();
        }
        daemon.start();
        for (String name : lxc("list", "--format=csv", "--columns=n").out().lines().toList()) {
            lxc("delete", "--force", name);
        }
        for (int i = 0; i < AT_ONCE; i++) {
            lxc("launch", "busybox", "k" + i);
        }
    }

    @Test
    void aRestartTouchesNothingAndAShutdownLeavesNothing() {
        lxc("launch", "busybox", "c1");
        lxc("init", "busybox", "c2");
        List<Long> before = pids();
        assertEquals(3, before.size(), "fork server, monitor and dnsmasq");
        daemon.stop();
        assertEquals(before, pids());
        daemon.start();
        assertEquals("RUNNING", column("c1", "s"));
        assertEquals(before, pids());

        daemon.shutDown();
        leaks.assertNothingNew();

        daemon.start();
        Await.until("c1 to come back", SOON, () -> column("c1", "s").equals("RUNNING"));
        assertEquals("STOPPED", column("c2", "s"));
    }

    private List<Long> pids() {
        return Stream.concat(daemon.helpers("").stream(), daemon.monitors().stream())
                .filter(helper -> helper.pid() != daemon.pidIfRunning())
                .map(ProcessHandle::pid)
                .sorted()
                .toList();
    }

    @Test
    void aDeletedInstanceGivesItsAddressBack() {
        lxc("launch", "busybox", "c1");
        lxc("exec", "c1", "--", "udhcpc", "-i", "eth0", "-n", "-q", "-f");
        String leases = "/1.0/networks/" + MARKER + "br/leases";
        assertTrue(lxc("query", leases).out().contains("c1"));
        lxc("delete", "--force", "c1");
        Await.until("the lease to go", SOON, () -> !lxc("query", leases).out().contains("c1"));
    }

    @Test
    void twoHundredAtOnceComeAndGo() throws Exception {
        List<Future<?>> lives = new ArrayList<>();
        try (ExecutorService clients = Executors.newFixedThreadPool(AT_ONCE)) {
            for (int i = 0; i < CROWD; i++) {
                String name = "n" + i;
                lives.add(
                        clients.submit(() -> {
                            lxc("init", "busybox", name);
                            lxc("start", name);
                            lxc("stop", "--force", name);
                            lxc("delete", name);
                        }));
            }
            for (Future<?> life : lives) {
                life.get();
            }
        }
        assertEquals("", lxc("list", "--format=csv").out().strip());
    }
}
