package io.atoll.runtime;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.atoll.base.BusyException;
import io.atoll.base.Idmap;
import io.atoll.base.InvalidConfigException;
import io.atoll.base.PreconditionFailedException;
import io.atoll.linux.Fd;
import io.atoll.linux.FdIo;
import io.atoll.linux.GuestFiles;
import io.atoll.runtime.spec.ContainerSpec;
import io.atoll.runtime.spec.RootfsSpec;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/// The life of busybox containers on the real kernel.
@Tag("privileged")
class LifecycleIT {
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    private Traces before;
    private BusyboxHost host;

    @BeforeEach
    void open() {
        before = Traces.now();
        host = new BusyboxHost();
    }

    @AfterEach
    void close() {
        host.close();
        before.assertNothingNew();
    }

    private Container start(String name) {
        return host.containers().start(host.spec(name));
    }

    private static CompletableFuture<ExitReason> end(Container container) {
        CompletableFuture<ExitReason> end = new CompletableFuture<>();
        container.onGone(end::complete);
        return end;
    }

    private static ExitReason await(CompletableFuture<ExitReason> end) throws Exception {
        return end.get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
    }

    @Test
    void startsExecutesAndStops() throws Exception {
        Container container = start("life");
        assertEquals(ContainerState.RUNNING, container.state());
        assertEquals(Traces.MARK + "life", host.run(container, "hostname"));
        assertEquals(List.of(Traces.MARK + "life"), host.containers().ids());
        CompletableFuture<ExitReason> end = end(container);
        assertTrue(container.stop(PATIENCE));
        assertEquals(ExitReason.Kind.HALTED, await(end).kind());
        assertEquals(ContainerState.STOPPED, container.state());
        assertTrue(host.containers().find(Traces.MARK + "life").isEmpty());
        assertThrows(PreconditionFailedException.class, () -> host.run(container, "true"));
        assertTrue(container.stop(Duration.ZERO));
        container.kill();
    }

    @Test
    void refusesToStartTwice() {
        ContainerSpec spec = host.spec("twice");
        Container first = host.containers().start(spec);
        assertThrows(BusyException.class, () -> host.containers().start(spec));
        assertEquals(ContainerState.RUNNING, first.state());
        first.kill();
        host.containers().start(spec).kill();
    }

    @Test
    void killsAtOnceAlsoWhenFrozen() throws Exception {
        Container container = start("kill");
        CompletableFuture<ExitReason> end = end(container);
        container.freeze();
        container.kill();
        assertEquals(new ExitReason(ExitReason.Kind.KILLED, 137), await(end));
    }

    @Test
    void freezesAndThaws() {
        Container container = start("freeze");
        Fd root = container.rootFd();
        try (Shell counter = Shell.start(container, "while :; do echo x >> /tmp/count; done");
                root) {
            Traces.until(() -> size(root) > 0, () -> "nothing counts");
            container.freeze();
            assertEquals(ContainerState.FROZEN, container.state());
            long then = size(root);
            assertThrows(PreconditionFailedException.class, () -> host.run(container, "true"));
            assertEquals(then, size(root));
            container.thaw();
            assertEquals(ContainerState.RUNNING, container.state());
            Traces.until(() -> size(root) > then, () -> "still frozen");
            counter.execution.signal(9);
            assertEquals(137, counter.waitExit());
        }
    }

    private static long size(Fd root) {
        GuestFiles files = new GuestFiles(root);
        return files.exists("/tmp/count") ? files.stat("/tmp/count").sizeBytes() : 0;
    }

    @Test
    void tellsPoweroffAndRebootFromInside() throws Exception {
        Container first = start("inside");
        CompletableFuture<ExitReason> off = end(first);
        fire(first, "poweroff -f");
        assertEquals(ExitReason.Kind.HALTED, await(off).kind());

        Container second = start("inside");
        CompletableFuture<ExitReason> again = end(second);
        fire(second, "reboot -f");
        assertEquals(ExitReason.Kind.REBOOTED, await(again).kind());
    }

    /// The command does not live to see its own success.
    private static void fire(Container container, String command) {
        try (Shell shell = Shell.start(container, command)) {
            shell.waitExit();
        }
    }

    @Test
    void rebootsInItsMonitor() {
        Container container = host.containers().start(host.spec("again").withReboot(true));
        int pid = container.initPid();
        container.reboot();
        Traces.until(
                () -> container.initPid() != pid && container.state() == ContainerState.RUNNING,
                () -> "no reboot");
        assertEquals(Traces.MARK + "again", host.run(container, "hostname"));
        container.kill();
    }

