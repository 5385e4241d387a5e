package io.atoll.house;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.MalformedInputException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/// House rules that no compiler checks, each a search over the sources of the repository.
class TidyTest {
    private static final Path ROOT = Path.of(System.getProperty("atoll.root"));
    private static final int SHIM_LINES_MAX = 5_200;
    private static final int FILE_MAX_BYTES = 256 * 1024;
    private static final Set<String> NOT_SOURCES =
            Set.of(".git", "target", "dist", ".idea", ".vscode");

    private static final List<Path> FILES = list();

    private static List<Path> list() {
        List<Path> found = new ArrayList<>();
        try {
            Files.walkFileTree(
                    ROOT,
                    new SimpleFileVisitor<>() {
                        @Override
                        public FileVisitResult preVisitDirectory(
                                Path folder, BasicFileAttributes attributes) {
                            return NOT_SOURCES.contains(folder.getFileName().toString())
                                    ? FileVisitResult.SKIP_SUBTREE
                                    : FileVisitResult.CONTINUE;
                        }

                        @Override
                        public FileVisitResult visitFile(
                                Path file, BasicFileAttributes attributes) {
                            if (attributes.isRegularFile()) {
                                found.add(ROOT.relativize(file));
                            }
                            return FileVisitResult.CONTINUE;
                        }
                    });
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
        return found;
    }

    @Test
    void processesAreStartedByCommandsOnly() {
        // The command line runs the user's editor on the user's terminal, and does not see the
        // module of Commands.
        assertNowhere(
                mainJava()
                        .and(file ->
                                !file.endsWith("Commands.java")
                                        && !file.endsWith("cli/host/NativeHost.java")
                                        && !isIn(file, "testkit", "bench")),
                "new ProcessBuilder|Runtime\\.getRuntime\\(\\)\\.exec");
    }

    @Test
    void onlyCommandModulesPrint() {
        assertNowhere(
                mainJava()
                        .and(file ->
                                !isIn(file, "cli", "lxctools", "bench")
                                        && !file.endsWith("Main.java")),
                "System\\.(out|err)\\b|printStackTrace\\(\\)");
    }

    @Test
    void testsWaitForConditionsInsteadOfSleeping() {
        assertNowhere(
                file -> isJava(file) && file.toString().contains("src/test/"),
                "Thread" + "\\.sleep\\(");
    }

    @Test
    void toDosNameAnIssueAndFixMesDoNotExist() {
        assertNowhere(TidyTest::isJava, "\\bTO" + "DO\\b(?!\\(#\\d+\\))|\\bFIX" + "ME\\b");
    }

    @Test
    void packagesAreNullMarked() {
        List<String> missing = new ArrayList<>();
        for (Path file : FILES) {
            if (mainJava().test(file)) {
                Path info = ROOT.resolve(file).resolveSibling("package-info.java");
                if (!Files.exists(info) || !read(info).contains("@NullMarked")) {
                    missing.add(file.getParent().toString());
                }
            }
        }
        assertEquals(List.of(), missing.stream().distinct().toList());
    }

    @Test
    void noFileIsABlob() throws IOException {
        List<Path> large = new ArrayList<>();
        for (Path file : FILES) {
            if (Files.size(ROOT.resolve(file)) > FILE_MAX_BYTES) {
                large.add(file);
            }
        }
        assertEquals(List.of(), large);
    }

    /// Why this many: docs/decisions/0011.
    @Test
    void theProgramThatRunsAsRootStaysReadable() {
        long lines =
                FILES.stream()
                        .filter(file -> file.startsWith("shim/src"))
                        .mapToLong(file -> read(ROOT.resolve(file)).lines().count())
                        .sum();
        assertTrue(lines > 1000 && lines <= SHIM_LINES_MAX, "shim/src has " + lines + " lines");
    }

    private static void assertNowhere(Predicate<Path> where, String regex) {
        Pattern pattern = Pattern.compile(regex);
        List<String> hits = new ArrayList<>();
        for (Path file : FILES) {
            if (!where.test(file)) {
                continue;
            }
            List<String> lines = read(ROOT.resolve(file)).lines().toList();
            for (int i = 0; i < lines.size(); i++) {
                String line = lines.get(i).strip();
                if (!line.startsWith("//") && pattern.matcher(line).find()) {
                    hits.add(file + ":" + (i + 1) + ": " + line);
                }
            }
        }
        assertEquals(List.of(), hits);
    }

    private static Predicate<Path> mainJava() {
        return file -> isJava(file) && file.toString().contains("src/main/");
    }

    private static boolean isJava(Path file) {
        return file.toString().endsWith(".java");
    }

    private static boolean isIn(Path file, String... modules) {
        return Set.of(modules).contains(file.getName(0).toString());
    }

    private static String read(Path file) {
        try {
            return Files.readString(file);
        } catch (MalformedInputException _) {
            return "";
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }
}
