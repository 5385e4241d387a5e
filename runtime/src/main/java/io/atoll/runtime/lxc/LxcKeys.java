package io.atoll.runtime.lxc;

import static io.atoll.runtime.lxc.LxcValue.*;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/// All keys, one row each: parsing, listing, clearing and the reference page read this table and
/// nothing else.
final class LxcKeys {
    static final List<LxcKey> ALL =
            List.of(
                    one("lxc.arch", ARCH, "Architecture shown by uname; unchanged by default"),
                    one(
                            "lxc.uts.name",
                            NAME,
                            "Host name inside; the container's name by default",
                            "lxc.utsname"),
                    one(
                            "lxc.init.cmd",
                            TEXT,
                            "Command run as init; /sbin/init by default",
                            "lxc.init_cmd"),
                    one(
                            "lxc.execute.cmd",
                            TEXT,
                            "Command that lxc-execute runs when it is given none"),
                    one("lxc.init.cwd", ABSOLUTE_PATH, "Directory in which init starts"),
                    one(
                            "lxc.init.uid",
                            UNSIGNED,
                            "User id of init inside; 0 by default",
                            "lxc.init_uid"),
                    one(
                            "lxc.init.gid",
                            UNSIGNED,
                            "Group id of init inside; 0 by default",
                            "lxc.init_gid"),
                    one(
                            "lxc.init.groups",
                            TEXT,
                            "Supplementary group ids of init, separated by commas"),
                    one("lxc.ephemeral", BOOL, "1 destroys the container when it stops"),
                    one(
                            "lxc.signal.halt",
                            SIGNAL,
                            "Signal that asks init to shut down",
                            "lxc.haltsignal"),
                    one(
                            "lxc.signal.reboot",
                            SIGNAL,
                            "Signal that asks init to reboot",
                            "lxc.rebootsignal"),
                    one(
                            "lxc.signal.stop",
                            SIGNAL,
                            "Signal that ends init at once",
                            "lxc.stopsignal"),
                    one("lxc.start.auto", BOOL, "1 starts the container with the host"),
                    one(
                            "lxc.start.delay",
                            UNSIGNED,
                            "Seconds to wait after starting it, before the next"),
                    one(
                            "lxc.start.order",
                            INTEGER,
                            "Place in the order of starting; lower is earlier"),
                    many("lxc.group", TEXT, "Groups it belongs to, separated by blanks or commas"),
                    many("lxc.environment", ENVIRONMENT, "Variable of init and of hooks"),
                    many("lxc.environment.runtime", ENVIRONMENT, "Variable of init alone"),
                    many("lxc.environment.hooks", ENVIRONMENT, "Variable of hooks alone"),
                    one(
                            "lxc.rootfs.path",
                            TEXT,
                            "Where the root file system is, with an optional driver in front",
                            "lxc.rootfs"),
                    one(
                            "lxc.rootfs.mount",
                            ABSOLUTE_PATH,
                            "Directory on which the root is mounted at start"),
                    one("lxc.rootfs.options", TEXT, "Mount options of the root file system"),
                    one(
                            "lxc.rootfs.managed",
                            BOOL,
                            "0 leaves the storage alone when the container is destroyed"),
                    one(
                            "lxc.mount.fstab",
                            ABSOLUTE_PATH,
                            "File with mounts as in fstab(5)",
                            "lxc.mount"),
                    many("lxc.mount.entry", MOUNT_ENTRY, "One mount as in fstab(5)"),
                    many(
                            "lxc.mount.auto",
                            MOUNT_AUTO,
                            "Kernel file systems to mount, and how protected"),
                    one("lxc.autodev", BOOL, "1 makes a small /dev; the default"),
                    one(
                            "lxc.autodev.tmpfs.size",
                            UNSIGNED,
                            "Size of that /dev in bytes; 500000 by default"),
                    one("lxc.pty.max", UNSIGNED, "Pseudo-terminals available inside", "lxc.pts"),
                    one("lxc.tty.max", UNSIGNED, "Terminals /dev/tty1 and up", "lxc.tty"),
                    one(
                            "lxc.tty.dir",
                            RELATIVE_PATH,
                            "Directory below /dev for them",
                            "lxc.devttydir"),
                    one("lxc.console.path", TEXT, "Device for the console, or none", "lxc.console"),
                    one("lxc.console.logfile", TEXT, "File that gets the console's output"),
                    one("lxc.console.buffer.size", SIZE, "Size of the console's ring buffer"),
                    one(
                            "lxc.console.size",
                            SIZE,
                            "Size at which the console's log file is rotated"),
                    one("lxc.console.rotate", BOOL, "1 rotates the console's log file"),
                    many("lxc.idmap", IDMAP, "One range of the id map", "lxc.id_map"),
                    many("lxc.cap.drop", TEXT, "Capabilities to take away, separated by blanks"),
                    many(
                            "lxc.cap.keep",
                            TEXT,
                            "Capabilities to keep, all others go; none keeps nothing"),
                    one("lxc.no_new_privs", BOOL, "1 sets no_new_privs for init"),
                    one(
                            "lxc.seccomp.profile",
                            TEXT,
                            "File with the system call filter; a relative path begins where this file is",
                            "lxc.seccomp"),
                    one(
                            "lxc.seccomp.allow_nesting",
                            BOOL,
                            "0 leaves the filter out where we are filtered ourselves, as in a"
                                    + " container"),
                    one(
                            "lxc.seccomp.notify.proxy",
                            UNIX_SOCKET,
                            "Socket of the program that answers system calls with the action notify"),
                    one("lxc.seccomp.notify.cookie", TEXT, "Text it is told along with each"),
                    one(
                            "lxc.apparmor.profile",
                            TEXT,
                            "AppArmor profile, unconfined, unchanged or generated",
                            "lxc.aa_profile"),
                    one(
                            "lxc.apparmor.allow_incomplete",
                            BOOL,
                            "1 starts although AppArmor lacks features",
                            "lxc.aa_allow_incomplete"),
                    one("lxc.apparmor.allow_nesting", BOOL, "1 permits containers inside"),
                    many("lxc.apparmor.raw", TEXT, "Line added to the generated profile"),
                    one("lxc.selinux.context", TEXT, "SELinux context of init", "lxc.se_context"),
                    one("lxc.selinux.context.keyring", TEXT, "SELinux context of its keyring"),
                    one(
                            "lxc.keyring.session",
                            BOOL,
                            "0 keeps the caller's session keyring; 1 by default"),
                    one("lxc.cgroup.dir", RELATIVE_PATH, "Cgroup for monitor and container"),
                    one(
                            "lxc.cgroup.dir.container",
                            RELATIVE_PATH,
                            "Cgroup for the container alone"),
                    one("lxc.cgroup.dir.monitor", RELATIVE_PATH, "Cgroup for the monitor alone"),
                    one(
                            "lxc.cgroup.dir.monitor.pivot",
                            RELATIVE_PATH,
                            "Cgroup into which the monitor leaves at the end"),
                    one(
                            "lxc.cgroup.dir.container.inner",
                            NAME,
                            "Cgroup below the container's in which init lives"),
                    one("lxc.cgroup.relative", BOOL, "1 stays below the starter's cgroup"),
                    many(
                            "lxc.cgroup.*",
                            TEXT,
                            "File of a cgroup v1 controller and the value for it"),
                    many("lxc.cgroup2.*", TEXT, "File of cgroup v2 and the value for it"),
                    one(
                            "lxc.namespace.clone",
                            NAMESPACES,
                            "Namespaces made anew; the others are shared"),
                    one("lxc.namespace.keep", NAMESPACES, "Namespaces shared with the starter"),
                    one(
                            "lxc.namespace.share.*",
                            TEXT,
                            "Namespace taken from a container, a path or a process"),
                    one("lxc.time.offset.boot", TIME_OFFSET, "Offset of the boot-time clock"),
                    one("lxc.time.offset.monotonic", TIME_OFFSET, "Offset of the monotonic clock"),
                    one(
                            "lxc.prlimit.*",
                            RLIMIT,
                            "Resource limit of init, soft and hard",
                            "lxc.limit.*"),
                    one("lxc.sysctl.*", TEXT, "Kernel parameter of the container's namespaces"),
                    one("lxc.proc.*", TEXT, "File of init's /proc/PID and the value for it"),
                    one(
                            "lxc.sched.core",
                            BOOL,
                            "1 gives the container a core scheduling domain of its own"),
                    one(
                            "lxc.monitor.unshare",
                            BOOL,
                            "1 gives the monitor a mount namespace of its own"),
                    one(
                            "lxc.monitor.signal.pdeath",
                            SIGNAL,
                            "Signal to init when the monitor dies; by default it lives on"),
                    one(
                            "lxc.log.level",
                            LOG_LEVEL,
                            "How much is logged; ERROR by default",
                            "lxc.loglevel"),
                    one("lxc.log.file", TEXT, "File that gets the log", "lxc.logfile"),
                    one(
                            "lxc.log.syslog",
                            FACILITY,
                            "Syslog facility that gets the log",
                            "lxc.syslog"),
                    one(
                            "lxc.hook.version",
                            HOOK_VERSION,
                            "How hooks get their arguments; 0 by default"),
                    many(
                            "lxc.hook.pre-start",
                            TEXT,
                            "Command run on the host before anything else"),
                    many(
                            "lxc.hook.pre-mount",
                            TEXT,
                            "Command run in the mount namespace before the root is mounted"),
                    many(
                            "lxc.hook.mount",
                            TEXT,
                            "Command run in the mount namespace after the mounts"),
                    many(
                            "lxc.hook.autodev",
                            TEXT,
                            "Command run in the mount namespace to fill /dev"),
                    many(
                            "lxc.hook.start-host",
                            TEXT,
                            "Command run on the host when the container is set up"),
                    many("lxc.hook.start", TEXT, "Command run inside just before init"),
                    many(
                            "lxc.hook.stop",
                            TEXT,
                            "Command run on the host when init has ended, namespaces still held"),
                    many("lxc.hook.post-stop", TEXT, "Command run on the host when all is gone"),
                    many("lxc.hook.clone", TEXT, "Command run when the container is copied"),
                    many("lxc.hook.destroy", TEXT, "Command run when the container is destroyed"),
                    one("lxc.net.*.type", NET_TYPE, "Kind of the interface"),
                    one("lxc.net.*.flags", NET_FLAGS, "up brings the interface up"),
                    one("lxc.net.*.link", LINK, "Bridge or parent interface on the host"),
                    one("lxc.net.*.l2proxy", BOOL, "1 answers for the addresses on the parent"),
                    one("lxc.net.*.name", INTERFACE, "Name inside; eth0, eth1, … by default"),
                    one("lxc.net.*.hwaddr", MAC, "MAC address; random by default"),
                    one("lxc.net.*.mtu", UNSIGNED, "MTU; the link's by default"),
                    many("lxc.net.*.ipv4.address", IPV4, "IPv4 address inside"),
                    one("lxc.net.*.ipv4.gateway", GATEWAY4, "IPv4 default route inside"),
                    many("lxc.net.*.ipv6.address", IPV6, "IPv6 address inside"),
                    one("lxc.net.*.ipv6.gateway", GATEWAY6, "IPv6 default route inside"),
                    one(
                            "lxc.net.*.script.up",
                            TEXT,
                            "Command run on the host when the interface exists"),
                    one(
                            "lxc.net.*.script.down",
                            TEXT,
                            "Command run on the host before the interface goes"),
                    one("lxc.net.*.veth.pair", INTERFACE, "Name of the host's end"),
                    one(
                            "lxc.net.*.veth.mode",
                            VETH_MODE,
                            "bridge joins the link, router adds routes instead"),
                    many("lxc.net.*.veth.ipv4.route", IPV4, "Network routed to the host's end"),
                    many("lxc.net.*.veth.ipv6.route", IPV6, "Network routed to the host's end"),
                    one(
                            "lxc.net.*.veth.vlan.id",
                            VLAN_ID_OR_NONE,
                            "Untagged VLAN of the bridge port"),
                    many(
                            "lxc.net.*.veth.vlan.tagged.id",
                            VLAN_ID,
                            "Tagged VLAN of the bridge port"),
                    one("lxc.net.*.veth.n_rxqueues", UNSIGNED, "Receive queues of the pair"),
                    one("lxc.net.*.veth.n_txqueues", UNSIGNED, "Transmit queues of the pair"),
                    one(
                            "lxc.net.*.macvlan.mode",
                            MACVLAN_MODE,
                            "How macvlan interfaces reach each other"),
                    one("lxc.net.*.ipvlan.mode", IPVLAN_MODE, "Layer on which ipvlan works"),
                    one(
                            "lxc.net.*.ipvlan.isolation",
                            IPVLAN_ISOLATION,
                            "How ipvlan interfaces reach each other"),
                    one("lxc.net.*.vlan.id", VLAN_ID, "Number of the VLAN"));

