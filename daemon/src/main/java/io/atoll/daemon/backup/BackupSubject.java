package io.atoll.daemon.backup;

import io.atoll.base.ProjectName;
import io.atoll.daemon.http.Request;
import io.atoll.daemon.operation.OperationSpec;
import io.atoll.image.Packing;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Path;
import java.util.List;

/// A kind of thing that backups are made of.
public interface BackupSubject {
    /// What the endpoints say of this kind.
    ///
    /// @param event beginning of the lifecycle events' names
    /// @param aloneMembers the JSON members that leave the snapshots behind, the current one first
    /// @param creating description of the operation that makes a backup
    /// @param renaming of the one that renames it
    /// @param deleting of the one that deletes it
    record Words(
            String event,
            List<String> aloneMembers,
            String creating,
            String renaming,
            String deleting) {}

    /// One thing of this kind.
    ///
    /// @param project the one its record is in
    /// @param key the name of its record there
    record Owner(ProjectName project, String key) {}

    Words words();

    /// The paths of the list of backups; several if the kind has an old name.
    List<String> paths();

    /// The thing that a request's path names.
    ///
    /// @throws io.atoll.base.NotFoundException if there is no such thing
    Owner owner(Request request);

    /// Asks a project whether backups may be made of its things of this kind.
    ///
    /// @throws io.atoll.base.ForbiddenException if it does not let them
    void checkAllowed(ProjectName project);

    /// The URL of a backup.
    String url(Owner owner, String backup);

    /// Names the thing and its backup among an operation's resources.
    OperationSpec describe(OperationSpec spec, Owner owner, String backup);

    /// Whether the pool that a thing is in has a form of its own for it.
    boolean hasOwnForm(Owner owner);

    /// What an archive is to be like.
    ///
    /// @param isAlone leave the snapshots behind
    /// @param isOptimized in the form that the pool has of its own, if it has one
    /// @param spool a directory for what an archive takes only when it is complete
    record Wish(boolean isAlone, boolean isOptimized, Packing packing, Path spool) {}

    /// Writes the archive. Blocks for as long as the files take.
    void write(Owner owner, Wish wish, OutputStream out) throws IOException;
}
