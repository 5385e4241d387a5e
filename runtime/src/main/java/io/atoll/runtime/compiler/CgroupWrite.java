package io.atoll.runtime.compiler;

import io.atoll.base.ByteSize;
import io.atoll.base.UnsupportedException;
import io.atoll.linux.cgroup.CgroupHierarchy;
import io.atoll.linux.cgroup.CgroupLayout;
import io.atoll.runtime.spec.LimitsSpec;
import io.atoll.runtime.spec.LimitsSpec.RawKey;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// One file of a cgroup to write. Limits become these both when a container starts and when they
/// change while it runs.
///
/// @param isOptional true if the kernel may lack the file, and what it does is a refinement
public record CgroupWrite(
        CgroupHierarchy hierarchy, String file, String value, boolean isOptional) {
    private static final long SHARES_MIN = 2;
    private static final long SHARES_MAX = 262_144;
    private static final long WEIGHT_MAX = 10_000;
    private static final long PERIOD_MICROS = 100_000;

    /// The kernel's own; only version 1 has it for each cgroup.
    private static final String SWAPPINESS = "60";

    private static final List<String> HUGEPAGE_SIZES = List.of("64KB", "1MB", "2MB", "1GB");

    /// What to write for these limits on a host of this layout, in order.
    ///
    /// @throws UnsupportedException if a limit is asked for whose controller the host does not have
    public static List<CgroupWrite> of(LimitsSpec limits, CgroupLayout layout) {
        Writer writer = new Writer(layout, new ArrayList<>());
        writer.memory(limits.memory());
        writer.cpu(limits.cpu());
        limits.pidsMax()
                .ifPresent(max -> writer.add("pids", "pids.max", "pids.max", Long.toString(max)));
        writer.io(limits.io());
        for (LimitsSpec.Hugepages pages : limits.hugepages()) {
            String name = "hugetlb." + pages.pageSize();
            String max = Long.toString(pages.max().bytes());
            writer.add("hugetlb", name + ".limit_in_bytes", name + ".max", max);
        }
        limits.raw().forEach(writer::raw);
        return List.copyOf(writer.all());
    }

    /// Where the file of a raw key is on a host of this layout; empty if the host does not use the
    /// key's version for its controller.
    public static Optional<CgroupHierarchy> place(RawKey key, CgroupLayout layout) {
        int version = key.version() == RawKey.Version.V1 ? 1 : 2;
        boolean isCore = version == 2 && key.controller().equals("cgroup");
        return (isCore ? layout.unified() : layout.controller(key.controller()))
                .filter(h -> h.version() == version);
    }

    /// What undoes every limit of [LimitsSpec] but the raw ones.
    public static List<CgroupWrite> defaults(CgroupLayout layout) {
        Writer writer = new Writer(layout, new ArrayList<>());
        writer.reset("memory", "memory.memsw.limit_in_bytes", "memory.swap.max", "-1", "max");
        writer.reset("memory", "memory.limit_in_bytes", "memory.max", "-1", "max");
        writer.reset("memory", "memory.soft_limit_in_bytes", "memory.low", "-1", "0");
        writer.reset("memory", "memory.swappiness", "", SWAPPINESS, "");
        writer.reset("cpu", "cpu.shares", "cpu.weight", "1024", "100");
        writer.reset("cpu", "cpu.cfs_quota_us", "cpu.max", "-1", "max");
        writer.reset("pids", "pids.max", "pids.max", "max", "max");
        writer.reset("io", "", "io.weight", "", "default 100");
        writer.reset("blkio", "blkio.weight", "", "500", "");
        for (String size : HUGEPAGE_SIZES) {
            String name = "hugetlb." + size;
            writer.reset("hugetlb", name + ".limit_in_bytes", name + ".max", "-1", "max");
        }
        return List.copyOf(writer.all());
    }

    private record Writer(CgroupLayout layout, List<CgroupWrite> all) {
        /// Adds the file of whichever version has the controller.
        void add(String controller, String v1File, String v2File, String value) {
            add(controller, v1File, v2File, value, value, false);
        }

        void add(
                String controller,
                String v1File,
                String v2File,
                String v1Value,
                String v2Value,
                boolean isOptional) {
            CgroupHierarchy hierarchy =
                    layout.controller(controller)
                            .orElseThrow(() ->
                                    new UnsupportedException(
                                            "this host has no cgroup controller " + controller));
            boolean isV1 = hierarchy.version() == 1;
            String file = isV1 ? v1File : v2File;
            if (!file.isEmpty()) {
                all.add(new CgroupWrite(hierarchy, file, isV1 ? v1Value : v2Value, isOptional));
            }
        }

        void reset(
                String controller, String v1File, String v2File, String v1Value, String v2Value) {
            if (layout.controller(controller).isPresent()) {
                add(controller, v1File, v2File, v1Value, v2Value, true);
            }
        }

        void memory(LimitsSpec.Memory memory) {
            memory.hard()
                    .ifPresent(size ->
                            add("memory", "memory.limit_in_bytes", "memory.max", text(size)));
            memory.soft()
                    .ifPresent(size ->
                            add("memory", "memory.soft_limit_in_bytes", "memory.low", text(size)));
            memory.swapMax()
                    .ifPresent(swap -> {
                        // Version 1 limits the sum, so without a limit of memory there is nothing
                        // to say.
                        Optional<ByteSize> hard = memory.hard();
                        String v1File = hard.isPresent() ? "memory.memsw.limit_in_bytes" : "";
                        long sum = swap.bytes() + hard.map(ByteSize::bytes).orElse(0L);
                        add(
                                "memory",
                                v1File,
                                "memory.swap.max",
                                Long.toString(sum),
                                text(swap),
                                true);
                    });
            memory.swappiness()
                    .ifPresent(value ->
                            add(
                                    "memory",
                                    "memory.swappiness",
                                    "",
                                    Integer.toString(value),
                                    "",
                                    true));
        }

        void cpu(LimitsSpec.Cpu cpu) {
            cpu.shares()
                    .ifPresent(shares ->
                            add(
                                    "cpu",
                                    "cpu.shares",
                                    "cpu.weight",
                                    Long.toString(shares),
                                    Long.toString(weight(shares)),
                                    false));
            long period = cpu.periodMicros().orElse(PERIOD_MICROS);
            if (cpu.quotaMicros().isPresent()) {
                String quota = Long.toString(cpu.quotaMicros().getAsLong());
                // On version 1 the period comes first: a quota is checked against it.
                add("cpu", "cpu.cfs_period_us", "", Long.toString(period), "", false);
                add("cpu", "cpu.cfs_quota_us", "cpu.max", quota, quota + " " + period, false);
            }
            cpu.mems().ifPresent(list -> add("cpuset", "cpuset.mems", "cpuset.mems", list));
            cpu.cpus().ifPresent(list -> add("cpuset", "cpuset.cpus", "cpuset.cpus", list));
        }

        void io(LimitsSpec.Io io) {
            io.weight()
                    .ifPresent(weight ->
                            add(
                                    layout.controller("io").isPresent() ? "io" : "blkio",
                                    "blkio.weight",
                                    "io.weight",
                                    Integer.toString(weight),
                                    "default " + weight,
                                    true));
            for (LimitsSpec.Throttle t : io.throttles()) {
                String device = t.major() + ":" + t.minor();
                if (layout.controller("io").isPresent()) {
                    add("io", "", "io.max", "", ioMax(device, t), false);
                } else {
                    throttle("read_bps_device", device, t.readBytes());
                    throttle("write_bps_device", device, t.writeBytes());
                    throttle("read_iops_device", device, t.readOps());
                    throttle("write_iops_device", device, t.writeOps());
                }
            }
        }

        private void throttle(String file, String device, long limit) {
            add("blkio", "blkio.throttle." + file, "", device + " " + limit, "", false);
        }

        private static String ioMax(String device, LimitsSpec.Throttle t) {
            return device
                    + " rbps="
                    + orMax(t.readBytes())
                    + " wbps="
                    + orMax(t.writeBytes())
                    + " riops="
                    + orMax(t.readOps())
                    + " wiops="
                    + orMax(t.writeOps());
        }

        private static String orMax(long limit) {
            return limit == 0 ? "max" : Long.toString(limit);
        }

        /// A key for the version that the host does not use for it is ignored, as liblxc does; so
        /// are all where we may not use any cgroups.
        void raw(RawKey key) {
            boolean isPureV2 = layout.kind() == CgroupLayout.Kind.V2;
            boolean isOfThisHost = isPureV2 == (key.version() == RawKey.Version.V2);
            Optional<CgroupHierarchy> place = place(key, layout);
            if (isOfThisHost
                    && place.isEmpty()
                    && layout.controller(key.controller()).isEmpty()
                    && !layout.hierarchies().isEmpty()) {
                throw new UnsupportedException(
                        "cannot limit "
                                + key.key()
                                + ": there is no cgroup controller "
                                + key.controller()
                                + " to use here");
            }
            place.ifPresent(h -> all.add(new CgroupWrite(h, key.key(), key.value(), false)));
        }

        private static String text(ByteSize size) {
            return Long.toString(size.bytes());
        }
    }

    /// Shares of version 1 as a weight of version 2, by the line through both ends of the ranges.
    static long weight(long shares) {
        return 1 + (shares - SHARES_MIN) * (WEIGHT_MAX - 1) / (SHARES_MAX - SHARES_MIN);
    }

    /// The file's absolute path for the cgroup of that path.
    public String path(String cgroup) {
        return HostFacts.directory(hierarchy, cgroup) + "/" + file;
    }
}
