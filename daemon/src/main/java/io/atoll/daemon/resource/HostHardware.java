package io.atoll.daemon.resource;

import io.atoll.base.json.Json;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/// Reads processors, memory, disks, network cards and the machine's name out of `/proc` and `/sys`.
/// What the kernel does not tell is empty or 0. Graphics cards, USB and PCI devices are not listed.
final class HostHardware {
    private static final int SECTOR_BYTES = 512;

    private final Path root;

    /// @param root `/`, or a folder with recorded files
    HostHardware(Path root) {
        this.root = root;
    }

    Json json() {
        return Json.object()
                .put("cpu", cpu())
                .put("memory", memory())
                .put("gpu", Json.object().put("cards", Json.array()).put("total", 0))
                .put("network", network())
                .put("storage", storage())
                .put("usb", Json.object().put("devices", Json.array()).put("total", 0))
                .put("pci", Json.object().put("devices", Json.array()).put("total", 0))
                .put("system", system());
    }

    private String text(String path) {
        try {
            return new String(Files.readAllBytes(root.resolve(path)), StandardCharsets.UTF_8)
                    .strip();
        } catch (IOException e) {
            // Absent on this machine; every file here is optional.
            return "";
        }
    }

    private long number(String path) {
        String text = text(path);
        return text.matches("\\d{1,18}") ? Long.parseLong(text) : 0;
    }

    private List<String> names(String folder) {
        List<String> out = new ArrayList<>();
        try (DirectoryStream<Path> entries = Files.newDirectoryStream(root.resolve(folder))) {
            entries.forEach(e -> out.add(String.valueOf(e.getFileName())));
        } catch (IOException e) {
            return List.of();
        }
        out.sort(String::compareTo);
        return out;
    }

    /// Reads `name: value` lines; of a name that occurs several times the first.
    private Map<String, String> fields(String path) {
        Map<String, String> out = new TreeMap<>();
        for (String line : text(path).split("\n")) {
            int colon = line.indexOf(':');
            if (colon > 0) {
                out.putIfAbsent(
                        line.substring(0, colon).strip(), line.substring(colon + 1).strip());
            }
        }
        return out;
    }

    private Json cpu() {
        Map<String, String> info = fields("proc/cpuinfo");
        Map<Long, Map<Long, Json.Obj>> sockets = new TreeMap<>();
        long total = 0;
        for (String name : names("sys/devices/system/cpu")) {
            if (name.matches("cpu\\d{1,6}")) {
                total++;
                addThread(sockets, Long.parseLong(name.substring(3)));
            }
        }
        Json.Arr list = Json.array();
        sockets.forEach((id, cores) ->
                list.items()
                        .add(
                                Json.object()
                                        .put("name", info.getOrDefault("model name", ""))
                                        .put("vendor", info.getOrDefault("vendor_id", ""))
                                        .put("socket", id)
                                        .put("cores", Json.array(cores.values()))));
        String jvm = System.getProperty("os.arch", "");
        return Json.object()
                .put("architecture", jvm.equals("amd64") ? "x86_64" : jvm)
                .put("sockets", list)
                .put("total", total);
    }

    private void addThread(Map<Long, Map<Long, Json.Obj>> sockets, long cpu) {
        String topology = "sys/devices/system/cpu/cpu" + cpu + "/topology/";
        long core = number(topology + "core_id");
        Json.Obj entry =
                sockets.computeIfAbsent(
                                number(topology + "physical_package_id"), _ -> new TreeMap<>())
                        .computeIfAbsent(core, id -> newCore(id, number(topology + "die_id")));
        List<Json> threads = ((Json.Arr) entry.get("threads")).items();
        String online = text("sys/devices/system/cpu/cpu" + cpu + "/online");
        threads.add(
                Json.object()
                        .put("id", cpu)
                        .put("numa_node", 0)
                        .put("thread", threads.size())
                        .put("online", !online.equals("0"))
                        .put("isolated", false));
    }

    private static Json.Obj newCore(long id, long die) {
        return Json.object().put("core", id).put("die", die).put("threads", Json.array());
    }

