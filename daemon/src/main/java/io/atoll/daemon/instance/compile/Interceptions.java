package io.atoll.daemon.instance.compile;

import io.atoll.daemon.instance.config.ConfigKey;
import io.atoll.daemon.instance.config.ConfigKeys;
import io.atoll.daemon.instance.config.InstanceConfig;
import io.atoll.runtime.spec.Interception;
import java.util.EnumSet;
import java.util.Map;
import java.util.Set;

/// `security.syscalls.intercept.*`.
final class Interceptions {
    private static final Map<ConfigKey<Boolean>, Interception> KINDS =
            Map.of(
                    ConfigKeys.INTERCEPT_BPF,
                    Interception.BPF,
                    ConfigKeys.INTERCEPT_MKNOD,
                    Interception.MKNOD,
                    ConfigKeys.INTERCEPT_MOUNT,
                    Interception.MOUNT,
                    ConfigKeys.INTERCEPT_SCHED,
                    Interception.SCHED_SETSCHEDULER,
                    ConfigKeys.INTERCEPT_SETXATTR,
                    Interception.SETXATTR,
                    ConfigKeys.INTERCEPT_SYSINFO,
                    Interception.SYSINFO);

    private Interceptions() {}

    static Set<Interception> of(InstanceConfig config) {
        Set<Interception> out = EnumSet.noneOf(Interception.class);
        KINDS.forEach((key, kind) -> {
            if (config.is(key)) {
                out.add(kind);
            }
        });
        return out;
    }
}
