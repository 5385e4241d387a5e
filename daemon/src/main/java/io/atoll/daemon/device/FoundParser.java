package io.atoll.daemon.device;

import io.atoll.base.InvalidConfigException;
import io.atoll.base.UnsupportedException;
import io.atoll.daemon.device.DeviceConfig.Wanted;
import io.atoll.daemon.instance.config.ValueType;
import java.util.Optional;

/// Reads devices that are found by what they are.
final class FoundParser {
    private FoundParser() {}

    static DeviceConfig parse(String name, String type, DeviceOptions options) {
        boolean isGpu = type.equals("gpu");
        Wanted wanted =
                switch (type) {
                    case "usb" -> new Wanted.Usb(number(options, "vendorid"), product(options));
                    case "unix-hotplug" -> hotplug(options);
                    default -> gpu(options);
                };
        DeviceConfig.Found found =
                new DeviceConfig.Found(
                        name,
                        wanted,
                        Devices.optionalLong(options.get("uid", ValueType.UINT32)),
                        Devices.optionalLong(options.get("gid", ValueType.UINT32)),
                        Devices.optionalInt(options.get("mode", Devices::mode)),
                        isGpu || options.flag("required", false));
        options.finish();
        return found;
    }

    private static Optional<String> product(DeviceOptions options) {
        return number(options, "productid");
    }

    private static Optional<String> number(DeviceOptions options, String option) {
        return options.get(
                option,
                text -> {
                    if (!text.matches("[0-9a-fA-F]{4}")) {
                        throw new InvalidConfigException(
                                "Not four hexadecimal digits: \"" + text + "\"");
                    }
                    return text;
                });
    }

    private static Wanted hotplug(DeviceOptions options) {
        Wanted.Hotplug wanted = new Wanted.Hotplug(number(options, "vendorid"), product(options));
        if (wanted.vendor().isEmpty() && wanted.product().isEmpty()) {
            throw new InvalidConfigException(
                    "Unix hotplug devices require a vendorid or a productid");
        }
        return wanted;
    }

    private static Wanted gpu(DeviceOptions options) {
        String kind = options.text("gputype").orElse("physical");
        if (!kind.equals("physical")) {
            throw new UnsupportedException(
                    "Graphics cards of gputype \"" + kind + "\" are not supported here");
        }
        Wanted.Gpu gpu =
                new Wanted.Gpu(
                        number(options, "vendorid"),
                        product(options),
                        options.text("id"),
                        options.get("pci", FoundParser::pci));
        boolean isOther =
                gpu.vendor().isPresent() || gpu.product().isPresent() || gpu.pci().isPresent();
        if (gpu.id().isEmpty()) {
            return gpu;
        }
        String id = gpu.id().get();
        if (isOther) {
            throw new InvalidConfigException(
                    "Cannot use id together with vendorid, productid or pci");
        }
        if (id.matches("[-a-zA-Z0-9_.]+/[-a-zA-Z0-9_.]+=[-a-zA-Z0-9_.:]+")) {
            return new Wanted.Cdi(id);
        }
        if (!id.matches("\\d{1,4}")) {
            throw new InvalidConfigException(
                    "Invalid id \"" + id + "\": it is no number and no VENDOR/CLASS=NAME");
        }
        return gpu;
    }

    private static String pci(String text) {
        if (!text.matches("([0-9a-fA-F]{4}:)?[0-9a-fA-F]{2}:[0-9a-fA-F]{2}\\.[0-7]")) {
            throw new InvalidConfigException("Invalid PCI address \"" + text + "\"");
        }
        return text.length() < 12 ? "0000:" + text : text;
    }
}
