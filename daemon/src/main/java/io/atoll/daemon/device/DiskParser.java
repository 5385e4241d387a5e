package io.atoll.daemon.device;

import io.atoll.base.InvalidConfigException;
import io.atoll.daemon.instance.config.ValueType;
import java.util.List;
import java.util.Optional;

/// Reads disks.
final class DiskParser {
    /// The source of a file system in memory.
    private static final String TMPFS = "tmpfs:";

    private DiskParser() {}

    static DeviceConfig parse(String name, DeviceOptions options) {
        String path = options.text("path").orElse("");
        String source = options.text("source").orElse("");
        Optional<Long> _ = options.get("boot.priority", ValueType.UINT32);
        if (source.startsWith("/") && isCeph(options)) {
            throw new InvalidConfigException(
                    "Invalid options ceph.cluster_name/ceph.user_name for source \""
                            + source
                            + "\"");
        }
        options.refuse("ceph.cluster_name", "ceph.user_name", "size.state");
        if (path.equals("/")) {
            return root(name, source, options);
        }
        if (path.isEmpty() || source.isEmpty()) {
            throw new InvalidConfigException(
                    "Disk entry is missing the required \"source\" or \"path\" property");
        }
        return source.equals(TMPFS)
                ? tmpfs(name, path, options)
                : mounted(name, path, source, options);
    }

    private static boolean isCeph(DeviceOptions options) {
        return options.text("ceph.cluster_name").isPresent()
                || options.text("ceph.user_name").isPresent();
    }

    private static IoLimits limits(DeviceOptions options) {
        return IoLimits.parse(
                options.text("limits.read").orElse(""),
                options.text("limits.write").orElse(""),
                options.text("limits.max").orElse(""));
    }

    private static DeviceConfig mounted(
            String name, String path, String source, DeviceOptions options) {
        Optional<String> pool = options.text("pool");
        if (pool.isEmpty() && !source.startsWith("/")) {
            throw new InvalidConfigException("Source path must be absolute for local sources");
        }
        if (pool.isPresent() && source.startsWith("/")) {
            throw new InvalidConfigException(
                    "Storage volumes cannot be specified as absolute paths");
        }
        if (pool.isPresent() && options.flag("recursive", false)) {
            throw new InvalidConfigException(
                    "The recursive option is only supported for additional bind-mounted paths");
        }
        if (options.text("size").isPresent()) {
            throw new InvalidConfigException("Only the root disk may have a size quota");
        }
        if (pool.isPresent() && (source.contains("/") || source.startsWith("."))) {
            throw new InvalidConfigException("Invalid name of a volume \"" + source + "\"");
        }
        boolean isRequired =
                options.get("required", ValueType.BOOL).orElse(!options.flag("optional", false));
        DeviceConfig.MountedDisk disk =
                new DeviceConfig.MountedDisk(
                        name,
                        source,
                        pool,
                        Devices.guestPath(path),
                        options.flag("readonly", false),
                        options.flag("recursive", false),
                        isRequired,
                        options.get("shift", ValueType.BOOL),
                        options.get(
                                        "propagation",
                                        ValueType.oneOf(
                                                "private",
                                                "shared",
                                                "slave",
                                                "unbindable",
                                                "rprivate",
                                                "rshared",
                                                "rslave",
                                                "runbindable"))
                                .orElse("private"),
                        mountOptions(options),
                        limits(options));
        options.finish();
        return disk;
    }

    private static List<String> mountOptions(DeviceOptions options) {
        return options.get("raw.mount.options", ValueType.WORDS).orElse(List.of());
    }

    private static DeviceConfig tmpfs(String name, String path, DeviceOptions options) {
        DeviceConfig.Tmpfs disk =
                new DeviceConfig.Tmpfs(
                        name,
                        Devices.guestPath(path),
                        options.get("size", ValueType.SIZE),
                        options.flag("readonly", false),
                        mountOptions(options));
        options.accept("required", "optional");
        options.finish();
        return disk;
    }

    private static DeviceConfig root(String name, String source, DeviceOptions options) {
        Optional<String> pool = options.text("pool");
        if (!source.isEmpty()) {
            throw new InvalidConfigException(
                    "Root disk entry may not have a \"source\" property set");
        }
        if (pool.isEmpty()) {
            throw new InvalidConfigException("Root disk entry must have a \"pool\" property set");
        }
        DeviceConfig.RootDisk root =
                new DeviceConfig.RootDisk(
                        name,
                        pool.get(),
                        options.get("size", ValueType.SIZE),
                        options.flag("readonly", false),
                        limits(options));
        options.accept("required", "optional", "recursive", "shift", "propagation");
        options.finish();
        return root;
    }
}
