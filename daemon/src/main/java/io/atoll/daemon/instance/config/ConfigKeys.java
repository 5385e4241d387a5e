package io.atoll.daemon.instance.config;

import static io.atoll.daemon.instance.config.ConfigKey.Place.ANYWHERE;
import static io.atoll.daemon.instance.config.ConfigKey.Place.INSTANCES;
import static io.atoll.daemon.instance.config.ConfigKey.Place.MACHINES;

import io.atoll.base.ByteSize;
import io.atoll.base.InvalidConfigException;
import io.atoll.base.UnsupportedException;
import io.atoll.runtime.spec.SeccompSpec;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;

/// The closed list of configuration keys of instances and profiles, one row each. What is not in
/// this table is refused. The names and meanings are those of LXD's page "Instance configuration".
public final class ConfigKeys {
    private static final List<ConfigKey<?>> ALL = new ArrayList<>();
    private static final Map<String, ConfigKey<?>> BY_NAME = new HashMap<>();

    public static final ConfigKey<Boolean> AUTOSTART =
            key(
                    "boot.autostart",
                    ValueType.BOOL,
                    "whether to start when the daemon starts; unset: as it was before");
    public static final ConfigKey<Long> AUTOSTART_DELAY =
            key(
                    "boot.autostart.delay",
                    ValueType.INT64,
                    "seconds to wait after this instance before starting the next");
    public static final ConfigKey<Long> AUTOSTART_PRIORITY =
            key("boot.autostart.priority", ValueType.INT64, "higher starts earlier");
    public static final ConfigKey<Long> HOST_SHUTDOWN_TIMEOUT =
            key(
                    "boot.host_shutdown_timeout",
                    ValueType.INT64,
                    "seconds to wait at host shutdown before killing");
    public static final ConfigKey<Long> STOP_PRIORITY =
            key("boot.stop.priority", ValueType.INT64, "higher is stopped earlier");

    public static final ConfigKey<String> CLOUD_INIT_NETWORK =
            live(
                    "cloud-init.network-config",
                    ValueType.YAML_KEYS,
                    "network configuration handed to cloud-init");
    public static final ConfigKey<String> CLOUD_INIT_USER =
            live("cloud-init.user-data", ValueType.TEXT, "user data handed to cloud-init");
    public static final ConfigKey<String> CLOUD_INIT_VENDOR =
            live("cloud-init.vendor-data", ValueType.TEXT, "vendor data handed to cloud-init");
    public static final ConfigKey<String> CLUSTER_EVACUATE =
            key(
                    "cluster.evacuate",
                    ValueType.oneOf("auto", "migrate", "live-migrate", "stop"),
                    "what to do with the instance when its member is evacuated");

