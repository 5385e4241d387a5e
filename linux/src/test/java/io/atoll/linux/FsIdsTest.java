package io.atoll.linux;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@Tag("privileged")
class FsIdsTest {
    @Test
    void filesBelongToTheseIdsAndPermissionsDoNotMatter(@TempDir Path dir) throws Exception {
        Path closed = Files.createDirectory(dir.resolve("closed"));
        closed.toFile().setExecutable(false, false);
        Path file = closed.resolve("f");
        FsIds.as(
                123_456,
                123_457,
                () -> {
                    try (Fd fd =
                            Opens.open(file.toString(), Fcntl.O_WRONLY | Fcntl.O_CREAT, 0600)) {
                        return fd.number();
                    }
                });
        FileStat stat = FileStat.of(file.toString());
        assertEquals(123_456, stat.uid());
        assertEquals(123_457, stat.gid());
        assertEquals(0, FileStat.of(Files.createFile(dir.resolve("g")).toString()).uid());
    }
}
