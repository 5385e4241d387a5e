package io.atoll.storage;

import io.atoll.base.Idmap;
import io.atoll.base.InvalidConfigException;
import io.atoll.base.UnsupportedException;
import io.atoll.linux.CommandFailed;
import io.atoll.linux.Directories;
import io.atoll.linux.Errno;
import io.atoll.linux.ErrnoException;
import io.atoll.linux.Fd;
import io.atoll.linux.PlatformThreads;
import io.atoll.linux.Subvolumes;
import io.atoll.storage.SubvolumeTree.Inner;
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

/// Streams of btrfs-send(8), one for each subvolume: a stream holds nothing of those within. LXD
/// has the files of a custom volume directly in its subvolume, we have them in a directory of it:
/// they are renamed in a copy, which leaves what two of them have in common as it is.
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

    /// A state of a volume that cannot be changed any more.
    ///
    /// @param inners subvolumes within, as they were in the volume
    private record Frozen(String snapshot, Path top, List<Inner> inners) {
        /// @return empty if there is no such subvolume
        Optional<Path> find(String path) {
            return path.equals("/")
                    ? Optional.of(top)
                    : inners.stream()
                            .filter(inner -> path.equals("/" + inner.path()))
                            .map(inner -> top.resolve(inner.path()))
                            .findFirst();
        }

        List<Part> parts() {
            List<Part> out = new ArrayList<>();
            out.add(new Part(snapshot, "/", uuid(top), !snapshot.isEmpty()));
            for (Inner inner : inners) {
                String uuid = uuid(top.resolve(inner.path()));
                out.add(new Part(snapshot, "/" + inner.path(), uuid, inner.isReadOnly()));
            }
            return out;
        }

        private static String uuid(Path subvolume) {
            return PlatformThreads.call(() -> {
                try (Fd fd = PoolDirectories.openDirectory(subvolume)) {
                    return Subvolumes.uuid(fd).toString();
                }
            });
        }
    }

    @Override
    public Sending send(VolumeRef files, List<String> snapshots, Optional<String> backupYaml) {
        boolean isBlock = BlockDisk.of(directories.existing(files)).isPresent();
        ReceivedVolume.Kind kind = ReceivedVolume.Kind.of(files.volume(), isBlock);
        return freeze(files, snapshots, copy -> dress(copy, kind, backupYaml));
    }

    /// Changes a copy of a volume before it is sent.
    private interface Dress {
        void on(Path copy) throws IOException;
    }

    private Ready freeze(VolumeRef files, List<String> snapshots, Dress dress) {
        List<Frozen> frozen = new ArrayList<>();
        try {
            for (String snapshot : snapshots) {
                frozen.add(freeze(files.volume().snapshot(snapshot), snapshot, dress));
            }
            frozen.add(freeze(files, "", dress));
            return new Ready(List.copyOf(frozen));
        } catch (RuntimeException e) {
            frozen.forEach(f -> directories.discardAside(f.top()));
            throw e;
        }
    }

    private Frozen freeze(VolumeRef ref, String name, Dress dress) {
        Path from = directories.existing(ref);
        Path copy = directories.freeAside();
        try {
            List<Inner> inners =
                    PoolDirectories.io(
                            "prepare",
                            copy,
                            () -> {
                                List<Inner> before =
                                        PlatformThreads.call(() -> SubvolumeTree.copy(from, copy));
                                dress.on(copy);
                                return PlatformThreads.call(() -> {
                                    List<Inner> after = SubvolumeTree.within(copy);
                                    SubvolumeTree.freeze(copy);
                                    return after.stream().map(i -> as(before, i)).toList();
                                });
                            });
            return new Frozen(name, copy, inners);
        } catch (RuntimeException e) {
            directories.discardAside(copy);
            throw e;
        }
    }

    /// One in a copy, as it was in the original, where the files of a custom volume stand lower.
    private static Inner as(List<Inner> before, Inner now) {
        if (!StandardCharsets.UTF_8.newEncoder().canEncode(now.path())) {
            throw new UnsupportedException(
                    "The name of a subvolume is no text; make an export that is not optimized");
        }
        boolean wasReadOnly =
                before.stream()
                        .filter(Inner::isReadOnly)
                        .map(Inner::path)
                        .anyMatch(p -> p.equals(now.path()) || p.equals(below(now.path())));
        return new Inner(now.path(), wasReadOnly);
    }

    private static String below(String path) {
        return ROOTFS + "/" + path;
    }

    private final class Ready implements Sending {
        private final List<Frozen> states;

        Ready(List<Frozen> states) {
            this.states = states;
        }

        @Override
        public List<Part> parts() {
            return states.stream().flatMap(state -> state.parts().stream()).toList();
        }

        @Override
        public void write(Part part, OutputStream out) throws IOException {
            List<String> argv = new ArrayList<>(List.of("btrfs", "send", "-q"));
            Optional<Path> before = Optional.empty();
            for (Frozen state : states) {
                Optional<Path> subvolume = state.find(part.path());
                if (state.snapshot().equals(part.snapshot())) {
                    before.ifPresent(b -> argv.addAll(List.of("-p", b.toString())));
                    send(argv, subvolume.orElseThrow(), out);
                    return;
                }
                before = subvolume;
            }
            throw new IllegalArgumentException("not one of the parts: " + part);
        }

        private static void send(List<String> argv, Path subvolume, OutputStream out) {
            argv.add(subvolume.toString());
            try {
                HostTools.REAL.drain(argv, out);
            } catch (CommandFailed e) {
                throw PoolDirectories.command("send", subvolume, e);
            }
        }

        @Override
        public void close() {
            states.forEach(state -> directories.discardAside(state.top()));
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
        receive(target, parts, source, copy -> settle(copy, kind, shifted));
    }

    /// Gives what came the layout that volumes have here.
    ///
    /// @return where it has what stood at the top of a volume
    private static String settle(Path copy, ReceivedVolume.Kind kind, Idmap shifted)
            throws IOException {
        Path _ = ReceivedVolume.settle(copy, kind, shifted);
        return kind == ReceivedVolume.Kind.FILES ? ROOTFS + "/" : "";
    }

    /// Makes a volume of one of another pool, as it is.
    void receiveOwn(
            VolumeName target, BtrfsStreams from, VolumeRef source, List<String> snapshots) {
        try (Ready ready = from.freeze(source, snapshots, _ -> {})) {
            receive(target, ready.parts(), part -> stdin -> ready.write(part, stdin), _ -> "");
        }
    }

    /// Changes what came before it becomes a volume.
    private interface Settling {
        /// @return what the paths of subvolumes within begin with afterwards
        String settle(Path copy) throws IOException;
    }

    private void receive(VolumeName target, List<Part> parts, Source source, Settling settling) {
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
                    ready.add(directories.freeAside());
                    unpack(part, received, ready.getLast(), settling);
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

    private static void unpack(Part whole, Map<Part, Path> received, Path copy, Settling settling) {
        Path from = Objects.requireNonNull(received.get(whole));
        Path _ =
                PoolDirectories.io(
                        "unpack",
                        copy,
                        () -> {
                            List<Inner> inners =
                                    PlatformThreads.call(() -> {
                                        List<Inner> _ = SubvolumeTree.copy(from, copy);
                                        return graft(copy, whole.snapshot(), received);
                                    });
                            String prefix = settling.settle(copy);
                            PlatformThreads.run(() ->
                                    SubvolumeTree.protect(
                                            copy,
                                            inners.stream().map(i -> i.below(prefix)).toList()));
                            return copy;
                        });
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

    /// Puts subvolumes that the guest had made within to their places.
    private static List<Inner> graft(Path copy, String snapshot, Map<Part, Path> received) {
        List<Inner> out = new ArrayList<>();
        try (Fd top = PoolDirectories.openDirectory(copy)) {
            for (Map.Entry<Part, Path> each : received.entrySet()) {
                Part part = each.getKey();
                if (!part.isWhole() && part.snapshot().equals(snapshot)) {
                    Inner inner = inner(part);
                    try (Fd from = PoolDirectories.openDirectory(each.getValue())) {
                        SubvolumeTree.plant(top, inner, from);
                    }
                    out.add(inner);
                }
            }
            return out;
        } catch (ErrnoException e) {
            if (e.is(Errno.ENOSPC, Errno.EDQUOT, Errno.EIO)) {
                throw PoolDirectories.storage("unpack to", copy, e);
            }
            throw new InvalidConfigException(
                    "The backup has no place for one of its subvolumes: " + e.getMessage(), e);
        }
    }

    private static Inner inner(Part part) {
        List<String> names = Arrays.asList(part.path().replaceFirst("^/+", "").split("/", -1));
        if (names.stream().anyMatch(n -> n.isEmpty() || n.equals(".") || n.equals(".."))) {
            throw new InvalidConfigException("The backup has no place for \"" + part.path() + "\"");
        }
        return new Inner(String.join("/", names), part.isReadOnly());
    }
}
