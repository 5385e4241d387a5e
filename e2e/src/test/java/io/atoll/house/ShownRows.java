package io.atoll.house;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;

/// The tables of what articles and walk-throughs show of LXC and LXD, and of the tests that show it
/// here.
final class ShownRows {
    /// @param importance must, should or nice
    /// @param tests as `Class#method`
    record Row(String id, String importance, String what, List<String> tests, String remark) {
        boolean isRequired() {
            return importance.equals("must");
        }
    }

    private ShownRows() {}

    /// Those about LXC.
    static List<Row> ofLxc() {
        return load("/lxc-rows.tsv");
    }

    /// Those about LXD.
    static List<Row> ofLxd() {
        return load("/lxd-rows.tsv");
    }

    private static List<Row> load(String table) {
        try (InputStream in = Objects.requireNonNull(ShownRows.class.getResourceAsStream(table))) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8)
                    .lines()
                    .filter(line -> !line.startsWith("#"))
                    .map(ShownRows::row)
                    .toList();
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }

    private static Row row(String line) {
        String[] cells = Arrays.copyOf(line.split("\t", -1), 5);
        return new Row(
                cells[0],
                cells[1],
                cells[2],
                cells[3] == null || cells[3].isBlank() ? List.of() : List.of(cells[3].split(" ")),
                cells[4] == null ? "" : cells[4]);
    }
}
