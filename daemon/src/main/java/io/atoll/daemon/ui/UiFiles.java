package io.atoll.daemon.ui;

import io.atoll.daemon.http.Response;
import io.atoll.linux.Errno;
import io.atoll.linux.ErrnoException;
import io.atoll.linux.Fcntl;
import io.atoll.linux.Fd;
import io.atoll.linux.FileStat;
import io.atoll.linux.GuestFiles;
import io.atoll.linux.Opens;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/// The files below one directory of the host, for anyone who asks: nothing outside of it is ever
/// opened, wherever its symbolic links lead, and nothing but plain files.
///
/// The directory is looked up for each request, so that it may be replaced as a whole, or come
/// later.
final class UiFiles {
    private final Path directory;

    UiFiles(Path directory) {
        this.directory = directory;
    }

    /// A file as it was when it was found.
    ///
    /// @param path below the directory, without `.` and `..`
    record Found(UiFiles files, UiPath path, FileStat stat) implements Response.Source {
        @Override
        public long size() {
            return stat.sizeBytes();
        }

        /// @throws IOException if it is another file by now: its length and tag are promised
        ///   already
        @Override
        public InputStream open() throws IOException {
            try (Fd root = files.root();
                    Fd file = new GuestFiles(root).open(path.text(), Fcntl.O_PATH, 0)) {
                FileStat now = FileStat.of(file);
                if (now.inode() != stat.inode()
                        || now.sizeBytes() != stat.sizeBytes()
                        || !now.modified().equals(stat.modified())) {
                    throw new IOException("the file " + path + " was replaced meanwhile");
                }
                // What the descriptor is open for, whatever has this name now.
                return Files.newInputStream(Path.of(file.procPath()));
            } catch (ErrnoException e) {
                throw new IOException(e.getMessage(), e);
            }
        }
    }

    boolean isThere() {
        return Files.isDirectory(directory);
    }

    private Fd root() {
        return Opens.open(directory.toString(), Fcntl.O_PATH | Fcntl.O_DIRECTORY, 0);
    }

    /// The plain file at a path; nothing if there is none, or something else.
    Optional<Found> find(UiPath path) {
        try (Fd root = root()) {
            FileStat stat = new GuestFiles(root).stat(path.text());
            return stat.type() == FileStat.Type.FILE
                    ? Optional.of(new Found(this, path, stat))
                    : Optional.empty();
        } catch (ErrnoException e) {
            if (e.is(Errno.ENOENT, Errno.ENOTDIR, Errno.ELOOP, Errno.EACCES, Errno.ENAMETOOLONG)) {
                return Optional.empty();
            }
            throw e;
        }
    }
}
