package io.atoll.lxcfs.cgroup;

import io.atoll.base.CpuSet;
import io.atoll.lxcfs.view.CgroupMemory;
import io.atoll.lxcfs.view.CpuUsage;
import io.atoll.lxcfs.view.CpuView;
import io.atoll.lxcfs.view.Diskstats;
import io.atoll.lxcfs.view.Text;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;

/// The numbers of one container's cgroups, read afresh at each call: a limit that changes is seen
/// at the next open. A controller may be on v1 or v2, whatever the others are on.
public final class Cgroup {
    /// Values at or above this are the kernel's way to say "no limit" on v1 (PAGE_COUNTER_MAX).
    private static final long V1_UNLIMITED = 0x7FFF_FFFF_FFFF_F000L;

    private final HostFiles files;
    private final CgroupMounts mounts;
    private final Membership membership;

    public Cgroup(HostFiles files, CgroupMounts mounts, Membership membership) {
        this.files = files;
        this.mounts = mounts;
        this.membership = membership;
    }

    /// Memory and swap; empty when no memory controller can be read.
    public Optional<CgroupMemory> memory() {
        Optional<String> v1 = v1Directory("memory");
        return v1.isPresent() ? v1.flatMap(this::memoryV1) : v2Directory().flatMap(this::memoryV2);
    }

    private Optional<CgroupMemory> memoryV1(String directory) {
        Optional<String> statText = files.read(directory + "/memory.stat");
        OptionalLong usage = number(directory + "/memory.usage_in_bytes");
        if (statText.isEmpty() || usage.isEmpty()) {
            return Optional.empty();
        }
        // hierarchical_*_limit is the least limit on the way to the root, computed by the kernel.
        Map<String, Long> stat = Text.parseFlatKeyed(statText.get());
        long limit = unlimitedToMax(stat.getOrDefault("hierarchical_memory_limit", V1_UNLIMITED));
        OptionalLong memswUsage = number(directory + "/memory.memsw.usage_in_bytes");
        Optional<CgroupMemory.Swap> swap = Optional.empty();
        if (memswUsage.isPresent()) {
            swap =
                    Optional.of(
                            new CgroupMemory.Swap(
                                    unlimitedToMax(
                                            stat.getOrDefault(
                                                    "hierarchical_memsw_limit", V1_UNLIMITED)),
                                    Math.max(0, memswUsage.getAsLong() - usage.getAsLong()),
                                    number(directory + "/memory.swappiness").orElse(60)));
        }
        return Optional.of(
                new CgroupMemory(limit, usage.getAsLong(), CgroupMemory.Stat.ofV1(stat), swap));
    }

    private Optional<CgroupMemory> memoryV2(String directory) {
        Optional<String> statText = files.read(directory + "/memory.stat");
        OptionalLong usage = number(directory + "/memory.current");
        if (statText.isEmpty() || usage.isEmpty()) {
            return Optional.empty();
        }
        long limit = leastUpwards(directory, "memory.max");
        OptionalLong swapUsage = number(directory + "/memory.swap.current");
        Optional<CgroupMemory.Swap> swap =
                swapUsage.isEmpty()
                        ? Optional.empty()
                        : Optional.of(
                                new CgroupMemory.Swap(
                                        leastUpwards(directory, "memory.swap.max"),
                                        swapUsage.getAsLong(),
                                        60));
        CgroupMemory.Stat stat = CgroupMemory.Stat.ofV2(Text.parseFlatKeyed(statText.get()));
        return Optional.of(new CgroupMemory(limit, usage.getAsLong(), stat, swap));
    }

    /// The processors the container may use; empty when there is no cpuset controller.
    ///
    /// @param cutsByQuota whether a CFS quota cuts their number
    public Optional<CpuView> cpus(boolean cutsByQuota) {
        Optional<CpuSet> cpuset = cpuset();
        if (!cutsByQuota) {
            return cpuset.map(cpus -> new CpuView(cpus, false));
        }
        return cpuset.map(cpus -> CpuView.ofQuota(cpus, quota()));
    }

    private Optional<CpuSet> cpuset() {
        Optional<String> v1 = v1Directory("cpuset");
        if (v1.isPresent()) {
            return firstUpwards(v1.get(), "cpuset.effective_cpus")
                    .or(() -> firstUpwards(v1.get(), "cpuset.cpus"))
                    .map(CpuSet::parse);
        }
        return v2Directory()
                .flatMap(d -> firstUpwards(d, "cpuset.cpus.effective"))
                .map(CpuSet::parse);
    }

    /// Processors allowed by the tightest quota on the way to the root; 0 without one.
    private double quota() {
        Optional<String> v1 = v1Directory("cpu");
        String directory = v1.or(this::v2Directory).orElse("");
        double least = 0;
        for (String at : upwards(directory)) {
            double here = v1.isPresent() ? quotaV1(at) : quotaV2(at);
            least = here > 0 && (least == 0 || here < least) ? here : least;
        }
        return least;
    }

