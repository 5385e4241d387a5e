package io.atoll.daemon.storage;

import io.atoll.base.DomainException;
import io.atoll.base.InvalidConfigException;
import io.atoll.base.NotFoundException;
import io.atoll.base.ProjectName;
import io.atoll.base.UnavailableException;
import io.atoll.daemon.server.ServerConfig;
import io.atoll.daemon.server.ServerKey;
import io.atoll.daemon.store.Store;
import io.atoll.linux.ErrnoException;
import io.atoll.linux.Fcntl;
import io.atoll.linux.Fd;
import io.atoll.linux.Mounts;
import io.atoll.linux.Opens;
import io.atoll.storage.StorageDriver;
import io.atoll.storage.VolumeRef;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/// The server's own use of custom volumes: `storage.images_volume` and `storage.backups_volume`.
/// Such a volume is mounted on the folder of images or of backups.
///
/// What is in the folder goes along when a key changes: it is copied first, and removed from where
/// it was when the new value is stored. A daemon that dies in between finds everything where the
/// stored value says. What is being uploaded or exported meanwhile fails.
public final class OwnVolumes implements ServerConfig.Follower, PoolUsers {
    private static final Logger LOG = System.getLogger(OwnVolumes.class.getName());

    /// Made by file systems themselves.
    private static final String LOST_FOUND = "lost+found";

    private final Store store;
    private final Pools pools;
    private final ServerConfig config;
    private final Map<ServerKey, Path> folders;

    /// The values that hold where they are not stored yet, or not to be: written by the one change
    /// that [ServerConfig] makes at a time.
    private final Map<ServerKey, String> ahead = new EnumMap<>(ServerKey.class);

    /// @param folders where images and backups are, by the key that names their volume
    public OwnVolumes(Store store, Pools pools, ServerConfig config, Map<ServerKey, Path> folders) {
        this.store = store;
        this.pools = pools;
        this.config = config;
        this.folders = Map.copyOf(folders);
    }

    /// A volume of the default project.
    private record Own(String pool, String name) {
        VolumeRef ref() {
            return CustomVolume.volume(ProjectName.DEFAULT, name).current();
        }
    }

    private static InvalidConfigException fault(ServerKey key, String why) {
        return new InvalidConfigException("Failed validation of \"" + key.key() + "\": " + why);
    }

    private static Own parse(ServerKey key, String value) {
        int slash = value.indexOf('/');
        if (slash <= 0 || slash == value.length() - 1 || value.indexOf('/', slash + 1) > 0) {
            throw fault(key, "Invalid syntax for volume, must be <pool>/<volume>");
        }
        return new Own(value.substring(0, slash), value.substring(slash + 1));
    }

    /// Mounts what the configuration names: when the pools are there, and before anybody looks into
    /// the folders.
    void start() {
        config.follow(this);
        folders.forEach((key, folder) -> {
            unmount(folder);
            String value = config.value(key);
            try {
                mount(key, value, folder);
            } catch (DomainException | ErrnoException e) {
                LOG.log(Level.ERROR, "cannot use volume=" + value + " key=" + key.key(), e);
            }
        });
    }

    /// Gives the folders back: a daemon that is gone has nothing mounted.
    void close() {
        folders.values().forEach(OwnVolumes::unmount);
    }

    private void mount(ServerKey key, String value, Path folder) {
        if (!value.isEmpty()) {
            Own own = parse(key, value);
            try (Fd mount = pools.driver(own.pool()).openMount(own.ref())) {
                Mounts.move(mount, folder.toString());
            }
        }
    }

    /// Also what daemons that died left there.
    private static void unmount(Path folder) {
        while (Mounts.isMountPoint(folder.toString())) {
            Mounts.umount(folder.toString(), true);
        }
    }

    @Override
    public void apply(Map<String, String> wanted) {
        for (Map.Entry<ServerKey, Path> entry : folders.entrySet()) {
            ServerKey key = entry.getKey();
            String now = ahead.getOrDefault(key, config.value(key));
            String next = wanted.getOrDefault(key.key(), "");
            if (now.equals(next)) {
                continue;
            }
            boolean isTakenBack = next.equals(config.value(key));
            if (!isTakenBack) {
                check(key, next);
            }
            LOG.log(Level.INFO, "moves folder=" + entry.getValue() + " volume=" + next);
            move(key, entry.getValue(), now, next);
            ahead.put(key, next);
            if (isTakenBack) {
                clear(key, entry.getValue(), now);
            }
        }
    }

