package io.atoll.daemon.debug;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.UUID;

/// Where files are made that are sent and forgotten; for root only.
record Scratch(Path directory) {
    /// A path at which there is nothing yet: who writes it wants to make the file.
    Path fresh(String suffix) throws IOException {
        Files.createDirectories(
                directory,
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
        return directory.resolve(UUID.randomUUID() + suffix).toAbsolutePath();
    }
}