    public static final ConfigKey<CpuLimit> CPU =
            live("limits.cpu", ValueType.CPUS, "number of CPUs, or which ones");
    public static final ConfigKey<CpuAllowance> CPU_ALLOWANCE =
            live(
                    "limits.cpu.allowance",
                    ValueType.CPU_ALLOWANCE,
                    "share of CPU time, or time per period");
    public static final ConfigKey<Integer> CPU_PRIORITY =
            live(
                    "limits.cpu.priority",
                    ValueType.PRIORITY,
                    "weight among instances that share CPUs");
    public static final ConfigKey<Integer> DISK_PRIORITY =
            live(
                    "limits.disk.priority",
                    ValueType.PRIORITY,
                    "weight of input and output under load");
    public static final ConfigKey<ByteSize> HUGEPAGES_64KB =
            live("limits.hugepages.64KB", ValueType.SIZE, "bytes of 64 KB huge pages");
    public static final ConfigKey<ByteSize> HUGEPAGES_1MB =
            live("limits.hugepages.1MB", ValueType.SIZE, "bytes of 1 MB huge pages");
    public static final ConfigKey<ByteSize> HUGEPAGES_2MB =
            live("limits.hugepages.2MB", ValueType.SIZE, "bytes of 2 MB huge pages");
    public static final ConfigKey<ByteSize> HUGEPAGES_1GB =
            live("limits.hugepages.1GB", ValueType.SIZE, "bytes of 1 GB huge pages");
    public static final ConfigKey<MemoryLimit> MEMORY =
            live("limits.memory", ValueType.MEMORY, "bytes of memory, or a share of the host's");
    public static final ConfigKey<String> MEMORY_ENFORCE =
            live(
                    "limits.memory.enforce",
                    ValueType.oneOf("hard", "soft"),
                    "soft: only under memory pressure");
    public static final ConfigKey<String> MEMORY_HUGEPAGES =
            machine("limits.memory.hugepages", "whether a virtual machine uses huge pages");
    public static final ConfigKey<Boolean> MEMORY_SWAP =
            live(
                    "limits.memory.swap",
                    ValueType.BOOL,
                    "whether memory of the instance may be swapped out");
    public static final ConfigKey<Integer> MEMORY_SWAP_PRIORITY =
            live("limits.memory.swap.priority", ValueType.PRIORITY, "higher is swapped out later");
    public static final ConfigKey<Integer> NETWORK_PRIORITY =
            live(
                    "limits.network.priority",
                    ValueType.PRIORITY,
                    "priority of its packets under load");
    public static final ConfigKey<Long> PROCESSES =
            live(
                    "limits.processes",
                    ValueType.INT64,
                    "how many processes may exist in the instance");

    public static final ConfigKey<List<String>> KERNEL_MODULES =
            live(
                    "linux.kernel_modules",
                    ValueType.WORDS,
                    "modules to load on the host before it starts");
    public static final ConfigKey<Boolean> MIGRATION_INCREMENTAL =
            live(
                    "migration.incremental.memory",
                    ValueType.BOOL,
                    "copy memory in rounds while it runs");
    public static final ConfigKey<Long> MIGRATION_GOAL =
            live(
                    "migration.incremental.memory.goal",
                    ValueType.UINT32,
                    "percent of memory in sync before it is stopped");
    public static final ConfigKey<Long> MIGRATION_ITERATIONS =
            live(
                    "migration.incremental.memory.iterations",
                    ValueType.UINT32,
                    "most rounds before it is stopped");
    public static final ConfigKey<String> MIGRATION_STATEFUL =
            machine("migration.stateful", "whether a virtual machine can be saved with its memory");
    public static final ConfigKey<Boolean> NVIDIA_RUNTIME =
            key("nvidia.runtime", ValueType.BOOL, "pass the host's NVIDIA runtime libraries in");
    public static final ConfigKey<String> NVIDIA_CAPABILITIES =
            key(
                    "nvidia.driver.capabilities",
                    ValueType.TEXT,
                    "which parts of the NVIDIA driver to pass");
    public static final ConfigKey<String> NVIDIA_CUDA =
            key("nvidia.require.cuda", ValueType.TEXT, "needed CUDA version");
    public static final ConfigKey<String> NVIDIA_DRIVER =
            key("nvidia.require.driver", ValueType.TEXT, "needed driver version");

    public static final ConfigKey<String> RAW_APPARMOR =
            live("raw.apparmor", ValueType.TEXT, "lines added to the AppArmor profile");
    public static final ConfigKey<List<RawIdmapLine>> RAW_IDMAP =
            key("raw.idmap", ValueType.RAW_IDMAP, "ids that are the same on the host and inside");
    public static final ConfigKey<String> RAW_LXC =
            key("raw.lxc", ValueType.RAW_LXC, "lines in LXC's configuration format");
    public static final ConfigKey<SeccompSpec> RAW_SECCOMP =
            key("raw.seccomp", ValueType.RAW_SECCOMP, "a whole seccomp profile");
    public static final ConfigKey<String> RAW_QEMU = machine("raw.qemu", "options for QEMU");
    public static final ConfigKey<String> RAW_QEMU_CONF =
            machine("raw.qemu.conf", "changes to QEMU's configuration file");

