package io.atoll.fuzz;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/// The inputs that are kept: those that are right, which fuzzing begins with, and those that once
/// were taken wrongly.
class CorpusTest {
    private static final Path CORPUS = Path.of(System.getProperty("atoll.root"), "fuzz", "corpus");

    private static List<Path> list(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.sorted().toList();
        }
    }

    @TestFactory
    Stream<DynamicTest> keptInputs() {
        return Targets.names().stream()
                .map(name -> DynamicTest.dynamicTest(name, () -> takeAll(name)));
    }

    private static void takeAll(String name) throws IOException {
        Target target = Targets.find(name);
        for (Path file : list(CORPUS.resolve(name))) {
            try {
                Targets.run(target, Files.readAllBytes(file));
            } catch (RuntimeException | StackOverflowError e) {
                throw new AssertionError("input " + file.getFileName(), e);
            }
        }
    }

    @Test
    void everyTargetHasInputs() throws IOException {
        Set<String> folders = new TreeSet<>();
        for (Path folder : list(CORPUS)) {
            folders.add(folder.getFileName().toString());
        }
        assertEquals(new TreeSet<>(Targets.names()), folders);
    }
}
