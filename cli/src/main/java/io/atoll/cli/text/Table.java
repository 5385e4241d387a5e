package io.atoll.cli.text;

import io.atoll.base.json.Json;
import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;

/// Rows of text with a header, rendered in the five formats every listing knows.
public final class Table {
    private final List<String> header;
    private final List<List<String>> rows = new ArrayList<>();

    public Table(List<String> header) {
        this.header = List.copyOf(header);
    }

    public Table(String... header) {
        this.header = List.of(header);
    }

    /// Adds a row as long as the header. A cell may have several lines.
    public void add(List<String> row) {
        rows.add(row);
    }

    public void add(String... row) {
        rows.add(List.of(row));
    }

    /// Sorts the rows by their cells from left to right, digits by value, empty cells last.
    public Table sort() {
        return sort(UnaryOperator.identity());
    }

    /// As [#sort()], but by what is made of the cells.
    public Table sort(UnaryOperator<String> key) {
        rows.sort((a, b) -> compare(a, b, key));
        return this;
    }

    private static int compare(List<String> a, List<String> b, UnaryOperator<String> key) {
        for (int i = 0; i < a.size(); i++) {
            String one = key.apply(a.get(i));
            String other = key.apply(b.get(i));
            if (!one.equals(other)) {
                if (one.isEmpty() || other.isEmpty()) {
                    return one.isEmpty() ? 1 : -1;
                }
                return NaturalOrder.compare(one, other);
            }
        }
        return 0;
    }

    /// Whether a word names a format.
    public static boolean isFormat(String word) {
        return switch (word) {
            case "table", "compact", "csv", "json", "yaml" -> true;
            default -> false;
        };
    }

    /// Renders in one of the formats of [#isFormat].
    ///
    /// @param raw what `json` and `yaml` show: the things themselves, not their rows
    public String render(String format, Json raw) {
        return switch (format) {
            case "compact" -> renderCompact();
            case "csv" -> renderCsv();
            case "json" -> raw.render() + "\n";
            case "yaml" -> Yaml.render(raw);
            default -> renderTable();
        };
    }

    /// Cells in boxes, with a rule below each row.
    public String renderTable() {
        int[] widths = widths();
        StringBuilder rule = new StringBuilder();
        for (int width : widths) {
            rule.append('+').repeat("-", width + 2);
        }
        rule.append("+\n");
        StringBuilder out = new StringBuilder(rule);
        for (int i = 0; i < widths.length; i++) {
            out.append("| ");
            centre(out, header.get(i), widths[i]);
            out.append(' ');
        }
        out.append("|\n").append(rule);
        for (List<String> row : rows) {
            for (List<String> line : lines(row)) {
                for (int i = 0; i < widths.length; i++) {
                    out.append("| ")
                            .append(line.get(i))
                            .repeat(" ", widths[i] - Width.of(line.get(i)) + 1);
                }
                out.append("|\n");
            }
            out.append(rule);
        }
        return out.toString();
    }

    /// Cells in columns, without lines.
    public String renderCompact() {
        int[] widths = widths();
        StringBuilder out = new StringBuilder();
        for (int i = 0; i < widths.length; i++) {
            out.append("  ");
            centre(out, header.get(i), widths[i]);
        }
        out.append("  \n");
        for (List<String> row : rows) {
            for (List<String> line : lines(row)) {
                for (int i = 0; i < widths.length; i++) {
                    out.append("  ")
                            .append(line.get(i))
                            .repeat(" ", widths[i] - Width.of(line.get(i)));
                }
                out.append("  \n");
            }
        }
        return out.toString();
    }

    /// RFC 4180 with line feeds, without the header.
    public String renderCsv() {
        StringBuilder out = new StringBuilder();
        for (List<String> row : rows) {
            for (int i = 0; i < row.size(); i++) {
                if (i > 0) {
                    out.append(',');
                }
                appendCsv(out, row.get(i));
            }
            out.append('\n');
        }
        return out.toString();
    }

    private static void appendCsv(StringBuilder out, String cell) {
        boolean quoted = cell.startsWith(" ");
        for (int i = 0; i < cell.length() && !quoted; i++) {
            char c = cell.charAt(i);
            quoted = c == ',' || c == '"' || c == '\n' || c == '\r';
        }
        if (!quoted) {
            out.append(cell);
            return;
        }
        out.append('"').append(cell.replace("\"", "\"\"")).append('"');
    }

    private static void centre(StringBuilder out, String title, int width) {
        int gap = width - Width.of(title);
        out.repeat(" ", gap / 2).append(title).repeat(" ", gap - gap / 2);
    }

    private int[] widths() {
        int[] widths = new int[header.size()];
        for (int i = 0; i < widths.length; i++) {
            widths[i] = Width.of(header.get(i));
        }
        for (List<String> row : rows) {
            for (int i = 0; i < widths.length; i++) {
                for (String line : split(row.get(i))) {
                    widths[i] = Math.max(widths[i], Width.of(line));
                }
            }
        }
        return widths;
    }

    /// A row as lines of single-line cells.
    private static List<List<String>> lines(List<String> row) {
        List<List<String>> cells = new ArrayList<>(row.size());
        int height = 1;
        for (String cell : row) {
            List<String> parts = split(cell);
            height = Math.max(height, parts.size());
            cells.add(parts);
        }
        List<List<String>> lines = new ArrayList<>(height);
        for (int i = 0; i < height; i++) {
            List<String> line = new ArrayList<>(row.size());
            for (List<String> cell : cells) {
                line.add(i < cell.size() ? cell.get(i) : "");
            }
            lines.add(line);
        }
        return lines;
    }

    private static List<String> split(String cell) {
        if (cell.indexOf('\n') < 0) {
            return List.of(cell);
        }
        List<String> parts = new ArrayList<>();
        int from = 0;
        while (from <= cell.length()) {
            int end = cell.indexOf('\n', from);
            end = end < 0 ? cell.length() : end;
            parts.add(cell.substring(from, end));
            from = end + 1;
        }
        return parts;
    }
}
