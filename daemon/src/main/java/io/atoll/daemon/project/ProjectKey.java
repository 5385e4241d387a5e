package io.atoll.daemon.project;

import io.atoll.base.Architecture;
import io.atoll.base.ByteSize;
import io.atoll.base.InvalidConfigException;
import io.atoll.image.Packing;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;

/// The closed list of a project's configuration keys. The names and meanings are those of LXD's
/// page "Project configuration".
///
/// A restriction holds only while [#RESTRICTED] is on; what it is then, if the project does not
/// say, is its default.
public enum ProjectKey {
    BACKUP_COMPRESSION("backups.compression_algorithm", Rule.COMPRESSION, ""),
    IMAGES("features.images", Rule.BOOL, ""),
    NETWORKS("features.networks", Rule.BOOL, ""),
    PROFILES("features.profiles", Rule.BOOL, ""),
    VOLUMES("features.storage.volumes", Rule.BOOL, ""),
    IMAGES_UPDATE_CACHED("images.auto_update_cached", Rule.BOOL, ""),
    IMAGES_UPDATE_INTERVAL("images.auto_update_interval", Rule.INTEGER, ""),
    IMAGES_COMPRESSION("images.compression_algorithm", Rule.COMPRESSION, ""),
    IMAGES_ARCHITECTURE("images.default_architecture", Rule.ARCHITECTURE, ""),
    IMAGES_EXPIRY("images.remote_cache_expiry", Rule.INTEGER, ""),
    LIMIT_CONTAINERS("limits.containers", Rule.COUNT, ""),
    LIMIT_CPU("limits.cpu", Rule.COUNT, ""),
    LIMIT_DISK("limits.disk", Rule.SIZE, ""),
    LIMIT_INSTANCES("limits.instances", Rule.COUNT, ""),
    LIMIT_MEMORY("limits.memory", Rule.SIZE, ""),
    LIMIT_NETWORKS("limits.networks", Rule.COUNT, ""),
    LIMIT_PROCESSES("limits.processes", Rule.COUNT, ""),
    LIMIT_MACHINES("limits.virtual-machines", Rule.COUNT, ""),
    RESTRICTED("restricted", Rule.BOOL, ""),
    BACKUPS("restricted.backups", Rule.BLOCK_OR_ALLOW, "block"),
    CLUSTER_GROUPS("restricted.cluster.groups", Rule.ANY, ""),
    CLUSTER_TARGET("restricted.cluster.target", Rule.BLOCK_OR_ALLOW, "block"),
    INTERCEPTION("restricted.containers.interception", Rule.INTERCEPTION, "block"),
    LOWLEVEL("restricted.containers.lowlevel", Rule.BLOCK_OR_ALLOW, "block"),
    NESTING("restricted.containers.nesting", Rule.BLOCK_OR_ALLOW, "block"),
    PRIVILEGE("restricted.containers.privilege", Rule.PRIVILEGE, "unprivileged"),
    DISK("restricted.devices.disk", Rule.MANAGED, "managed"),
    DISK_PATHS("restricted.devices.disk.paths", Rule.PATHS, ""),
    GPU("restricted.devices.gpu", Rule.BLOCK_OR_ALLOW, "block"),
    INFINIBAND("restricted.devices.infiniband", Rule.BLOCK_OR_ALLOW, "block"),
    NIC("restricted.devices.nic", Rule.MANAGED, "managed"),
    PCI("restricted.devices.pci", Rule.BLOCK_OR_ALLOW, "block"),
    PROXY("restricted.devices.proxy", Rule.BLOCK_OR_ALLOW, "block"),
    TPM("restricted.devices.tpm", Rule.BLOCK_OR_ALLOW, "block"),
    UNIX_BLOCK("restricted.devices.unix-block", Rule.BLOCK_OR_ALLOW, "block"),
    UNIX_CHAR("restricted.devices.unix-char", Rule.BLOCK_OR_ALLOW, "block"),
    UNIX_HOTPLUG("restricted.devices.unix-hotplug", Rule.BLOCK_OR_ALLOW, "block"),
    USB("restricted.devices.usb", Rule.BLOCK_OR_ALLOW, "block"),
    IDMAP_UID("restricted.idmap.uid", Rule.IDS, ""),
    IDMAP_GID("restricted.idmap.gid", Rule.IDS, ""),
    NETWORKS_ACCESS("restricted.networks.access", Rule.ANY, ""),
    NETWORKS_SUBNETS("restricted.networks.subnets", Rule.SUBNETS, ""),
    NETWORKS_UPLINKS("restricted.networks.uplinks", Rule.ANY, ""),
    NETWORKS_ZONES("restricted.networks.zones", Rule.ANY, ""),
    SNAPSHOTS("restricted.snapshots", Rule.BLOCK_OR_ALLOW, "block"),
    MACHINES_LOWLEVEL("restricted.virtual-machines.lowlevel", Rule.BLOCK_OR_ALLOW, "block");

