package io.atoll.runtime.lxc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.atoll.base.UnsupportedException;
import io.atoll.linux.cgroup.CgroupHierarchy;
import io.atoll.linux.cgroup.CgroupLayout;
import io.atoll.runtime.compiler.CgroupWrite;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

class LxcLimitsTest {
    private static final CgroupHierarchy UNIFIED =
            new CgroupHierarchy(2, "/u", Set.of("hugetlb"), "/");
    private static final CgroupLayout HYBRID =
            new CgroupLayout(
                    List.of(
                            new CgroupHierarchy(1, "/pids", Set.of("pids"), "/"),
                            new CgroupHierarchy(1, "/devices", Set.of("devices"), "/"),
                            UNIFIED));
    private static final CgroupLayout PURE =
            new CgroupLayout(List.of(new CgroupHierarchy(2, "/u", Set.of("pids", "memory"), "/")));

    private static LxcConfig config(String... lines) {
        return LxcConfig.parse(String.join("\n", lines) + "\n", "c", LxcIncludes.files());
    }

    @Test
    void tellsOfKeysForTheOtherVersion() {
        assertEquals(
                List.of(
                        "lxc.cgroup2.pids.max is not used: controller pids is on cgroup version 1"
                                + " here, use keys of lxc.cgroup.pids",
                        "lxc.cgroup2.memory.max is not used: there is no cgroup controller memory"
                                + " to use here"),
                LxcLimits.unused(
                        config(
                                "lxc.cgroup.pids.max = 9",
                                "lxc.cgroup2.pids.max = 9",
                                "lxc.cgroup2.memory.max = 1M",
                                "lxc.cgroup2.hugetlb.2MB.max = 0",
                                "lxc.cgroup2.cgroup.max.depth = 3",
                                "lxc.cgroup.dir = x"),
                        HYBRID));
        assertEquals(
                List.of(
                        "lxc.cgroup.memory.limit_in_bytes is not used: controller memory is on"
                                + " cgroup version 2 here, use keys of lxc.cgroup2.memory"),
                LxcLimits.unused(
                        config(
                                "lxc.cgroup.memory.limit_in_bytes = 1M",
                                "lxc.cgroup2.memory.max = 1M"),
                        PURE));
    }

    /// The rules of templates' configurations are there for both.
    @Test
    void rulesForDevicesAreToldOfIfNoneAreInForce() {
        String two = "lxc.cgroup2.devices.deny = a";
        assertEquals(
                List.of(
                        "lxc.cgroup2.devices.* is not used: controller devices is on cgroup"
                                + " version 1 here, use keys of lxc.cgroup.devices"),
                LxcLimits.unused(config(two), HYBRID));
        assertEquals(
                List.of(), LxcLimits.unused(config(two, "lxc.cgroup.devices.deny = a"), HYBRID));
        assertEquals(List.of(), LxcLimits.unused(config("lxc.cgroup.devices.deny = a"), PURE));
    }

    @Test
    void refusesControllersThatTheHostDoesNotHave() {
        var limits = LxcLimits.limits(config("lxc.cgroup.memroy.limit_in_bytes = 1M"));
        UnsupportedException failure =
                assertThrows(UnsupportedException.class, () -> CgroupWrite.of(limits, HYBRID));
        assertEquals(
                "cannot limit memroy.limit_in_bytes: there is no cgroup controller memroy to use"
                        + " here",
                failure.getMessage());
        assertEquals(List.of(), CgroupWrite.of(limits, PURE));
        var newer = LxcLimits.limits(config("lxc.cgroup2.hugetlb.2MB.max = 0"));
        assertThrows(UnsupportedException.class, () -> CgroupWrite.of(newer, PURE));
        var core = LxcLimits.limits(config("lxc.cgroup2.cgroup.max.depth = 3"));
        assertEquals(1, CgroupWrite.of(core, PURE).size());
        assertEquals(List.of(), CgroupWrite.of(limits, new CgroupLayout(List.of())));
    }
}
