package io.atoll.testkit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.atoll.linux.Command;
import io.atoll.linux.Commands;
import io.atoll.storage.PoolSpec;
import io.atoll.storage.StorageDriver;
import io.atoll.storage.StorageDrivers;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

class OverlayDriverIT extends StorageDriverContract {
    @Override
    protected StorageDriver driver(PoolSpec spec) {
        return StorageDrivers.open("overlay", spec);
    }

    /// See docs/decisions/0084.
    @Test
    void beginsVolumesWhereThereIsRoom() throws IOException {
        try (TempPool pool = smallPool()) {
            Path making = pool.path().resolve(".making");
            assertTrue(flags(making).contains("T"), flags(making));
            // A pool of an older version gets it when it is opened.
            Commands.Result _ =
                    Commands.run(Command.of(List.of("chattr", "-T", making.toString())));
            StorageDriver again = pool.reopen();
            assertTrue(flags(making).contains("T"), flags(making));
            assertEquals("overlay", again.info().name());
            assertTrue(Files.isDirectory(making));
        }
    }

    private static String flags(Path directory) {
        return Commands.run(Command.of(List.of("lsattr", "-d", directory.toString())))
                .text()
                .split(" ")[0];
    }
}
