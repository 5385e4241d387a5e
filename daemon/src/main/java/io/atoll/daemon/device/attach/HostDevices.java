package io.atoll.daemon.device.attach;

import io.atoll.daemon.device.DeviceConfig.Wanted;
import io.atoll.linux.ErrnoException;
import io.atoll.linux.FileStat;
import io.atoll.runtime.spec.DeviceNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Stream;

/// Devices of the host by what they are, as sysfs shows them.
///
/// @param root `/`, another in tests
record HostDevices(Path root) {
    static final HostDevices KERNEL = new HostDevices(Path.of("/"));

    private static final int MODE = 0660;
    private static final int PERMISSIONS = 0777;
    private static final String NVIDIA = "10de";
    private static final List<String> NVIDIA_COMMON =
            List.of("nvidiactl", "nvidia-uvm", "nvidia-uvm-tools", "nvidia-modeset");

    /// A node of the host.
    ///
    /// @param path where it is in `/dev`
    /// @param mode unless the device says another; owner and group likewise
    /// @param access some of `rwm`
    record Node(
            String path,
            DeviceNode.Type type,
            int major,
            int minor,
            int mode,
            long uid,
            long gid,
            String access) {
        Node(String path, DeviceNode.Type type, int major, int minor, int mode) {
            this(path, type, major, minor, mode, 0, 0, "rwm");
        }
    }

    /// All nodes that are meant, ordered by path; none if there is no such device.
    List<Node> find(Wanted wanted) {
        return switch (wanted) {
            case Wanted.Usb usb -> usb(usb);
            case Wanted.Hotplug hotplug -> hotplug(hotplug);
            case Wanted.Gpu gpu -> gpus(gpu);
            case Wanted.Verbs verbs -> verbs(verbs.link());
            case Wanted.Cdi cdi -> CdiSpecs.KERNEL.find(cdi.qualified()).nodes();
        };
    }

    private List<Path> list(String folder) {
        try (Stream<Path> entries = Files.list(root.resolve(folder))) {
            return entries.sorted().toList();
        } catch (IOException _) {
            // This kernel has no such devices, or the last one went while we looked.
            return List.of();
        }
    }

    /// By the interface's card: `uverbsN` for data, `umadN` and `issmN` for those who manage the
    /// fabric; see the kernel's document "Userspace verbs access".
    private List<Node> verbs(String link) {
        List<Node> out = new ArrayList<>();
        String card = "sys/class/net/" + link + "/device/";
        for (String kind : List.of("infiniband_verbs", "infiniband_mad")) {
            for (Path entry : list(card + kind)) {
                String[] numbers = text(entry.resolve("dev")).split(":", -1);
                if (numbers.length == 2) {
                    out.add(
                            new Node(
                                    "/dev/infiniband/" + entry.getFileName(),
                                    DeviceNode.Type.CHAR,
                                    Integer.parseInt(numbers[0]),
                                    Integer.parseInt(numbers[1]),
                                    MODE));
                }
            }
        }
        return out;
    }

    private static String text(Path file) {
        try {
            return new String(Files.readAllBytes(file), StandardCharsets.UTF_8).strip();
        } catch (IOException _) {
            return "";
        }
    }

    private static Optional<Node> node(String path, DeviceNode.Type type, Path folder) {
        String[] numbers = text(folder.resolve("dev")).split(":");
        return numbers.length == 2
                ? Optional.of(
                        new Node(
                                path,
                                type,
                                Integer.parseInt(numbers[0]),
                                Integer.parseInt(numbers[1]),
                                MODE))
                : Optional.empty();
    }

    private static boolean matches(Optional<String> wanted, String found) {
        return wanted.isEmpty() || wanted.get().equalsIgnoreCase(found);
    }

    private List<Node> usb(Wanted.Usb wanted) {
        List<Node> out = new ArrayList<>();
        for (Path device : list("sys/bus/usb/devices")) {
            String bus = text(device.resolve("busnum"));
            String number = text(device.resolve("devnum"));
            boolean isMeant =
                    matches(wanted.vendor(), text(device.resolve("idVendor")))
                            && matches(wanted.product(), text(device.resolve("idProduct")));
            if (isMeant && bus.matches("\\d{1,3}") && number.matches("\\d{1,3}")) {
                String path =
                        String.format(
                                "/dev/bus/usb/%03d/%03d",
                                Integer.parseInt(bus), Integer.parseInt(number));
                node(path, DeviceNode.Type.CHAR, device).ifPresent(out::add);
            }
        }
        return out;
    }