    public static final ConfigKey<Boolean> DEVLXD =
            live("security.devlxd", ValueType.BOOL, "whether /dev/lxd exists inside; unset: yes");
    public static final ConfigKey<Boolean> DEVLXD_IMAGES =
            key(
                    "security.devlxd.images",
                    ValueType.BOOL,
                    "whether images can be fetched through /dev/lxd");
    public static final ConfigKey<Long> IDMAP_BASE =
            key(
                    "security.idmap.base",
                    ValueType.UINT32,
                    "first id of the host for an isolated id map");
    public static final ConfigKey<Boolean> IDMAP_ISOLATED =
            key(
                    "security.idmap.isolated",
                    ValueType.BOOL,
                    "whether ids are shared with no other instance");
    public static final ConfigKey<Long> IDMAP_SIZE =
            key("security.idmap.size", ValueType.UINT32, "how many ids an isolated instance gets");
    public static final ConfigKey<Boolean> NESTING =
            live("security.nesting", ValueType.BOOL, "whether containers may run inside");
    public static final ConfigKey<Boolean> LXCFS =
            key(
                    "linux.lxcfs",
                    ValueType.BOOL,
                    "whether it sees its own memory, processors and load where lxcfs runs");
    public static final ConfigKey<Boolean> PRIVILEGED =
            key("security.privileged", ValueType.BOOL, "whether root inside is root of the host");
    public static final ConfigKey<Boolean> PROTECT_DELETE =
            live("security.protection.delete", ValueType.BOOL, "whether deletion is refused");
    public static final ConfigKey<Boolean> PROTECT_SHIFT =
            live(
                    "security.protection.shift",
                    ValueType.BOOL,
                    "whether changing the owners of its files is refused");
    public static final ConfigKey<String> SECUREBOOT =
            machine("security.secureboot", "UEFI secure boot");
    public static final ConfigKey<String> AGENT_METRICS =
            machine("security.agent.metrics", "ask the agent for metrics");
    public static final ConfigKey<String> AGENT_NICS =
            machine("agent.nic_config", "let the agent name interfaces");

