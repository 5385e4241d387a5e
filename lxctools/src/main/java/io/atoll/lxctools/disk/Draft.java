package io.atoll.lxctools.disk;

import io.atoll.base.AlreadyExistsException;
import io.atoll.base.BusyException;
import io.atoll.base.UnavailableException;
import io.atoll.base.Undo;
import io.atoll.lxctools.storage.Backend;
import io.atoll.lxctools.storage.Backends;
import io.atoll.lxctools.storage.Trees;
import io.atoll.runtime.lxc.LxcContainer;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Optional;
import java.util.Set;

/// A container on its way into the world. Until [#finish] its directory holds a locked file
/// `partial`; closed before, everything is taken back. If this process is killed the lock goes with
/// it, and whoever comes next removes the rest ([#sweep]).
final class Draft implements AutoCloseable {
    private static final String PARTIAL = "partial";

    private final LxcContainer container;
    private final Undo undo = new Undo();
    private final FileChannel lock;
    private String written = "";

    private Draft(LxcContainer container, FileChannel lock) {
        this.container = container;
        this.lock = lock;
    }

    /// Takes a name.
    ///
    /// @throws AlreadyExistsException if it is taken
    /// @throws BusyException if somebody else is creating it at this moment
    static Draft begin(LxcContainer container, Backends backends) {
        sweep(container, backends);
        Path directory = container.directory();
        try {
            Path parent = Optional.ofNullable(directory.getParent()).orElse(directory);
            if (!Files.isDirectory(parent)) {
                Files.createDirectories(parent);
            }
            Files.createDirectory(
                    directory,
                    PosixFilePermissions.asFileAttribute(
                            PosixFilePermissions.fromString("rwxrwx---")));
        } catch (java.nio.file.FileAlreadyExistsException e) {
            throw new AlreadyExistsException("Container already exists", e);
        } catch (IOException e) {
            throw new UnavailableException("cannot make " + directory + ": " + e.getMessage(), e);
        }
        FileChannel lock = null;
        try {
            // What umask took away.
            Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwxrwx---"));
            lock =
                    FileChannel.open(
                            directory.resolve(PARTIAL),
                            Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE),
                            PosixFilePermissions.asFileAttribute(Set.<PosixFilePermission>of()));
            if (lock.tryLock() == null) {
                throw new BusyException("somebody else creates " + container.name());
            }
            Draft draft = new Draft(container, lock);
            draft.undo.add(() -> Trees.delete(directory));
            return draft;
        } catch (IOException | RuntimeException e) {
            closeQuietly(lock);
            Trees.delete(directory);
            throw e instanceof RuntimeException failure
                    ? failure
                    : new UnavailableException(
                            "cannot make " + directory + ": " + e.getMessage(), e);
        }
    }

    private static void closeQuietly(@org.jspecify.annotations.Nullable FileChannel channel) {
        try {
            if (channel != null) {
                channel.close();
            }
        } catch (IOException _) {
            // Only a lock.
            return;
        }
    }

    /// Removes what a creation left that was killed. Does nothing for a container that is complete
    /// or not there.
    ///
    /// @throws BusyException if the creation still runs
    static void sweep(LxcContainer container, Backends backends) {
        Path partial = container.directory().resolve(PARTIAL);
        if (!Files.exists(partial)) {
            return;
        }
        try (FileChannel channel = FileChannel.open(partial, StandardOpenOption.WRITE)) {
            try (FileLock held = channel.tryLock()) {
                if (held == null) {
                    throw new BusyException("Ongoing container creation detected");
                }
                Removal.storage(container, backends);
                Trees.delete(container.directory());
            } catch (OverlappingFileLockException e) {
                throw new BusyException("Ongoing container creation detected", e);
            }
        } catch (IOException e) {
            throw new UnavailableException(
                    "cannot remove the rest of " + container.name() + ": " + e.getMessage(), e);
        }
    }

    LxcContainer container() {
        return container;
    }

    Backend.Place place() {
        return new Backend.Place(container.directory(), container.name());
    }

    /// What to take back besides the directory.
    void add(Undo.Action action) {
        undo.add(action);
    }

    /// Replaces its configuration; mode 0640.
    void write(String config) {
        Path file = container.configFile();
        try {
            Files.writeString(file, config);
            written = config;
            Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-r-----"));
        } catch (IOException e) {
            throw new UnavailableException("cannot write " + file + ": " + e.getMessage(), e);
        }
    }

    /// True if nobody else has changed the configuration.
    boolean isAsWritten() {
        Path file = container.configFile();
        try {
            return Files.exists(file) && Files.readString(file).equals(written);
        } catch (IOException e) {
            throw new UnavailableException("cannot read " + file + ": " + e.getMessage(), e);
        }
    }

    /// It is complete.
    void finish() {
        try {
            Files.delete(container.directory().resolve(PARTIAL));
        } catch (IOException e) {
            throw new UnavailableException(
                    "cannot finish " + container.name() + ": " + e.getMessage(), e);
        }
        undo.keep();
    }

    @Override
    public void close() {
        try (FileChannel last = lock) {
            undo.close();
            if (!last.isOpen()) {
                throw new IOException("lost the lock of " + container.name());
            }
        } catch (IOException _) {
            // An interrupt closes channels; the file is gone by now.
            return;
        }
    }
}
