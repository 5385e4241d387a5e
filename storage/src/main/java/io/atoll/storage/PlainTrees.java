package io.atoll.storage;

import io.atoll.base.UnsupportedException;
import io.atoll.linux.Errno;
import io.atoll.linux.ErrnoException;
import io.atoll.linux.Fd;
import io.atoll.linux.PlatformThreads;
import io.atoll.linux.ProjectQuotas;
import io.atoll.linux.TreeCopy;
import io.atoll.linux.Xattrs;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.concurrent.ThreadLocalRandom;

/// Directories of any file system, limited by project quotas where it has them (ext4 and xfs with
/// `prjquota`).
final class PlainTrees implements Trees {
    private static final String WORK = DirectoryDriver.WORK;

    /// Below are ids that administrators give out by hand.
    private static final int PROJECT_MIN = 1 << 20;

    private static final int PROJECT_ATTEMPTS = 100;

    @Override
    public void create(Path directory) throws IOException {
        Path _ = Files.createDirectory(directory);
        Path _ =
                Files.setPosixFilePermissions(
                        directory, PosixFilePermissions.fromString("rwx--x--x"));
    }

    /// Copies everything of a volume. An overlay's index goes along, because it says which files
    /// that share an inode in the image share one above; but its tie to one upper directory must be
    /// made anew.
    @Override
    public void copy(Path from, Path to) throws IOException {
        create(to);
        PlatformThreads.run(() -> {
            try (Fd source = PoolDirectories.openDirectory(from);
                    Fd target = PoolDirectories.openDirectory(to)) {
                long unused =
                        TreeCopy.contents(
                                source,
                                target,
                                path ->
                                        !path.startsWith(WORK + "/")
                                                || path.startsWith(WORK + "/index"));
                untie(to);
            } catch (ErrnoException e) {
                throw PoolDirectories.storage("copy", from, e);
            }
        });
    }

    private static void untie(Path volume) {
        Path index = volume.resolve(WORK).resolve("index");
        if (Files.isDirectory(index)) {
            try (Fd fd = PoolDirectories.openDirectory(index)) {
                Xattrs.remove(fd, "trusted.overlay.upper");
            }
        }
        Path upper = volume.resolve(DirectoryDriver.UPPER);
        if (Files.isDirectory(upper)) {
            try (Fd fd = PoolDirectories.openDirectory(upper)) {
                Xattrs.remove(fd, "trusted.overlay.uuid");
            }
        }
    }

    @Override
    public boolean deleteAtOnce(Path directory) {
        return false;
    }

    @Override
    public OptionalLong usage(Path directory) {
        return account(directory)
                .map(account -> OptionalLong.of(account.usedBytes()))
                .orElseGet(OptionalLong::empty);
    }

    @Override
    public OptionalLong quota(Path directory) {
        return account(directory)
                .filter(account -> account.limitBytes() > 0)
                .map(account -> OptionalLong.of(account.limitBytes()))
                .orElseGet(OptionalLong::empty);
    }

    private static java.util.Optional<ProjectQuotas.Account> account(Path directory) {
        try (Fd fd = PoolDirectories.openDirectory(directory)) {
            OptionalInt project = ProjectQuotas.projectOf(fd);
            return project.isPresent()
                    ? java.util.Optional.of(ProjectQuotas.account(fd, project.getAsInt()))
                    : java.util.Optional.empty();
        } catch (ErrnoException e) {
            if (isWithoutQuotas(e)) {
                return java.util.Optional.empty();
            }
            throw PoolDirectories.storage("read the quota of", directory, e);
        }
    }

    @Override
    public void setQuota(Path directory, OptionalLong bytes) {
        PlatformThreads.run(() -> set(directory, bytes));
    }

    private static void set(Path directory, OptionalLong bytes) {
        try (Fd fd = PoolDirectories.openDirectory(directory)) {
            OptionalInt project = ProjectQuotas.projectOf(fd);
            if (project.isPresent()) {
                ProjectQuotas.limit(fd, project.getAsInt(), bytes.orElse(0));
            } else if (bytes.isPresent()) {
                int fresh = freeProject(fd);
                ProjectQuotas.limit(fd, fresh, bytes.getAsLong());
                ProjectQuotas.assign(fd, fresh);
            }
        } catch (ErrnoException e) {
            if (isWithoutQuotas(e)) {
                throw new UnsupportedException(
                        "Not supported: the file system of \""
                                + directory.getParent()
                                + "\" keeps no project quotas; mount it with \"prjquota\" (ext4 also needs the"
                                + " feature: tune2fs -O project,quota)",
                        e);
            }
            throw PoolDirectories.storage("limit", directory, e);
        }
    }

    private static int freeProject(Fd place) {
        for (int i = 0; i < PROJECT_ATTEMPTS; i++) {
            int id = ThreadLocalRandom.current().nextInt(PROJECT_MIN, Integer.MAX_VALUE);
            ProjectQuotas.Account account = accountOrNothing(place, id);
            if (account.usedBytes() == 0 && account.limitBytes() == 0) {
                return id;
            }
        }
        throw new IllegalStateException("no project id is free");
    }

    /// xfs knows nothing of ids that were never used.
    private static ProjectQuotas.Account accountOrNothing(Fd place, int id) {
        try {
            return ProjectQuotas.account(place, id);
        } catch (ErrnoException e) {
            if (e.is(Errno.ENOENT)) {
                return new ProjectQuotas.Account(0, 0);
            }
            throw e;
        }
    }

    private static boolean isWithoutQuotas(ErrnoException e) {
        return e.is(
                Errno.ESRCH,
                Errno.ENOSYS,
                Errno.EOPNOTSUPP,
                Errno.ENOTTY,
                Errno.EINVAL,
                Errno.ENODEV);
    }
}
