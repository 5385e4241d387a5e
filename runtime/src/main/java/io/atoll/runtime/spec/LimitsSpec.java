package io.atoll.runtime.spec;

import io.atoll.base.ByteSize;
import io.atoll.base.InvalidConfigException;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;

/// What a container may use, in terms that hold for cgroup v1 and v2 alike, and raw keys for the
/// rest.
///
/// @param memory hard or soft limit of memory
/// @param cpu share, quota and set of CPUs
/// @param pidsMax processes and threads
/// @param io weight and throughput of block devices
/// @param hugepages limits by page size
/// @param raw keys written as they are, after the others
public record LimitsSpec(
        Memory memory,
        Cpu cpu,
        OptionalLong pidsMax,
        Io io,
        List<Hugepages> hugepages,
        List<RawKey> raw) {
    /// No limit at all.
    public static final LimitsSpec NONE =
            new LimitsSpec(
                    Memory.NONE, Cpu.NONE, OptionalLong.empty(), Io.NONE, List.of(), List.of());

    public LimitsSpec {
        hugepages = List.copyOf(hugepages);
        raw = List.copyOf(raw);
        if (pidsMax.isPresent() && pidsMax.getAsLong() < 1) {
            throw new InvalidConfigException(
                    "limit of processes is below 1: " + pidsMax.getAsLong());
        }
    }

    /// Memory.
    ///
    /// @param hard above which processes are killed
    /// @param soft above which memory is reclaimed first when the host is short
    /// @param swapMax swap on top of `hard`; absent means unlimited, zero none
    /// @param swappiness 0 to 100, v1 only
    public record Memory(
            Optional<ByteSize> hard,
            Optional<ByteSize> soft,
            Optional<ByteSize> swapMax,
            OptionalInt swappiness) {
        public static final Memory NONE =
                new Memory(
                        Optional.empty(), Optional.empty(), Optional.empty(), OptionalInt.empty());
    }

    /// CPU time.
    ///
    /// @param shares relative share, 1024 is ordinary (v1's unit; converted to a weight for v2)
    /// @param quotaMicros CPU time per period
    /// @param periodMicros length of the period; 100,000 if absent
    /// @param cpus list of CPUs such as `0-1,3`
    /// @param mems list of memory nodes
    public record Cpu(
            OptionalLong shares,
            OptionalLong quotaMicros,
            OptionalLong periodMicros,
            Optional<String> cpus,
            Optional<String> mems) {
        public static final Cpu NONE =
                new Cpu(
                        OptionalLong.empty(),
                        OptionalLong.empty(),
                        OptionalLong.empty(),
                        Optional.empty(),
                        Optional.empty());

        public Cpu {
            if (shares.isPresent() && (shares.getAsLong() < 2 || shares.getAsLong() > 262_144)) {
                throw new InvalidConfigException(
                        "cpu shares " + shares.getAsLong() + " are not in 2..262144");
            }
        }
    }

    /// Block I/O.
    ///
    /// @param weight 10 to 1000, 500 is ordinary
    public record Io(OptionalInt weight, List<Throttle> throttles) {
        public static final Io NONE = new Io(OptionalInt.empty(), List.of());

        public Io {
            throttles = List.copyOf(throttles);
        }
    }

    /// Limits of one block device, each 0 for none.
    public record Throttle(
            int major, int minor, long readBytes, long writeBytes, long readOps, long writeOps) {}

    /// A limit of huge pages, by the page size as the kernel names it (`2MB`).
    public record Hugepages(String pageSize, ByteSize max) {}

    /// A cgroup file to write: `lxc.cgroup.KEY` for v1, `lxc.cgroup2.KEY` for v2.
    ///
    /// @param key file name such as `memory.limit_in_bytes`, no slash
    public record RawKey(Version version, String key, String value) {
        /// Which hierarchy the key is meant for; the other ignores it.
        public enum Version {
            V1,
            V2
        }

        public RawKey {
            if (key.indexOf('.') < 1 || key.indexOf('/') >= 0) {
                throw new InvalidConfigException("not a cgroup key: " + key);
            }
        }

        /// The controller, the part before the dot.
        public String controller() {
            return key.substring(0, key.indexOf('.'));
        }
    }
}
