package io.atoll.fuzz;

import io.atoll.linux.Fcntl;
import io.atoll.linux.Fd;
import io.atoll.linux.Inodes;
import io.atoll.linux.Opens;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/// A directory to be filled with what a stranger says, and a file beside it that has to stay.
/// Closing it removes both.
public final class Sandbox implements AutoCloseable {
    /// Name of the directory that must not change.
    public static final String OUTSIDE = "outside";

    private static final String KEPT = "kept";

    private final Path top;

    private Sandbox(Path top) {
        this.top = top;
    }

    public static Sandbox open() throws IOException {
        Sandbox sandbox = new Sandbox(Files.createTempDirectory("atoll-fuzz"));
        Files.createDirectory(sandbox.inside());
        Files.createDirectory(sandbox.outside());
        Files.writeString(sandbox.outside().resolve(KEPT), KEPT);
        return sandbox;
    }

    public Path inside() {
        return top.resolve("inside");
    }

    public Path outside() {
        return top.resolve(OUTSIDE);
    }

    /// @throws AssertionError if something was made or changed beside the directory
    public void requireUntouched() throws IOException {
        Path kept = outside().resolve(KEPT);
        boolean isSame =
                names(top).equals(List.of("inside", OUTSIDE))
                        && names(outside()).equals(List.of(KEPT))
                        && Files.isRegularFile(kept)
                        && Files.readString(kept).equals(KEPT)
                        && Files.getAttribute(kept, "unix:nlink").equals(1);
        if (!isSame) {
            throw new AssertionError("reached " + names(top) + " " + names(outside()));
        }
    }

    private static List<String> names(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.map(file -> file.getFileName().toString()).sorted().toList();
        }
    }

    @Override
    public void close() {
        try (Fd parent =
                Opens.open(top.getParent().toString(), Fcntl.O_RDONLY | Fcntl.O_DIRECTORY, 0)) {
            Inodes.deleteTree(parent, top.getFileName().toString());
        }
    }
}
