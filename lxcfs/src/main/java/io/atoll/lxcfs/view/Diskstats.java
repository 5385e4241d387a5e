package io.atoll.lxcfs.view;

import java.util.LinkedHashMap;
import java.util.Map;

/// /proc/diskstats as a container sees it: what its own cgroup read and wrote; proc_diskstats(5).
///
/// The block controllers count operations and bytes only. Merges and times are 0, not guessed.
public final class Diskstats {
    /// Operations and bytes of one block device.
    public record Io(
            long readBytes,
            long writtenBytes,
            long reads,
            long writes,
            long discardBytes,
            long discards) {
        static final Io NONE = new Io(0, 0, 0, 0, 0, 0);

        boolean isIdle() {
            return equals(NONE);
        }
    }

    private Diskstats() {}

    /// Renders the container's file: the host's devices that the container has used, in the host's
    /// order.
    ///
    /// @param host the host's /proc/diskstats
    /// @param byDevice keys are `MAJOR:MINOR`
    public static String render(String host, Map<String, Io> byDevice) {
        StringBuilder out = new StringBuilder();
        for (String line : host.split("\n")) {
            String[] words = line.strip().split("\\s+");
            Io io =
                    words.length < 3
                            ? Io.NONE
                            : byDevice.getOrDefault(words[0] + ":" + words[1], Io.NONE);
            if (!io.isIdle()) {
                out.repeat(' ', Math.max(0, 4 - words[0].length())).append(words[0]);
                out.repeat(' ', Math.max(1, 8 - words[1].length())).append(words[1]);
                out.append(' ').append(words[2]);
                append(out, io.reads(), io.readBytes());
                append(out, io.writes(), io.writtenBytes());
                out.append(" 0 0 0");
                append(out, io.discards(), io.discardBytes());
                out.append(" 0 0\n");
            }
        }
        return out.toString();
    }

    /// Operations, merges, sectors of 512 bytes, milliseconds.
    private static void append(StringBuilder out, long operations, long bytes) {
        out.append(' ').append(operations).append(" 0 ").append(bytes / 512).append(" 0");
    }

    /// Parses cgroup v2's io.stat: `MAJ:MIN rbytes=… wbytes=… rios=… wios=… dbytes=… dios=…`.
    public static Map<String, Io> parseIoStat(String text) {
        Map<String, Io> out = new LinkedHashMap<>();
        for (String line : text.split("\n")) {
            String[] words = line.strip().split(" ");
            Map<String, Long> values = new LinkedHashMap<>();
            for (String word : words) {
                int equals = word.indexOf('=');
                if (equals > 0) {
                    values.put(
                            word.substring(0, equals),
                            Text.parseLong(word.substring(equals + 1)).orElse(0));
                }
            }
            if (!values.isEmpty()) {
                out.put(
                        words[0],
                        new Io(
                                values.getOrDefault("rbytes", 0L),
                                values.getOrDefault("wbytes", 0L),
                                values.getOrDefault("rios", 0L),
                                values.getOrDefault("wios", 0L),
                                values.getOrDefault("dbytes", 0L),
                                values.getOrDefault("dios", 0L)));
            }
        }
        return out;
    }

    /// Parses cgroup v1's pair of files with lines `MAJ:MIN Read N`, of which the throttle ones
    /// exist on every kernel.
    ///
    /// @param bytes blkio.throttle.io_service_bytes_recursive
    /// @param operations blkio.throttle.io_serviced_recursive
    public static Map<String, Io> parseThrottle(String bytes, String operations) {
        Map<String, Map<String, Long>> b = byDevice(bytes);
        Map<String, Map<String, Long>> o = byDevice(operations);
        Map<String, Io> out = new LinkedHashMap<>();
        for (Map.Entry<String, Map<String, Long>> e : b.entrySet()) {
            Map<String, Long> ops = o.getOrDefault(e.getKey(), Map.of());
            out.put(
                    e.getKey(),
                    new Io(
                            e.getValue().getOrDefault("Read", 0L),
                            e.getValue().getOrDefault("Write", 0L),
                            ops.getOrDefault("Read", 0L),
                            ops.getOrDefault("Write", 0L),
                            e.getValue().getOrDefault("Discard", 0L),
                            ops.getOrDefault("Discard", 0L)));
        }
        return out;
    }

    private static Map<String, Map<String, Long>> byDevice(String text) {
        Map<String, Map<String, Long>> out = new LinkedHashMap<>();
        for (String line : text.split("\n")) {
            String[] words = line.strip().split(" ");
            if (words.length == 3) {
                out.computeIfAbsent(words[0], _ -> new LinkedHashMap<>())
                        .put(words[1], Text.parseLong(words[2]).orElse(0));
            }
        }
        return out;
    }
}
