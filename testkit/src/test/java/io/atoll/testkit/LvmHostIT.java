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

    /// The second is between the two halves of a restore.
    @Override
    void leaveHalfMade(String group) {
        String pool = group + "/LXDThinPool";
        String _ = run("lvcreate", "-n", "making_0", "-V", "8388608b", "--thinpool", pool);
        String _ = run("lvrename", group, "containers_c1", "restored_containers_c1");
    }
}
