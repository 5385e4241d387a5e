package io.atoll.storage;

import io.atoll.base.Idmap;
import io.atoll.base.InvalidConfigException;
import io.atoll.linux.Directories;
import io.atoll.linux.ErrnoException;
import io.atoll.linux.Fcntl;
import io.atoll.linux.Fd;
import io.atoll.linux.FileStat;
import io.atoll.linux.Inodes;
import io.atoll.linux.Opens;
import io.atoll.linux.Ownership;
import io.atoll.linux.PlatformThreads;
import io.atoll.linux.TreeCopy;
import io.atoll.linux.Xattrs;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Set;
import java.util.UUID;

/// A volume that came as a whole, in LXD's layout and from anyone, on its way to be one of ours.
final class ReceivedVolume {
    private static final String ROOTFS = DirectoryDriver.ROOTFS;
    private static final String METADATA = "metadata.yaml";
    private static final String TEMPLATES = "templates";

    /// What an instance's volume holds that we have too.
    static final Set<String> INSTANCE_FILES = Set.of(ROOTFS, METADATA, TEMPLATES);

    private ReceivedVolume() {}

    /// What a volume holds.
    enum Kind {
        INSTANCE,
        FILES,
        DISK;

        static Kind of(VolumeName volume, boolean isBlock) {
            return isBlock ? DISK : volume.type() == VolumeType.CUSTOM ? FILES : INSTANCE;
        }
    }

    /// A name that is nobody's.
    static String aside() {
        return ".atoll-" + UUID.randomUUID();
    }

    /// Removes all but these.
    static void keep(Fd top, Set<String> wanted) {
        for (Directories.Entry entry : Directories.list(top)) {
            if (!wanted.contains(entry.name())) {
                Inodes.deleteTree(top, entry.name());
            }
        }
    }

    static boolean has(Fd directory, String name) {
        return Directories.list(directory).stream().anyMatch(e -> e.name().equals(name));
    }

    /// Gives what was received the layout that a volume has here.
    static Path settle(Path copy, Kind kind, Idmap shifted) throws IOException {
        try (Fd top = PoolDirectories.openDirectory(copy)) {
            switch (kind) {
                case INSTANCE -> {
                    keep(top, INSTANCE_FILES);
                    checkType(top, ROOTFS, FileStat.Type.DIRECTORY);
                    keepPlain(top);
                }
                case DISK -> {
                    keep(top, Set.of(BlockDisk.NAME));
                    checkType(top, BlockDisk.NAME, FileStat.Type.FILE);
                    Directories.chown(top, BlockDisk.NAME, 0, 0);
                    Files.setPosixFilePermissions(
                            copy.resolve(BlockDisk.NAME),
                            PosixFilePermissions.fromString("rw-------"));
                }
                case FILES -> lower(copy, top);
            }
            Directories.chown(top, 0, 0);
            Directories.chmod(top, 0711);
            Xattrs.list(top).forEach(name -> Xattrs.remove(top, name));
        }
        if (!shifted.isPrivileged() && kind != Kind.DISK) {
            PlatformThreads.run(() -> {
                try (Fd root = PoolDirectories.openDirectory(copy.resolve(ROOTFS))) {
                    Ownership.shift(root, shifted, Idmap.NONE);
                }
            });
        }
        return copy;
    }

    /// Copies what was received, in LXD's layout, to a volume of ours with an empty root.
    static void copy(Path received, Kind kind, Path volume, Idmap shifted) throws IOException {
        int flags = Fcntl.O_RDONLY | Fcntl.O_DIRECTORY | Fcntl.O_NOFOLLOW;
        PlatformThreads.run(() -> {
            try (Fd from = PoolDirectories.openDirectory(received);
                    Fd top = PoolDirectories.openDirectory(volume);
                    Fd root = PoolDirectories.openDirectory(volume.resolve(ROOTFS))) {
                if (kind == Kind.FILES) {
                    long _ = TreeCopy.contents(from, root, _ -> true);
                } else {
                    checkType(from, ROOTFS, FileStat.Type.DIRECTORY);
                    try (Fd files = Opens.openAt(from, ROOTFS, flags, 0)) {
                        long _ = TreeCopy.contents(files, root, _ -> true);
                    }
                    long _ = TreeCopy.contents(from, top, ReceivedVolume::isBeside);
                }
                if (!shifted.isPrivileged()) {
                    Ownership.shift(root, shifted, Idmap.NONE);
                }
            } catch (ErrnoException e) {
                throw PoolDirectories.storage("unpack to", volume, e);
            }
        });
        try (Fd top = PoolDirectories.openDirectory(volume)) {
            keepPlain(top);
            Directories.chown(top, 0, 0);
            Directories.chmod(top, 0711);
            Xattrs.list(top).forEach(name -> Xattrs.remove(top, name));
        }
    }

    private static boolean isBeside(String path) {
        String first = path.split("/", 2)[0];
        return first.equals(METADATA) || first.equals(TEMPLATES);
    }

    private static void checkType(Fd top, String name, FileStat.Type type) {
        if (!has(top, name) || FileStat.of(top, name).type() != type) {
            throw new InvalidConfigException("The backup has no \"" + name + "\" where it belongs");
        }
    }

    /// The daemon reads these as root: what is no file of its own goes.
    private static void keepPlain(Fd top) {
        for (Directories.Entry entry : Directories.list(top)) {
            FileStat.Type type = FileStat.of(top, entry.name()).type();
            boolean isFine =
                    switch (entry.name()) {
                        case METADATA -> type == FileStat.Type.FILE;
                        case TEMPLATES -> type == FileStat.Type.DIRECTORY;
                        default -> true;
                    };
            if (!isFine) {
                Inodes.deleteTree(top, entry.name());
            } else if (entry.name().equals(TEMPLATES)) {
                int flags = Fcntl.O_RDONLY | Fcntl.O_DIRECTORY | Fcntl.O_NOFOLLOW;
                try (Fd templates = Opens.openAt(top, TEMPLATES, flags, 0)) {
                    keepFiles(templates);
                }
            }
            if (isFine && !entry.name().equals(ROOTFS)) {
                Directories.chown(top, entry.name(), 0, 0);
            }
        }
    }

    private static void keepFiles(Fd directory) {
        for (Directories.Entry entry : Directories.list(directory)) {
            if (FileStat.of(directory, entry.name()).type() == FileStat.Type.FILE) {
                Directories.chown(directory, entry.name(), 0, 0);
            } else {
                Inodes.deleteTree(directory, entry.name());
            }
        }
    }

    /// The files of a custom volume come to stand in a directory of it.
    private static void lower(Path copy, Fd top) throws IOException {
        String aside = aside();
        List<Directories.Entry> entries = Directories.list(top);
        Path folder = Files.createDirectory(copy.resolve(aside));
        try (Fd files = PoolDirectories.openDirectory(folder)) {
            for (Directories.Entry entry : entries) {
                Directories.rename(top, entry.name(), files, entry.name(), false);
            }
        }
        DirectoryDriver.copyRootAttributes(copy, folder);
        Directories.rename(top, aside, top, ROOTFS, false);
    }
}