    /// What a value may look like.
    private enum Rule {
        ANY,
        BOOL,
        INTEGER,
        COMPRESSION,
        ARCHITECTURE,
        COUNT,
        SIZE,
        PATHS,
        SUBNETS,
        IDS,
        BLOCK_OR_ALLOW,
        MANAGED,
        INTERCEPTION,
        PRIVILEGE;

        void check(String value) {
            switch (this) {
                case ANY -> {}
                case BOOL -> bool(value);
                case INTEGER -> integer(value);
                case COMPRESSION -> compression(value);
                case ARCHITECTURE -> {
                    Architecture unused = Architecture.ofKernelName(value);
                }
                case COUNT -> count(value);
                case SIZE -> size(value);
                case PATHS -> paths(value);
                case SUBNETS -> subnets(value);
                case IDS -> IdRanges.check(value);
                case BLOCK_OR_ALLOW -> oneOf(value, "block", "allow");
                case MANAGED -> oneOf(value, "block", "allow", "managed");
                case INTERCEPTION -> oneOf(value, "block", "allow", "full");
                case PRIVILEGE -> oneOf(value, "unprivileged", "isolated", "allow");
            }
        }
    }

    private static final Set<String> TRUE = Set.of("true", "1", "yes", "on");
    private static final Set<String> FALSE = Set.of("false", "0", "no", "off");

    private final String key;
    private final Rule rule;
    private final String unset;

    ProjectKey(String key, Rule rule, String unset) {
        this.key = key;
        this.rule = rule;
        this.unset = unset;
    }

    /// The configuration key.
    public String key() {
        return key;
    }

    /// What it is where it is not set.
    String unset() {
        return unset;
    }

    static Optional<ProjectKey> find(String key) {
        for (ProjectKey one : values()) {
            if (one.key.equals(key)) {
                return Optional.of(one);
            }
        }
        return Optional.empty();
    }

    /// @throws InvalidConfigException if it cannot have this value
    void check(String value) {
        if (!value.isEmpty()) {
            rule.check(value);
        }
    }

    static boolean isTrue(String value) {
        return TRUE.contains(value.toLowerCase(Locale.ROOT));
    }

    private static void compression(String value) {
        Packing unused = Packing.parse(value);
    }

    private static void bool(String value) {
        if (!isTrue(value) && !FALSE.contains(value.toLowerCase(Locale.ROOT))) {
            throw new InvalidConfigException("Invalid value for a boolean \"" + value + "\"");
        }
    }

    private static void integer(String value) {
        if (!value.matches("[+-]?\\d{1,18}")) {
            throw new InvalidConfigException("Invalid value for an integer \"" + value + "\"");
        }
    }

    private static void count(String value) {
        if (!value.matches("\\d{1,10}") || Long.parseLong(value) > 0xFFFF_FFFFL) {
            throw new InvalidConfigException("Invalid value for uint32 \"" + value + "\"");
        }
    }

    private static void size(String value) {
        ByteSize unused = ByteSize.parse(value);
    }

    private static void paths(String value) {
        for (String path : value.split(",")) {
            if (!path.strip().startsWith("/")) {
                throw new InvalidConfigException("Must be absolute path");
            }
        }
    }

    private static void subnets(String value) {
        for (String item : value.split(",")) {
            String one = item.strip();
            int colon = one.indexOf(':');
            if (colon < 1) {
                throw new InvalidConfigException(
                        "Subnet \""
                                + one
                                + "\" invalid, must be in the format of \"<uplink network>:<subnet>\"");
            }
        }
    }

    private static void oneOf(String value, String... words) {
        if (!List.of(words).contains(value)) {
            throw new InvalidConfigException(
                    "Invalid value \""
                            + value
                            + "\" (not one of ["
                            + String.join(" ", words)
                            + "])");
        }
    }
}
