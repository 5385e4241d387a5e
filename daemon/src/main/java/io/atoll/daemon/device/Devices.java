package io.atoll.daemon.device;

import io.atoll.base.DomainException;
import io.atoll.base.InvalidConfigException;
import io.atoll.base.UnsupportedException;
import io.atoll.daemon.instance.config.ValueType;
import io.atoll.runtime.spec.MacAddress;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.regex.Pattern;

/// Reads devices. The words of refusals are LXD's.
public final class Devices {
    private static final Pattern INTERFACE_NAME = Pattern.compile("[^/\\s:]{1,15}");

    private Devices() {}

    /// Reads all devices of a profile or instance, in the map's order.
    ///
    /// @throws InvalidConfigException naming the device that is wrong
    /// @throws UnsupportedException naming a device of a kind that we do not have yet
    public static List<DeviceConfig> parseAll(Map<String, Map<String, String>> devices) {
        List<DeviceConfig> out = new ArrayList<>();
        devices.forEach((name, values) -> out.add(parse(name, values)));
        return List.copyOf(out);
    }

    /// Reads one device.
    public static DeviceConfig parse(String name, Map<String, String> values) {
        try {
            checkName(name);
            return switch (values.getOrDefault("type", "")) {
                case "none" -> new DeviceConfig.None(name);
                case "disk" -> disk(name, new DeviceOptions(values));
                case "nic" -> nic(name, values);
                case "unix-char" -> unixNode(name, false, new DeviceOptions(values));
                case "unix-block" -> unixNode(name, true, new DeviceOptions(values));
                case "proxy", "gpu", "usb", "infiniband", "unix-hotplug", "tpm", "pci" ->
                        throw new UnsupportedException(
                                "Devices of type \""
                                        + values.get("type")
                                        + "\" are not supported yet");
                default -> throw unsupportedType(name);
            };
        } catch (InvalidConfigException e) {
            throw new InvalidConfigException(failed(name, e), e);
        } catch (UnsupportedException e) {
            throw new UnsupportedException(failed(name, e), e);
        }
    }

    private static String failed(String name, DomainException e) {
        return "Device validation failed for \"" + name + "\": " + e.getMessage();
    }

    private static InvalidConfigException unsupportedType(String name) {
        return new InvalidConfigException(
                "Failed loading device \"" + name + "\": Unsupported device type");
    }

    private static void checkName(String name) {
        if (name.isEmpty()
                || name.length() > 64
                || name.startsWith(".")
                || !name.matches("[^\\s/\\x00]+")) {
            throw new InvalidConfigException(
                    "Device name must be 1-64 characters and contain no slash or space");
        }
    }

    /// The disk on which the instance lies.
    ///
    /// @throws InvalidConfigException in LXD's words if there is none, or more than one
    public static DeviceConfig.RootDisk root(List<DeviceConfig> devices) {
        List<DeviceConfig.RootDisk> roots = new ArrayList<>();
        for (DeviceConfig device : devices) {
            if (device instanceof DeviceConfig.RootDisk root) {
                roots.add(root);
            }
        }
        if (roots.isEmpty()) {
            throw new InvalidConfigException(
                    "Failed getting root disk: No root device could be found");
        }
        if (roots.size() > 1) {
            throw new InvalidConfigException(
                    "Failed getting root disk: More than one root device found");
        }
        return roots.getFirst();
    }

    private static DeviceConfig disk(String name, DeviceOptions options) {
        String path = options.text("path").orElse("");
        String source = options.text("source").orElse("");
        Optional<String> pool = options.text("pool");
        boolean isReadOnly = options.flag("readonly", false);
        options.accept("boot.priority");
        options.refuse(
                "limits.read",
                "limits.write",
                "limits.max",
                "ceph.cluster_name",
                "ceph.user_name",
                "size.state");
        if (path.equals("/")) {
            return rootDisk(name, source, pool, isReadOnly, options);
        }
        if (path.isEmpty() || source.isEmpty()) {
            throw new InvalidConfigException(
                    "Disk entry is missing the required \"source\" or \"path\" property");
        }
        if (pool.isEmpty() && !source.startsWith("/")) {
            throw new InvalidConfigException("Source path must be absolute for local sources");
        }
        boolean isRequired =
                options.get("required", ValueType.BOOL).orElse(!options.flag("optional", false));
        DeviceConfig.MountedDisk disk =
                new DeviceConfig.MountedDisk(
                        name,
                        source,
                        pool,
                        guestPath(path),
                        isReadOnly,
                        options.flag("recursive", false),
                        isRequired,
                        options.flag("shift", false),
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
                        options.get("raw.mount.options", ValueType.WORDS).orElse(List.of()));
        options.refuse("size");
        options.finish();
        return disk;
    }

    private static DeviceConfig rootDisk(
            String name,
            String source,
            Optional<String> pool,
            boolean isReadOnly,
            DeviceOptions options) {
        if (!source.isEmpty()) {
            throw new InvalidConfigException(
                    "Root disk entry may not have a \"source\" property set");
        }
        if (pool.isEmpty()) {
            throw new InvalidConfigException("Root disk entry must have a \"pool\" property set");
        }
        DeviceConfig.RootDisk root =
                new DeviceConfig.RootDisk(
                        name, pool.get(), options.get("size", ValueType.SIZE), isReadOnly);
        options.accept("required", "optional", "recursive", "shift", "propagation");
        options.finish();
        return root;
    }