    public static final ConfigKey<String> SYSCALLS_ALLOW =
            key(
                    "security.syscalls.allow",
                    ValueType.TEXT,
                    "the only system calls allowed, one a line");
    public static final ConfigKey<String> SYSCALLS_DENY =
            key("security.syscalls.deny", ValueType.TEXT, "system calls denied, one a line");
    public static final ConfigKey<Boolean> SYSCALLS_DENY_COMPAT =
            key("security.syscalls.deny_compat", ValueType.BOOL, "deny calls of the 32-bit ABI");
    public static final ConfigKey<Boolean> SYSCALLS_DENY_DEFAULT =
            key(
                    "security.syscalls.deny_default",
                    ValueType.BOOL,
                    "deny the default list; unset: yes");
    public static final ConfigKey<String> SYSCALLS_WHITELIST =
            key(
                    "security.syscalls.whitelist",
                    ValueType.TEXT,
                    "old name of security.syscalls.allow");
    public static final ConfigKey<String> SYSCALLS_BLACKLIST =
            key(
                    "security.syscalls.blacklist",
                    ValueType.TEXT,
                    "old name of security.syscalls.deny");
    public static final ConfigKey<Boolean> SYSCALLS_BLACKLIST_COMPAT =
            key(
                    "security.syscalls.blacklist_compat",
                    ValueType.BOOL,
                    "old name of security.syscalls.deny_compat");
    public static final ConfigKey<Boolean> SYSCALLS_BLACKLIST_DEFAULT =
            key(
                    "security.syscalls.blacklist_default",
                    ValueType.BOOL,
                    "old name of security.syscalls.deny_default");
    public static final ConfigKey<Boolean> INTERCEPT_BPF =
            key("security.syscalls.intercept.bpf", ValueType.BOOL, "handle bpf() on the host");
    public static final ConfigKey<Boolean> INTERCEPT_BPF_DEVICES =
            key(
                    "security.syscalls.intercept.bpf.devices",
                    ValueType.BOOL,
                    "allow device filters through it");
    public static final ConfigKey<Boolean> INTERCEPT_MKNOD =
            key("security.syscalls.intercept.mknod", ValueType.BOOL, "handle mknod() on the host");
    public static final ConfigKey<Boolean> INTERCEPT_MOUNT =
            key("security.syscalls.intercept.mount", ValueType.BOOL, "handle mount() on the host");
    public static final ConfigKey<List<String>> INTERCEPT_MOUNT_ALLOWED =
            live(
                    "security.syscalls.intercept.mount.allowed",
                    ValueType.WORDS,
                    "file systems mountable that way");
    public static final ConfigKey<Map<String, String>> INTERCEPT_MOUNT_FUSE =
            live(
                    "security.syscalls.intercept.mount.fuse",
                    ValueType.FUSE_PROGRAMS,
                    "file systems replaced by FUSE programs");
    public static final ConfigKey<Boolean> INTERCEPT_MOUNT_SHIFT =
            live(
                    "security.syscalls.intercept.mount.shift",
                    ValueType.BOOL,
                    "idmap what is mounted that way");
    public static final ConfigKey<Boolean> INTERCEPT_SCHED =
            key(
                    "security.syscalls.intercept.sched_setscheduler",
                    ValueType.BOOL,
                    "handle sched_setscheduler()");
    public static final ConfigKey<Boolean> INTERCEPT_SETXATTR =
            key(
                    "security.syscalls.intercept.setxattr",
                    ValueType.BOOL,
                    "handle setxattr() on the host");
    public static final ConfigKey<Boolean> INTERCEPT_SYSINFO =
            key(
                    "security.syscalls.intercept.sysinfo",
                    ValueType.BOOL,
                    "answer sysinfo() with the instance's limits");

    public static final ConfigKey<Expiry> SNAPSHOTS_EXPIRY =
            live("snapshots.expiry", ValueType.EXPIRY, "how long snapshots are kept");
    public static final ConfigKey<String> SNAPSHOTS_PATTERN =
            live("snapshots.pattern", ValueType.TEXT, "names of snapshots, as a template");
    public static final ConfigKey<List<String>> SNAPSHOTS_SCHEDULE =
            live("snapshots.schedule", ValueType.SCHEDULE, "when snapshots are taken");
    public static final ConfigKey<Boolean> SNAPSHOTS_SCHEDULE_STOPPED =
            live("snapshots.schedule.stopped", ValueType.BOOL, "whether also while it is stopped");

    public static final ConfigKey<String> ENVIRONMENT =
            live(
                    "environment.",
                    ValueType.TEXT,
                    "a variable in the environment of init and of commands");
    public static final ConfigKey<String> USER = live("user.", ValueType.TEXT, "free for users");
    public static final ConfigKey<KernelLimit> KERNEL_LIMITS =
            key("limits.kernel.", ValueType.KERNEL_LIMIT, "a resource limit of init");
    public static final ConfigKey<String> SYSCTL =
            key(
                    "linux.sysctl.",
                    ValueType.TEXT,
                    "a kernel parameter inside the instance's namespaces");
    public static final ConfigKey<String> IMAGE =
            instance("image.", ValueType.TEXT, "a property of the image it came from");

