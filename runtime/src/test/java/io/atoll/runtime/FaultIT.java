package io.atoll.runtime;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.atoll.base.DomainException;
import io.atoll.linux.PidFd;
import io.atoll.linux.Signals;
import io.atoll.plan.Place;
import io.atoll.plan.StartPlan;
import io.atoll.plan.Step;
import io.atoll.runtime.spec.ContainerSpec;
import io.atoll.runtime.spec.HookSpec;
import io.atoll.runtime.spec.NetworkSpec;
import io.atoll.runtime.spec.NicLink;
import io.atoll.runtime.spec.NicSpec;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/// What is left when something fails or is killed: nothing, or a container that goes on.
@Tag("privileged")
class FaultIT {
    private static final Step FAILING =
            new Step.Open(
                    io.atoll.plan.Slot.of(63), Place.host("/no/such/file"), Step.OpenMode.READ);

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

    @Test
    void aStartThatFailsAtAnyStepLeavesNothing() {
        NicSpec nic =
                NicSpec.of(
                        "eth0",
                        new NicLink.Veth(
                                Optional.of("rttfault0"),
                                Optional.empty(),
                                java.util.OptionalInt.empty(),
                                List.of(),
                                List.of(),
                                Optional.empty(),
                                false),
                        Optional.empty());
        ContainerSpec spec = host.spec("fault").withNetwork(new NetworkSpec(List.of(nic), true));
        StartPlan whole = host.containers().explain(spec);
        int descriptors = Traces.descriptors();
        int failures = 0;
        for (int at = 0; at <= whole.host().size(); at += 7) {
            fails(spec, with(whole, insert(whole.host(), at), whole.gate(), whole.child()));
            failures++;
        }
        for (int at = 0; at <= whole.gate().size(); at++) {
            fails(spec, with(whole, whole.host(), insert(whole.gate(), at), whole.child()));
            failures++;
        }
        for (int at = 0; at <= whole.child().size(); at += 3) {
            fails(spec, with(whole, whole.host(), whole.gate(), insert(whole.child(), at)));
            failures++;
        }
        assertTrue(failures > 30, "only " + failures);
        Traces.until(() -> Traces.descriptors() <= descriptors + 2, () -> "descriptors leak");
        host.containers().start(spec).kill();
    }

    private void fails(ContainerSpec spec, StartPlan plan) {
        String message =
                assertThrows(
                                DomainException.class,
                                () ->
                                        ((ShimContainers) host.containers())
                                                .start(spec, StartOptions.DEFAULT, plan))
                        .getMessage();
        assertTrue(message.contains("/no/such/file"), message);
        before.assertNothingNewBut("[atoll serve]");
    }

    private static List<Step> insert(List<Step> steps, int at) {
        List<Step> more = new ArrayList<>(steps);
        more.add(at, FAILING);
        return more;
    }

    private static StartPlan with(
            StartPlan plan, List<Step> onHost, List<Step> gate, List<Step> child) {
        return new StartPlan(
                plan.name(),
                plan.options(),
                plan.monitor(),
                onHost,
                plan.spawn(),
                gate,
                child,
                plan.init(),
                plan.gone(),
                plan.adopt(),
                plan.restore());
    }

    @Test
    void aFailingHookFailsTheStartAndSaysWhy() throws Exception {
        Path hook = host.base().resolve("hook.sh");
        Files.writeString(hook, "#!/bin/sh\necho the disk is on fire\nexit 3\n");
        Files.setPosixFilePermissions(
                hook, java.nio.file.attribute.PosixFilePermissions.fromString("rwxr-xr-x"));
        ContainerSpec spec =
                host.spec("hook")
                        .withHooks(
                                List.of(
                                        new HookSpec(
                                                HookSpec.Phase.PRE_START,
                                                List.of(hook.toString()),
                                                Map.of("PATH", "/bin"),
                                                Duration.ofSeconds(5))));
        String message =
                assertThrows(DomainException.class, () -> host.containers().start(spec))
                        .getMessage();
        assertTrue(
                message.contains("status 3") && message.contains("the disk is on fire"), message);
    }

