package io.atoll.e2e;

import io.atoll.testkit.Program;
import io.atoll.testkit.TestDaemon;
import java.util.Optional;

/// The scenarios with the distribution's unmodified `lxc`.
class StockClientTest extends Scenarios {
    private Optional<TestDaemon> daemon = Optional.empty();

    StockClientTest() {
        super("e2es");
    }

    @Override
    Program startServer(String name) {
        daemon = Optional.of(TestDaemon.launch(name));
        return daemon.get().lxc();
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
