package io.atoll.bench;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/// Measurements by row and subject; renders the median of each as Markdown.
final class Table {
    private enum Unit {
        MILLIS,
        BYTES,
        RATE
    }

    private record Row(Unit unit, Map<String, List<Double>> values) {}

    /// A further column, with a ratio of its own: the second subject's figure by this one's.
    private record Extra(String name, String ratio) {}

    private final List<String> subjects;
    private final Optional<Extra> extra;
    private final Map<String, Row> rows = new LinkedHashMap<>();

    Table(List<String> subjects) {
        this(subjects, Optional.empty());
    }

    private Table(List<String> subjects, Optional<Extra> extra) {
        this.subjects = List.copyOf(subjects);
        this.extra = extra;
    }

    /// With another column, compared with the second subject.
    static Table withExtra(List<String> subjects, String name, String ratio) {
        return new Table(subjects, Optional.of(new Extra(name, ratio)));
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
        List<String> heads = new ArrayList<>(subjects);
        heads.add("ratio");
        extra.ifPresent(more -> heads.addAll(List.of(more.name(), more.ratio())));
        StringBuilder text = new StringBuilder("| | " + String.join(" | ", heads) + " |\n|---|");
        text.append("---:|".repeat(heads.size())).append('\n');
        rows.forEach((name, row) -> {
            List<String> cells = new ArrayList<>(List.of(name));
            subjects.forEach(subject -> cells.add(cell(row, subject)));
            cells.add(ratios(row));
            extra.ifPresent(more -> {
                cells.add(cell(row, more.name()));
                cells.add(ratio(row, more.name(), subjects.get(1)));
            });
            text.append("| ").append(String.join(" | ", cells)).append(" |\n");
        });
        return text.toString();
    }

    private static String cell(Row row, String subject) {
        List<Double> values = row.values().getOrDefault(subject, List.of());
        return values.isEmpty() ? "–" : show(median(values), row.unit());
    }

    /// The others by the first.
    private String ratios(Row row) {
        List<String> ratios =
                subjects.stream()
                        .skip(1)
                        .map(subject -> ratio(row, subjects.getFirst(), subject))
                        .toList();
        return ratios.isEmpty() ? "–" : String.join(", ", ratios);
    }

    /// How many times as much `other` takes as `first`; of rates, how many times as much `first`
    /// does as `other`.
    private static String ratio(Row row, String first, String other) {
        List<Double> ours = row.values().getOrDefault(first, List.of());
        List<Double> theirs = row.values().getOrDefault(other, List.of());
        boolean isKnown =
                !ours.isEmpty() && !theirs.isEmpty() && median(ours) * median(theirs) != 0;
        return isKnown ? ratio(row.unit(), median(ours), median(theirs)) : "–";
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
