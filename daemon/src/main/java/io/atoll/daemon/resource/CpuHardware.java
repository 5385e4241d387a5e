package io.atoll.daemon.resource;

import io.atoll.base.json.Json;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/// Sockets, cores and threads out of `/sys/devices/system/cpu`.
final class CpuHardware {
    private static final String FOLDER = "sys/devices/system/cpu/";

    private final SysFiles files;
    private final Map<String, String> info;
    private final Set<Long> isolated;

    CpuHardware(SysFiles files) {
        this.files = files;
        this.info = files.fields("proc/cpuinfo");
        this.isolated = list(files.text(FOLDER + "isolated"));
    }

    private static Set<Long> list(String text) {
        Set<Long> out = new HashSet<>();
        for (String range : text.split(",")) {
            String[] ends = range.strip().split("-");
            if (ends[0].matches("\\d{1,6}")) {
                long last = Long.parseLong(ends[ends.length - 1]);
                for (long cpu = Long.parseLong(ends[0]); cpu <= last; cpu++) {
                    out.add(cpu);
                }
            }
        }
        return out;
    }

    Json json() {
        Map<Long, Json.Obj> sockets = new TreeMap<>();
        long total = 0;
        for (String name : files.names(FOLDER)) {
            if (name.matches("cpu\\d{1,6}")) {
                total++;
                long cpu = Long.parseLong(name.substring(3));
                long id = files.number(topology(cpu) + "physical_package_id");
                addThread(sockets.computeIfAbsent(id, i -> newSocket(i, cpu)), cpu);
            }
        }
        sockets.values().forEach(CpuHardware::addFrequency);
        String jvm = System.getProperty("os.arch", "");
        return Json.object()
                .put("architecture", jvm.equals("amd64") ? "x86_64" : jvm)
                .put("sockets", Json.array(sockets.values()))
                .put("total", total);
    }

    private static String topology(long cpu) {
        return FOLDER + "cpu" + cpu + "/topology/";
    }

    private Json.Obj newSocket(long id, long cpu) {
        Json.Obj out =
                Json.object()
                        .put("name", info.getOrDefault("model name", ""))
                        .put("vendor", info.getOrDefault("vendor_id", ""))
                        .put("socket", id);
        Json.Arr caches = caches(FOLDER + "cpu" + cpu + "/cache/");
        if (!caches.items().isEmpty()) {
            out.put("cache", caches);
        }
        out.put("cores", Json.array());
        frequency(out, "frequency_minimum", FOLDER + "cpu" + cpu + "/cpufreq/cpuinfo_min_freq");
        frequency(out, "frequency_turbo", FOLDER + "cpu" + cpu + "/cpufreq/cpuinfo_max_freq");
        return out;
    }

    /// The kernel counts in kHz, the API in MHz.
    private void frequency(Json.Obj out, String member, String file) {
        long mhz = files.number(file) / 1000;
        if (mhz > 0) {
            out.put(member, mhz);
        }
    }

    private Json.Arr caches(String folder) {
        Json.Arr out = Json.array();
        for (String name : files.names(folder)) {
            if (name.startsWith("index")) {
                out.items()
                        .add(
                                Json.object()
                                        .put("level", files.number(folder + name + "/level"))
                                        .put("type", files.text(folder + name + "/type"))
                                        .put("size", size(files.text(folder + name + "/size"))));
            }
        }
        return out;
    }

    /// `48K`.
    private static long size(String text) {
        if (!text.matches("\\d{1,12}[KMG]?")) {
            return 0;
        }
        int unit = "KMG".indexOf(text.charAt(text.length() - 1)) + 1;
        return Long.parseLong(text.replaceAll("\\D", "")) << (10 * unit);
    }

    private void addThread(Json.Obj socket, long cpu) {
        long id = files.number(topology(cpu) + "core_id");
        long die = files.number(topology(cpu) + "die_id");
        Json.Obj core = core((Json.Arr) socket.get("cores"), id, die);
        frequency(core, "frequency", FOLDER + "cpu" + cpu + "/cpufreq/scaling_cur_freq");
        List<Json> threads = ((Json.Arr) core.get("threads")).items();
        threads.add(
                Json.object()
                        .put("id", cpu)
                        .put("numa_node", node(cpu))
                        .put("thread", threads.size())
                        .put("online", !files.text(FOLDER + "cpu" + cpu + "/online").equals("0"))
                        .put("isolated", isolated.contains(cpu)));
    }

    private long node(long cpu) {
        for (String name : files.names(FOLDER + "cpu" + cpu)) {
            if (name.matches("node\\d{1,6}")) {
                return Long.parseLong(name.substring("node".length()));
            }
        }
        return 0;
    }

    private static Json.Obj core(Json.Arr cores, long id, long die) {
        for (Json known : cores.items()) {
            if (known.get("core").asLong() == id && known.get("die").asLong() == die) {
                return (Json.Obj) known;
            }
        }
        Json.Obj core = Json.object().put("core", id).put("die", die).put("threads", Json.array());
        cores.items().add(core);
        return core;
    }

    /// The mean of its cores.
    private static void addFrequency(Json.Obj socket) {
        long sum = 0;
        long count = 0;
        for (Json core : socket.get("cores").asList()) {
            long mhz = core.get("frequency").asLong();
            sum += mhz;
            count += mhz > 0 ? 1 : 0;
        }
        if (count > 0) {
            socket.put("frequency", sum / count);
        }
    }
}
