package io.atoll.lxctools.boot;

import io.atoll.linux.Commands;
import io.atoll.linux.ProcFiles;
import io.atoll.linux.cgroup.CgroupHierarchy;
import io.atoll.linux.cgroup.CgroupLayout;
import io.atoll.lxctools.ToolRunner;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/// What the host can do for containers: the sections and lines of LXC 5.0.2, which scripts search,
/// and one with what else is used here.
final class HostCheck {
    private static final int SETUID = 04000;
    private static final List<String> TOOLS =
            List.of(
                    "criu",
                    "dnsmasq",
                    "nft",
                    "mmdebstrap",
                    "mksquashfs",
                    "btrfs",
                    "lvcreate",
                    "zfs",
                    "rbd",
                    "qemu-nbd");
    private static final String NOTHING = "\033[0;39m";
    private static final Map<String, String> COLOURS =
            Map.of(
                    "enabled", "\033[1;32m",
                    "installed", "\033[1;32m",
                    "missing", "\033[1;33m",
                    "not installed", "\033[1;33m",
                    "required", "\033[1;31m");

    private final KernelConfig kernel;
    private final boolean isColoured;
    private final StringBuilder text = new StringBuilder();

    HostCheck(KernelConfig kernel, boolean isColoured) {
        this.kernel = kernel;
        this.isColoured = isColoured;
    }

    String render() {
        line("LXC version " + ToolRunner.LXC_VERSION);
        kernel.absent().ifPresent(path -> line("Kernel configuration not found at " + path));
        if (kernel.source().isEmpty()) {
            line("Kernel configuration not found; looking at the running kernel");
        } else if (!kernel.isUsual()) {
            line("Kernel configuration found at " + kernel.source().get());
        }
        namespaces();
        cgroups();
        misc();
        checkpoint();
        others();
        line("");
        line("Note : Before booting a new kernel, you can check its configuration");
        line("usage : CONFIG=/path/to/config lxc-checkconfig");
        line("");
        return text.toString();
    }

    private void line(String line) {
        text.append(line).append('\n');
    }

    private void section(String name) {
        line("");
        line("--- " + name + " ---");
    }

    private void item(String name, String state) {
        item(name, state, "");
    }

    private void item(String name, String state, String more) {
        String colour = isColoured ? COLOURS.getOrDefault(state, "") : "";
        line(name + ": " + colour + state + (colour.isEmpty() ? "" : NOTHING) + more);
    }

    private void item(String name, boolean isThere) {
        item(name, isThere ? "enabled" : "missing");
    }

    /// A configuration that was found may be another kernel's; without one the running kernel shows
    /// it.
    private void item(String name, String option, boolean isSeen) {
        item(name, kernel.has(option).orElse(isSeen));
    }

    private void required(String name, String option, boolean isSeen) {
        item(name, kernel.has(option).orElse(isSeen) ? "enabled" : "required");
    }

    /// What may be a module, and whether it is loaded where the kernel has modules.
    private void module(String name, String option, String module) {
        boolean isThere = kernel.has(option).orElseGet(() -> isModuleThere(module));
        Optional<String> loaded = ProcFiles.readIfPresent("/proc/modules");
        String more =
                !isThere || loaded.isEmpty()
                        ? ""
                        : loaded.get().lines().anyMatch(line -> line.startsWith(module + " "))
                                ? ", loaded"
                                : ", not loaded";
        item(name, isThere ? "enabled" : "missing", more);
    }

    private static boolean hasNamespace(String kind) {
        return Files.exists(Path.of("/proc/self/ns", kind));
    }

    private void namespaces() {
        section("Namespaces");
        required("Namespaces", "NAMESPACES", hasNamespace("mnt"));
        item("Utsname namespace", "UTS_NS", hasNamespace("uts"));
        required("Ipc namespace", "IPC_NS", hasNamespace("ipc"));
        required("Pid namespace", "PID_NS", hasNamespace("pid"));
        item("User namespace", "USER_NS", hasNamespace("user"));
        if (kernel.has("USER_NS").orElse(hasNamespace("user"))) {
            helper("newuidmap");
            helper("newgidmap");
        }
        item("Network namespace", "NET_NS", hasNamespace("net"));
    }

