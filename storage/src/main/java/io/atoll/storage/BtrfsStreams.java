package io.atoll.storage;

import io.atoll.base.Idmap;
import io.atoll.base.InvalidConfigException;
import io.atoll.linux.CommandFailed;
import io.atoll.linux.Directories;
import io.atoll.linux.Errno;
import io.atoll.linux.ErrnoException;
import io.atoll.linux.Fcntl;
import io.atoll.linux.Fd;
import io.atoll.linux.Opens;
import io.atoll.linux.PlatformThreads;
import io.atoll.linux.TreeCopy;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;

/// Streams of btrfs-send(8). LXD has the files of a custom volume directly in its subvolume, we
/// have them in a directory of it: they are renamed in a copy, which leaves what two of them have
/// in common as it is.
final class BtrfsStreams implements VolumeStreams {
    private static final String ROOTFS = DirectoryDriver.ROOTFS;
    private static final String BACKUP = "backup.yaml";

    private final PoolDirectories directories;
    private final Placing placing;

    /// Makes a volume of complete directories, its snapshots' first.
    interface Placing {
        void place(VolumeName target, List<String> snapshots, List<Path> from);
    }

    BtrfsStreams(PoolDirectories directories, Placing placing) {
        this.directories = directories;
        this.placing = placing;
    }

    @Override
    public boolean hasHeader() {
        return true;
    }

    private record Frozen(Part part, Path subvolume, Optional<Path> before) {}

    @Override
    public Sending send(VolumeRef files, List<String> snapshots, Optional<String> backupYaml) {
        VolumeName volume = files.volume();
        boolean isBlock = BlockDisk.of(directories.existing(files)).isPresent();
        ReceivedVolume.Kind kind = ReceivedVolume.Kind.of(volume, isBlock);
        List<Frozen> frozen = new ArrayList<>();
        try {
            for (String snapshot : snapshots) {
                frozen.add(freeze(volume.snapshot(snapshot), snapshot, kind, backupYaml, frozen));
            }
            frozen.add(freeze(files, "", kind, backupYaml, frozen));
            return new Ready(List.copyOf(frozen));
        } catch (RuntimeException e) {
            frozen.forEach(f -> directories.discardAside(f.subvolume()));
            throw e;
        }
    }

    private Frozen freeze(
            VolumeRef ref,
            String name,
            ReceivedVolume.Kind kind,
            Optional<String> backupYaml,
            List<Frozen> before) {
        Path copy = directories.asideCopy(directories.existing(ref));
        try {
            PoolDirectories.io(
                    "prepare",
                    copy,
                    () -> {
                        dress(copy, kind, backupYaml);
                        return copy;
                    });
            String _ = run(copy, "property", "set", "-ts", copy.toString(), "ro", "true");
            return new Frozen(
                    new Part(name, "/", uuid(copy)),
                    copy,
                    before.isEmpty()
                            ? Optional.empty()
                            : Optional.of(before.getLast().subvolume()));
        } catch (RuntimeException e) {
            directories.discardAside(copy);
            throw e;
        }
    }

    private static String run(Path what, String... words) {
        List<String> argv = new ArrayList<>(List.of("btrfs"));
        argv.addAll(List.of(words));
        try {
            return HostTools.REAL.run(argv);
        } catch (CommandFailed e) {
            throw PoolDirectories.command("prepare", what, e);
        }
    }

    private static String uuid(Path subvolume) {
        return run(subvolume, "subvolume", "show", subvolume.toString())
                .lines()
                .map(String::strip)
                .filter(line -> line.startsWith("UUID:"))
                .map(line -> line.substring("UUID:".length()).strip())
                .findFirst()
                .orElse("");
    }

    private final class Ready implements Sending {
        private final List<Frozen> frozen;

        Ready(List<Frozen> frozen) {
            this.frozen = frozen;
        }

        @Override
        public List<Part> parts() {
            return frozen.stream().map(Frozen::part).toList();
        }

        @Override
        public void write(Part part, OutputStream out) throws IOException {
            Frozen one =
                    frozen.stream().filter(f -> f.part().equals(part)).findFirst().orElseThrow();
            List<String> argv = new ArrayList<>(List.of("btrfs", "send", "-q"));
            one.before().ifPresent(before -> argv.addAll(List.of("-p", before.toString())));
            argv.add(one.subvolume().toString());
            try {
                HostTools.REAL.drain(argv, out);
            } catch (CommandFailed e) {
                throw PoolDirectories.command("send", one.subvolume(), e);
            }
        }

        @Override
        public void close() {
            frozen.forEach(f -> directories.discardAside(f.subvolume()));
        }
    }

    /// Gives a copy of a volume the layout that LXD has.
    private static void dress(Path copy, ReceivedVolume.Kind kind, Optional<String> backupYaml)
            throws IOException {
        try (Fd top = PoolDirectories.openDirectory(copy)) {
            switch (kind) {
                case INSTANCE -> {
                    ReceivedVolume.keep(top, ReceivedVolume.INSTANCE_FILES);
                    if (backupYaml.isPresent()) {
                        Path file = copy.resolve(BACKUP);
                        Files.writeString(file, backupYaml.get(), StandardCharsets.UTF_8);
                        Files.setPosixFilePermissions(
                                file, PosixFilePermissions.fromString("r--------"));
                    }
                }
                case DISK -> ReceivedVolume.keep(top, Set.of(BlockDisk.NAME));
                case FILES -> lift(copy, top);
            }
        }
    }