    @Test
    void keepsTheConsole() {
        Container container = start("console");
        Traces.until(
                () ->
                        new String(container.consoleLog(), StandardCharsets.UTF_8)
                                .contains("started"),
                () ->
                        "console says: "
                                + new String(container.consoleLog(), StandardCharsets.UTF_8));
        container.clearConsoleLog();
        assertEquals(0, container.consoleLog().length);
        try (Fd console = container.console()) {
            container.resizeConsole(132, 43);
            assertEquals("43 132", host.run(container, "stty size < /dev/console"));
            host.run(container, "echo to the console > /dev/console");
            byte[] chunk = new byte[100];
            int n = FdIo.read(console, chunk, 0, chunk.length);
            assertEquals("to the console", new String(chunk, 0, n, StandardCharsets.UTF_8).strip());
        }
        container.kill();
    }

    @Test
    void runsPrivilegedInADirectory() {
        RootfsSpec root =
                new RootfsSpec.Directory(new RootfsSpec.Layer(host.lower(), false), false);
        Container container =
                host.containers().start(ContainerSpec.of(Traces.MARK + "priv", root, Idmap.NONE));
        assertEquals(
                "0 4294967295",
                host.run(container, "cat /proc/self/uid_map | (read a b c; echo $b $c)"));
        // The protected parts.
        assertEquals(
                "refused",
                host.run(
                        container,
                        "echo x > /proc/sys/kernel/domainname 2>/dev/null || echo refused"));
        host.run(container, "echo 1 > /proc/sys/net/ipv4/ip_forward");
        container.kill();
    }

    @Test
    void readOnlyRoot() {
        RootfsSpec root = new RootfsSpec.Directory(new RootfsSpec.Layer(host.lower(), true), true);
        Container container =
                host.containers()
                        .start(ContainerSpec.of(Traces.MARK + "ro", root, BusyboxHost.IDMAP));
        assertEquals("refused", host.run(container, "touch /x 2>/dev/null || echo refused"));
        container.kill();
    }

    @Test
    void saysWhatFailed() {
        ContainerSpec spec = host.spec("noinit");
        ContainerSpec broken = spec.withInit(spec.init().running("/no/such/init"));
        String message =
                assertThrows(InvalidConfigException.class, () -> host.containers().start(broken))
                        .getMessage();
        assertTrue(message.contains("/no/such/init") && message.contains("ENOENT"), message);
        host.containers().start(spec).kill();
    }

    @Test
    void whatFailsWhileTheContainerIsMadeLeavesNothing() {
        List<String> order = new ArrayList<>();
        BeforeInit failing =
                new BeforeInit() {
                    @Override
                    public void prepare() {
                        order.add("prepare");
                        throw new BusyException("not ready");
                    }

                    @Override
                    public void complete(Container container) {
                        order.add("complete");
                    }
                };
        assertThrows(
                BusyException.class,
                () ->
                        host.containers()
                                .start(
                                        host.spec("unready"),
                                        new StartOptions(Optional.of(failing))));
        assertEquals(List.of("prepare"), order);
        assertTrue(host.containers().ids().isEmpty());
        // Nothing is in the way of the next.
        host.containers().start(host.spec("unready")).kill();
    }

    @Test
    void gateRunsBeforeInitAndMayRefuse() {
        List<String> seen = new ArrayList<>();
        Container container =
                host.containers()
                        .start(
                                host.spec("gate"),
                                new StartOptions(
                                        Optional.of(waiting -> {
                                            seen.add(comm(waiting.initPid()));
                                        })));
        assertEquals(1, seen.size());
        assertFalse(seen.getFirst().contains("init"), seen.getFirst());
        assertEquals(ContainerState.RUNNING, container.state());
        container.kill();
        StartOptions refusing =
                new StartOptions(
                        Optional.of(_ -> {
                            throw new BusyException("not today");
                        }));
        assertThrows(
                BusyException.class, () -> host.containers().start(host.spec("gate"), refusing));
        assertTrue(host.containers().ids().isEmpty());
    }

    private static String comm(int pid) {
        try {
            return Files.readString(Path.of("/proc/" + pid + "/comm"));
        } catch (java.io.IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    @Test
    void manyAtOnceLeaveNothing() throws Exception {
        start("warm").kill();
        int descriptors = Traces.descriptors();
        int count = 60;
        try (ExecutorService executor = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Future<?>> all = new ArrayList<>();
            for (int i = 0; i < count; i++) {
                String name = "many" + i;
                all.add(
                        executor.submit(() -> {
                            Container container = start(name);
                            assertEquals("ok", host.run(container, "echo ok"));
                            container.kill();
                        }));
            }
            for (Future<?> one : all) {
                one.get();
            }
        }
        assertTrue(host.containers().ids().isEmpty());
        Traces.until(
                () -> Traces.descriptors() <= descriptors + 4,
                () -> "descriptors went from " + descriptors + " to " + Traces.descriptors());
    }
}
