package io.atoll.e2e;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.atoll.testkit.Program;
import io.atoll.testkit.Program.Output;
import io.atoll.testkit.TestDaemon;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/// The scenarios with our own command line.
class AtollClientTest extends Scenarios {
    private Optional<TestDaemon> daemon = Optional.empty();

    AtollClientTest() {
        super("e2ea");
    }

    @Override
    Program startServer(String name) {
        daemon = Optional.of(TestDaemon.launch(name));
        return daemon.get().atoll();
    }

    @Test
    void aStartIsExplainedAndNothingIsDone() {
        lxc("init", "busybox", "c1");
        Output stopped = lxc("start", "c1", "--explain");
        assertTrue(stopped.out().contains("mount"), stopped.out());
        assertEquals("STOPPED", lxc("list", "--format=csv", "--columns=s").out().strip());
    }

    @Override
    void stopServer() {
        daemon.ifPresent(TestDaemon::close);
    }

    @Override
    String poolDriver() {
        return "overlay";
    }

    @Override
    String bridgeOption() {
        return "ipv4.address=auto";
    }
}
