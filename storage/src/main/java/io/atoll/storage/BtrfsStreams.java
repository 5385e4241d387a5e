package io.atoll.storage;

import io.atoll.base.Idmap;
import io.atoll.base.InvalidConfigException;
import io.atoll.base.UnavailableException;
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
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;

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
    /// @param names what the parts are called that are not called by their own uuid, by their paths
    private record Frozen(
            String snapshot, Path top, List<Inner> inners, Map<String, String> names) {
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
            out.add(part("/", top, !snapshot.isEmpty()));
            for (Inner inner : inners) {
                out.add(part("/" + inner.path(), top.resolve(inner.path()), inner.isReadOnly()));
            }
            return out;
        }

        private Part part(String path, Path subvolume, boolean isReadOnly) {
            String uuid = uuid(subvolume);
            String name = names.getOrDefault(path, uuid);
            return new Part(snapshot, path, name, uuid, isReadOnly);
        }
    }

    private static String uuid(Path subvolume) {
        return PlatformThreads.call(() -> {
            try (Fd fd = PoolDirectories.openDirectory(subvolume)) {
                return Subvolumes.uuid(fd).toString();
            }
        });
    }

    /// How streams call what they are of.
    enum Naming {
        /// As copies of the volume that are made for this.
        FRESH,

        /// So too, but parts have the uuids that snapshots have here.
        KNOWN,

        /// By the uuids that snapshots have here.
        SENT
    }

    @Override
    public Sending send(VolumeRef files, List<String> snapshots, Optional<String> backupYaml) {
        boolean isBlock = BlockDisk.of(directories.existing(files)).isPresent();
        ReceivedVolume.Kind kind = ReceivedVolume.Kind.of(files.volume(), isBlock);
        return freeze(files, snapshots, Naming.FRESH, copy -> dress(copy, kind, backupYaml));
    }

    Sending send(VolumeRef files, List<String> snapshots, Naming naming) {
        boolean isBlock = BlockDisk.of(directories.existing(files)).isPresent();
        ReceivedVolume.Kind kind = ReceivedVolume.Kind.of(files.volume(), isBlock);
        return freeze(files, snapshots, naming, copy -> dress(copy, kind, Optional.empty()));
    }

    /// Changes a copy of a volume before it is sent.
    private interface Dress {
        void on(Path copy) throws IOException;
    }

    private Ready freeze(VolumeRef files, List<String> snapshots, Naming naming, Dress dress) {
        List<Frozen> frozen = new ArrayList<>();
        try {
            for (String snapshot : snapshots) {
                frozen.add(freeze(files.volume().snapshot(snapshot), snapshot, naming, dress));
            }
            frozen.add(freeze(files, "", Naming.FRESH, dress));
            return new Ready(List.copyOf(frozen), naming);
        } catch (RuntimeException e) {
            frozen.forEach(f -> directories.discardAside(f.top()));
            throw e;
        }
    }

    private Frozen freeze(VolumeRef ref, String name, Naming naming, Dress dress) {
        Path from = directories.existing(ref);
        Path copy = directories.freeAside();
        try {
            return PoolDirectories.io(
                    "prepare",
                    copy,
                    () -> {
                        List<Inner> before =
                                PlatformThreads.call(() -> SubvolumeTree.copy(from, copy));
                        dress.on(copy);
                        return PlatformThreads.call(() -> {
                            List<Inner> after = SubvolumeTree.within(copy);
                            Map<String, String> names =
                                    naming == Naming.FRESH ? Map.of() : names(from, before, after);
                            if (naming == Naming.SENT) {
                                names.forEach((path, uuid) -> call(copy, path, uuid));
                            }
                            SubvolumeTree.freeze(copy);
                            return new Frozen(
                                    name,
                                    copy,
                                    after.stream().map(i -> as(before, i)).toList(),
                                    names);
                        });
                    });
        } catch (RuntimeException e) {
            directories.discardAside(copy);
            throw e;
        }
    }

    /// The uuids of the original, by the paths of the parts.
    private static Map<String, String> names(Path from, List<Inner> before, List<Inner> after) {
        Map<String, String> out = new HashMap<>();
        out.put("/", uuid(from));
        try (Fd top = PoolDirectories.openDirectory(from)) {
            for (Inner now : after) {
                for (Inner then : before) {
                    if (isSame(then.path(), now)) {
                        try (Fd inner = Subvolumes.open(top, then.path())) {
                            out.put("/" + now.path(), Subvolumes.uuid(inner).toString());
                        }
                    }
                }
            }
        }
        return out;
    }

    private static void call(Path copy, String path, String uuid) {
        try (Fd top = PoolDirectories.openDirectory(copy);
                Fd subvolume = Subvolumes.open(top, path.substring(1))) {
            Subvolumes.setReceived(subvolume, UUID.fromString(uuid));
        }
    }

    private static boolean isSame(String then, Inner now) {
        return then.equals(now.path()) || then.equals(below(now.path()));
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
                        .anyMatch(then -> isSame(then, now));
        return new Inner(now.path(), wasReadOnly);
    }

    private static String below(String path) {
        return ROOTFS + "/" + path;
    }

    private final class Ready implements Sending {
        private final List<Frozen> states;
        private final Naming naming;
        private final Set<Part> written = new HashSet<>();

        Ready(List<Frozen> states, Naming naming) {
            this.states = states;
            this.naming = naming;
        }

        @Override
        public List<Part> parts() {
            return states.stream().flatMap(state -> state.parts().stream()).toList();
        }

        @Override
        public void write(Part part, OutputStream out) throws IOException {
            List<String> argv = new ArrayList<>(List.of("btrfs", "send", "-q"));
            Optional<Path> before = Optional.empty();
            Set<String> sent = new HashSet<>();
            written.stream()
                    .filter(p -> p.path().equals(part.path()))
                    .forEach(p -> sent.add(p.snapshot()));
            boolean isKnown = naming != Naming.SENT || part.isWhole();
            for (Frozen state : states) {
                Optional<Path> subvolume = state.find(part.path());
                if (state.snapshot().equals(part.snapshot())) {
                    before.ifPresent(b -> argv.addAll(List.of("-p", b.toString())));
                    send(argv, subvolume.orElseThrow(), out);
                    boolean _ = written.add(part);
                    return;
                }
                // LXD looks only whether it has what stands at the top, and when it sends a copy on
                // it
                // forgets where what is within came from.
                before = subvolume.filter(_ -> isKnown || sent.contains(state.snapshot()));
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
        receive(target, parts, source, Arriving.of(copy -> settle(copy, kind, shifted)));
    }

    /// Makes a volume of what comes from another server.
    ///
    /// @param earlier what else it is made of
    void receive(
            VolumeName target,
            boolean isBlock,
            MigrationStreams.Arrival arrival,
            Source source,
            Earlier earlier) {
        ReceivedVolume.Kind kind = ReceivedVolume.Kind.of(target, isBlock);
        receive(
                target,
                arrival.missing(),
                source,
                new Arriving(
                        copy -> settle(copy, kind, arrival.shifted()),
                        Optional.of(arrival),
                        earlier));
    }

    /// What is taken of an earlier copy.
    interface Earlier {
        /// Lays what streams may begin with into the folder that they are unpacked in.
        void lay(Path folder);

        /// Makes a snapshot that both have.
        void copy(String snapshot, Path to);
    }

    /// What is done with what comes.
    ///
    /// @param arrival of another server; empty if it is an archive or of another pool
    private record Arriving(
            Settling settling, Optional<MigrationStreams.Arrival> arrival, Earlier earlier) {
        static Arriving of(Settling settling) {
            return new Arriving(
                    settling,
                    Optional.empty(),
                    new Earlier() {
                        @Override
                        public void lay(Path folder) {}

                        @Override
                        public void copy(String snapshot, Path to) {}
                    });
        }

        String what() {
            return arrival.isPresent() ? "What the other server sent" : "The backup";
        }
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
        try (Ready ready = from.freeze(source, snapshots, Naming.FRESH, _ -> {})) {
            receive(
                    target,
                    ready.parts(),
                    part -> stdin -> ready.write(part, stdin),
                    Arriving.of(_ -> ""));
        }
    }

    /// Changes what came before it becomes a volume.
    private interface Settling {
        /// @return what the paths of subvolumes within begin with afterwards
        String settle(Path copy) throws IOException;
    }

    private void receive(VolumeName target, List<Part> parts, Source source, Arriving arriving) {
        Path folder = directories.freeAside();
        Map<String, Path> ready = new LinkedHashMap<>();
        try {
            Path _ = PoolDirectories.io("create", folder, () -> Files.createDirectory(folder));
            PlatformThreads.run(() -> arriving.earlier().lay(folder));
            Map<Part, Path> received = new LinkedHashMap<>();
            Set<String> known = directories.names(folder);
            for (Part part : parts) {
                Path path = take(folder, known, source, arriving, part);
                Path _ = received.put(part, path);
                if (arriving.arrival().isPresent() && part.uuid().equals(part.streamUuid())) {
                    PlatformThreads.run(() ->
                            ReceivedStates.layAgain(
                                    path, folder, MigrationStreams.Arrival.uuid(part)));
                    known.addAll(directories.names(folder));
                }
            }
            for (Part part : parts) {
                if (part.isWhole()) {
                    Path copy = directories.freeAside();
                    if (ready.put(part.snapshot(), copy) != null) {
                        throw new InvalidConfigException(
                                arriving.what() + " has \"" + part.snapshot() + "\" twice");
                    }
                    unpack(part, received, copy, arriving);
                }
            }
            place(target, ready, arriving);
        } finally {
            ready.values().forEach(directories::discardAside);
            if (Files.isDirectory(folder)) {
                directories.subdirectories(folder).forEach(directories::discardAside);
                directories.discardAside(folder);
            }
        }
    }

    private void place(VolumeName target, Map<String, Path> ready, Arriving arriving) {
        List<String> names = new ArrayList<>(ready.keySet());
        if (names.isEmpty() || !names.removeLast().isEmpty()) {
            throw new InvalidConfigException(
                    arriving.what() + " does not end with the volume itself");
        }
        List<String> all = arriving.arrival().map(a -> a.snapshots()).orElse(names);
        List<Path> places = new ArrayList<>();
        for (String name : all) {
            if (!ready.containsKey(name)) {
                Path copy = directories.freeAside();
                ready.put(name, copy);
                PlatformThreads.run(() -> arriving.earlier().copy(name, copy));
            }
            places.add(Objects.requireNonNull(ready.get(name)));
        }
        places.add(Objects.requireNonNull(ready.get("")));
        placing.place(target, all, places);
    }

    private static void unpack(Part whole, Map<Part, Path> received, Path copy, Arriving arriving) {
        Path from = Objects.requireNonNull(received.get(whole));
        Path _ =
                PoolDirectories.io(
                        "unpack",
                        copy,
                        () -> {
                            List<Inner> inners =
                                    PlatformThreads.call(() -> {
                                        List<Inner> _ = SubvolumeTree.copyWhole(from, copy);
                                        return graft(copy, whole.snapshot(), received, arriving);
                                    });
                            String prefix = arriving.settling().settle(copy);
                            PlatformThreads.run(() -> {
                                SubvolumeTree.protect(
                                        copy, inners.stream().map(i -> i.below(prefix)).toList());
                                if (arriving.arrival().isPresent() && !whole.snapshot().isEmpty()) {
                                    keep(copy, whole.snapshot(), received);
                                }
                            });
                            return copy;
                        });
    }

    /// What comes later may begin with it.
    private static void keep(Path copy, String snapshot, Map<Part, Path> received) {
        received.forEach((part, path) -> {
            if (part.snapshot().equals(snapshot)) {
                ReceivedStates.keep(copy, MigrationStreams.Arrival.uuid(part), path);
            }
        });
    }

    /// The program is confined to the folder: streams name paths, and links on the way to them.
    private Path take(Path folder, Set<String> known, Source source, Arriving arriving, Part part) {
        try {
            HostTools.REAL.feed(
                    List.of("btrfs", "receive", "-q", "-C", folder.toString()), source.of(part));
        } catch (CommandFailed e) {
            if (e.stderrTail().contains("No space left")) {
                throw PoolDirectories.command("receive", folder, e);
            }
            if (arriving.arrival().isPresent() && e.exit() < 0) {
                throw new UnavailableException(
                        "Copying files failed: the connection to the other server was lost", e);
            }
            String complaint = e.stderrTail().strip();
            throw new InvalidConfigException(
                    arriving.what()
                            + " is damaged: "
                            + (complaint.isEmpty() ? String.valueOf(e.getMessage()) : complaint),
                    e);
        }
        List<String> fresh =
                directories.names(folder).stream().filter(n -> !known.contains(n)).toList();
        if (fresh.size() != 1) {
            throw new InvalidConfigException(
                    arriving.what()
                            + " is damaged: a stream is of "
                            + fresh.size()
                            + " subvolumes");
        }
        String named = ReceivedVolume.aside();
        try (Fd parent = PoolDirectories.openDirectory(folder)) {
            Directories.rename(parent, fresh.getFirst(), parent, named, false);
        } catch (ErrnoException e) {
            throw PoolDirectories.storage("rename", folder.resolve(fresh.getFirst()), e);
        }
        known.add(named);
        return folder.resolve(named);
    }

    /// Puts subvolumes that the guest had made within to their places.
    private static List<Inner> graft(
            Path copy, String snapshot, Map<Part, Path> received, Arriving arriving) {
        List<Inner> out = new ArrayList<>();
        try (Fd top = PoolDirectories.openDirectory(copy)) {
            for (Map.Entry<Part, Path> each : received.entrySet()) {
                Part part = each.getKey();
                if (!part.isWhole() && part.snapshot().equals(snapshot)) {
                    Inner inner = inner(part, arriving.what());
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
                    arriving.what() + " has no place for one of its subvolumes: " + e.getMessage(),
                    e);
        }
    }

    private static Inner inner(Part part, String what) {
        List<String> names = Arrays.asList(part.path().replaceFirst("^/+", "").split("/", -1));
        if (names.stream().anyMatch(n -> n.isEmpty() || n.equals(".") || n.equals(".."))) {
            throw new InvalidConfigException(what + " has no place for \"" + part.path() + "\"");
        }
        return new Inner(String.join("/", names), part.isReadOnly());
    }
}