    /// Plain users' containers need it, with the rights of root.
    private void helper(String name) {
        Optional<Path> found = Commands.find(name);
        if (found.isEmpty()) {
            line(name + " is not installed");
        } else if (!isSetuid(found.get())) {
            line("Warning: " + name + " is not setuid-root");
        }
    }

    private static boolean isSetuid(Path file) {
        try {
            return ((int) Files.getAttribute(file, "unix:mode") & SETUID) != 0;
        } catch (IOException e) {
            return false;
        }
    }

    private void cgroups() {
        section("Control groups");
        CgroupLayout layout = CgroupLayout.detect();
        item("Cgroups", "CGROUPS", layout.kind() != CgroupLayout.Kind.NONE);
        item("Cgroup namespace", hasNamespace("cgroup"));
        line("Cgroup v1 mount points: ");
        layout.legacy().forEach(h -> line(" - " + h.mountPoint()));
        line("Cgroup v2 mount points: ");
        layout.unified().ifPresent(h -> line(" - " + h.mountPoint()));
        if (layout.kind() != CgroupLayout.Kind.V2) {
            legacy(layout);
        }
        item("Cgroup device", "CGROUP_DEVICE", layout.controller("devices").isPresent());
        item("Cgroup sched", "CGROUP_SCHED", layout.controller("cpu").isPresent());
        item("Cgroup cpu account", "CGROUP_CPUACCT", layout.controller("cpuacct").isPresent());
        item("Cgroup memory controller", "MEMCG", layout.controller("memory").isPresent());
        item("Cgroup cpuset", "CPUSETS", layout.controller("cpuset").isPresent());
    }

    private void legacy(CgroupLayout layout) {
        if (layout.legacy().stream().noneMatch(h -> h.mountPoint().contains("/systemd"))) {
            item("Cgroup v1 systemd controller", false);
        }
        if (layout.controller("freezer").isEmpty()) {
            item("Cgroup v1 freezer controller", false);
        }
        if (layout.legacy().stream()
                .anyMatch(h -> Files.exists(Path.of(h.mountPoint(), "cgroup.clone_children")))) {
            item("Cgroup v1 clone_children flag", true);
        }
    }

    private void misc() {
        section("Misc");
        module("Veth pair device", "VETH", "veth");
        module("Macvlan", "MACVLAN", "macvlan");
        module("Vlan", "VLAN_8021Q", "8021q");
        module("Bridges", "BRIDGE", "bridge");
        module("Advanced netfilter", "NETFILTER_ADVANCED", "nf_tables");
        module("CONFIG_IP_NF_TARGET_MASQUERADE", "IP_NF_TARGET_MASQUERADE", "xt_MASQUERADE");
        module("CONFIG_IP6_NF_TARGET_MASQUERADE", "IP6_NF_TARGET_MASQUERADE", "xt_MASQUERADE");
        module(
                "CONFIG_NETFILTER_XT_TARGET_CHECKSUM",
                "NETFILTER_XT_TARGET_CHECKSUM",
                "xt_CHECKSUM");
        module("CONFIG_NETFILTER_XT_MATCH_COMMENT", "NETFILTER_XT_MATCH_COMMENT", "xt_comment");
        module("FUSE (for use with lxcfs)", "FUSE_FS", "fuse");
    }