    /// Nodes whose device is on the way to a USB device with these numbers; that device's own node
    /// is the business of [Wanted.Usb].
    private List<Node> hotplug(Wanted.Hotplug wanted) {
        List<Node> out = new ArrayList<>();
        for (DeviceNode.Type type : DeviceNode.Type.values()) {
            boolean isBlock = type == DeviceNode.Type.BLOCK;
            for (Path link : list(isBlock ? "sys/dev/block" : "sys/dev/char")) {
                Path device = real(link);
                Map<String, String> facts = facts(device.resolve("uevent"));
                if (!facts.getOrDefault("DEVTYPE", "").equals("usb_device")
                        && facts.containsKey("DEVNAME")
                        && isBehind(device, wanted)) {
                    node("/dev/" + facts.get("DEVNAME"), type, device).ifPresent(out::add);
                }
            }
        }
        return out;
    }

    private static Path real(Path link) {
        try {
            return link.toRealPath();
        } catch (IOException _) {
            return link;
        }
    }

    private static Map<String, String> facts(Path file) {
        Map<String, String> out = new TreeMap<>();
        for (String line : text(file).split("\n")) {
            int equals = line.indexOf('=');
            if (equals > 0) {
                out.put(line.substring(0, equals), line.substring(equals + 1));
            }
        }
        return out;
    }

    private boolean isBehind(Path device, Wanted.Hotplug wanted) {
        Path top = real(root.resolve("sys"));
        for (Path at = device; at != null && !at.equals(top); at = at.getParent()) {
            String vendor = text(at.resolve("idVendor"));
            if (!vendor.isEmpty()) {
                return matches(wanted.vendor(), vendor)
                        && matches(wanted.product(), text(at.resolve("idProduct")));
            }
        }
        return false;
    }

    private List<Node> gpus(Wanted.Gpu wanted) {
        List<Node> out = new ArrayList<>();
        boolean hasNvidia = false;
        for (Path card : list("sys/class/drm")) {
            String name = String.valueOf(card.getFileName());
            Path device = real(card.resolve("device"));
            if (name.matches("(card|renderD|controlD)\\d{1,4}") && isMeant(device, wanted)) {
                node("/dev/dri/" + name, DeviceNode.Type.CHAR, card).ifPresent(out::add);
                boolean isNvidia = id(device, "vendor").equals(NVIDIA);
                if (isNvidia && name.startsWith("card")) {
                    nvidia(device).ifPresent(out::add);
                }
                hasNvidia |= isNvidia;
            }
        }
        if (hasNvidia) {
            NVIDIA_COMMON.forEach(name -> present(name).ifPresent(out::add));
        }
        return out;
    }

    private static String id(Path device, String file) {
        return text(device.resolve(file)).replaceFirst("^0x", "");
    }

    private boolean isMeant(Path device, Wanted.Gpu wanted) {
        boolean isCard =
                wanted.id().isEmpty()
                        || Files.isDirectory(device.resolve("drm/card" + wanted.id().get()));
        return isCard
                && matches(wanted.pci(), String.valueOf(device.getFileName()))
                && matches(wanted.vendor(), id(device, "vendor"))
                && matches(wanted.product(), id(device, "device"));
    }

    /// The driver's own node, whose number the driver tells.
    private Optional<Node> nvidia(Path device) {
        Path file =
                root.resolve("proc/driver/nvidia/gpus")
                        .resolve(String.valueOf(device.getFileName()))
                        .resolve("information");
        for (String line : text(file).split("\n")) {
            if (line.startsWith("Device Minor:")) {
                return present("nvidia" + line.substring(line.indexOf(':') + 1).strip());
            }
        }
        return Optional.empty();
    }

    private Optional<Node> present(String name) {
        try {
            FileStat stat = FileStat.of(root.resolve("dev").resolve(name).toString());
            return stat.type() == FileStat.Type.CHAR_DEVICE
                    ? Optional.of(
                            new Node(
                                    "/dev/" + name,
                                    DeviceNode.Type.CHAR,
                                    FileStat.major(stat.rdev()),
                                    FileStat.minor(stat.rdev()),
                                    stat.mode() & PERMISSIONS))
                    : Optional.empty();
        } catch (ErrnoException _) {
            return Optional.empty();
        }
    }
}
