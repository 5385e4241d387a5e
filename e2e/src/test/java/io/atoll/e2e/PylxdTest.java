package io.atoll.e2e;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.atoll.testkit.Program;
import io.atoll.testkit.TestDaemon;
import io.atoll.testkit.TestImages;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/// Debian's `python3-pylxd`, unmodified, drives a daemon: `pylxd/exercise.py` is its program.
@Tag("privileged")
@Tag("e2e")
final class PylxdTest {
    /// Debian's own Python, which sees Debian's packages.
    private static final Program PYTHON = Program.of("/usr/bin/python3");

    @Test
    void pylxdWorks() throws IOException {
        Assumptions.assumeTrue(
                PYTHON.run("-c", "import pylxd").exit() == 0,
                "the package python3-pylxd is not installed");
        Path script = Files.createTempFile("atoll-pylxd-", ".py");
        try (TestDaemon daemon = TestDaemon.launch("atoll-pylxd");
                InputStream in = PylxdTest.class.getResourceAsStream("/pylxd/exercise.py")) {
            if (in == null) {
                throw new AssertionError("exercise.py is missing");
            }
            Files.write(script, in.readAllBytes());
            Program atoll = daemon.atoll();
            atoll.run("storage", "create", "default", "overlay").ok();
            atoll.run(
                            "profile",
                            "device",
                            "add",
                            "default",
                            "root",
                            "disk",
                            "path=/",
                            "pool=default")
                    .ok();
            Program.Output output =
                    PYTHON.run(
                            "-W",
                            "ignore",
                            script.toString(),
                            daemon.state().resolve("unix.socket").toString(),
                            TestImages.busybox().toString());
            assertEquals("", output.err());
            assertEquals(
                    List.of(
                            "server",
                            "images",
                            "profiles",
                            "instances",
                            "execute",
                            "files",
                            "snapshots",
                            "rest",
                            "end"),
                    output.out().lines().toList());
        } finally {
            Files.delete(script);
        }
    }
}
