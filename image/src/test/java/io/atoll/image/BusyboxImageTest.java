package io.atoll.image;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.atoll.base.Architecture;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BusyboxImageTest {
    @Test
    void isTheSameImageEachTime(@TempDir Path directory) throws Exception {
        Assumptions.assumeTrue(
                Files.isExecutable(Path.of("/bin/busybox")), "busybox-static is not installed");
        Assumptions.assumeTrue(
                Files.isExecutable(Path.of("/usr/bin/mksquashfs")),
                "squashfs-tools is not installed");
        ImageFile first = build(directory.resolve("one"));
        // Times are kept to the second.
        awaitNextSecond();
        ImageFile second = build(directory.resolve("two"));
        assertEquals(first.fingerprint(), second.fingerprint());
        assertEquals("BusyBox", first.readMetadata().properties().get("os"));
    }

    private static ImageFile build(Path cache) {
        return new ImageBuilder(cache, BuildProgress.NONE)
                .build("busybox", Architecture.host(), true);
    }

    private static void awaitNextSecond() {
        long second = System.currentTimeMillis() / 1000;
        while (System.currentTimeMillis() / 1000 == second) {
            java.util.concurrent.locks.LockSupport.parkNanos(10_000_000);
        }
    }
}
