package io.atoll.conformance;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import java.util.stream.Collectors;

/// Collects the comparisons and writes the page `docs/reference/conformance.md`.
final class ConformanceReport {
    private static final int SHOWN_MAX = 4;
    private static final int TEXT_MAX = 160;

    private record Row(Exchange exchange, List<Answer.Difference> differences) {
        List<Answer.Difference> unexplained() {
            return differences.stream()
                    .filter(d -> exchange.reasons().stream().noneMatch(r -> r.covers(d.path())))
                    .toList();
        }
    }

    private final List<Row> rows = new ArrayList<>();

    void add(Exchange exchange, Answer theirs, Answer ours) {
        rows.add(new Row(exchange, theirs.differences(ours)));
    }

    /// Every exchange whose answers differ without a reason being known, and how.
    List<String> unexplained() {
        return rows.stream()
                .filter(row -> !row.unexplained().isEmpty())
                .map(row ->
                        String.join(" ", row.exchange().words())
                                + "\n    "
                                + row.unexplained().stream()
                                        .map(Object::toString)
                                        .collect(Collectors.joining("\n    ")))
                .toList();
    }

    /// Reasons that nothing needs any more. The same exchange may be there several times and differ
    /// only once.
    List<String> outlived() {
        Map<String, Boolean> isUsed = new LinkedHashMap<>();
        for (Row row : rows) {
            for (Exchange.Reason reason : row.exchange().reasons()) {
                boolean isUsedHere =
                        reason.isRare()
                                || row.differences().stream()
                                        .anyMatch(d -> reason.covers(d.path()));
                isUsed.merge(
                        String.join(" ", row.exchange().words()) + " ~ " + reason.path(),
                        isUsedHere,
                        Boolean::logicalOr);
            }
        }
        return isUsed.entrySet().stream()
                .filter(e -> !e.getValue())
                .map(Map.Entry::getKey)
                .toList();
    }

    String render() {
        long same = rows.stream().filter(row -> row.differences().isEmpty()).count();
        long explained =
                rows.stream()
                        .filter(row -> !row.differences().isEmpty() && row.unexplained().isEmpty())
                        .count();
        StringBuilder out = new StringBuilder();
        out.append("# Conformance with LXD 5.0.2\n\n")
                .append("Every exchange below was made with Debian's LXD 5.0.2 and with Atoll in ")
                .append("one run, and the answers compared: status, headers, body and, for\n")
                .append(
                        "operations, their end; ids, times, addresses, sizes, progress and the names of the programs were taken out ")
                .append("before. Made by `ConformanceTest` from `conformance/exchanges.txt`; to ")
                .append("make\nit again: `./mk dist` and `./mk e2e -Dtest=ConformanceTest ")
                .append("-Dtests.excluded=none -Datoll.conformance=write`.\n\n")
                .append("Exchanges: ")
                .append(rows.size())
                .append(", the same: ")
                .append(same)
                .append(", different for a reason: ")
                .append(explained)
                .append(", different: ")
                .append(rows.size() - same - explained)
                .append(".\n");
        Map<String, List<Row>> sections =
                rows.stream()
                        .collect(
                                Collectors.groupingBy(
                                        row -> row.exchange().section(),
                                        LinkedHashMap::new,
                                        Collectors.toList()));
        sections.forEach((name, section) -> section(out, name, section));
        return out.toString();
    }

    private static void section(StringBuilder out, String name, List<Row> section) {
        out.append("\n## ").append(name).append("\n\n| exchange | result |\n|---|---|\n");
        section.forEach(row ->
                out.append("| `")
                        .append(cell(String.join(" ", row.exchange().words())))
                        .append("` | ")
                        .append(result(row))
                        .append(" |\n"));
    }

    private static String result(Row row) {
        if (row.differences().isEmpty()) {
            return "same";
        }
        List<String> parts = new ArrayList<>();
        for (String reason : reasons(row)) {
            parts.add("by design: " + reason);
        }
        List<Answer.Difference> rest = row.unexplained();
        rest.stream().limit(SHOWN_MAX).map(d -> "`" + cell(d.toString()) + "`").forEach(parts::add);
        if (rest.size() > SHOWN_MAX) {
            parts.add("and " + (rest.size() - SHOWN_MAX) + " more");
        }
        return (rest.isEmpty() ? "" : "**differs** ") + String.join("; ", parts);
    }

    private static TreeSet<String> reasons(Row row) {
        return row.differences().stream()
                .map(d ->
                        row.exchange().reasons().stream()
                                .filter(r -> r.covers(d.path()))
                                .map(Exchange.Reason::text)
                                .findFirst())
                .flatMap(Optional::stream)
                .collect(Collectors.toCollection(TreeSet::new));
    }

    private static String cell(String text) {
        String line = text.replace('\n', ' ').replace("|", "\\|").replace('`', '\'');
        return line.length() > TEXT_MAX ? line.substring(0, TEXT_MAX) + "…" : line;
    }
}