    private void checkpoint() {
        section("Checkpoint/Restore");
        boolean isRunningKernels = Files.isDirectory(Path.of("/proc/self/map_files"));
        item("checkpoint restore", "CHECKPOINT_RESTORE", isRunningKernels);
        // A JVM would not run without these.
        item("CONFIG_FHANDLE", "FHANDLE", true);
        item("CONFIG_EVENTFD", "EVENTFD", true);
        item("CONFIG_EPOLL", "EPOLL", true);
        item("CONFIG_UNIX_DIAG", "UNIX_DIAG", isModuleThere("unix_diag"));
        item("CONFIG_INET_DIAG", "INET_DIAG", isModuleThere("inet_diag"));
        item("CONFIG_PACKET_DIAG", "PACKET_DIAG", isModuleThere("packet_diag"));
        item("CONFIG_NETLINK_DIAG", "NETLINK_DIAG", isModuleThere("netlink_diag"));
        item("File capabilities", true);
    }

    /// What LXC does not look at.
    private void others() {
        section("Also used here");
        item("Time namespace", "TIME_NS", hasNamespace("time"));
        ProcFiles.readIfPresent("/proc/sys/user/max_user_namespaces")
                .ifPresent(max ->
                        item(
                                "User namespaces allowed",
                                max.strip().equals("0") ? "none" : max.strip()));
        CgroupLayout layout = CgroupLayout.detect();
        item(
                "Cgroup layout",
                switch (layout.kind()) {
                    case NONE -> "none mounted";
                    case V1 -> "version 1";
                    case HYBRID -> "hybrid: controllers on version 1, and the tree of version 2";
                    case V2 -> "version 2";
                });
        layout.unified().ifPresent(h -> item("Controllers of version 2", controllers(h)));
        Set<String> fileSystems = fileSystems();
        item("Overlayfs", "OVERLAY_FS", fileSystems.contains("overlay"));
        item("Squashfs", "SQUASHFS", fileSystems.contains("squashfs"));
        item("Btrfs", "BTRFS_FS", fileSystems.contains("btrfs"));
        item("Loop devices", "BLK_DEV_LOOP", Files.exists(Path.of("/dev/loop-control")));
        module("Ipvlan", "IPVLAN", "ipvlan");
        module("Netfilter by nft", "NF_TABLES", "nf_tables");
        item(
                "Seccomp filter",
                "SECCOMP_FILTER",
                Files.exists(Path.of("/proc/sys/kernel/seccomp/actions_avail")));
        item(
                "AppArmor",
                ProcFiles.readIfPresent("/sys/module/apparmor/parameters/enabled")
                        .orElse("")
                        .startsWith("Y"));
        item("SELinux", Files.isDirectory(Path.of("/sys/fs/selinux")));
        TOOLS.forEach(tool ->
                item(tool, Commands.find(tool).isPresent() ? "installed" : "not installed"));
    }

    private static String controllers(CgroupHierarchy unified) {
        return unified.controllers().isEmpty() ? "none" : String.join(" ", unified.controllers());
    }

    private static Set<String> fileSystems() {
        return ProcFiles.readIfPresent("/proc/filesystems")
                .orElse("")
                .lines()
                .map(line -> line.substring(line.indexOf('\t') + 1).strip())
                .collect(Collectors.toSet());
    }

    /// Loaded, built in, or there to be loaded.
    private static boolean isModuleThere(String name) {
        if (Files.isDirectory(Path.of("/sys/module", name))) {
            return true;
        }
        String release = ProcFiles.readIfPresent("/proc/sys/kernel/osrelease").orElse("").strip();
        for (String list : List.of("modules.builtin", "modules.dep")) {
            Optional<String> modules =
                    ProcFiles.readIfPresent("/lib/modules/" + release + "/" + list);
            if (modules.orElse("")
                    .lines()
                    .map(line -> line.split(":", 2)[0])
                    .anyMatch(path -> isModuleFile(path, name))) {
                return true;
            }
        }
        return false;
    }

    private static boolean isModuleFile(String path, String name) {
        String file = path.substring(path.lastIndexOf('/') + 1);
        return Arrays.asList(name + ".ko", name + ".ko.xz", name + ".ko.zst", name + ".ko.gz")
                .contains(file.replace('-', '_'));
    }
}
