package io.atoll.daemon.store;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.atoll.base.ProjectName;
import io.atoll.base.UnavailableException;
import io.atoll.linux.Fd;
import io.atoll.linux.FsContext;
import io.atoll.linux.Mounts;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The store on a file system that fills up: a small tmpfs. It has to be mounted somewhere, because
/// SQLite resolves links in the path, those of `/proc/self/fd` too.
@Tag("privileged")
final class StoreDiskFullIT {
    private static final RecordKey KEY = RecordKey.of(ProjectName.DEFAULT, "kept");

    @TempDir Path folder;

    @Test
    void saysSoAndGoesOnWhenThereIsSpaceAgain() throws Exception {
        try (FsContext context = FsContext.open("tmpfs")) {
            context.set("size", "4m");
            try (Fd mount = context.mount(Set.of())) {
                Mounts.move(mount, folder.toString());
            }
        }
        try {
            fillAndFree(folder);
        } finally {
            Mounts.umount(folder.toString(), true);
        }
    }

    private static void fillAndFree(Path folder) throws Exception {
        Path ballast = folder.resolve("ballast");
        try (Store store = SqliteStore.open(folder.resolve("full.db"))) {
            store.create(SqliteStoreTest.NOTE, KEY, "before");
            assertThrows(java.io.IOException.class, () -> Files.write(ballast, new byte[8 << 20]));
            String large = "x".repeat(1 << 20);
            UnavailableException full =
                    assertThrows(
                            UnavailableException.class,
                            () -> store.update(SqliteStoreTest.NOTE, KEY, _ -> large));
            assertTrue(full.getMessage().contains("is full"), full.getMessage());
            assertEquals("before", store.find(SqliteStoreTest.NOTE, KEY).orElseThrow().value());
            Files.delete(ballast);
            store.update(SqliteStoreTest.NOTE, KEY, _ -> "after");
        }
        try (Store store = SqliteStore.open(folder.resolve("full.db"))) {
            assertEquals("after", store.find(SqliteStoreTest.NOTE, KEY).orElseThrow().value());
        }
    }
}
