package io.atoll.e2e;

import io.atoll.testkit.Program;
import io.atoll.testkit.TestDaemon;

/// The scenarios with the distribution's unmodified `lxc`.
class StockClientTest extends Scenarios {
    StockClientTest() {
        super("e2es");
    }

    @Override
    Program client(TestDaemon started) {
        return started.lxc();
    }
}
