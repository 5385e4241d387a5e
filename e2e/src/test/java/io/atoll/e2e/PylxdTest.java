package io.atoll.e2e;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.atoll.testkit.Program;
import io.atoll.testkit.TestDaemon;
import io.atoll.testkit.TestImages;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Debian's `python3-pylxd`, unmodified, drives a daemon: its programs are in `pylxd/`.
@Tag("privileged")
@Tag("e2e")
final class PylxdTest {
    /// Debian's own Python, which sees Debian's packages.
    private static final Program PYTHON = Program.of("/usr/bin/python3");

    @TempDir Path scratch;

    @Test
    void pylxdWorks() throws IOException {
        try (TestDaemon daemon = launch("atoll-pylxd")) {
            exercise(
                    "exercise.py",
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
                    daemon.state().resolve("unix.socket").toString(),
                    TestImages.busybox().toString());
        }
    }

    /// Certificates, events, images in two parts and to another server, migration, networks, pools.
    @Test
    void pylxdWorksBetweenServers() throws IOException {
        try (TestDaemon here = launch("atoll-pya");
                TestDaemon there = launch("atoll-pyb")) {
            here.atoll().run("image", "import", TestImages.busybox().toString(), "--alias=py").ok();
            Path key = scratch.resolve("client.key");
            Path certificate = scratch.resolve("client.crt");
            Program.of("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2")
                    .run(
                            "-subj",
                            "/CN=pylxd",
                            "-keyout",
                            key.toString(),
                            "-out",
                            certificate.toString())
                    .ok();
            Path image = Files.createDirectories(scratch.resolve("image"));
            tar("-xzf", TestImages.busybox(), image);
            tar("-czf", scratch.resolve("metadata.tar.gz"), image, "metadata.yaml", "templates");
            tar("-czf", scratch.resolve("root.tar.gz"), image.resolve("rootfs"), ".");
            exercise(
                    "servers.py",
                    List.of(
                            "trust",
                            "events",
                            "images",
                            "containers",
                            "migration",
                            "networks",
                            "storage",
                            "profiles",
                            "distrust"),
                    here.state().resolve("unix.socket").toString(),
                    listen(here, 18484),
                    listen(there, 18485),
                    certificate.toString(),
                    key.toString(),
                    scratch.resolve("metadata.tar.gz").toString(),
                    scratch.resolve("root.tar.gz").toString(),
                    "dir");
        }
    }

    private static void tar(String mode, Path file, Path folder, String... members) {
        Program.of("tar", mode, file.toString(), "-C", folder.toString()).run(members).ok();
    }

    private static String listen(TestDaemon daemon, int port) {
        String address = "127.0.0.1:" + port;
        daemon.atoll()
                .run("config", "set", "core.https_address=" + address, "core.trust_password=sesame")
                .ok();
        return "https://" + address;
    }

    private static TestDaemon launch(String marker) {
        Assumptions.assumeTrue(
                PYTHON.run("-c", "import pylxd").exit() == 0,
                "the package python3-pylxd is not installed");
        TestDaemon daemon = TestDaemon.launch(marker);
        Program atoll = daemon.atoll();
        atoll.run("storage", "create", "default", "overlay").ok();
        atoll.run("profile", "device", "add", "default", "root", "disk", "path=/", "pool=default")
                .ok();
        return daemon;
    }

    /// Runs a program of the resources, which prints a line for each of its parts.
    private void exercise(String name, List<String> parts, String... arguments) throws IOException {
        Path _ = write("checks.py");
        Path script = write(name);
        List<String> words = new ArrayList<>(List.of("-W", "ignore", script.toString()));
        words.addAll(List.of(arguments));
        Program.Output output = PYTHON.run(words.toArray(String[]::new));
        assertEquals(parts, output.out().lines().toList(), output.toString());
    }

    private Path write(String name) throws IOException {
        try (InputStream in = PylxdTest.class.getResourceAsStream("/pylxd/" + name)) {
            if (in == null) {
                throw new AssertionError(name + " is missing");
            }
            return Files.write(scratch.resolve(name), in.readAllBytes());
        }
    }
}
