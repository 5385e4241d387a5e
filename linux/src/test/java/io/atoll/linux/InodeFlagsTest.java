package io.atoll.linux;

import static org.junit.jupiter.api.Assertions.assertFalse;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class InodeFlagsTest {
    @TempDir Path directory;

    @Test
    void aFileSystemNeedNotSpreadDirectories() {
        try (Fd proc = Opens.open("/proc/self", Fcntl.O_RDONLY | Fcntl.O_DIRECTORY, 0);
                Fd unreadable =
                        Opens.open(directory.toString(), Fcntl.O_PATH | Fcntl.O_DIRECTORY, 0)) {
            assertFalse(InodeFlags.spread(proc));
            assertFalse(InodeFlags.spread(unreadable));
        }
    }
}
