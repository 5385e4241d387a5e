package io.atoll.daemon;

import io.atoll.base.InvalidConfigException;
import io.atoll.base.UnavailableException;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.GroupPrincipal;
import java.nio.file.attribute.PosixFileAttributeView;
import java.nio.file.attribute.PosixFilePermissions;
import java.nio.file.attribute.UserPrincipalLookupService;
import java.nio.file.attribute.UserPrincipalNotFoundException;
import java.util.List;
import java.util.Optional;

/// Prepares the directories and the socket file.
final class StateDirectory {
    private static final Logger LOG = System.getLogger(StateDirectory.class.getName());

    /// The group that gets the socket when nobody says which.
    private static final String DEFAULT_GROUP = "atoll";

    /// The group whose members get a project of their own, where nobody says which.
    private static final String DEFAULT_USER_GROUP = "atoll-users";

    /// Less free space than this and SQLite cannot even open its log.
    private static final long FREE_BYTES_MIN = 1 << 20;

    /// The longest path of a unix socket; see unix(7).
    private static final int SOCKET_PATH_MAX = 107;

    private StateDirectory() {}

    /// Makes the directories that are missing.
    ///
    /// @throws UnavailableException naming the file system if it is full
    static void prepare(DaemonPaths paths) {
        if (paths.socket().toString().length() > SOCKET_PATH_MAX) {
            throw new InvalidConfigException(
                    "The state directory's path is too long for a socket in it (maximum "
                            + SOCKET_PATH_MAX
                            + "): "
                            + paths.socket());
        }
        try {
            for (Path folder :
                    List.of(
                            paths.state(),
                            paths.run(),
                            paths.pools(),
                            paths.images(),
                            paths.networks(),
                            paths.databases(),
                            paths.backups(),
                            paths.logs())) {
                Files.createDirectories(folder);
            }
            // Containers' ids pass through here, hence the x for all; nobody lists it.
            mode(paths.state(), "rwx--x--x");
            mode(paths.run(), "rwx--x--x");
            mode(paths.images(), "rwx------");
            mode(paths.logs(), "rwx------");
            // Records hold what users put into `cloud-init.*` and `environment.*`, and hashes.
            mode(paths.databases(), "rwx------");
            mode(paths.backups(), "rwx------");
            checkSpace(paths.state());
        } catch (IOException e) {
            throw new UnavailableException(
                    "Cannot prepare the state directory " + paths.state() + ": " + e, e);
        }
    }

    private static void mode(Path path, String permissions) throws IOException {
        Files.setPosixFilePermissions(path, PosixFilePermissions.fromString(permissions));
    }

    private static void checkSpace(Path state) throws IOException {
        FileStore disk = Files.getFileStore(state);
        if (disk.getUsableSpace() < FREE_BYTES_MIN) {
            throw new UnavailableException(
                    "The file system of the state directory "
                            + state
                            + " ("
                            + disk
                            + ") is full: "
                            + disk.getUsableSpace()
                            + " bytes are left. Delete files there or make it larger, then start the daemon again;"
                            + " nothing was changed");
        }
    }

    /// Gives the socket to the group, mode 0660; without a group only root may use it.
    ///
    /// @throws InvalidConfigException if a group was asked for and does not exist
    static void openSocket(Path socket, Optional<String> group) {
        Optional<GroupPrincipal> owner = find(group, DEFAULT_GROUP, socket);
        if (owner.isEmpty()) {
            LOG.log(Level.INFO, "only root may use the socket: there is no group " + DEFAULT_GROUP);
        }
        open(socket, owner);
    }

    /// Gives a socket to a group, mode 0660.
    static void openSocket(Path socket, GroupPrincipal group) {
        open(socket, Optional.of(group));
    }

    /// The group for which there is a second socket: the one asked for, else the usual one if the
    /// host has it.
    ///
    /// @throws InvalidConfigException if a group was asked for and does not exist
    static Optional<GroupPrincipal> userGroup(Path near, Optional<String> group) {
        return find(group, DEFAULT_USER_GROUP, near);
    }

    private static void open(Path socket, Optional<GroupPrincipal> owner) {
        try {
            if (owner.isPresent()) {
                Files.getFileAttributeView(
                                socket, PosixFileAttributeView.class, LinkOption.NOFOLLOW_LINKS)
                        .setGroup(owner.get());
            }
            mode(socket, owner.isPresent() ? "rw-rw----" : "rw-------");
        } catch (IOException e) {
            throw new UnavailableException("Cannot set the owner of " + socket + ": " + e, e);
        }
    }

    private static Optional<GroupPrincipal> find(Optional<String> group, String usual, Path near) {
        UserPrincipalLookupService names = near.getFileSystem().getUserPrincipalLookupService();
        try {
            return Optional.of(names.lookupPrincipalByGroupName(group.orElse(usual)));
        } catch (UserPrincipalNotFoundException e) {
            if (group.isPresent()) {
                throw new InvalidConfigException("There is no group \"" + group.get() + "\"", e);
            }
            return Optional.empty();
        } catch (IOException e) {
            throw new UnavailableException("Cannot look groups up: " + e, e);
        }
    }
}
