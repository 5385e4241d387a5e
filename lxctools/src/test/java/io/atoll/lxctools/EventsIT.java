package io.atoll.lxctools;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.atoll.runtime.lxc.LxcEvent;
import io.atoll.runtime.lxc.LxcEvents;
import io.atoll.runtime.lxc.LxcPath;
import io.atoll.runtime.lxc.LxcState;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// What happens to containers as others hear of it. Each test has a runtime directory that nobody
/// has made yet.
@Tag("privileged")
class EventsIT {
    private static final Optional<Duration> PATIENCE = Optional.of(Duration.ofSeconds(20));
    private static final int OTHERS = 3;
    private static final int COMMANDS = 100;

    private LxcHostFixture host;
    private LxcPath path;
    private LxcEvents events;

    @BeforeEach
    void open() {
        host = new LxcHostFixture();
        path = host.open();
        events = LxcEvents.open(List.of(path), name -> !name.endsWith("other"));
    }

    @AfterEach
    void close() {
        events.close();
        path.close();
        host.close();
    }

    /// The next ones, one word each.
    private String next(int count) throws InterruptedException {
        List<String> words = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            words.add(
                    switch (events.next(PATIENCE).orElse(null)) {
                        case LxcEvent.Changed(_, LxcState state) -> state.name();
                        case LxcEvent.Exited(_, int status) -> "exited" + status;
                        case null -> "nothing";
                    });
        }
        return String.join(" ", words);
    }

    @Test
    void aLifeFromTheFirstStartInANewPlace() throws InterruptedException {
        String name = host.define("life");
        host.must("lxc-start", "-n", name);
        assertEquals("STARTING RUNNING", next(2));
        // Too quick for anybody who looks now and then.
        for (int i = 0; i < 3; i++) {
            host.must("lxc-freeze", "-n", name);
            host.must("lxc-unfreeze", "-n", name);
        }
        for (int i = 0; i < 3; i++) {
            assertEquals("FREEZING FROZEN THAWED RUNNING", next(4));
        }
        host.must("lxc-stop", "-n", name, "-r");
        assertEquals("STARTING RUNNING", next(2));
        host.must("lxc-stop", "-n", name, "-k");
        assertEquals("exited137 STOPPING STOPPED", next(3));
        host.must("lxc-start", "-n", name);
        assertEquals("STARTING RUNNING", next(2));
        host.must("lxc-stop", "-n", name, "-k");
        assertEquals("exited137 STOPPING STOPPED", next(3));
    }

    /// An event may be on its way to a reader while a command ends, and another one takes the
    /// number of the reader's socket.
    @Test
    @Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
    void commandsEndWhileEventsCome() throws Exception {
        String name = host.define("busy");
        host.must("lxc-start", "-n", name);
        try (ExecutorService others = Executors.newVirtualThreadPerTaskExecutor()) {
            AtomicBoolean isOver = new AtomicBoolean();
            for (int i = 0; i < OTHERS; i++) {
                Future<?> unused =
                        others.submit(() -> {
                            while (!isOver.get()) {
                                try (LxcPath own = host.open()) {
                                    assertTrue(own.container(name).isRunning());
                                }
                            }
                        });
            }
            try {
                for (int i = 0; i < COMMANDS; i++) {
                    host.must("lxc-freeze", "-n", name);
                    host.must("lxc-unfreeze", "-n", name);
                }
            } finally {
                isOver.set(true);
            }
        }
        host.must("lxc-stop", "-n", name, "-k");
    }

    @Test
    void aStartThatFails() throws InterruptedException {
        String name = host.define("fails", "lxc.hook.pre-start = sleep 0.3; false");
        assertEquals(1, host.run("lxc-start", "-n", name).status());
        assertEquals("STARTING ABORTING STOPPED", next(3));
    }

    @Test
    void whatRunsAlreadyIsNoNewsAndOthersAreNot() throws InterruptedException {
        String name = host.define("old");
        String other = host.define("other");
        host.must("lxc-start", "-n", name);
        host.must("lxc-start", "-n", other);
        assertEquals("STARTING RUNNING", next(2));
        events.close();
        events = LxcEvents.open(List.of(path), each -> each.equals(name));
        host.must("lxc-stop", "-n", other, "-k");
        host.must("lxc-stop", "-n", name, "-k");
        assertEquals("exited137 STOPPING STOPPED", next(3));
        assertTrue(events.next(Optional.of(Duration.ofMillis(50))).isEmpty());
    }

    @Test
    void waitsForWhatStartsLater() throws Exception {
        String name = host.define("late");
        CompletableFuture<ToolRun> run = new CompletableFuture<>();
        Thread waiting =
                Thread.ofPlatform()
                        .start(() ->
                                run.complete(
                                        host.run("lxc-wait", "-n", name, "-s", "RUNNING|FROZEN")));
        LxcHostFixture.until(() -> waiting.getState() == Thread.State.WAITING, "it waits");
        host.must("lxc-start", "-n", name);
        assertEquals(0, run.get().status());
        assertEquals(1, host.run("lxc-wait", "-n", name, "-s", "STOPPED", "-t", "1").status());
        Thread ending = Thread.ofPlatform().start(() -> host.must("lxc-stop", "-n", name, "-k"));
        assertTrue(path.container(name).await(Set.of(LxcState.STOPPED), PATIENCE));
        ending.join();
    }

    @Test
    void anInterruptedWaitEnds() throws Exception {
        CompletableFuture<ToolRun> run = new CompletableFuture<>();
        Thread waiting =
                Thread.ofPlatform()
                        .start(() ->
                                run.complete(
                                        host.run(
                                                "lxc-wait",
                                                "-n",
                                                host.name("none"),
                                                "-s",
                                                "RUNNING")));
        LxcHostFixture.until(() -> waiting.getState() == Thread.State.WAITING, "it waits");
        waiting.interrupt();
        ToolRun ended = run.get();
        assertEquals(1, ended.status());
        assertTrue(ended.err().contains("interrupted while waiting for"), ended.err());
    }
}
