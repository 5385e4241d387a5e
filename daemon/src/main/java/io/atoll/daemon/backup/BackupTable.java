package io.atoll.daemon.backup;

import io.atoll.base.AlreadyExistsException;
import io.atoll.base.NotFoundException;
import io.atoll.base.ProjectName;
import io.atoll.base.Undo;
import io.atoll.daemon.store.Batch;
import io.atoll.daemon.store.RecordKey;
import io.atoll.daemon.store.RecordKind;
import io.atoll.daemon.store.Store;
import io.atoll.daemon.store.Stored;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;

/// The backups of one kind: records, and archives in a folder that is theirs alone. An archive
/// without a record is one that was never finished.
public final class BackupTable {
    private static final int BUFFER_BYTES = 1 << 16;

    private final Store store;
    private final RecordKind<Backup> kind;
    private final Path folder;

    public BackupTable(Store store, RecordKind<Backup> kind, Path folder) {
        this.store = store;
        this.kind = kind;
        this.folder = folder;
    }

    /// Writes an archive; the stream is closed by the caller.
    public interface Content {
        /// @param folder for what is to lie somewhere until then; what stays is removed by
        ///   [#recover]
        void writeTo(OutputStream out, Path folder) throws IOException;
    }

    /// Removes the archives that no record names: what a dead daemon left half written. Makes the
    /// folder if it is missing.
    public void recover() {
        Set<String> known = new HashSet<>();
        store.list(kind).forEach(b -> known.add(b.value().file()));
        try {
            Files.createDirectories(folder);
            // They hold what only root may read inside.
            Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwx------"));
            try (DirectoryStream<Path> files = Files.newDirectoryStream(folder)) {
                for (Path file : files) {
                    if (!known.contains(String.valueOf(file.getFileName()))) {
                        Files.delete(file);
                    }
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException("Cannot prepare " + folder, e);
        }
    }

    /// The backups of one owner, by name.
    public List<Backup> list(ProjectName project, String owner) {
        return records(project, owner).stream().map(Stored::value).toList();
    }

    private List<Stored<Backup>> records(ProjectName project, String owner) {
        return store.list(kind, project).stream()
                .filter(b -> b.value().owner().equals(owner))
                .toList();
    }

    /// @throws NotFoundException if there is none
    Backup get(ProjectName project, String owner, String name) {
        return find(project, owner, name)
                .orElseThrow(() -> new NotFoundException("Backup \"" + name + "\" not found"))
                .value();
    }

    private Optional<Stored<Backup>> find(ProjectName project, String owner, String name) {
        return store.find(kind, RecordKey.of(project, Backup.recordName(owner, name)));
    }

    /// @throws AlreadyExistsException if there is one
    void checkFree(ProjectName project, String owner, String name) {
        if (find(project, owner, name).isPresent()) {
            throw new AlreadyExistsException("Backup \"" + name + "\" already exists");
        }
    }

    /// The first of `backup0`, `backup1`, … that is free.
    String freeName(ProjectName project, String owner) {
        for (int i = 0; ; i++) {
            String name = "backup" + i;
            if (find(project, owner, name).isEmpty()) {
                return name;
            }
        }
    }

    Path file(Backup backup) {
        return folder.resolve(backup.file());
    }

    /// Writes the archive, then records it: there is the whole backup or none.
    void create(ProjectName project, Backup backup, Content content) throws IOException {
        Path file = file(backup);
        try (Undo undo = new Undo()) {
            undo.add(() -> Files.deleteIfExists(file));
            try (OutputStream out =
                    new BufferedOutputStream(Files.newOutputStream(file), BUFFER_BYTES)) {
                content.writeTo(out, folder);
            }
            store.create(kind, RecordKey.of(project, backup.recordName()), backup);
            undo.keep();
        }
    }

    /// @throws AlreadyExistsException if there is one of the new name
    void rename(ProjectName project, Backup backup, String fresh) {
        Stored<Backup> read =
                find(project, backup.owner(), backup.name())
                        .orElseThrow(() -> new NotFoundException("Backup is gone"));
        Backup renamed = read.value().named(fresh);
        store.commit(
                new Batch()
                        .delete(kind, read)
                        .create(kind, RecordKey.of(project, renamed.recordName()), renamed));
    }

    /// Does nothing if it is gone.
    void delete(ProjectName project, Backup backup) throws IOException {
        boolean _ = store.delete(kind, RecordKey.of(project, backup.recordName()));
        boolean _ = Files.deleteIfExists(file(backup));
    }

    /// Deletes the backups of an owner that goes away.
    public void deleteAll(ProjectName project, String owner) {
        for (Backup backup : list(project, owner)) {
            deleteUnchecked(project, backup);
        }
    }

    private void deleteUnchecked(ProjectName project, Backup backup) {
        try {
            delete(project, backup);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// Adds to a batch that renames the owner what is to be done with its backups.
    public void move(Batch batch, ProjectName project, String owner, String newOwner) {
        for (Stored<Backup> read : records(project, owner)) {
            Backup moved = read.value().of(newOwner);
            batch.delete(kind, read).create(kind, RecordKey.of(project, moved.recordName()), moved);
        }
    }

    /// Removes the backups whose time has come, and those whose owner is gone.
    public void prune(Instant now, Predicate<RecordKey> ownerExists) {
        for (Stored<Backup> read : store.list(kind)) {
            Backup backup = read.value();
            boolean isOld = backup.expiresAt().filter(t -> t.isBefore(now)).isPresent();
            if (isOld || !ownerExists.test(new RecordKey(read.project(), backup.owner()))) {
                deleteUnchecked(new ProjectName(read.project()), backup);
            }
        }
    }
}
