package io.atoll.e2e;

import io.atoll.testkit.Await;
import io.atoll.testkit.Program;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Disabled;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;

/// The scenarios on Debian's own `lxd`, which tests the scenarios: what fails here is no fault of ours. Run by hand:
/// `./mk e2e -Dtest=UpstreamTest -Dtests.upstream=true`.
@EnabledIfSystemProperty(named = "tests.upstream", matches = "true")
class UpstreamTest extends Scenarios {
    private static final Duration LIMIT = Duration.ofSeconds(30);

    private Optional<Process> server = Optional.empty();

    UpstreamTest() {
        super("e2eu");
    }

    @Override
    Program startServer(String name) {
        Assumptions.assumeTrue(Files.exists(Path.of("/usr/bin/lxd")), "Debian's lxd is not installed");
        try {
            Path state = Files.createTempDirectory(name + "-");
            Program lxd = Program.of("lxd").with("LXD_DIR", state.toString());
            server =
                    Optional.of(
                            lxd.builder("--group", "root")
                                    .redirectErrorStream(true)
                                    .redirectOutput(new File(state.toFile(), "out.log"))
                                    .start());
            Await.until("lxd to be ready", LIMIT, () -> lxd.run("waitready", "--timeout=20").exit() == 0);
            return Program.of("lxc")
                    .with("LXD_DIR", state.toString())
                    .with("LXD_CONF", state.resolve("client").toString());
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }

    @Override
    void stopServer() {
        Process running = server.orElseThrow();
        running.destroy();
        try {
            running.waitFor(LIMIT.toSeconds(), TimeUnit.SECONDS);
        } catch (InterruptedException failure) {
            throw new AssertionError(failure);
        }
    }

    @Test
    @Override
    @Disabled("5.0.2 hangs for ever and the instance stays busy")
    void aPausedInstanceIsDeleted() {}

    @Override
    String poolDriver() {
        return "dir";
    }

    @Override
    String bridgeOption() {
        return "ipv4.address=10.231.77.1/24";
    }
}
