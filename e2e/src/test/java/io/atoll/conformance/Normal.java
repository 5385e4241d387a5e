package io.atoll.conformance;

import io.atoll.base.json.Json;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

/// Takes out of answers what differs between any two servers: ids, times, addresses, sizes.
///
/// @param own texts of this server alone and the words that stand for them: paths, names
record Normal(Map<String, String> own) {
    private static final Map<Pattern, String> WORDS = new LinkedHashMap<>();

    static {
        word("[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", "UUID");
        word("\\b[0-9a-f]{64}\\b", "HASH");
        word("\\b[0-9a-f]{12}\\b", "SHORT");
        word("\\b(?!0001|1970)\\d{4}-\\d\\d-\\d\\dT[0-9:.]+(Z|[+-]\\d\\d:\\d\\d)", "TIME");
        word("\\b(?!0001|1970)\\d{4}/\\d\\d/\\d\\d \\d\\d:\\d\\d(:\\d\\d)? UTC", "TIME");
        word(
                "\\b(?!0001|1970)\\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d:\\d\\d[0-9.]* [+]0000 UTC",
                "TIME");
        word("\\b([0-9a-f]{2}:){5}[0-9a-f]{2}\\b", "MAC");
        word("\\bveth[0-9a-f]{8}\\b", "VETH");
        word("\\bfd42:[0-9a-f:]+", "V6");
        word("\\bfe80:[0-9a-f:]+", "V6");
        word("\\b10\\.\\d+\\.\\d+\\.\\d+", "V4");
        word("\\b\\d+(\\.\\d+)?(B|kB|MB|GB|TB|KiB|MiB|GiB|TiB)\\b", "SIZE");
        word("(?<=PID: )\\d+", "N");
        word("(?<=(Bytes|Packets) (received|sent): ).*", "N");
        word("\\b\\d+(\\.\\d+)? ?(ms|µs|s)\\b", "DURATION");
    }

    /// Members whose numbers say how a host is doing, not what a server is.
    private static final Pattern NUMBERS =
            Pattern.compile(
                    ".*(\\.pid|server_pid|\\.usage|usage_peak|counters\\.[a-z_]+|\\.used|\\.total"
                            + "|\\.processes|\\.size|inodes\\.[a-z]+|\\.mtu|\\.free|frequency[a-z_]*"
                            + "|\\.return_code|\\.Usage|\\.count)");

    private static void word(String pattern, String instead) {
        WORDS.put(Pattern.compile(pattern), instead);
    }

    String text(String text) {
        String out = text;
        for (Map.Entry<String, String> entry : own.entrySet()) {
            out = out.replace(entry.getKey(), entry.getValue());
        }
        for (Map.Entry<Pattern, String> entry : WORDS.entrySet()) {
            out = entry.getKey().matcher(out).replaceAll(entry.getValue());
        }
        return out;
    }

    String leaf(String path, Json json) {
        return switch (json) {
            case Json.Num _ when NUMBERS.matcher(path).matches() -> "a number";
            case Json.Str(String value) -> '"' + text(value) + '"';
            default -> json.render();
        };
    }

    /// Lists of texts have no order that means anything in this API; those of objects are put by
    /// their names.
    List<Json> sorted(List<Json> items) {
        return items.stream().sorted(Comparator.comparing(this::order)).toList();
    }

    private String order(Json json) {
        return switch (json) {
            case Json.Str(String value) -> text(value);
            case Json.Obj obj -> obj.get("name") instanceof Json.Str(String name) ? text(name) : "";
            default -> "";
        };
    }
}