    /// @throws InvalidConfigException in LXD's words
    private void check(ServerKey key, String value) {
        if (value.isEmpty()) {
            return;
        }
        Own own = parse(key, value);
        StorageDriver driver;
        try {
            driver = pools.driver(own.pool());
        } catch (NotFoundException e) {
            throw fault(
                    key, "Unable to load storage pool \"" + own.pool() + "\": " + e.getMessage());
        }
        String volume = "torage volume \"" + value + "\"";
        CustomVolume record =
                store.find(
                                CustomVolume.KIND,
                                CustomVolume.key(ProjectName.DEFAULT, own.pool(), own.name()))
                        .map(stored -> stored.value())
                        .orElseThrow(() ->
                                fault(
                                        key,
                                        "Failed loading s"
                                                + volume
                                                + " in \"default\" project: Storage volume not"
                                                + " found"));
        if (record.isBlock()) {
            throw fault(key, "S" + volume + " is of content type block");
        }
        if (!driver.snapshots(CustomVolume.volume(ProjectName.DEFAULT, own.name())).isEmpty()) {
            throw fault(key, "Storage volumes for use by LXD itself cannot have snapshots");
        }
        if (!pools.usersOfVolume(ProjectName.DEFAULT, own.pool(), own.name()).isEmpty()) {
            throw fault(key, "S" + volume + " is in use");
        }
        try (Fd root = driver.openRoot(own.ref())) {
            if (!isEmpty(Path.of(root.procPath()))) {
                throw fault(key, "S" + volume + " isn't empty");
            }
        } catch (IOException e) {
            throw new UnavailableException("Cannot read s" + volume + ": " + e.getMessage(), e);
        }
    }

    private void move(ServerKey key, Path folder, String from, String to) {
        try (Fd source = open(key, folder, from);
                Fd target = open(key, folder, to)) {
            copy(Path.of(source.procPath()), Path.of(target.procPath()));
        } catch (IOException e) {
            clear(key, folder, to);
            throw new UnavailableException("Cannot move " + folder + ": " + e.getMessage(), e);
        }
        unmount(folder);
        mount(key, to, folder);
    }

    /// The directory that a value stands for, whatever is mounted on it now.
    private Fd open(ServerKey key, Path folder, String value) {
        if (!value.isEmpty()) {
            Own own = parse(key, value);
            return pools.driver(own.pool()).openRoot(own.ref());
        }
        Path parent = Objects.requireNonNull(folder.getParent());
        // Without what is mounted below it.
        try (Fd bare = Mounts.cloneTree(parent.toString(), false)) {
            return Opens.openAt(
                    bare,
                    String.valueOf(folder.getFileName()),
                    Fcntl.O_RDONLY | Fcntl.O_DIRECTORY,
                    0);
        }
    }

    /// What was left where it is not looked for any more can go.
    @Override
    public void stored(Map<String, String> old) {
        for (Map.Entry<ServerKey, Path> entry : folders.entrySet()) {
            String before = old.getOrDefault(entry.getKey().key(), "");
            if (!before.equals(config.value(entry.getKey()))) {
                clear(entry.getKey(), entry.getValue(), before);
            }
        }
        ahead.clear();
    }

    private void clear(ServerKey key, Path folder, String value) {
        try (Fd left = open(key, folder, value)) {
            clear(Path.of(left.procPath()));
        } catch (IOException | DomainException | ErrnoException e) {
            LOG.log(Level.WARNING, "cannot remove what was copied from volume=" + value, e);
        }
    }

    private static boolean isEmpty(Path directory) throws IOException {
        try (DirectoryStream<Path> files = Files.newDirectoryStream(directory)) {
            for (Path file : files) {
                if (!file.endsWith(LOST_FOUND)) {
                    return false;
                }
            }
            return true;
        }
    }

    /// On the disk when it returns: the originals are deleted next.
    private static void copy(Path from, Path to) throws IOException {
        try (DirectoryStream<Path> files = Files.newDirectoryStream(from)) {
            for (Path file : files) {
                Path copy = to.resolve(String.valueOf(file.getFileName()));
                if (file.endsWith(LOST_FOUND)) {
                    continue;
                }
                if (Files.isDirectory(file, LinkOption.NOFOLLOW_LINKS)) {
                    Files.createDirectories(copy);
                    Files.setPosixFilePermissions(copy, Files.getPosixFilePermissions(file));
                    copy(file, copy);
                    continue;
                }
                Files.copy(
                        file,
                        copy,
                        StandardCopyOption.REPLACE_EXISTING,
                        StandardCopyOption.COPY_ATTRIBUTES,
                        LinkOption.NOFOLLOW_LINKS);
                try (FileChannel channel = FileChannel.open(copy, StandardOpenOption.WRITE)) {
                    channel.force(true);
                }
            }
        }
    }

    private static void clear(Path directory) throws IOException {
        try (DirectoryStream<Path> files = Files.newDirectoryStream(directory)) {
            for (Path file : files) {
                if (file.endsWith(LOST_FOUND)) {
                    continue;
                }
                if (Files.isDirectory(file, LinkOption.NOFOLLOW_LINKS)) {
                    clear(file);
                }
                Files.delete(file);
            }
        }
    }

    @Override
    public List<RootVolume> rootVolumes(String pool) {
        return List.of();
    }

    @Override
    public List<String> usersOfVolume(ProjectName project, String pool, String volume) {
        return isVolumeMounted(project, pool, volume) ? List.of("/1.0") : List.of();
    }

    @Override
    public boolean isVolumeMounted(ProjectName project, String pool, String volume) {
        return project.equals(ProjectName.DEFAULT)
                && folders.keySet().stream()
                        .anyMatch(key -> config.value(key).equals(pool + "/" + volume));
    }
}
