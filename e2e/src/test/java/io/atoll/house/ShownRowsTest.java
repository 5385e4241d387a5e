package io.atoll.house;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/// The tables of rows are whole, and name tests that exist.
class ShownRowsTest {
    private static final Path ROOT = Path.of(System.getProperty("atoll.root"));

    private static List<ShownRows.Row> all() {
        return Stream.concat(ShownRows.ofLxc().stream(), ShownRows.ofLxd().stream()).toList();
    }

    @Test
    void everyRowOfLxdIsThereOnce() {
        List<String> expected = new ArrayList<>();
        IntStream.rangeClosed(3, 28)
                .filter(n -> n != 26)
                .forEach(n -> expected.add("X3-%02d".formatted(n)));
        IntStream.rangeClosed(1, 25).forEach(n -> expected.add("D4-%02d".formatted(n)));
        assertEquals(expected, ShownRows.ofLxd().stream().map(ShownRows.Row::id).toList());
    }

    @Test
    void everyRowOfLxcIsThereOnce() {
        List<String> expected = new ArrayList<>();
        IntStream.rangeClosed(1, 56).forEach(n -> expected.add("L1-%02d".formatted(n)));
        IntStream.rangeClosed(1, 30).forEach(n -> expected.add("L2-%02d".formatted(n)));
        IntStream.rangeClosed(1, 19).forEach(n -> expected.add("B0-%02d".formatted(n)));
        for (int n : new int[] {1, 2, 6, 8, 9, 23, 24, 25, 26, 27}) {
            expected.add("X3-%02d".formatted(n));
        }
        assertEquals(expected, ShownRows.ofLxc().stream().map(ShownRows.Row::id).toList());
    }

    @Test
    void whatMustBeHasATestAndTheRestATestOrAReason() {
        for (ShownRows.Row row : all()) {
            assertTrue(Set.of("must", "should", "nice").contains(row.importance()), row.id());
            boolean isOpen = row.remark().startsWith("Open");
            assertTrue(
                    !row.isRequired() || isOpen || !row.tests().isEmpty(),
                    row.id() + " has no test");
            assertTrue(
                    !row.tests().isEmpty() || !row.remark().isEmpty(),
                    row.id() + " has neither test nor reason");
        }
    }

    @Test
    void theTestsExist() throws IOException {
        List<Path> sources;
        try (Stream<Path> files = Files.walk(ROOT)) {
            sources =
                    files.filter(file -> file.toString().contains("/src/test/java/"))
                            .filter(file -> file.toString().endsWith(".java"))
                            .toList();
        }
        Set<String> missing = new TreeSet<>();
        for (String test :
                all().stream().flatMap(row -> row.tests().stream()).collect(Collectors.toSet())) {
            String[] parts = test.split("#");
            Optional<Path> source =
                    sources.stream()
                            .filter(file ->
                                    file.getFileName().toString().equals(parts[0] + ".java"))
                            .findFirst();
            if (source.isEmpty() || !read(source.get()).contains("void " + parts[1] + "(")) {
                missing.add(test);
            }
        }
        assertEquals(Set.of(), missing);
    }

    private static String read(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }
}