    /// Keys that LXC 1.x and 2.x had and that mean nothing any more: read, kept in the file,
    /// without effect.
    static final List<String> IGNORED = List.of("lxc.pivotdir", "lxc.kmsg", "lxc.rootfs.backend");

    /// How far a misspelt key may be from the one that is proposed, in changed letters.
    private static final int NEAREST_MAX = 6;

    private LxcKeys() {}

    private static LxcKey one(String pattern, LxcValue value, String doc, String... legacy) {
        return new LxcKey(pattern, value, false, List.of(legacy), doc);
    }

    private static LxcKey many(String pattern, LxcValue value, String doc, String... legacy) {
        return new LxcKey(pattern, value, true, List.of(legacy), doc);
    }

    /// The row of a current key such as `lxc.net.0.type`. Exact rows win over families:
    /// `lxc.cgroup.dir` is no controller.
    static Optional<LxcKey> find(String key) {
        LxcKey named = BY_NAME.get(key);
        if (named != null) {
            return Optional.of(named);
        }
        Optional<LxcKey> exact =
                PATTERNS.stream().filter(k -> !k.isFamily() && k.matches(key)).findFirst();
        return exact.or(
                () -> PATTERNS.stream().filter(k -> k.isFamily() && k.matches(key)).findFirst());
    }

