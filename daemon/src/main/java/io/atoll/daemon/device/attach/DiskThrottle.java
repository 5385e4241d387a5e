package io.atoll.daemon.device.attach;

import io.atoll.daemon.device.IoLimits;
import io.atoll.linux.BlockDevices;
import io.atoll.runtime.spec.LimitsSpec;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// How fast an instance may use a block device.
record DiskThrottle(BlockDevices.Numbers device, IoLimits limits) {
    /// What the kernel is told. Several disks on one device share it: the smallest limit holds.
    static List<LimitsSpec.Throttle> merge(Collection<DiskThrottle> all) {
        Map<BlockDevices.Numbers, LimitsSpec.Throttle> out = new LinkedHashMap<>();
        for (DiskThrottle one : all) {
            LimitsSpec.Throttle own =
                    new LimitsSpec.Throttle(
                            one.device.major(),
                            one.device.minor(),
                            one.limits.readBytes(),
                            one.limits.writeBytes(),
                            one.limits.readOps(),
                            one.limits.writeOps());
            out.merge(one.device, own, DiskThrottle::smaller);
        }
        return List.copyOf(out.values());
    }

    private static LimitsSpec.Throttle smaller(LimitsSpec.Throttle a, LimitsSpec.Throttle b) {
        return new LimitsSpec.Throttle(
                a.major(),
                a.minor(),
                smaller(a.readBytes(), b.readBytes()),
                smaller(a.writeBytes(), b.writeBytes()),
                smaller(a.readOps(), b.readOps()),
                smaller(a.writeOps(), b.writeOps()));
    }

    private static long smaller(long a, long b) {
        return a == 0 || b == 0 ? Math.max(a, b) : Math.min(a, b);
    }

    /// As [#merge], with a zero limit for every device that had one before and has none now.
    static List<LimitsSpec.Throttle> change(
            Collection<DiskThrottle> before, Collection<DiskThrottle> after) {
        Map<String, LimitsSpec.Throttle> out = new LinkedHashMap<>();
        for (LimitsSpec.Throttle old : merge(before)) {
            out.put(key(old), new LimitsSpec.Throttle(old.major(), old.minor(), 0, 0, 0, 0));
        }
        merge(after).forEach(t -> out.put(key(t), t));
        return List.copyOf(out.values());
    }

    private static String key(LimitsSpec.Throttle t) {
        return t.major() + ":" + t.minor();
    }
}
