package io.atoll.testkit;

import java.util.Map;

/// Thin volumes, on hosts that have them.
class LvmHostIT extends LvmHostContract {
    LvmHostIT() {
        super(Map.of());
    }

    @Override
    String module() {
        return "dm-thin-pool";
    }
}