    @Test
    void hooksRunInOrderOfLife() throws Exception {
        Path log = host.base().resolve("hooks.log");
        List<HookSpec> hooks = new ArrayList<>();
        for (HookSpec.Phase phase :
                List.of(
                        HookSpec.Phase.POST_STOP,
                        HookSpec.Phase.STOP,
                        HookSpec.Phase.START_HOST,
                        HookSpec.Phase.PRE_START)) {
            hooks.add(
                    new HookSpec(
                            phase,
                            List.of("/bin/sh", "-c", "echo " + phase + " >> " + log),
                            Map.of("PATH", "/bin"),
                            Duration.ofSeconds(5)));
        }
        hooks.add(
                new HookSpec(
                        HookSpec.Phase.START,
                        List.of("/bin/sh", "-c", "hostname > /tmp/started"),
                        Map.of("PATH", "/bin"),
                        Duration.ofSeconds(5)));
        Container container = host.containers().start(host.spec("hooks").withHooks(hooks));
        assertEquals(Traces.MARK + "hooks", host.run(container, "cat /tmp/started"));
        container.kill();
        assertEquals(
                List.of("PRE_START", "START_HOST", "STOP", "POST_STOP"), Files.readAllLines(log));
    }

    @Test
    void startHostHooksSeeAContainerThatIsSetUp() throws Exception {
        Path log = Files.createFile(host.base().resolve("order.log"));
        Files.setPosixFilePermissions(log, PosixFilePermissions.fromString("rw-rw-rw-"));
        Files.setPosixFilePermissions(host.base(), PosixFilePermissions.fromString("rwxr-xr-x"));
        List<HookSpec> hooks =
                List.of(
                        hook(HookSpec.Phase.START_HOST, "echo host >> " + log),
                        hook(HookSpec.Phase.MOUNT, "sleep 1; echo mount >> " + log));
        host.containers().start(host.spec("set-up").withHooks(hooks)).kill();
        assertEquals(List.of("mount", "host"), Files.readAllLines(log));
    }

    private static HookSpec hook(HookSpec.Phase phase, String command) {
        return new HookSpec(
                phase,
                List.of("/bin/sh", "-c", command),
                Map.of("PATH", "/bin"),
                Duration.ofSeconds(5));
    }

    @Test
    void aKilledMonitorIsReplaced() throws Exception {
        Container container = host.containers().start(host.spec("orphan").withReboot(true));
        int init = container.initPid();
        int monitor = parent(init);
        kill(monitor);
        speaksOnItsConsole(container);
        assertFalse(container.isOrphaned());
        assertEquals(ContainerState.RUNNING, container.state());
        assertEquals(init, container.initPid());
        container.freeze();
        assertEquals(ContainerState.FROZEN, container.state());
        container.thaw();

        container.reboot();
        Traces.until(
                () -> container.initPid() != init && container.state() == ContainerState.RUNNING,
                () -> "no reboot");
        assertEquals("ok", host.run(container, "echo ok"));
        speaksOnItsConsole(container);

        CompletableFuture<ExitReason> end = new CompletableFuture<>();
        container.onGone(end::complete);
        assertTrue(container.stop(Duration.ofSeconds(10)));
        assertEquals(ExitReason.Kind.HALTED, end.get(5, TimeUnit.SECONDS).kind());
        before.assertNothingNewBut("[atoll serve]");
    }

    private void speaksOnItsConsole(Container container) {
        Traces.until(
                () -> {
                    // The old terminal is dead until the new monitor has replaced it.
                    host.run(container, "echo who is there > /dev/console || true");
                    return new String(container.consoleLog(), StandardCharsets.UTF_8)
                            .contains("who is there");
                },
                () -> new String(container.consoleLog(), StandardCharsets.UTF_8));
    }

    @Test
    void aMonitorKilledWhileNobodyLookedIsReplacedByTheNext() throws Exception {
        Container container = host.containers().start(host.spec("unwatched"));
        host.containers().close();
        kill(parent(container.initPid()));
        Container found = host.reopen().find(Traces.MARK + "unwatched").orElseThrow();
        assertFalse(found.isOrphaned());
        speaksOnItsConsole(found);
        // Once more, and this time init is killed too.
        int monitor = monitorOf(found).orElseThrow();
        kill(monitor);
        Traces.until(() -> monitorOf(found).orElse(monitor) != monitor, () -> "no new monitor");
        speaksOnItsConsole(found);
        CompletableFuture<ExitReason> end = new CompletableFuture<>();
        found.onGone(end::complete);
        kill(found.initPid());
        assertEquals(new ExitReason(ExitReason.Kind.KILLED, 137), end.get(5, TimeUnit.SECONDS));
        before.assertNothingNewBut("[atoll serve]");
    }