    private static DeviceConfig nic(String name, Map<String, String> values) {
        DeviceOptions options = new DeviceOptions(values);
        Optional<String> network = options.text("network");
        String type = options.text("nictype").orElse(network.isPresent() ? "bridged" : "");
        return switch (type) {
            case "bridged" -> bridged(name, network, options);
            case "macvlan", "p2p", "physical", "routed", "ipvlan", "sriov", "ovn" ->
                    throw new UnsupportedException(
                            "Devices of nictype \"" + type + "\" are not supported yet");
            default -> throw unsupportedType(name);
        };
    }

    private static DeviceConfig bridged(
            String name, Optional<String> network, DeviceOptions options) {
        Optional<String> parent = options.text("parent");
        if (network.isPresent() == parent.isPresent()) {
            throw new InvalidConfigException(
                    "Requires either \"network\" or \"parent\" property, and not both");
        }
        DeviceConfig.BridgedNic nic =
                new DeviceConfig.BridgedNic(
                        name,
                        network.or(() -> parent).orElseThrow(),
                        network.isPresent(),
                        options.get("name", Devices::interfaceName),
                        options.get("hwaddr", MacAddress::new),
                        options.get("host_name", Devices::interfaceName),
                        optionalInt(options.get("mtu", Devices::mtu)),
                        options.get("ipv4.address", Devices::ipv4).filter(a -> !a.equals("none")),
                        options.get("ipv6.address", Devices::ipv6).filter(a -> !a.equals("none")));
        options.accept("boot.priority");
        options.refuse(
                "ipv4.routes",
                "ipv6.routes",
                "ipv4.routes.external",
                "ipv6.routes.external",
                "limits.ingress",
                "limits.egress",
                "limits.max",
                "limits.priority",
                "security.mac_filtering",
                "security.ipv4_filtering",
                "security.ipv6_filtering",
                "security.port_isolation",
                "security.acls",
                "security.acls.default.ingress.action",
                "security.acls.default.egress.action",
                "security.acls.default.ingress.logged",
                "security.acls.default.egress.logged",
                "vlan",
                "vlan.tagged",
                "queue.tx.length",
                "maas.subnet.ipv4",
                "maas.subnet.ipv6");
        options.finish();
        return nic;
    }

    private static String interfaceName(String text) {
        if (!INTERFACE_NAME.matcher(text).matches() || text.equals(".") || text.equals("..")) {
            throw new InvalidConfigException(
                    "Network interface is too long (maximum 15 characters)");
        }
        return text;
    }

    private static Integer mtu(String text) {
        long value = ValueType.UINT32.parse(text);
        if (value < 68 || value > 65_535) {
            throw new InvalidConfigException("Invalid MTU \"" + text + "\", must be 68-65535");
        }
        return (int) value;
    }

    private static String ipv4(String text) {
        boolean ok = text.equals("none") || text.matches("(\\d{1,3})(\\.\\d{1,3}){3}");
        for (String part : ok && !text.equals("none") ? text.split("\\.") : new String[0]) {
            ok &= Integer.parseInt(part) < 256;
        }
        if (!ok) {
            throw new InvalidConfigException("Not an IPv4 address \"" + text + "\"");
        }
        return text;
    }

    private static String ipv6(String text) {
        if (!text.equals("none") && !text.matches("[0-9a-fA-F]*:[0-9a-fA-F:.]+")) {
            throw new InvalidConfigException("Not an IPv6 address \"" + text + "\"");
        }
        return text;
    }

    private static DeviceConfig unixNode(String name, boolean isBlock, DeviceOptions options) {
        Optional<String> source = options.text("source");
        Optional<String> path = options.text("path");
        if (source.isEmpty() && path.isEmpty()) {
            throw new InvalidConfigException(
                    "Unix device entry is missing the required \"source\" or \"path\" property");
        }
        String from = source.or(() -> path).orElseThrow();
        OptionalInt major = optionalInt(options.get("major", ValueType.UINT32).map(Long::intValue));
        OptionalInt minor = optionalInt(options.get("minor", ValueType.UINT32).map(Long::intValue));
        if (major.isPresent() != minor.isPresent()) {
            throw new InvalidConfigException(
                    "Both major and minor must be supplied for device \"" + from + "\"");
        }
        DeviceConfig.UnixNode node =
                new DeviceConfig.UnixNode(
                        name,
                        isBlock,
                        major.isPresent() ? Optional.empty() : Optional.of(Path.of(from)),
                        guestPath(path.or(() -> source).orElseThrow()),
                        major,
                        minor,
                        optionalLong(options.get("uid", ValueType.UINT32)),
                        optionalLong(options.get("gid", ValueType.UINT32)),
                        optionalInt(options.get("mode", Devices::mode)),
                        options.flag("required", true));
        options.finish();
        return node;
    }

    private static Integer mode(String text) {
        if (!text.matches("[0-7]{1,4}")) {
            throw new InvalidConfigException("Not an octal mode: \"" + text + "\"");
        }
        return Integer.parseInt(text, 8);
    }

    private static String guestPath(String path) {
        for (String part : path.split("/")) {
            if (part.equals("..")) {
                throw new InvalidConfigException("Path \"" + path + "\" leaves the instance");
            }
        }
        return path.startsWith("/") ? path : "/" + path;
    }

    private static OptionalInt optionalInt(Optional<Integer> value) {
        return value.isPresent() ? OptionalInt.of(value.get()) : OptionalInt.empty();
    }

    private static OptionalLong optionalLong(Optional<Long> value) {
        return value.isPresent() ? OptionalLong.of(value.get()) : OptionalLong.empty();
    }
}
