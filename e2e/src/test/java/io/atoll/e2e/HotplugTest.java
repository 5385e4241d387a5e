package io.atoll.e2e;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.atoll.testkit.Await;
import io.atoll.testkit.Leaks;
import io.atoll.testkit.Program;
import io.atoll.testkit.TestDaemon;
import io.atoll.testkit.TestImages;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Set;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.RegisterExtension;

/// Devices that come and go on the host while an instance runs. The kernel says again that one came
/// when asked to by its `uevent` file.
@Tag("privileged")
@Tag("e2e")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class HotplugTest {
    private static final String MARKER = "e2ehp";
    private static final String NAME = MARKER + "1";
    private static final Path NODE = Path.of("/tmp/atoll-" + MARKER + "-node");
    private static final Path NEWS = Path.of("/sys/class/mem/zero/uevent");
    private static final Duration SOON = Duration.ofSeconds(20);

    @RegisterExtension final Leaks leaks = Leaks.of(NAME);

    private final TestDaemon daemon = TestDaemon.launch("atoll-" + MARKER);
    private final Program client = daemon.lxc();

    @BeforeAll
    void prepare() {
        lxc("storage", "create", "default", "overlay");
        lxc("profile", "device", "add", "default", "root", "disk", "path=/", "pool=default");
        lxc("image", "import", TestImages.busybox().toString(), "--alias", "busybox");
    }

    @AfterAll
    void cleanUp() throws IOException {
        daemon.close();
        Files.deleteIfExists(NODE);
    }

    private Program.Output lxc(String... command) {
        return client.run(command).ok();
    }

    private static void plug(String numbers) {
        String[] words = numbers.split(" ");
        Program.of("mknod").run(NODE.toString(), "c", words[0], words[1]).ok();
    }

    /// Whatever is said: who hears it looks for himself.
    private static void tell() throws IOException {
        Files.writeString(NEWS, "add");
    }

    private boolean holds(String command) {
        return client.run("exec", NAME, "--", "sh", "-c", command).exit() == 0;
    }

    @Test
    void aDeviceMayComeLateAndGoEarly() throws IOException {
        assumeTrue(Files.isWritable(NEWS), NEWS.toString());
        Files.deleteIfExists(NODE);
        lxc("init", "busybox", NAME);
        lxc(
                "config",
                "device",
                "add",
                NAME,
                "late",
                "unix-char",
                "source=" + NODE,
                "path=/dev/late",
                "required=false");
        lxc("config", "device", "add", NAME, "stick", "usb", "vendorid=0951");
        lxc("start", NAME);
        assertNotEquals(0, client.run("exec", NAME, "--", "ls", "/dev/late").exit());
        plug("1 5");
        tell();
        Await.until("the device to come", SOON, () -> holds("head -c 3 /dev/late"));
        Files.delete(NODE);
        tell();
        Await.until("the device to go", SOON, () -> !holds("ls /dev/late"));
        plug("1 3");
        tell();
        Await.until("another to come", SOON, () -> holds("test -c /dev/late"));
        Files.delete(NODE);
        plug("1 5");
        tell();
        Await.until(
                "the device to have other numbers",
                SOON,
                () -> holds("test \"$(head -c 3 /dev/late | wc -c)\" = 3"));
        daemon.kill();
        Files.delete(NODE);
        daemon.start();
        tell();
        Await.until("it to go after a restart", SOON, () -> !holds("ls /dev/late"));
        // The client lists them in no order.
        assertEquals(
                Set.of("late", "stick"),
                Set.copyOf(lxc("config", "device", "list", NAME).out().lines().toList()));
        lxc("delete", "--force", NAME);
    }
}
