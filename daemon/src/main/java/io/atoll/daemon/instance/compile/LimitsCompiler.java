package io.atoll.daemon.instance.compile;

import io.atoll.base.ByteSize;
import io.atoll.base.CpuSet;
import io.atoll.base.InvalidConfigException;
import io.atoll.daemon.instance.config.ConfigKey;
import io.atoll.daemon.instance.config.ConfigKeys;
import io.atoll.daemon.instance.config.CpuAllowance;
import io.atoll.daemon.instance.config.CpuLimit;
import io.atoll.daemon.instance.config.InstanceConfig;
import io.atoll.daemon.instance.config.KernelLimit;
import io.atoll.daemon.instance.config.MemoryLimit;
import io.atoll.runtime.spec.LimitsSpec;
import io.atoll.runtime.spec.Rlimit;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;

/// Turns `limits.*` keys into the runtime's limits.
public final class LimitsCompiler {
    private static final long SHARES = 1024;
    private static final int PRIORITY_MAX = 10;
    private static final int IO_WEIGHT_MIN = 10;

    /// The kernel's usual swappiness; the swap priority lowers the inclination from here.
    private static final int SWAPPINESS = 60;

    private static final Map<String, ConfigKey<ByteSize>> HUGEPAGES =
            Map.of(
                    "64KB", ConfigKeys.HUGEPAGES_64KB,
                    "1MB", ConfigKeys.HUGEPAGES_1MB,
                    "2MB", ConfigKeys.HUGEPAGES_2MB,
                    "1GB", ConfigKeys.HUGEPAGES_1GB);

    private final HostResources host;
    private final CpuSet chosen;

    /// @param chosen the CPUs for an instance whose configuration says how many, as [CpuPlacement]
    ///   chooses them
    public LimitsCompiler(HostResources host, CpuSet chosen) {
        this.host = host;
        this.chosen = chosen;
    }

    /// The cgroup limits. `limits.network.priority` is left to the interfaces.
    public LimitsSpec compile(InstanceConfig config) {
        List<LimitsSpec.Hugepages> pages = new ArrayList<>();
        HUGEPAGES.forEach((size, key) ->
                config.get(key).ifPresent(max -> pages.add(new LimitsSpec.Hugepages(size, max))));
        return new LimitsSpec(
                memory(config),
                cpu(config),
                config.get(ConfigKeys.PROCESSES).map(OptionalLong::of).orElse(OptionalLong.empty()),
                new LimitsSpec.Io(
                        optional(
                                config.get(ConfigKeys.DISK_PRIORITY)
                                        .map(p -> Math.max(IO_WEIGHT_MIN, p * 100))),
                        List.of()),
                pages,
                List.of());
    }

    private LimitsSpec.Memory memory(InstanceConfig config) {
        Optional<MemoryLimit> limit = config.get(ConfigKeys.MEMORY);
        OptionalInt swappiness = swappiness(config);
        if (limit.isEmpty()) {
            return new LimitsSpec.Memory(
                    Optional.empty(), Optional.empty(), Optional.empty(), swappiness);
        }
        long bytes = limit.get().bytes(host.memoryBytes());
        if (config.text(ConfigKeys.MEMORY_ENFORCE.name()).equals(Optional.of("soft"))) {
            return new LimitsSpec.Memory(
                    Optional.empty(),
                    Optional.of(new ByteSize(bytes)),
                    Optional.empty(),
                    swappiness);
        }
        return new LimitsSpec.Memory(
                Optional.of(new ByteSize(bytes)),
                Optional.of(new ByteSize(bytes / 10 * 9)),
                Optional.of(new ByteSize(0)),
                swappiness);
    }

    private static OptionalInt swappiness(InstanceConfig config) {
        if (!config.is(ConfigKeys.MEMORY_SWAP, true)) {
            return OptionalInt.of(0);
        }
        return optional(
                config.get(ConfigKeys.MEMORY_SWAP_PRIORITY)
                        .map(p -> SWAPPINESS + PRIORITY_MAX - p));
    }

    private LimitsSpec.Cpu cpu(InstanceConfig config) {
        OptionalLong quota = OptionalLong.empty();
        OptionalLong period = OptionalLong.empty();
        long shares = SHARES;
        Optional<CpuAllowance> allowance = config.get(ConfigKeys.CPU_ALLOWANCE);
        if (allowance.isPresent()) {
            switch (allowance.get()) {
                case CpuAllowance.Share(int percent) ->
                        shares = Math.max(2, SHARES * percent / 100);
                case CpuAllowance.Quota(long quotaMicros, long periodMicros) -> {
                    quota = OptionalLong.of(quotaMicros);
                    period = OptionalLong.of(periodMicros);
                }
            }
        }
        shares =
                Math.max(
                        2,
                        shares
                                - PRIORITY_MAX
                                + config.get(ConfigKeys.CPU_PRIORITY).orElse(PRIORITY_MAX));
        return new LimitsSpec.Cpu(
                shares == SHARES ? OptionalLong.empty() : OptionalLong.of(shares),
                quota,
                period,
                config.get(ConfigKeys.CPU).flatMap(this::cpuSet),
                Optional.empty());
    }

    /// The CPUs to run on; nothing where the limit does not exclude any.
    private Optional<String> cpuSet(CpuLimit limit) {
        return switch (limit) {
            case CpuLimit.Count(int cpus) ->
                    cpus == 0 || cpus >= host.cpus().count()
                            ? Optional.empty()
                            : Optional.of(chosen.render());
            case CpuLimit.Pinned pinned -> {
                if (!host.cpus().containsAll(pinned.cpus())) {
                    throw new InvalidConfigException(
                            "limits.cpu names CPUs that the host does not have: "
                                    + pinned.cpus().render());
                }
                yield Optional.of(pinned.cpus().render());
            }
        };
    }

    /// The resource limits of init.
    public List<Rlimit> rlimits(InstanceConfig config) {
        List<Rlimit> out = new ArrayList<>();
        for (Map.Entry<String, KernelLimit> e : config.below(ConfigKeys.KERNEL_LIMITS).entrySet()) {
            out.add(
                    new Rlimit(
                            Rlimit.Resource.parse(e.getKey()),
                            e.getValue().soft().orElse(Rlimit.INFINITY),
                            e.getValue().hard().orElse(Rlimit.INFINITY)));
        }
        return out;
    }

    private static OptionalInt optional(Optional<Integer> value) {
        return value.isPresent() ? OptionalInt.of(value.get()) : OptionalInt.empty();
    }
}
