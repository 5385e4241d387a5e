package io.atoll.e2e;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.atoll.testkit.Await;
import io.atoll.testkit.Leaks;
import io.atoll.testkit.Program;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/// How the programs of `dist/` start in other circumstances than usual.
@Tag("privileged")
@Tag("e2e")
class ActivationTest {
    private static final String MARKER = "e2eact";
    private static final Path HOME =
            Path.of(System.getProperty("atoll.root"), "dist", "atoll").toAbsolutePath();

    @RegisterExtension final Leaks leaks = Leaks.of(MARKER);

    private Path state;

    @BeforeEach
    void makeState() throws IOException {
        state = Files.createTempDirectory("atoll-" + MARKER + "-");
    }

    @AfterEach
    void deleteState() {
        Program.of("rm").run("-rf", state.toString()).ok();
    }

    private Program atoll(Path home) {
        return Program.of(home.resolve("bin/atoll").toString())
                .with("LXD_DIR", state.toString())
                .with("LXD_CONF", state.resolve("client").toString());
    }

    @Test
    void theDaemonTakesASocketOver() throws Exception {
        assumeTrue(
                Files.isExecutable(Path.of("/usr/bin/systemd-socket-activate")),
                "systemd-socket-activate");
        Path socket = state.resolve("unix.socket");
        Process daemon =
                Program.of("/usr/bin/systemd-socket-activate", "--listen=" + socket)
                        .with("ATOLL_JAVA", System.getProperty("java.home"))
                        .builder(
                                "--setenv=ATOLL_JAVA",
                                HOME.resolve("bin/atolld").toString(),
                                "--state-dir",
                                state.toString())
                        .redirectErrorStream(true)
                        .redirectOutput(state.resolve("daemon.out").toFile())
                        .start();
        try {
            Await.until("the socket", Duration.ofSeconds(10), () -> Files.exists(socket));
            Object listening = Files.getAttribute(socket, "unix:ino");
            // The first connection starts it.
            atoll(HOME).run("admin", "waitready", "--timeout=60").ok();
            assertTrue(atoll(HOME).run("list", "--format=csv").ok().out().isEmpty());
            assertEquals(listening, Files.getAttribute(socket, "unix:ino"));
        } finally {
            daemon.destroy();
            assertTrue(daemon.waitFor(60, TimeUnit.SECONDS));
        }
        // It belongs to whoever made it.
        assertTrue(Files.exists(socket));
    }

    @Test
    void aDamagedCacheIsToldOfAndHarmless() throws IOException {
        Path copy = state.resolve("copy");
        Program.of("cp").run("-a", HOME.toString(), copy.toString()).ok();
        try (Stream<Path> caches = Files.list(copy.resolve("lib/aot"))) {
            for (Path cache : caches.toList()) {
                Files.write(cache, new byte[1000]);
            }
        }
        Program.Output output = atoll(copy).run("version").ok();
        assertTrue(output.out().startsWith("Client version: "), output.out());
        assertTrue(output.err().contains("AOT cache"), output.err());

        // One of other jars is left alone without a word: a copy may have lost their times.
        Path jar = copy.resolve("lib/cli-0.1.0.jar");
        Files.copy(jar, copy.resolve("again"), StandardCopyOption.REPLACE_EXISTING);
        Files.move(copy.resolve("again"), jar, StandardCopyOption.REPLACE_EXISTING);
        assertTrue(atoll(copy).run("version").ok().out().startsWith("Client version: "));
    }
}