    /// What is in `rootfs` comes to stand where that is.
    private static void lift(Path copy, Fd top) {
        String aside = ReceivedVolume.aside();
        Directories.rename(top, ROOTFS, top, aside, false);
        ReceivedVolume.keep(top, Set.of(aside));
        try (Fd files = PoolDirectories.openDirectory(copy.resolve(aside))) {
            move(files, top);
            DirectoryDriver.copyRootAttributes(copy.resolve(aside), copy);
        }
        Directories.rmdir(top, aside);
    }

    private static void move(Fd from, Fd to) {
        for (Directories.Entry entry : Directories.list(from)) {
            Directories.rename(from, entry.name(), to, entry.name(), false);
        }
    }

    @Override
    public void receive(
            VolumeName target, boolean isBlock, List<Part> parts, Source source, Idmap shifted) {
        ReceivedVolume.Kind kind = ReceivedVolume.Kind.of(target, isBlock);
        Path folder = directories.freeAside();
        List<Path> ready = new ArrayList<>();
        try {
            Path _ = PoolDirectories.io("create", folder, () -> Files.createDirectory(folder));
            Map<Part, Path> received = new LinkedHashMap<>();
            for (Part part : parts) {
                Path _ = received.put(part, take(folder, source, part));
            }
            List<String> names = new ArrayList<>();
            for (Part part : parts) {
                if (part.isWhole()) {
                    names.add(part.snapshot());
                    ready.add(directories.asideCopy(Objects.requireNonNull(received.get(part))));
                    Path copy = ready.getLast();
                    PoolDirectories.io(
                            "unpack",
                            copy,
                            () -> {
                                graft(copy, part.snapshot(), received);
                                return ReceivedVolume.settle(copy, kind, shifted);
                            });
                }
            }
            if (names.isEmpty() || !names.removeLast().isEmpty()) {
                throw new InvalidConfigException("The backup does not end with the volume itself");
            }
            placing.place(target, names, ready);
        } finally {
            ready.forEach(directories::discardAside);
            if (Files.isDirectory(folder)) {
                directories.subdirectories(folder).forEach(directories::discardAside);
                directories.discardAside(folder);
            }
        }
    }

    /// The program is confined to the folder: streams name paths, and links on the way to them.
    private Path take(Path folder, Source source, Part part) {
        List<Path> before = directories.subdirectories(folder);
        try {
            HostTools.REAL.feed(
                    List.of("btrfs", "receive", "-q", "-C", folder.toString()), source.of(part));
        } catch (CommandFailed e) {
            if (e.stderrTail().contains("No space left")) {
                throw PoolDirectories.command("receive", folder, e);
            }
            String complaint = e.stderrTail().strip();
            throw new InvalidConfigException(
                    "The backup is damaged: "
                            + (complaint.isEmpty() ? String.valueOf(e.getMessage()) : complaint),
                    e);
        }
        List<Path> fresh = new ArrayList<>(directories.subdirectories(folder));
        fresh.removeAll(before);
        if (fresh.size() != 1) {
            throw new InvalidConfigException(
                    "The backup is damaged: a stream is of " + fresh.size() + " subvolumes");
        }
        String named = ReceivedVolume.aside();
        try (Fd parent = PoolDirectories.openDirectory(folder)) {
            String name = fresh.getFirst().getFileName().toString();
            Directories.rename(parent, name, parent, named, false);
        } catch (ErrnoException e) {
            throw PoolDirectories.storage("rename", fresh.getFirst(), e);
        }
        return folder.resolve(named);
    }

    /// Subvolumes that the guest had made within become directories.
    private static void graft(Path copy, String snapshot, Map<Part, Path> received) {
        PlatformThreads.run(() -> {
            for (Map.Entry<Part, Path> inner : received.entrySet()) {
                Part part = inner.getKey();
                if (part.isWhole() || !part.snapshot().equals(snapshot)) {
                    continue;
                }
                try (Fd top = PoolDirectories.openDirectory(copy);
                        Fd place = within(top, part.path());
                        Fd from = PoolDirectories.openDirectory(inner.getValue())) {
                    long unused = TreeCopy.contents(from, place, _ -> true);
                } catch (ErrnoException e) {
                    throw PoolDirectories.storage("unpack " + part.path() + " into", copy, e);
                }
            }
        });
    }

    private static Fd within(Fd top, String path) {
        int flags = Fcntl.O_RDONLY | Fcntl.O_DIRECTORY | Fcntl.O_NOFOLLOW;
        Fd place = Opens.openAt(top, ".", flags, 0);
        try {
            List<String> names = Arrays.asList(path.replaceFirst("^/+", "").split("/"));
            for (int i = 0; i < names.size(); i++) {
                String name = names.get(i);
                if (name.isEmpty() || name.equals(".") || name.equals("..")) {
                    throw new ErrnoException("openat", Errno.EINVAL, path);
                }
                if (i == names.size() - 1 && !ReceivedVolume.has(place, name)) {
                    Directories.mkdir(place, name, 0755);
                }
                Fd next = Opens.openAt(place, name, flags, 0);
                place.close();
                place = next;
            }
            return place;
        } catch (ErrnoException e) {
            place.close();
            throw new InvalidConfigException(
                    "The backup has no place for \"" + path + "\": " + e.getMessage(), e);
        }
    }
}
