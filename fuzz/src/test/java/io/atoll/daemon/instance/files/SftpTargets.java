package io.atoll.daemon.instance.files;

import io.atoll.base.Idmap;
import io.atoll.fuzz.Sandbox;
import io.atoll.linux.Fcntl;
import io.atoll.linux.Opens;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;

/// What clients of SFTP say.
public final class SftpTargets {
    private SftpTargets() {}

    /// A whole session in a directory of its own; nothing else changes.
    public static void session(byte[] input) throws IOException {
        try (Sandbox sandbox = Sandbox.open()) {
            Path root = sandbox.inside();
            Files.writeString(root.resolve("file"), "text");
            Files.createSymbolicLink(root.resolve("up"), Path.of("../" + Sandbox.OUTSIDE));
            Files.createSymbolicLink(root.resolve("out"), sandbox.outside());
            try (RootAccess access =
                            RootAccess.of(
                                    Opens.open(
                                            root.toString(), Fcntl.O_RDONLY | Fcntl.O_DIRECTORY, 0),
                                    Idmap.NONE);
                    SftpSession session =
                            new SftpSession(
                                    access,
                                    new ByteArrayInputStream(input),
                                    OutputStream.nullOutputStream())) {
                session.run();
            } finally {
                sandbox.requireUntouched();
            }
        }
    }
}
