package io.atoll.lxctools.boot;

import io.atoll.linux.Commands;
import io.atoll.linux.ProcFiles;
import io.atoll.linux.cgroup.CgroupHierarchy;
import io.atoll.linux.cgroup.CgroupLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/// What the host can do for containers, as text in sections like lxc-checkconfig's.
final class HostCheck {

    private final KernelConfig kernel;
    private final StringBuilder text = new StringBuilder();

    HostCheck(KernelConfig kernel) {
        this.kernel = kernel;
    }

    String render() {
        line(
                kernel.source()
                        .map(path -> "Kernel configuration found at " + path)
                        .orElse("Kernel configuration not found; looking at the running kernel"));
        namespaces();
        cgroups();
        misc();
        checkpoint();
        tools();
        line("");
        line("Note : Before booting a new kernel, you can check its configuration");
        line("usage : CONFIG=/path/to/config lxc-checkconfig");
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
        line(name + ": " + state);
    }

    private void item(String name, boolean isThere, boolean isRequired) {
        item(name, isThere ? "enabled" : isRequired ? "required" : "missing");
    }

    /// The running kernel shows it; a named configuration may be another kernel's.
    private void item(String name, String option, boolean isSeen, boolean isRequired) {
        item(name, kernel.has(option).orElse(isSeen), isRequired);
    }

    private static boolean hasNamespace(String kind) {
        return Files.exists(Path.of("/proc/self/ns", kind));
    }

    private void namespaces() {
        section("Namespaces");
        item("Namespaces", "NAMESPACES", hasNamespace("mnt"), true);
        item("Utsname namespace", "UTS_NS", hasNamespace("uts"), true);
        item("Ipc namespace", "IPC_NS", hasNamespace("ipc"), true);
        item("Pid namespace", "PID_NS", hasNamespace("pid"), true);
        item("User namespace", "USER_NS", hasNamespace("user"), false);
        item("Network namespace", "NET_NS", hasNamespace("net"), false);
        item("Cgroup namespace", hasNamespace("cgroup"), false);
        item("Time namespace", "TIME_NS", hasNamespace("time"), false);
        ProcFiles.readIfPresent("/proc/sys/user/max_user_namespaces")
                .ifPresent(max ->
                        item(
                                "User namespaces allowed",
                                max.strip().equals("0") ? "none" : max.strip()));
        for (String id : List.of("newuidmap", "newgidmap")) {
            item(id, Commands.find(id).isPresent() ? "installed" : "not installed");
        }
    }

    private void cgroups() {
        section("Control groups");
        CgroupLayout layout = CgroupLayout.detect();
        item("Cgroups", "CGROUPS", layout.kind() != CgroupLayout.Kind.NONE, true);
        item(
                "Layout",
                switch (layout.kind()) {
                    case NONE -> "none mounted";
                    case V1 -> "version 1";
                    case HYBRID -> "hybrid: controllers on version 1, and the tree of version 2";
                    case V2 -> "version 2";
                });
        line("Cgroup v1 mount points:");
        layout.legacy().forEach(h -> line(" - " + describe(h)));
        line("Cgroup v2 mount points:");
        layout.unified().ifPresent(h -> line(" - " + describe(h)));
        for (String controller :
                List.of("freezer", "devices", "cpuacct", "memory", "cpuset", "pids", "cpu")) {
            item(
                    "Cgroup " + controller,
                    layout.controller(controller).isPresent(),
                    Set.of("freezer", "devices").contains(controller));
        }
    }

    private static String describe(CgroupHierarchy hierarchy) {
        return hierarchy.directory("/")
                + (hierarchy.controllers().isEmpty()
                        ? ""
                        : " (" + String.join(" ", hierarchy.controllers()) + ")");
    }

    private void misc() {
        section("Misc");
        Set<String> fileSystems = fileSystems();
        item("Overlayfs", "OVERLAY_FS", fileSystems.contains("overlay"), false);
        item("Squashfs", "SQUASHFS", fileSystems.contains("squashfs"), false);
        item("Btrfs", "BTRFS_FS", fileSystems.contains("btrfs"), false);
        item("Fuse", "FUSE_FS", fileSystems.contains("fuse"), false);
        item("Loop devices", "BLK_DEV_LOOP", Files.exists(Path.of("/dev/loop-control")), false);
        item("Veth pair device", "VETH", isModuleThere("veth"), false);
        item("Macvlan", "MACVLAN", isModuleThere("macvlan"), false);
        item("Ipvlan", "IPVLAN", isModuleThere("ipvlan"), false);
        item("Vlan", "VLAN_8021Q", isModuleThere("8021q"), false);
        item("Bridges", "BRIDGE", isModuleThere("bridge"), false);
        item("Netfilter by nft", "NF_TABLES", isModuleThere("nf_tables"), false);
        item("Advanced netfilter", "NETFILTER_ADVANCED", isModuleThere("nf_tables"), false);
        item(
                "Seccomp filter",
                "SECCOMP_FILTER",
                ProcFiles.readIfPresent("/proc/sys/kernel/seccomp/actions_avail").isPresent(),
                false);
        item("Multiple /dev/pts instances", true, false);
        item(
                "AppArmor",
                ProcFiles.readIfPresent("/sys/module/apparmor/parameters/enabled")
                        .orElse("")
                        .startsWith("Y"),
                false);
        item("SELinux", Files.isDirectory(Path.of("/sys/fs/selinux")), false);
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

    private void checkpoint() {
        section("Checkpoint/Restore");
        item(
                "checkpoint restore",
                "CHECKPOINT_RESTORE",
                Files.isDirectory(Path.of("/proc/self/map_files")),
                false);
        item("CONFIG_UNIX_DIAG", "UNIX_DIAG", isModuleThere("unix_diag"), false);
        item("CONFIG_INET_DIAG", "INET_DIAG", isModuleThere("inet_diag"), false);
        item("CONFIG_PACKET_DIAG", "PACKET_DIAG", isModuleThere("packet_diag"), false);
        item("CONFIG_NETLINK_DIAG", "NETLINK_DIAG", isModuleThere("netlink_diag"), false);
        item("criu", Commands.find("criu").isPresent() ? "installed" : "not installed");
    }

    private void tools() {
        section("Tools");
        for (String tool :
                List.of(
                        "dnsmasq",
                        "nft",
                        "mmdebstrap",
                        "mksquashfs",
                        "btrfs",
                        "lvcreate",
                        "zfs",
                        "rbd",
                        "qemu-nbd")) {
            item(tool, Commands.find(tool).isPresent() ? "installed" : "not installed");
        }
    }
}