    public static final ConfigKey<String> APPLY_TEMPLATE =
            instance(
                    "volatile.apply_template",
                    ValueType.TEXT,
                    "template trigger to run at the next start");
    public static final ConfigKey<String> APPLY_NVRAM =
            instance(
                    "volatile.apply_nvram",
                    ValueType.TEXT,
                    "whether to reset NVRAM at the next start");
    public static final ConfigKey<String> BASE_IMAGE =
            instance(
                    "volatile.base_image",
                    ValueType.TEXT,
                    "fingerprint of the image it was made from");
    public static final ConfigKey<UUID> CLOUD_INIT_ID =
            instance(
                    "volatile.cloud-init.instance-id",
                    ValueType.UUID_TEXT,
                    "instance id told to cloud-init");
    public static final ConfigKey<String> EVACUATE_ORIGIN =
            instance("volatile.evacuate.origin", ValueType.TEXT, "member it was evacuated from");
    public static final ConfigKey<String> IDMAP_BASE_USED =
            instance(
                    "volatile.idmap.base", ValueType.TEXT, "offset of its ids in the host's range");
    public static final ConfigKey<String> IDMAP_CURRENT =
            instance("volatile.idmap.current", ValueType.TEXT, "id map it runs with");
    public static final ConfigKey<String> IDMAP_NEXT =
            instance("volatile.idmap.next", ValueType.TEXT, "id map of the next start");
    public static final ConfigKey<String> LAST_STATE_IDMAP =
            instance(
                    "volatile.last_state.idmap",
                    ValueType.TEXT,
                    "id map its files are stored with");
    public static final ConfigKey<String> LAST_STATE_POWER =
            instance("volatile.last_state.power", ValueType.TEXT, "RUNNING or STOPPED");
    public static final ConfigKey<String> LAST_STATE_READY =
            instance(
                    "volatile.last_state.ready",
                    ValueType.TEXT,
                    "whether it told that it is ready");
    public static final ConfigKey<UUID> INSTANCE_UUID =
            instance("volatile.uuid", ValueType.UUID_TEXT, "never changes, not even by a rename");
    public static final ConfigKey<Long> VSOCK_ID =
            instance("volatile.vsock_id", ValueType.INT64, "vsock id of a virtual machine");

    /// What may follow `volatile.DEVICE`.
    private static final List<String> VOLATILE_SUFFIXES =
            List.of(
                    ".apply_quota",
                    ".ceph_rbd",
                    ".created",
                    ".driver",
                    ".host_name",
                    ".hwaddr",
                    ".id",
                    ".mtu",
                    ".name",
                    ".spoofcheck",
                    ".uuid",
                    ".vlan",
                    ".last_state.created",
                    ".last_state.hwaddr",
                    ".last_state.ip_addresses",
                    ".last_state.mtu",
                    ".last_state.pci.parent",
                    ".last_state.usb.bus",
                    ".last_state.usb.device",
                    ".last_state.vdpa.name",
                    ".last_state.vf.hwaddr",
                    ".last_state.vf.id",
                    ".last_state.vf.parent",
                    ".last_state.vf.spoofcheck",
                    ".last_state.vf.vlan",
                    ".last_state.pci.driver",
                    ".last_state.pci.slot.name");

    private static final ConfigKey<String> VOLATILE_DEVICE =
            new ConfigKey<>(
                    "volatile.",
                    ValueType.TEXT,
                    INSTANCES,
                    false,
                    "what the daemon remembers of a device");

    private ConfigKeys() {}

    private static <T> ConfigKey<T> add(ConfigKey<T> key) {
        ALL.add(key);
        BY_NAME.put(key.name(), key);
        return key;
    }

    private static <T> ConfigKey<T> key(String name, ValueType<T> type, String doc) {
        return add(new ConfigKey<>(name, type, ANYWHERE, false, doc));
    }

    private static <T> ConfigKey<T> live(String name, ValueType<T> type, String doc) {
        return add(new ConfigKey<>(name, type, ANYWHERE, true, doc));
    }

    private static ConfigKey<String> machine(String name, String doc) {
        return add(new ConfigKey<>(name, ValueType.TEXT, MACHINES, false, doc));
    }

    private static <T> ConfigKey<T> instance(String name, ValueType<T> type, String doc) {
        return add(new ConfigKey<>(name, type, INSTANCES, false, doc));
    }

