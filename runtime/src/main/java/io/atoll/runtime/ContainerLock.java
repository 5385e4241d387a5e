package io.atoll.runtime;

import io.atoll.base.InternalException;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/// The right to make or remove the files of one container, among all processes of a runtime
/// directory: between the first of them and the monitor's socket a start looks like a leftover.
final class ContainerLock implements AutoCloseable {
    /// Held by this process. The kernel's locks are a process's, and closing any descriptor of the
    /// file gives them up: nobody here may open it a second time.
    private static final Set<Path> HELD = ConcurrentHashMap.newKeySet();

    private final Path file;
    private final FileChannel channel;

    private ContainerLock(Path file, FileChannel channel) {
        this.file = file;
        this.channel = channel;
    }

    /// The lock, or empty if somebody has it. Does not wait.
    static Optional<ContainerLock> tryLock(Path directory, String id) {
        Path file = directory.resolve(id).toAbsolutePath().normalize();
        if (!HELD.add(file)) {
            return Optional.empty();
        }
        try {
            if (!Files.isDirectory(directory)) {
                Files.createDirectories(directory);
            }
            FileChannel channel =
                    FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
            FileLock lock = channel.tryLock();
            if (lock != null) {
                return Optional.of(new ContainerLock(file, channel));
            }
            release(file, channel);
            return Optional.empty();
        } catch (IOException e) {
            HELD.remove(file);
            throw new InternalException("lock " + file + ": " + e.getMessage(), e);
        }
    }

    private static void release(Path file, FileChannel channel) throws IOException {
        try {
            channel.close();
        } finally {
            HELD.remove(file);
        }
    }

    @Override
    public void close() {
        try {
            release(file, channel);
        } catch (IOException e) {
            throw new InternalException("unlock " + file + ": " + e.getMessage(), e);
        }
    }
}
