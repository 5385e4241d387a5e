package io.atoll.daemon;

import io.atoll.daemon.warning.Warning;
import io.atoll.daemon.warning.Warnings;
import io.atoll.linux.cgroup.CgroupLayout;
import io.atoll.runtime.apparmor.AppArmor;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Predicate;

/// Tells the administrator what limits of instances this host's kernel cannot keep, in LXD's words
/// for the types, which scripts look for.
final class HostFeatures {
    private static final String NO_APPARMOR = "AppArmor support has been disabled";
    private static final String MISSING = "Couldn't find the CGroup ";

    /// A cgroup controller and what is lost without it.
    private record Need(String controller, String name, String loss) {}

    private static final List<Need> NEEDS =
            List.of(
                    new Need("cpu", "CPU controller", "limits.cpu.allowance has no effect"),
                    new Need("cpuset", "CPUset controller", "limits.cpu has no effect"),
                    new Need("memory", "memory controller", "limits.memory has no effect"),
                    new Need("pids", "pids controller", "limits.processes has no effect"),
                    new Need("hugetlb", "hugetlb controller", "limits.hugepages has no effect"),
                    new Need("freezer", "freezer controller", "instances cannot be paused"),
                    new Need(
                            "net_prio",
                            "network priority controller",
                            "limits.network.priority has no effect"));

    /// The files of version 1 and 2, either of which says how much of a disk's time one gets.
    private static final List<String> WEIGHTS =
            List.of("blkio.weight", "blkio.bfq.weight", "io.weight", "io.bfq.weight");

    private HostFeatures() {}

    static void check(Warnings warnings) {
        CgroupLayout layout = CgroupLayout.detect();
        boolean hasUnified = layout.kind() == CgroupLayout.Kind.V2;
        for (Need need : NEEDS) {
            // Version 2 freezes without a controller, and marks packets by other means.
            boolean isBuiltIn =
                    hasUnified
                            && (need.controller.equals("freezer")
                                    || need.controller.equals("net_prio"));
            say(
                    warnings,
                    MISSING + need.name,
                    isBuiltIn || layout.controller(need.controller).isPresent(),
                    need.loss);
        }
        say(
                warnings,
                MISSING + "blkio.weight",
                hasWeight(path -> Files.exists(Path.of(path))),
                "limits.disk.priority has no effect");
        AppArmor appArmor = AppArmor.probe();
        say(
                warnings,
                NO_APPARMOR,
                appArmor.isUsable(),
                appArmor.policy().isPresent()
                        ? "apparmor_parser is not installed; instances run without profiles"
                        : "The kernel has no AppArmor; instances run without profiles of it");
    }

    /// Looks where all controllers of the kind are mounted at their usual places.
    static boolean hasWeight(Predicate<String> exists) {
        return WEIGHTS.stream()
                .anyMatch(file ->
                        exists.test("/sys/fs/cgroup/blkio/" + file)
                                || exists.test("/sys/fs/cgroup/system.slice/" + file));
    }

    private static void say(Warnings warnings, String type, boolean isThere, String loss) {
        if (isThere) {
            warnings.resolve(type, "");
        } else {
            warnings.raise(type, Warning.Severity.LOW, "", loss);
        }
    }
}
