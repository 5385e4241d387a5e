package io.atoll.storage;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.atoll.linux.CommandFailed;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What programs print that send volumes, and who takes it.
class HostToolsTest {
    private static final Duration SOON = Duration.ofSeconds(20);

    /// Ends only when it is killed or its pipe breaks.
    private static final List<String> ENDLESS = List.of("yes");

    private static final int PRINTED = 50_000;

    @TempDir Path folder;

    private static final class Gone extends OutputStream {
        @Override
        public void write(int b) throws IOException {
            throw new IOException("the reader is gone");
        }
    }

    private static final class Slow extends OutputStream {
        private final CountDownLatch release = new CountDownLatch(1);
        private final ByteArrayOutputStream taken = new ByteArrayOutputStream();

        @Override
        public void write(int b) {
            write(new byte[] {(byte) b}, 0, 1);
        }

        @Override
        public void write(byte[] bytes, int offset, int length) {
            try {
                release.await();
            } catch (InterruptedException e) {
                throw new AssertionError(e);
            }
            taken.write(bytes, offset, length);
        }
    }

    /// The program would wait for ever to print more.
    @Test
    void nobodyWaitsForAReaderThatIsGone() {
        CommandFailed why =
                assertTimeoutPreemptively(
                        SOON,
                        () ->
                                assertThrows(
                                        CommandFailed.class,
                                        () -> HostTools.REAL.drain(ENDLESS, new Gone())));
        assertTrue(String.valueOf(why.getMessage()).contains("the reader is gone"), why.toString());
    }

    /// It has printed all, and the pipe holds what nobody took so far.
    @Test
    void aSlowReaderGetsAllOfIt() throws Exception {
        Path end = folder.resolve("end");
        String command = "head -c " + PRINTED + " /dev/zero; echo > " + end;
        Slow reader = new Slow();
        FutureTask<Boolean> drained =
                new FutureTask<>(() -> {
                    HostTools.REAL.drain(List.of("sh", "-c", command), reader);
                    return true;
                });
        Thread unused = Thread.ofPlatform().daemon().start(drained);
        assertThrows(TimeoutException.class, () -> drained.get(2, TimeUnit.SECONDS));
        assertTrue(Files.exists(end), "it has printed all");
        reader.release.countDown();
        assertTrue(drained.get(SOON.toSeconds(), TimeUnit.SECONDS) && unused.isDaemon());
        assertEquals(PRINTED, reader.taken.size());
    }

    @Test
    void whenOneOfTwoFailsTheOtherEnds() {
        List<String> refusing = List.of("sh", "-c", "echo full >&2; exit 3");
        CommandFailed receiver =
                assertTimeoutPreemptively(
                        SOON,
                        () ->
                                assertThrows(
                                        CommandFailed.class,
                                        () -> HostTools.REAL.pipe(ENDLESS, refusing)));
        assertEquals(refusing, receiver.argv());
        assertEquals("full\n", receiver.stderrTail());
        List<String> failing = List.of("sh", "-c", "echo part; exit 4");
        CommandFailed sender =
                assertTimeoutPreemptively(
                        SOON,
                        () ->
                                assertThrows(
                                        CommandFailed.class,
                                        () -> HostTools.REAL.pipe(failing, List.of("cat"))));
        assertEquals(failing, sender.argv());
        assertEquals(4, sender.exit());
    }
}