    /// The rows that stand for one key.
    private static final Map<String, LxcKey> BY_NAME =
            ALL.stream()
                    .filter(row -> row.pattern().indexOf('*') < 0)
                    .collect(Collectors.toUnmodifiableMap(LxcKey::pattern, row -> row));

    /// The rows that stand for many.
    private static final List<LxcKey> PATTERNS =
            ALL.stream().filter(row -> !BY_NAME.containsKey(row.pattern())).toList();

    /// The known name that is most like a wrong one.
    static Optional<String> nearest(String key) {
        String pattern = key.replaceFirst("^lxc\\.net\\.[^.]*\\.", "lxc.net.*.");
        String best = "";
        int least = NEAREST_MAX + 1;
        for (LxcKey row : ALL) {
            int distance = distance(pattern, row.pattern());
            if (distance < least) {
                least = distance;
                best = row.pattern();
            }
        }
        return best.isEmpty() ? Optional.empty() : Optional.of(best);
    }

    /// True for the number of a network.
    static boolean isIndex(String text) {
        return !text.isEmpty()
                && text.length() <= 9
                && text.chars().allMatch(c -> c >= '0' && c <= '9');
    }

    /// Levenshtein's edit distance.
    private static int distance(String a, String b) {
        int[] row = new int[b.length() + 1];
        Arrays.setAll(row, i -> i);
        for (int i = 1; i <= a.length(); i++) {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j <= b.length(); j++) {
                int above = row[j];
                int change = a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1;
                row[j] = Math.min(diagonal + change, Math.min(above, row[j - 1]) + 1);
                diagonal = above;
            }
        }
        return row[b.length()];
    }
}