    /// All rows, in the order of the table.
    public static Collection<ConfigKey<?>> all() {
        return List.copyOf(ALL);
    }

    /// The row that governs this key, if there is one.
    public static Optional<ConfigKey<?>> find(String name) {
        ConfigKey<?> exact = BY_NAME.get(name);
        if (exact != null) {
            return exact.isPrefix() ? Optional.empty() : Optional.of(exact);
        }
        if (name.startsWith("volatile.")) {
            return isVolatileOfDevice(name) ? Optional.of(VOLATILE_DEVICE) : Optional.empty();
        }
        for (ConfigKey<?> row : ALL) {
            if (row.isPrefix() && name.startsWith(row.name())) {
                return Optional.of(row);
            }
        }
        return Optional.empty();
    }

    private static boolean isVolatileOfDevice(String name) {
        String rest = name.substring("volatile.".length());
        return VOLATILE_SUFFIXES.stream()
                .anyMatch(s -> rest.endsWith(s) && rest.length() > s.length());
    }

    /// Checks the configuration of a profile.
    ///
    /// @throws InvalidConfigException for the first key, in the map's order, that is unknown,
    ///   misplaced or has a bad value
    public static void checkProfile(Map<String, String> config) {
        for (String name : config.keySet()) {
            if (name.startsWith("volatile.")) {
                throw new InvalidConfigException("Volatile keys can only be set on instances");
            }
            if (name.startsWith("image.")) {
                throw new InvalidConfigException("Image keys can only be set on instances");
            }
        }
        checkTogether(config);
        config.forEach((name, value) -> check(name, value, true));
    }

    /// Checks the configuration of a container, local or expanded.
    ///
    /// @throws InvalidConfigException for the first key, in the map's order, that is unknown,
    ///   misplaced or has a bad value
    /// @throws UnsupportedException for a key that would be ignored
    public static void checkContainer(Map<String, String> config) {
        checkTogether(config);
        config.forEach((name, value) -> check(name, value, false));
    }

    /// Keys of LXD that would have to do something and do not yet: setting them is refused rather
    /// than ignored.
    private static final Set<ConfigKey<?>> NOT_YET = Set.of(NVIDIA_RUNTIME);

    private static boolean isOff(String value) {
        return value.isEmpty()
                || List.of("false", "0", "no", "off").contains(value.toLowerCase(Locale.ROOT));
    }

    private static void check(String name, String value, boolean isProfile) {
        ConfigKey<?> row = find(name).orElse(null);
        if (row == null || (row.place() == MACHINES && !isProfile)) {
            throw new InvalidConfigException("Unknown configuration key: " + name);
        }
        if (!value.isEmpty()) {
            row.type().parse(value);
        }
        if (NOT_YET.contains(row) && !isOff(value)) {
            throw new UnsupportedException(
                    "Configuration key \""
                            + name
                            + "\" is not supported: a device of type gpu with"
                            + " id=nvidia.com/gpu=0 brings the card and its driver");
        }
    }

    private static void checkTogether(Map<String, String> config) {
        boolean hasSyscalls =
                config.keySet().stream()
                        .anyMatch(k ->
                                k.matches(
                                        "security\\.syscalls\\.(allow|deny.*|whitelist|blacklist.*)"));
        if (hasSyscalls && !config.getOrDefault("raw.seccomp", "").isEmpty()) {
            throw new InvalidConfigException(
                    "raw.seccomp is mutually exclusive with security.syscalls*");
        }
        boolean allow =
                config.containsKey("security.syscalls.allow")
                        || config.containsKey("security.syscalls.whitelist");
        boolean deny =
                config.keySet().stream()
                        .anyMatch(k -> k.matches("security\\.syscalls\\.(deny|blacklist).*"));
        if (allow && deny) {
            throw new InvalidConfigException(
                    "security.syscalls.allow is mutually exclusive with security.syscalls.deny*");
        }
    }
}
