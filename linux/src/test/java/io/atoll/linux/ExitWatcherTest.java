package io.atoll.linux;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

final class ExitWatcherTest {
    @Test
    void reportsEachEndOnce() throws Exception {
        CountDownLatch ended = new CountDownLatch(20);
        try (ExitWatcher watcher = new ExitWatcher(Runnable::run)) {
            for (int i = 0; i < 20; i++) {
                Process process = new ProcessBuilder("sleep", "100").start();
                try (Fd pidFd = PidFd.open((int) process.pid()).orElseThrow()) {
                    watcher.watch(pidFd, ended::countDown);
                    assertFalse(PidFd.isGone(pidFd));
                    assertEquals(process.pid(), PidFd.pid(pidFd).orElseThrow().longValue());
                    assertTrue(PidFd.sendSignal(pidFd, Signals.SIGKILL));
                    assertTrue(PidFd.waitGone(pidFd, Duration.ofSeconds(10)));
                }
            }
            assertTrue(ended.await(10, TimeUnit.SECONDS));
        }
    }

    @Test
    void reportsNothingAfterTheWatchIsClosed() throws Exception {
        Process process = new ProcessBuilder("sleep", "100").start();
        CountDownLatch reported = new CountDownLatch(1);
        try (ExitWatcher watcher = new ExitWatcher(Runnable::run);
                Fd pidFd = PidFd.open((int) process.pid()).orElseThrow()) {
            watcher.watch(pidFd, reported::countDown).close();
            process.destroyForcibly().waitFor();
            assertFalse(reported.await(50, TimeUnit.MILLISECONDS));
            assertFalse(PidFd.sendSignal(pidFd, Signals.SIGTERM));
        }
    }

    /// Whoever ends just then must not find the descriptors closed by the other side.
    @Test
    void closesWhileSomethingEnds() throws Exception {
        for (int i = 0; i < 200; i++) {
            Process process = new ProcessBuilder("sleep", "100").start();
            try (ExitWatcher watcher = new ExitWatcher(Runnable::run);
                    Fd pidFd = PidFd.open((int) process.pid()).orElseThrow()) {
                watcher.watch(pidFd, () -> {});
                assertTrue(PidFd.sendSignal(pidFd, Signals.SIGKILL));
                assertTrue(PidFd.waitGone(pidFd, Duration.ofSeconds(10)));
            }
        }
    }

    /// They share a thread: the end of one watcher is not the end of another's news.
    @Test
    void othersGoOnWhenOneIsClosed() throws Exception {
        for (int i = 0; i < 50; i++) {
            Process process = new ProcessBuilder("sleep", "100").start();
            CountDownLatch mine = new CountDownLatch(1);
            CountDownLatch others = new CountDownLatch(1);
            try (ExitWatcher watcher = new ExitWatcher(Runnable::run);
                    Fd pidFd = PidFd.open((int) process.pid()).orElseThrow()) {
                ExitWatcher other = new ExitWatcher(Runnable::run);
                other.watch(pidFd, others::countDown);
                watcher.watch(pidFd, mine::countDown);
                other.close();
                assertThrows(IllegalStateException.class, () -> other.watch(pidFd, () -> {}));
                process.destroyForcibly();
                assertTrue(mine.await(10, TimeUnit.SECONDS));
                assertEquals(1, others.getCount());
            }
        }
    }

    @Test
    void leavesNeitherThreadNorDescriptor() throws Exception {
        int before = descriptors();
        ExitWatcher first = new ExitWatcher(Runnable::run);
        ExitWatcher second = new ExitWatcher(Runnable::run);
        Process process = new ProcessBuilder("sleep", "100").start();
        try (Fd pidFd = PidFd.open((int) process.pid()).orElseThrow()) {
            second.watch(pidFd, () -> {});
            first.close();
            first.close();
            second.watch(pidFd, () -> {}).close();
            second.close();
        }
        int exit = process.destroyForcibly().waitFor();
        assertEquals(128 + Signals.SIGKILL, exit);
        assertEquals(before, descriptors());
        assertTrue(
                Thread.getAllStackTraces().keySet().stream()
                        .noneMatch(thread -> thread.getName().equals("exit-watcher")));
    }

    private static int descriptors() {
        // Without those of the child, whose pipes are closed when somebody collects them.
        return (int)
                Stream.of(Objects.requireNonNull(new File("/proc/self/fd").list()))
                        .map(number -> Path.of("/proc/self/fd", number))
                        .filter(ExitWatcherTest::isEvent)
                        .count();
    }

    private static boolean isEvent(Path link) {
        try {
            return Files.readSymbolicLink(link).toString().startsWith("anon_inode:");
        } catch (IOException _) {
            return false;
        }
    }

    @Test
    void knowsSignalNames() {
        assertEquals(37, Signals.number("SIGRTMIN+3").orElseThrow());
        assertEquals(15, Signals.number("term").orElseThrow());
        assertEquals(9, Signals.number("9").orElseThrow());
        assertTrue(Signals.number("SIGNOPE").isEmpty());
        assertTrue(Signals.number("65").isEmpty());
        assertTrue(Signals.number("0").isEmpty());
    }

    @Test
    void readsIdentityBehindAStrangeName() {
        String stat = "7 (a) b (c) S 1 7 7 0 -1 0 0 0 0 0 1 2 0 0 20 0 1 0 4711 0 0";
        assertEquals(4711, Processes.parse(7, stat).orElseThrow().startTicks());
        assertTrue(Processes.parse(7, stat.replace(" S ", " Z ")).isEmpty());
        Processes.Identity self = Processes.identity(Processes.self()).orElseThrow();
        assertTrue(Processes.isAlive(self));
        assertFalse(Processes.isAlive(new Processes.Identity(self.pid(), self.startTicks() + 1)));
    }
}
