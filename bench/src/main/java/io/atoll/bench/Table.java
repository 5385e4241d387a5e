package io.atoll.bench;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/// Measurements by row and subject; renders the median of each as Markdown.
final class Table {
    private enum Unit {
        MILLIS,
        BYTES,
        RATE
    }

    private record Row(Unit unit, Map<String, List<Double>> values) {}

    private final List<String> subjects;
    private final Map<String, Row> rows = new LinkedHashMap<>();

    Table(List<String> subjects) {
        this.subjects = List.copyOf(subjects);
    }

    void addMillis(String row, String subject, double millis) {
        add(row, Unit.MILLIS, subject, millis);
    }

    void addBytes(String row, String subject, long bytes) {
        add(row, Unit.BYTES, subject, (double) bytes);
    }

    void addRate(String row, String subject, double perSecond) {
        add(row, Unit.RATE, subject, perSecond);
    }

    private void add(String row, Unit unit, String subject, double value) {
        rows.computeIfAbsent(row, _ -> new Row(unit, new LinkedHashMap<>()))
                .values()
                .computeIfAbsent(subject, _ -> new ArrayList<>())
                .add(value);
    }

    String render() {
        StringBuilder text =
                new StringBuilder("| | " + String.join(" | ", subjects) + " | ratio |\n|---|");
        text.append("---:|".repeat(subjects.size() + 1)).append('\n');
        rows.forEach((name, row) -> {
            text.append("| ").append(name);
            for (String subject : subjects) {
                List<Double> values = row.values().getOrDefault(subject, List.of());
                text.append(" | ")
                        .append(values.isEmpty() ? "–" : show(median(values), row.unit()));
            }
            text.append(" | ").append(ratio(row)).append(" |\n");
        });
        return text.toString();
    }

    /// How many times as much the others take as the first; of rates, how many times as much the
    /// first does as the others.
    private String ratio(Row row) {
        List<Double> first = row.values().getOrDefault(subjects.getFirst(), List.of());
        List<String> ratios = new ArrayList<>();
        for (String subject : subjects.subList(1, subjects.size())) {
            List<Double> other = row.values().getOrDefault(subject, List.of());
            boolean isKnown =
                    !first.isEmpty() && !other.isEmpty() && median(first) * median(other) != 0;
            ratios.add(isKnown ? ratio(row.unit(), median(first), median(other)) : "–");
        }
        return ratios.isEmpty() ? "–" : String.join(", ", ratios);
    }

    private static String ratio(Unit unit, double first, double other) {
        return String.format(
                Locale.ROOT, "%.1f×", unit == Unit.RATE ? first / other : other / first);
    }

    static double median(List<Double> values) {
        List<Double> sorted = values.stream().sorted().toList();
        int middle = sorted.size() / 2;
        return sorted.size() % 2 == 1
                ? sorted.get(middle)
                : (sorted.get(middle - 1) + sorted.get(middle)) / 2;
    }

    private static String show(double value, Unit unit) {
        return switch (unit) {
            case MILLIS -> String.format(Locale.ROOT, value < 100 ? "%.1f ms" : "%.0f ms", value);
            case BYTES -> String.format(Locale.ROOT, "%.1f MB", value / 1e6);
            case RATE -> String.format(Locale.ROOT, "%.0f/s", value);
        };
    }
}