    private double quotaV1(String directory) {
        // -1, no quota, is no number to OptionalLong's parser: absent.
        long quota = number(directory + "/cpu.cfs_quota_us").orElse(0);
        long period = number(directory + "/cpu.cfs_period_us").orElse(0);
        return period > 0 ? (double) quota / period : 0;
    }

    private double quotaV2(String directory) {
        String[] words = files.read(directory + "/cpu.max").orElse("").strip().split(" ");
        if (words.length < 2) {
            return 0;
        }
        long period = Text.parseLong(words[1]).orElse(0);
        return period > 0 ? (double) Text.parseLong(words[0]).orElse(0) / period : 0;
    }

    /// Time used per processor; cgroup v2 has no such figures.
    public Optional<CpuUsage> cpuUsage() {
        return v1Directory("cpuacct")
                .flatMap(d -> files.read(d + "/cpuacct.usage_all"))
                .map(CpuUsage::parseUsageAll);
    }

    /// Processor time used in all, in nanoseconds.
    public Optional<Long> cpuNanos() {
        Optional<String> v1 = v1Directory("cpuacct");
        if (v1.isPresent()) {
            OptionalLong nanos = number(v1.get() + "/cpuacct.usage");
            return nanos.isPresent() ? Optional.of(nanos.getAsLong()) : Optional.empty();
        }
        return v2Directory()
                .flatMap(d -> files.read(d + "/cpu.stat"))
                .map(text -> Text.parseFlatKeyed(text).getOrDefault("usage_usec", 0L) * 1000);
    }

    /// Block input and output by `MAJOR:MINOR`.
    public Optional<Map<String, Diskstats.Io>> io() {
        Optional<String> v1 = v1Directory("blkio");
        if (v1.isPresent()) {
            Optional<String> bytes =
                    files.read(v1.get() + "/blkio.throttle.io_service_bytes_recursive");
            Optional<String> operations =
                    files.read(v1.get() + "/blkio.throttle.io_serviced_recursive");
            return bytes.flatMap(b -> operations.map(o -> Diskstats.parseThrottle(b, o)));
        }
        return v2Directory().flatMap(d -> files.read(d + "/io.stat")).map(Diskstats::parseIoStat);
    }

    /// The pressure stall file of one resource, as the kernel wrote it.
    ///
    /// @param resource `cpu`, `io` or `memory`
    public Optional<String> pressure(String resource) {
        return v2Directory().flatMap(d -> files.read(d + "/" + resource + ".pressure"));
    }

    /// The directory whose tasks, with those below it, are the container's. A controller on which
    /// the container has no cgroup of its own would count the whole host.
    public Optional<String> taskDirectory() {
        for (String controller : List.of("cpu", "pids", "memory", "freezer", "cpuset", "cpuacct")) {
            if (!membership.v1().getOrDefault(controller, "/").equals("/")
                    && mounts.v1().containsKey(controller)) {
                return v1Directory(controller);
            }
        }
        return v2Directory().filter(_ -> !membership.v2().orElse("/").equals("/"));
    }

    private Optional<String> v1Directory(String controller) {
        Optional<String> mount = Optional.ofNullable(mounts.v1().get(controller));
        Optional<String> path = Optional.ofNullable(membership.v1().get(controller));
        return mount.flatMap(m -> path.map(p -> join(m, p)));
    }

    private Optional<String> v2Directory() {
        return mounts.v2().flatMap(m -> membership.v2().map(p -> join(m, p)));
    }

    private static String join(String mount, String path) {
        return path.equals("/") ? mount : mount + path;
    }

    private long leastUpwards(String directory, String file) {
        long least = Long.MAX_VALUE;
        for (String at : upwards(directory)) {
            // "max" is no number: absent.
            least = Math.min(least, number(at + "/" + file).orElse(Long.MAX_VALUE));
        }
        return least;
    }

    private Optional<String> firstUpwards(String directory, String file) {
        for (String at : upwards(directory)) {
            Optional<String> text = files.read(at + "/" + file);
            if (text.isPresent() && !text.get().isBlank()) {
                return text;
            }
        }
        return Optional.empty();
    }

    /// The directory and its parents down to the hierarchy's mount point.
    private List<String> upwards(String directory) {
        List<String> out = new ArrayList<>();
        String at = directory;
        while (!at.isEmpty()) {
            out.add(at);
            if (mounts.v1().containsValue(at) || mounts.v2().filter(at::equals).isPresent()) {
                return out;
            }
            at = at.substring(0, Math.max(0, at.lastIndexOf('/')));
        }
        return out;
    }

    private OptionalLong number(String path) {
        return files.read(path).map(Text::parseLong).orElse(OptionalLong.empty());
    }

    private static long unlimitedToMax(long limit) {
        return limit >= V1_UNLIMITED ? Long.MAX_VALUE : limit;
    }
}