    @Test
    void withoutTheForkServerTheEndIsSeenAndItsReasonIsNot() throws Exception {
        Container container = host.containers().start(host.spec("lonely"));
        kill(server());
        Traces.until(() -> process("[atoll serve] " + host.base()).isEmpty(), () -> "it lives");
        kill(parent(container.initPid()));
        speaksOnItsConsole(container);
        CompletableFuture<ExitReason> end = new CompletableFuture<>();
        container.onGone(end::complete);
        container.kill();
        assertEquals(ExitReason.Kind.UNKNOWN, end.get(5, TimeUnit.SECONDS).kind());
        host.containers().start(host.spec("lonely")).kill();
    }

    @Test
    void containersOutliveTheForkServerAndUs() throws Exception {
        Container container = host.containers().start(host.spec("survivor"));
        int pid = container.initPid();
        kill(server());
        Container found = host.reopen().find(Traces.MARK + "survivor").orElseThrow();
        assertEquals(pid, found.initPid());
        assertFalse(found.isOrphaned());
        // Init runs, but it may not have printed yet.
        Traces.until(
                () ->
                        new String(found.consoleLog(), StandardCharsets.UTF_8)
                                .strip()
                                .equals("started"),
                () -> "console says " + new String(found.consoleLog(), StandardCharsets.UTF_8));
        assertEquals("ok", host.run(found, "echo ok"));
        host.containers().start(host.spec("second")).kill();
        CompletableFuture<ExitReason> end = new CompletableFuture<>();
        found.onGone(end::complete);
        assertTrue(found.stop(Duration.ofSeconds(10)));
        assertEquals(ExitReason.Kind.HALTED, end.get(5, TimeUnit.SECONDS).kind());
    }

    @Test
    void whatEndedWhileNobodyLookedIsToldOnce() {
        Container container = host.containers().start(host.spec("unseen"));
        int pid = container.initPid();
        host.containers().close();
        kill(pid);
        Traces.until(() -> io.atoll.linux.Processes.identity(pid).isEmpty(), () -> "init lives");
        Traces.until(
                () ->
                        Files.exists(
                                host.base()
                                        .resolve("run/monitors")
                                        .resolve(Traces.MARK + "unseen/exit")),
                () -> "no exit");
        Containers again = host.reopen();
        assertTrue(again.find(Traces.MARK + "unseen").isEmpty());
        assertEquals(
                Optional.of(new ExitReason(ExitReason.Kind.KILLED, 137)),
                again.lastExit(Traces.MARK + "unseen"));
        assertEquals(List.of(), again.ids());
    }

    @Test
    void bothKilledLeavesOnlyWhatTheNextLookRemoves() {
        Container container = host.containers().start(host.spec("both"));
        int init = container.initPid();
        int monitor = parent(init);
        host.containers().close();
        kill(monitor);
        kill(init);
        Traces.until(() -> io.atoll.linux.Processes.identity(init).isEmpty(), () -> "init lives");
        assertTrue(host.reopen().find(Traces.MARK + "both").isEmpty());
        before.assertNothingNewBut("[atoll serve]");
    }

    private static void kill(int pid) {
        try (var fd = PidFd.open(pid).orElseThrow()) {
            PidFd.sendSignal(fd, Signals.SIGKILL);
        }
    }

    private static int parent(int pid) {
        return Integer.parseInt(
                io.atoll.linux.ProcFiles.field("/proc/" + pid + "/status", "PPid:").orElseThrow());
    }

    /// The fork server of this runtime directory.
    private int server() {
        return process("[atoll serve] " + host.base()).orElseThrow();
    }

    private static OptionalInt monitorOf(Container container) {
        return process("[atoll monitor] " + container.id());
    }

    private static OptionalInt process(String title) {
        try (Stream<Path> all = Files.list(Path.of("/proc"))) {
            return all.map(path -> path.getFileName().toString())
                    .filter(name -> name.chars().allMatch(Character::isDigit))
                    .filter(name ->
                            io.atoll.linux.ProcFiles.readIfPresent("/proc/" + name + "/cmdline")
                                    .orElse("")
                                    .startsWith(title))
                    .mapToInt(Integer::parseInt)
                    .findFirst();
        } catch (java.io.IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }
}
