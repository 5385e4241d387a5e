package io.atoll.linux;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class WholeFileTest {
    @TempDir Path directory;

    private static String mode(Path file) throws IOException {
        return PosixFilePermissions.toString(Files.getPosixFilePermissions(file));
    }

    private List<String> names() throws IOException {
        try (Stream<Path> files = Files.list(directory)) {
            return files.map(f -> f.getFileName().toString()).sorted().toList();
        }
    }

    @Test
    void replacesTextAndMode() throws IOException {
        Path file = directory.resolve("a");
        WholeFile.write(file, "one\n", "rw-------");
        assertEquals("rw-------", mode(file));
        WholeFile.write(file, "two\n");
        assertEquals("two\n", Files.readString(file));
        assertEquals("rw-r--r--", mode(file));
        assertEquals(List.of("a"), names());
    }

    @Test
    void takesWhatAKilledWriterLeft() throws IOException {
        Files.writeString(directory.resolve(".a.new"), "half of something longer");
        WholeFile.write(directory.resolve("a"), "whole");
        assertEquals("whole", Files.readString(directory.resolve("a")));
        assertEquals(List.of("a"), names());
    }

    @Test
    void leavesNothingWhereItCannotBeReplaced() throws IOException {
        Files.createDirectories(directory.resolve("a/within"));
        assertThrows(IOException.class, () -> WholeFile.write(directory.resolve("a"), "text"));
        assertEquals(List.of("a"), names());
    }

    @Test
    void doesNotFollowALinkInItsWay() throws IOException {
        Path victim = Files.writeString(directory.resolve("victim"), "mine");
        Files.createSymbolicLink(directory.resolve(".a.new"), victim);
        assertThrows(IOException.class, () -> WholeFile.write(directory.resolve("a"), "text"));
        assertEquals("mine", Files.readString(victim));
    }
}
