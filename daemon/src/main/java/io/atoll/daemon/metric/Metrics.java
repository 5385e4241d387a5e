package io.atoll.daemon.metric;

import java.math.BigDecimal;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/// Measurements, and the text of OpenMetrics that shows them. Not thread-safe.
public final class Metrics {
    private record Sample(Map<String, String> labels, BigDecimal value) {}

    private static final int NANO_DIGITS = 9;

    private final Map<Metric, List<Sample>> samples = new EnumMap<>(Metric.class);

    /// @param labels what it was measured of
    public void add(Metric metric, Map<String, String> labels, long value) {
        add(metric, labels, BigDecimal.valueOf(value));
    }

    /// Adds a duration in seconds.
    public void add(Metric metric, Map<String, String> labels, Duration value) {
        add(metric, labels, BigDecimal.valueOf(value.toNanos(), NANO_DIGITS));
    }

    private void add(Metric metric, Map<String, String> labels, BigDecimal value) {
        samples.computeIfAbsent(metric, _ -> new ArrayList<>())
                .add(new Sample(new TreeMap<>(labels), value));
    }

    /// Adds what was measured elsewhere.
    public void addAll(Metrics other) {
        other.samples.forEach((metric, list) ->
                samples.computeIfAbsent(metric, _ -> new ArrayList<>()).addAll(list));
    }

    /// The text, `# EOF` at its end.
    public String render() {
        StringBuilder out = new StringBuilder();
        samples.forEach((metric, list) -> {
            String name = metric.series();
            out.append("# HELP ").append(name).append(' ').append(metric.help()).append('\n');
            out.append("# TYPE ").append(name).append(' ').append(metric.type()).append('\n');
            for (Sample sample : list) {
                out.append(name).append(labels(sample.labels)).append(' ');
                out.append(number(sample.value)).append('\n');
            }
        });
        return out.append("# EOF\n").toString();
    }

    private static String labels(Map<String, String> labels) {
        if (labels.isEmpty()) {
            return "";
        }
        List<String> out = new ArrayList<>();
        labels.forEach((name, value) -> out.add(name + "=\"" + escape(value) + '"'));
        return "{" + String.join(",", out) + "}";
    }

    private static String escape(String value) {
        return value.replace("\\", "\\\\").replace("\"", "\\\"").replace("\n", "\\n");
    }

    private static String number(BigDecimal value) {
        return value.signum() == 0 ? "0" : value.stripTrailingZeros().toPlainString();
    }
}
