package io.atoll.e2e;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.atoll.testkit.Await;
import io.atoll.testkit.Leaks;
import io.atoll.testkit.Program;
import io.atoll.testkit.Program.Output;
import io.atoll.testkit.TestDaemon;
import io.atoll.testkit.TestImages;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/// What is known to go wrong with other runtimes: things done inside that hold up or change the
/// host.
@Tag("privileged")
@Tag("e2e")
class HardCasesTest {
    private static final String MARKER = "e2ehard";
    private static final Duration SOON = Duration.ofSeconds(30);

    @RegisterExtension final Leaks leaks = Leaks.of(MARKER);

    private TestDaemon daemon;

    @BeforeEach
    void start() {
        daemon = TestDaemon.launch("atoll-" + MARKER);
        lxc("storage", "create", "layers", "overlay");
        lxc("storage", "create", "copies", "dir");
        lxc("profile", "device", "add", "default", "root", "disk", "path=/", "pool=layers");
        lxc("image", "import", TestImages.busybox().toString(), "--alias", "busybox");
    }

    @AfterEach
    void stop() {
        daemon.close();
    }

    private Output lxc(String... command) {
        return daemon.lxc().run(command).ok();
    }

    private String inside(String name, String script) {
        return lxc("exec", name, "--", "sh", "-c", script).out().strip();
    }

    @Test
    void anActiveSwapFileDoesNotKeepAnInstance() throws IOException {
        lxc("launch", "busybox", "c1", "--storage=copies", "--config=security.privileged=true");
        inside(
                "c1",
                "dd if=/dev/zero of=/swap-e2ehard bs=1M count=4 && chmod 600 /swap-e2ehard"
                        + " && busybox mkswap /swap-e2ehard && busybox swapon /swap-e2ehard");
        assertTrue(Files.readString(Path.of("/proc/swaps")).contains("swap-e2ehard"));
        lxc("delete", "--force", "c1");
        Path pool = daemon.state().resolve("storage-pools/copies");
        Await.until("its files to go", SOON, () -> isEmpty(pool.resolve(".deleting")));
        assertTrue(isEmpty(pool.resolve("containers")));
        assertFalse(Files.readString(Path.of("/proc/swaps")).contains("swap-e2ehard"));
    }

    private static boolean isEmpty(Path directory) {
        try (Stream<Path> files = Files.list(directory)) {
            return files.findAny().isEmpty();
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void whatRootDoesToItsTerminalsStaysInside() {
        String before = terminals();
        lxc("launch", "busybox", "c1", "--config=security.privileged=true");
        inside("c1", "mount -o remount,ro /dev/pts; mount -o remount,ro /dev/console; true");
        assertTrue(inside("c1", "grep ' /dev/pts ' /proc/mounts").contains("ro,"));
        assertEquals(before, terminals());
        lxc("stop", "--force", "c1");
        assertEquals(before, terminals());
    }

    private static String terminals() {
        return Program.of("grep").run(" devpts ", "/proc/self/mountinfo").out();
    }

    @Test
    void imagesAreMountedAgainAfterACrashOfEverything() {
        lxc("launch", "busybox", "c1");
        lxc("launch", "busybox", "c2");
        List<ProcessHandle> inits =
                lxc("list", "--format=csv", "--columns=p")
                        .out()
                        .lines()
                        .map(line -> ProcessHandle.of(Long.parseLong(line)).orElseThrow())
                        .toList();
        List<ProcessHandle> monitors = daemon.monitors();
        assertEquals(2, monitors.size());
        daemon.kill();
        daemon.helpers("serve").forEach(ProcessHandle::destroyForcibly);
        monitors.forEach(ProcessHandle::destroyForcibly);
        inits.forEach(ProcessHandle::destroyForcibly);
        daemon.start();
        // Those that ran are started again; loop devices and mounts are what Leaks looks for.
        Await.until(
                "both to come back",
                SOON,
                () ->
                        lxc("list", "--format=csv", "--columns=s")
                                .out()
                                .lines()
                                .allMatch("RUNNING"::equals));
        assertEquals("here", inside("c1", "echo here"));
        lxc("delete", "--force", "c1", "c2");
        lxc("image", "delete", "busybox");
    }

    @Test
    void managersInsideCanMakeOverlays() {
        String script =
                "cd %s && mkdir l u w m && echo low >l/file && mount -t overlay"
                        + " -o lowerdir=l,upperdir=u,workdir=w none m && echo high >m/new"
                        + " && cat m/file u/new && umount m && stat -c %%u u/new";
        lxc("launch", "busybox", "c1", "--config=security.nesting=true");
        for (String path : List.of("/var/lib/docker", "/var/lib/containers", "/var/lib/atoll")) {
            assertEquals("low\nhigh\n0", inside("c1", script.formatted(path)), path);
        }
        lxc("restart", "--force", "c1");
        assertEquals("high", inside("c1", "cat /var/lib/docker/u/new"));
        lxc("launch", "busybox", "c2");
        assertEquals("none", inside("c2", "ls -d /var/lib/docker 2>/dev/null || echo none"));
    }

    @Test
    void harmlessDevicesAreMadeOnRequest() {
        lxc("launch", "busybox", "c1", "--config=security.syscalls.intercept.mknod=true");
        assertEquals("", inside("c1", "mknod /x c 1 3 && echo away > /x && cat /x"));
        assertEquals("1", inside("c1", "mknod /y b 8 0 2>/dev/null; echo $?"));
        daemon.kill();
        daemon.start();
        assertEquals("", inside("c1", "mknod /z c 1 3 && echo away > /z && cat /z"));
        lxc("delete", "--force", "c1");
    }

    @Test
    void deviceNodesInTheRootDoNothing() {
        lxc("launch", "busybox", "c1");
        assertTrue(inside("c1", "grep ' / ' /proc/mounts").contains("nodev"));
        Path root = daemon.state().resolve("storage-pools/layers/containers/c1");
        lxc("stop", "--force", "c1");
        // As an image could bring one: the host's null device, owned by root of the container.
        Program.of("mknod")
                .run("--mode=666", root.resolve("upper/null").toString(), "c", "1", "3")
                .ok();
        lxc("start", "c1");
        assertEquals("refused", inside("c1", "(echo x >/null) 2>/dev/null || echo refused"));
    }
}
