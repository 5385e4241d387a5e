package io.atoll.e2e;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.atoll.testkit.Leaks;
import io.atoll.testkit.Program;
import io.atoll.testkit.Program.Output;
import io.atoll.testkit.SmallDisk;
import io.atoll.testkit.TestDaemon;
import io.atoll.testkit.TestImages;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/// A storage pool on a file system of its own that is full: everything fails with a sentence that
/// says so, and leaves nothing.
@Tag("privileged")
@Tag("e2e")
class DiskFullTest {
    private static final String MARKER = "e2efull";
    private static final long DISK_BYTES = 64 << 20;

    @RegisterExtension final Leaks leaks = Leaks.of(MARKER);

    private TestDaemon daemon;
    private SmallDisk disk;
    private Path pool;

    @BeforeEach
    void start() throws IOException {
        disk = SmallDisk.mount(MARKER, DISK_BYTES);
        pool = Files.createDirectory(disk.mount().resolve("pool"));
        daemon = TestDaemon.launch("atoll-" + MARKER);
        lxc("storage", "create", "small", "overlay", "source=" + pool);
        lxc("profile", "device", "add", "default", "root", "disk", "path=/", "pool=small");
        lxc("image", "import", TestImages.busybox().toString(), "--alias", "busybox");
    }

    @AfterEach
    void stop() {
        daemon.close();
        disk.close();
    }

    private Output lxc(String... command) {
        return daemon.lxc().run(command).ok();
    }

    @Test
    void nothingHalfMadeIsLeftOnAFullDisk() throws IOException {
        lxc("launch", "busybox", "ok");
        fill();
        List<String> before = files();

        refused("init", "busybox", "bad");
        refused("launch", "busybox", "bad");
        refused("copy", "ok", "bad");
        refused("snapshot", "ok", "s1");
        Path large = Files.write(disk.base().resolve("large"), new byte[1 << 20]);
        refused("file", "push", large.toString(), "ok/root/large");
        assertEquals(before, files());
        assertEquals("ok", lxc("list", "--format=csv", "--columns=n").out().strip());
        assertEquals("0", lxc("list", "--format=csv", "--columns=S").out().strip());

        // What runs goes on, and what was refused works when there is room again.
        assertEquals("here\n", lxc("exec", "ok", "--", "echo", "here").out());
        Files.delete(pool.resolveSibling("fill"));
        lxc("launch", "busybox", "bad");
        lxc("snapshot", "ok", "s1");
        lxc("file", "push", large.toString(), "ok/root/large");
    }

    private void refused(String... command) {
        Output output = daemon.lxc().run(command);
        assertNotEquals(0, output.exit(), String.join(" ", command));
        assertTrue(
                output.err().toLowerCase(java.util.Locale.ROOT).contains("no space left"),
                String.join(" ", command) + ": " + output.err());
    }

    /// In large pieces, then in small ones, until there is no block left.
    private void fill() {
        Path fill = pool.resolveSibling("fill");
        for (String size : List.of("1M", "4k", "1k")) {
            Output unused =
                    Program.of("dd")
                            .run(
                                    "if=/dev/zero",
                                    "of=" + fill,
                                    "bs=" + size,
                                    "oflag=append",
                                    "conv=notrunc,fsync");
        }
    }

    private List<String> files() {
        TreeSet<String> found = new TreeSet<>();
        try (Stream<Path> all = Files.walk(pool, 4)) {
            all.filter(file -> !file.toString().contains("/rootfs/"))
                    .filter(file -> !file.toString().contains("/upper/"))
                    .forEach(file -> found.add(pool.relativize(file).toString()));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return List.copyOf(found);
    }
}