    private Json memory() {
        Map<String, String> info = fields("proc/meminfo");
        long total = kibibytes(info, "MemTotal");
        long used =
                total
                        - kibibytes(info, "MemFree")
                        - kibibytes(info, "Buffers")
                        - kibibytes(info, "Cached")
                        - kibibytes(info, "SReclaimable");
        long pageSize = kibibytes(info, "Hugepagesize");
        long pages = plain(info, "HugePages_Total");
        long free = plain(info, "HugePages_Free");
        return Json.object()
                .put("nodes", Json.array())
                .put("hugepages_total", pages * pageSize)
                .put("hugepages_used", (pages - free) * pageSize)
                .put("hugepages_size", pageSize)
                .put("used", Math.max(0, used))
                .put("total", total);
    }

    private static long kibibytes(Map<String, String> info, String name) {
        return plain(info, name) * 1024;
    }

    private static long plain(Map<String, String> info, String name) {
        String digits = info.getOrDefault(name, "0").replaceAll("\\D.*", "");
        return digits.isEmpty() ? 0 : Long.parseLong(digits);
    }

    private Json network() {
        Json.Arr cards = Json.array();
        for (String name : names("sys/class/net")) {
            if (Files.exists(root.resolve("sys/class/net/" + name + "/device"))) {
                Json port =
                        Json.object()
                                .put("id", name)
                                .put("address", text("sys/class/net/" + name + "/address"))
                                .put("port", number("sys/class/net/" + name + "/dev_port"))
                                .put("protocol", "ethernet")
                                .put(
                                        "link_detected",
                                        text("sys/class/net/" + name + "/carrier").equals("1"));
                cards.items()
                        .add(
                                Json.object()
                                        .put(
                                                "driver",
                                                driver("sys/class/net/" + name + "/device/driver"))
                                        .put("numa_node", 0)
                                        .put("ports", Json.array(List.of(port))));
            }
        }
        return Json.object().put("cards", cards).put("total", cards.items().size());
    }

    private String driver(String link) {
        try {
            return String.valueOf(Files.readSymbolicLink(root.resolve(link)).getFileName());
        } catch (IOException e) {
            return "";
        }
    }

    private Json storage() {
        Json.Arr disks = Json.array();
        for (String name : names("sys/class/block")) {
            String folder = "sys/class/block/" + name + "/";
            if (Files.exists(root.resolve(folder + "device"))) {
                disks.items()
                        .add(
                                Json.object()
                                        .put("id", name)
                                        .put("device", text(folder + "dev"))
                                        .put("type", name.startsWith("nvme") ? "nvme" : "")
                                        .put("model", text(folder + "device/model"))
                                        .put("read_only", number(folder + "ro") == 1)
                                        .put("size", number(folder + "size") * SECTOR_BYTES)
                                        .put("removable", number(folder + "removable") == 1)
                                        .put("numa_node", 0)
                                        .put(
                                                "block_size",
                                                number(folder + "queue/physical_block_size"))
                                        .put("rpm", number(folder + "queue/rotational"))
                                        .put("device_id", "")
                                        .put("partitions", partitions(name)));
            }
        }
        return Json.object().put("disks", disks).put("total", disks.items().size());
    }

    private Json partitions(String disk) {
        Json.Arr out = Json.array();
        for (String name : names("sys/class/block/" + disk)) {
            String folder = "sys/class/block/" + disk + "/" + name + "/";
            if (Files.exists(root.resolve(folder + "partition"))) {
                out.items()
                        .add(
                                Json.object()
                                        .put("id", name)
                                        .put("device", text(folder + "dev"))
                                        .put("read_only", number(folder + "ro") == 1)
                                        .put("size", number(folder + "size") * SECTOR_BYTES)
                                        .put("partition", number(folder + "partition")));
            }
        }
        return out;
    }

    private Json system() {
        String dmi = "sys/class/dmi/id/";
        return Json.object()
                .put("uuid", text(dmi + "product_uuid"))
                .put("vendor", text(dmi + "sys_vendor"))
                .put("product", text(dmi + "product_name"))
                .put("family", text(dmi + "product_family"))
                .put("version", text(dmi + "product_version"))
                .put("sku", text(dmi + "product_sku"))
                .put("serial", text(dmi + "product_serial"))
                .put("type", "physical")
                .put("firmware", Json.Null.NULL)
                .put("chassis", Json.Null.NULL)
                .put("motherboard", Json.Null.NULL);
    }
}
