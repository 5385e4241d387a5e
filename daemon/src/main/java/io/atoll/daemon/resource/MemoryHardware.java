package io.atoll.daemon.resource;

import io.atoll.base.json.Json;
import java.util.Map;
import java.util.TreeMap;

/// The host's memory as a whole and by node.
final class MemoryHardware {
    private static final String NODES = "sys/devices/system/node/";

    private final SysFiles files;

    MemoryHardware(SysFiles files) {
        this.files = files;
    }

    Json json() {
        Map<String, String> info = files.fields("proc/meminfo");
        long pageSize = bytes(info, "Hugepagesize");
        Json.Arr nodes = Json.array();
        for (String name : files.names(NODES)) {
            if (name.matches("node\\d{1,6}")) {
                nodes.items().add(node(name, pageSize));
            }
        }
        return Json.object()
                .put("nodes", nodes)
                .put("hugepages_total", number(info, "HugePages_Total") * pageSize)
                .put("hugepages_used", usedPages(info) * pageSize)
                .put("hugepages_size", pageSize)
                .put("used", used(info))
                .put("total", bytes(info, "MemTotal"));
    }

    private static long usedPages(Map<String, String> info) {
        return number(info, "HugePages_Total") - number(info, "HugePages_Free");
    }

    private static long used(Map<String, String> info) {
        long free =
                bytes(info, "MemFree")
                        + bytes(info, "Buffers")
                        + bytes(info, "Cached")
                        + bytes(info, "FilePages")
                        + bytes(info, "SReclaimable");
        return Math.max(0, bytes(info, "MemTotal") - free);
    }

    /// Lines begin with `Node 0 `.
    private Json node(String name, long pageSize) {
        Map<String, String> info = new TreeMap<>();
        files.fields(NODES + name + "/meminfo")
                .forEach((key, value) -> info.put(key.substring(key.lastIndexOf(' ') + 1), value));
        return Json.object()
                .put("numa_node", Long.parseLong(name.substring("node".length())))
                .put("hugepages_used", usedPages(info) * pageSize)
                .put("hugepages_total", number(info, "HugePages_Total") * pageSize)
                .put("used", used(info))
                .put("total", bytes(info, "MemTotal"));
    }

    private static long bytes(Map<String, String> info, String name) {
        return number(info, name) * 1024;
    }

    private static long number(Map<String, String> info, String name) {
        String digits = info.getOrDefault(name, "0").replaceAll("\\D.*", "");
        return digits.isEmpty() ? 0 : Long.parseLong(digits);
    }
}
