package io.atoll.e2e;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.atoll.testkit.Await;
import io.atoll.testkit.Leaks;
import io.atoll.testkit.Program;
import io.atoll.testkit.Program.Output;
import io.atoll.testkit.SmallDisk;
import io.atoll.testkit.TestDaemon;
import io.atoll.testkit.TestImages;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// The daemon's own directory on a file system of 20 MB that is full: clients are told which one it
/// is, no connection ends without an answer, and all that was there is there afterwards.
@Tag("privileged")
@Tag("e2e")
class StateFullTest {
    private static final String MARKER = "e2esfull";
    private static final long DISK_BYTES = 20 << 20;
    private static final Duration SOON = Duration.ofSeconds(30);

    @RegisterExtension final Leaks leaks = Leaks.of(MARKER);

    @TempDir Path scratch;

    private TestDaemon daemon;
    private SmallDisk disk;
    private Path state;

    @BeforeEach
    void start() throws IOException {
        disk = SmallDisk.mount(MARKER, DISK_BYTES);
        state = Files.createDirectory(disk.mount().resolve("state"));
        daemon = TestDaemon.launchIn(state, disk.base().resolve("daemon.out"));
        Path pool = Files.createDirectory(disk.base().resolve("pool"));
        lxc("storage", "create", "default", "overlay", "source=" + pool);
        lxc("profile", "device", "add", "default", "root", "disk", "path=/", "pool=default");
        lxc("image", "import", TestImages.busybox().toString(), "--alias", "busybox");
    }

    @AfterEach
    void stop() throws IOException {
        Files.deleteIfExists(fill());
        daemon.close();
        disk.close();
    }

    private Output lxc(String... command) {
        return daemon.lxc().run(command).ok();
    }

    private Path fill() {
        return state.resolveSibling("fill");
    }

    /// In large pieces, then in small ones, until there is no block left.
    private void fillUp() {
        for (String size : List.of("1M", "4k", "1k")) {
            Output unused =
                    Program.of("dd")
                            .run(
                                    "if=/dev/zero",
                                    "of=" + fill(),
                                    "bs=" + size,
                                    "oflag=append",
                                    "conv=notrunc,fsync");
        }
    }

    private List<Path> images() throws IOException {
        try (Stream<Path> files = Files.list(state.resolve("images"))) {
            return files.sorted().toList();
        }
    }

    /// Begins as such files do.
    private Path file(String name, String beginning, int bytes) throws IOException {
        byte[] data = new byte[bytes];
        new Random(3).nextBytes(data);
        byte[] first = beginning.getBytes(StandardCharsets.ISO_8859_1);
        System.arraycopy(first, 0, data, 0, first.length);
        return Files.write(scratch.resolve(name), data);
    }

    /// Larger than what is left, by far: most of it comes when the answer is known.
    @ParameterizedTest
    @ValueSource(strings = {"lxc", "atoll"})
    void d4_20_anImageThatDoesNotFitIsRefusedInWords(String name) throws IOException {
        Program client = name.equals("lxc") ? daemon.lxc() : daemon.atoll();
        List<Path> before = images();
        Path large = file("large.tar.gz", "\u001f\u008b\b\0", 64 << 20);
        Path root = file("large.squashfs", "hsqs", 64 << 20);
        Path small = file("meta.tar.gz", "\u001f\u008b\b\0", 10_000);
        for (List<String> files :
                List.of(List.of(large.toString()), List.of(small.toString(), root.toString()))) {
            String[] words =
                    Stream.concat(Stream.of("image", "import"), files.stream())
                            .toArray(String[]::new);
            Output refused = client.run(words).exits(1);
            assertEquals(
                    "Error: No space left on the file system of "
                            + state.resolve("images")
                            + ": delete something or make it larger",
                    refused.err().replaceAll("^.*\r", "").strip());
            assertEquals(before, images());
        }
        fillUp();
        Output full = client.run("image", "import", small.toString()).exits(1);
        assertTrue(full.err().contains("No space left on the file system of"), full.err());
        assertEquals(before, images());
        Files.delete(fill());
        lxc("launch", "busybox", "c1");
    }

    @Test
    void x3_10_aFullDiskIsNamedAndLosesNothing() throws IOException {
        lxc("launch", "busybox", "c1");
        fillUp();
        boolean isRefused = false;
        for (int i = 0; i < 2000 && !isRefused; i++) {
            Output set = daemon.atoll().run("config", "set", "c1", "user.k" + i, "x".repeat(4000));
            isRefused = set.exit() != 0;
            if (isRefused) {
                assertTrue(set.err().contains("the file system of " + state), set.err());
                assertTrue(set.err().contains("is full; delete"), set.err());
            }
        }
        assertTrue(isRefused, "the database does not grow");
        // What runs goes on, and can be read and entered.
        assertEquals("here\n", lxc("exec", "c1", "--", "echo", "here").out());

        daemon.stop();
        fillUp();
        daemon.startWithoutWaiting();
        Await.until("its end", SOON, () -> !ProcessHandle.of(daemon.pid()).isPresent());
        String log = daemon.logText();
        assertTrue(
                log.contains("The file system of the state directory " + state)
                        && log.contains("is full"),
                log);
        Files.delete(fill());
        daemon.start();
        assertEquals("c1,RUNNING\n", lxc("list", "--format=csv", "--columns=ns").out());
        assertFalse(lxc("image", "list", "--format=csv").out().isBlank());
        lxc("config", "set", "c1", "user.after", "1");
        lxc("launch", "busybox", "c2");
    }
}
