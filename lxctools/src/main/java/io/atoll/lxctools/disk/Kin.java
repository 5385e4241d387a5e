package io.atoll.lxctools.disk;

import io.atoll.base.UnavailableException;
import io.atoll.linux.DirectoryLock;
import io.atoll.linux.ErrnoException;
import io.atoll.linux.WholeFile;
import io.atoll.runtime.lxc.LxcContainer;
import io.atoll.runtime.lxc.LxcRootfs;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.stream.Stream;

/// Which containers need which others: a copy by snapshot may share files with what it was copied
/// from. Kept in LXC's files: `lxc_snapshots` of the original and `lxc_rdepends` of the copy, two
/// lines for each relative, lxcpath and name.
final class Kin {
    private static final String CLONES = "lxc_snapshots";
    private static final String ORIGINALS = "lxc_rdepends";
    private static final String SNAPSHOTS = "snaps";

    /// A container elsewhere.
    record Relative(Path lxcPath, String name) {}

    private Kin() {}

    /// The copies that need this container.
    static List<Relative> clones(LxcContainer container) {
        return read(container.directory().resolve(CLONES)).stream()
                // One that is gone without a word does not hold us.
                .filter(r -> Files.exists(r.lxcPath().resolve(r.name()).resolve("config")))
                .toList();
    }

    /// What this container needs.
    static List<Relative> originals(LxcContainer container) {
        return read(container.directory().resolve(ORIGINALS));
    }

    private static List<Relative> read(Path file) {
        if (!Files.exists(file)) {
            return List.of();
        }
        try {
            List<String> lines = Files.readAllLines(file);
            List<Relative> found = new ArrayList<>();
            for (int i = 0; i + 1 < lines.size(); i += 2) {
                found.add(new Relative(Path.of(lines.get(i)), lines.get(i + 1)));
            }
            return found;
        } catch (IOException e) {
            throw new UnavailableException("cannot read " + file + ": " + e.getMessage(), e);
        }
    }

    private static void write(Path file, List<Relative> relatives) {
        try {
            if (relatives.isEmpty()) {
                boolean unused = Files.deleteIfExists(file);
                return;
            }
            StringBuilder text = new StringBuilder();
            relatives.forEach(
                    r -> text.append(r.lxcPath()).append('\n').append(r.name()).append('\n'));
            WholeFile.write(file, text.toString());
        } catch (IOException e) {
            throw new UnavailableException("cannot write " + file + ": " + e.getMessage(), e);
        }
    }

    private static Relative of(LxcContainer container) {
        return new Relative(container.path().directory(), container.name());
    }

    /// Notes what a copy needs: its original, or, where it has the same layers of others, what the
    /// original needs itself.
    static void bind(LxcContainer original, LxcContainer copy, LxcRootfs made) {
        boolean isOfOthers =
                made instanceof LxcRootfs.Overlay overlay && !ownsLayer(original, overlay);
        List<Relative> needed = isOfOthers ? originals(original) : List.of(of(original));
        for (Relative relative : needed) {
            rebind(relative, copy);
            add(copy.directory().resolve(ORIGINALS), relative);
        }
    }

    /// True if a layer is a directory of the container's own, which goes when it goes.
    static boolean ownsLayer(LxcContainer container, LxcRootfs.Overlay overlay) {
        return overlay.lowers().stream()
                .anyMatch(l -> Files.isDirectory(l) && l.startsWith(container.directory()));
    }

    /// Forgets what a container that goes away needed.
    static void release(LxcContainer copy) {
        release(of(copy), originals(copy));
    }

    /// As [#release(LxcContainer)] for a name that a container had before.
    static void release(Relative copy, List<Relative> originals) {
        for (Relative original : originals) {
            Path directory = original.lxcPath().resolve(original.name());
            if (Files.isDirectory(directory)) {
                change(directory.resolve(CLONES), all -> all.remove(copy));
            }
        }
    }

    /// Notes an original for a copy that has a new name.
    static void rebind(Relative original, LxcContainer copy) {
        add(original.lxcPath().resolve(original.name()).resolve(CLONES), of(copy));
    }

    private static void add(Path file, Relative relative) {
        change(file, all -> !all.contains(relative) && all.add(relative));
    }

    /// Copies may be made and removed at once.
    private static void change(Path file, Predicate<List<Relative>> work) {
        Path directory = Optional.ofNullable(file.getParent()).orElse(Path.of("/"));
        try (DirectoryLock _ = DirectoryLock.lock(directory)) {
            List<Relative> all = new ArrayList<>(read(file));
            if (work.test(all)) {
                write(file, all);
            }
        } catch (ErrnoException e) {
            throw new UnavailableException("cannot change " + file + ": " + e.getMessage(), e);
        }
    }

    /// The names of the snapshots of a container, sorted by their number and then by name.
    static List<String> snapshots(LxcContainer container) {
        Path directory = container.directory().resolve(SNAPSHOTS);
        if (!Files.isDirectory(directory)) {
            return List.of();
        }
        try (Stream<Path> entries = Files.list(directory)) {
            return entries.filter(e -> Files.exists(e.resolve("config")))
                    .map(e -> e.getFileName().toString())
                    .sorted(java.util.Comparator.comparingInt(Kin::number).thenComparing(n -> n))
                    .toList();
        } catch (IOException e) {
            throw new UnavailableException("cannot list " + directory + ": " + e.getMessage(), e);
        }
    }

    private static int number(String name) {
        return name.matches("snap[0-9]{1,8}")
                ? Integer.parseInt(name.substring("snap".length()))
                : Integer.MAX_VALUE;
    }

    /// The lxcpath of a container's snapshots.
    static Path snapshotPath(LxcContainer container) {
        return container.directory().resolve(SNAPSHOTS);
    }
}
