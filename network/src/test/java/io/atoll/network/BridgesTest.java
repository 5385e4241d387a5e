package io.atoll.network;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class BridgesTest {
    @TempDir Path directory;

    private static void mode(Path path, String permissions) throws IOException {
        Files.setPosixFilePermissions(path, PosixFilePermissions.fromString(permissions));
    }

    @Test
    void tellsWhichDirectoryKeepsDnsmasqOut() throws IOException {
        mode(directory, "rwx--x--x");
        Path closed = Files.createDirectory(directory.resolve("root"));
        Path networks = Files.createDirectories(closed.resolve("state/networks"));
        mode(closed, "rwxr-x---");
        mode(networks, "rwx------");
        Bridges bridges = new Bridges(networks);
        assertEquals(Optional.of(closed), bridges.closedAbove());
        mode(closed, "rwx--x--x");
        mode(closed.resolve("state"), "rwx--x--x");
        assertEquals(Optional.of(networks), bridges.closedAbove());
        mode(networks, "rwx--x--x");
        assertEquals(Optional.empty(), bridges.closedAbove());
        assertEquals(Optional.empty(), new Bridges(networks.resolve("later")).closedAbove());
    }
}
