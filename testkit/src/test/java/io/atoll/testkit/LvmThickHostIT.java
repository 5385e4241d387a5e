package io.atoll.testkit;

import java.util.Map;

/// Volumes without a thin pool, on hosts that have them.
class LvmThickHostIT extends LvmHostContract {
    LvmThickHostIT() {
        super(Map.of("lvm.use_thinpool", "false"));
    }

    @Override
    String module() {
        return "dm-snapshot";
    }

    @Override
    void leaveHalfMade(String group) {
        String _ = run("lvcreate", "--yes", "-n", "making_0", "-L", "8388608b", group);
    }

    @Override
    protected long restoredBytes(long ofSnapshot, long before) {
        return before;
    }
}
