package io.atoll.e2e;

import io.atoll.testkit.Program;
import io.atoll.testkit.TestDaemon;

/// The scenarios with our own command line.
class AtollClientTest extends Scenarios {
    AtollClientTest() {
        super("e2ea");
    }

    @Override
    Program client(TestDaemon started) {
        return started.atoll();
    }
}
