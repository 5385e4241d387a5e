package io.atoll.daemon.device;

import io.atoll.base.DomainException;
import io.atoll.base.InvalidConfigException;
import io.atoll.base.UnsupportedException;
import io.atoll.daemon.instance.config.ConfigKeys;
import io.atoll.daemon.instance.config.Expansion;
import io.atoll.daemon.instance.config.ValueType;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeMap;

/// Reads devices. The words of refusals are LXD's.
public final class Devices {
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

    /// Reads all devices of an instance: where the instance as a whole says something about its
    /// devices, those that do not say otherwise have it.
    public static List<DeviceConfig> of(Expansion instance) {
        Optional<Long> priority =
                instance.typed().get(ConfigKeys.NETWORK_PRIORITY).map(Integer::longValue);
        List<DeviceConfig> all = parseAll(instance.devices());
        return priority.isEmpty()
                ? all
                : all.stream()
                        .map(d -> d instanceof NicConfig nic ? nic.orPriority(priority.get()) : d)
                        .toList();
    }

    /// Reads one device.
    public static DeviceConfig parse(String name, Map<String, String> values) {
        try {
            checkName(name);
            return switch (values.getOrDefault("type", "")) {
                case "" ->
                        throw new InvalidConfigException(
                                "Failed loading device \""
                                        + name
                                        + "\": Missing device type in config");
                case "none" -> none(name, new DeviceOptions(values));
                case "disk" -> DiskParser.parse(name, new DeviceOptions(values));
                case "nic" -> NicParser.parse(name, new DeviceOptions(values));
                case "unix-char" -> unixNode(name, false, new DeviceOptions(values));
                case "unix-block" -> unixNode(name, true, new DeviceOptions(values));
                case "proxy" -> ProxyParser.parse(name, new DeviceOptions(values));
                case "usb", "unix-hotplug", "gpu" ->
                        FoundParser.parse(
                                name, values.getOrDefault("type", ""), new DeviceOptions(values));
                case "infiniband" -> infiniband(name, values);
                case "tpm" -> tpm(name, new DeviceOptions(values));
                case "pci" ->
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

    static InvalidConfigException unsupportedType(String name) {
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

    /// Of a profile, which need not have a root disk.
    ///
    /// @throws InvalidConfigException if there is more than one
    public static void requireOneRoot(List<DeviceConfig> devices) {
        boolean hasRoot = false;
        for (DeviceConfig device : devices) {
            if (device instanceof DeviceConfig.RootDisk && hasRoot) {
                throw apart(device.name(), "/");
            }
            hasRoot |= device instanceof DeviceConfig.RootDisk;
        }
    }

    private static InvalidConfigException apart(String name, String path) {
        return new InvalidConfigException(
                "Device validation failed for \""
                        + name
                        + "\": More than one disk device uses the same path \""
                        + path
                        + "\"");
    }

    private static DeviceConfig none(String name, DeviceOptions options) {
        options.finish();
        return new DeviceConfig.None(name);
    }

    /// @throws InvalidConfigException if two disks are in one place
    public static void requireApart(List<DeviceConfig> devices) {
        Set<String> taken = new HashSet<>();
        for (DeviceConfig device : devices) {
            Optional<String> path =
                    switch (device) {
                        case DeviceConfig.MountedDisk disk -> Optional.of(disk.guestPath());
                        case DeviceConfig.Tmpfs disk -> Optional.of(disk.guestPath());
                        case DeviceConfig.RootDisk _,
                                DeviceConfig.None _,
                                DeviceConfig.UnixNode _,
                                DeviceConfig.Found _,
                                DeviceConfig.Infiniband _,
                                DeviceConfig.Tpm _,
                                NicConfig _,
                                ProxyConfig _ ->
                                Optional.empty();
                    };
            if (path.isPresent() && !taken.add(path.get().replaceAll("/+$", ""))) {
                throw apart(device.name(), path.get());
            }
        }
    }

    private static DeviceConfig infiniband(String name, Map<String, String> values) {
        DeviceOptions options = new DeviceOptions(values);
        String kind =
                options.get("nictype", ValueType.oneOf("physical", "sriov"))
                        .orElseThrow(() ->
                                new InvalidConfigException(
                                        "Missing required property \"nictype\""));
        Map<String, String> link = new TreeMap<>(Map.of("type", "nic", "nictype", kind));
        for (String option : List.of("parent", "name", "mtu")) {
            options.text(option).ifPresent(value -> link.put(option, value));
        }
        // A name of its own would have to be chosen beside those of other interfaces.
        link.putIfAbsent("name", link.getOrDefault("parent", name));
        options.refuse("hwaddr");
        options.finish();
        return new DeviceConfig.Infiniband(NicParser.parse(name, new DeviceOptions(link)));
    }

    private static DeviceConfig tpm(String name, DeviceOptions options) {
        DeviceConfig.Tpm tpm =
                new DeviceConfig.Tpm(
                        name, requiredPath(options, "path"), requiredPath(options, "pathrm"));
        options.finish();
        return tpm;
    }

    private static String requiredPath(DeviceOptions options, String option) {
        return options.get(option, Devices::guestPath)
                .orElseThrow(() ->
                        new InvalidConfigException(
                                "Failed to validate config: Invalid value for device option \""
                                        + option
                                        + "\": Required value"));
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

    static Integer mode(String text) {
        if (!text.matches("[0-7]{1,4}")) {
            throw new InvalidConfigException("Not an octal mode: \"" + text + "\"");
        }
        return Integer.parseInt(text, 8);
    }

    static String guestPath(String path) {
        for (String part : path.split("/")) {
            if (part.equals("..")) {
                throw new InvalidConfigException("Path \"" + path + "\" leaves the instance");
            }
        }
        return path.startsWith("/") ? path : "/" + path;
    }

    static OptionalInt optionalInt(Optional<Integer> value) {
        return value.isPresent() ? OptionalInt.of(value.get()) : OptionalInt.empty();
    }

    static OptionalLong optionalLong(Optional<Long> value) {
        return value.isPresent() ? OptionalLong.of(value.get()) : OptionalLong.empty();
    }
}
