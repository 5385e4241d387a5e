package io.atoll.image;

import io.atoll.base.InvalidConfigException;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/// The layers of an OCI image laid on top of each other, as one archive. Nothing is unpacked: the
/// members that later layers replace or delete are left out. See the layer part of the OCI image
/// specification.
///
/// Owner ids, modes and extended attributes stay as they are. Names are brought to one form; what
/// is hostile about them is refused when the result is unpacked, like that of any image.
public final class OciLayers {
    private static final String WHITEOUT = ".wh.";
    private static final String OPAQUE = ".wh..wh..opq";

    /// The most members of all layers.
    private static final int MEMBERS_MAX = 5_000_000;

    private static final int SMALL_FILE_MAX = 1 << 20;

    /// Directories that a container's mounts need.
    private static final List<String> NEEDED = List.of("dev", "etc", "proc", "run", "sys", "tmp");

    /// Where a member is.
    private record Place(int layer, int index) {}

    private final List<Path> layers;

    /// The members that stay, by name; of directories the one whose owner and mode count.
    private final Map<String, Place> winners = new HashMap<>();

    private final Map<String, TarEntry> entries = new HashMap<>();

    /// By name, all places where lower layers have a file of it, the lowest first.
    private final Map<String, List<Place>> places = new HashMap<>();

    /// Files that are replaced by a later layer while a link to them stays: they get its name.
    private final Map<Place, String> kept = new HashMap<>();

    private int members;

    private OciLayers(List<Path> layers) {
        this.layers = layers;
    }

    /// Reads the layers once.
    ///
    /// @param layers archives, compressed or not, the lowest first
    public static OciLayers of(List<Path> layers) throws IOException {
        OciLayers all = new OciLayers(List.copyOf(layers));
        for (int i = 0; i < layers.size(); i++) {
            all.addLayer(i);
        }
        all.keepLinked();
        return all;
    }

    private static TarReader open(Path layer) throws IOException {
        InputStream raw = new BufferedInputStream(Files.newInputStream(layer), 1 << 16);
        try {
            return new TarReader(Compression.unpacked(raw));
        } catch (IOException | RuntimeException e) {
            raw.close();
            throw e;
        }
    }

    /// Without `./` and slashes at its ends; empty for the root directory.
    private static String clean(String name) {
        List<String> parts = new ArrayList<>();
        for (String part : name.split("/")) {
            if (part.equals("..")) {
                throw new InvalidConfigException("The layer is damaged: a name with \"..\"");
            }
            if (!part.isEmpty() && !part.equals(".")) {
                parts.add(part);
            }
        }
        return String.join("/", parts);
    }

    private static String parent(String name) {
        return name.substring(0, Math.max(0, name.lastIndexOf('/')));
    }

    private static String base(String name) {
        return name.substring(name.lastIndexOf('/') + 1);
    }

    private void addLayer(int layer) throws IOException {
        Map<String, TarEntry> fresh = new HashMap<>();
        Map<String, Integer> indexes = new HashMap<>();
        Set<String> hidden = new HashSet<>();
        Set<String> emptied = new HashSet<>();
        try (TarReader tar = open(layers.get(layer))) {
            int index = 0;
            for (Optional<TarEntry> next = tar.next(); next.isPresent(); next = tar.next()) {
                if (++members > MEMBERS_MAX) {
                    throw new InvalidConfigException("The layers have too many files");
                }
                String name = clean(next.get().name());
                if (base(name).equals(OPAQUE)) {
                    emptied.add(parent(name));
                } else if (base(name).startsWith(WHITEOUT)) {
                    String sibling = base(name).substring(WHITEOUT.length());
                    hidden.add(parent(name).isEmpty() ? sibling : parent(name) + "/" + sibling);
                } else if (!name.isEmpty()) {
                    fresh.put(name, next.get());
                    indexes.put(name, index);
                }
                index++;
            }
        }
        fresh.forEach((name, entry) -> {
            if (entry.type() != TarEntry.Type.DIRECTORY) {
                hidden.add(name);
            }
        });
        hide(hidden, emptied);
        fresh.forEach((name, entry) -> {
            Place place = new Place(layer, indexes.getOrDefault(name, 0));
            winners.put(name, place);
            entries.put(name, entry);
            places.computeIfAbsent(name, _ -> new ArrayList<>()).add(place);
        });
    }

    /// Takes out what is of these names and below them, and what is below the emptied.
    private void hide(Set<String> hidden, Set<String> emptied) {
        if (hidden.isEmpty() && emptied.isEmpty()) {
            return;
        }
        winners.keySet()
                .removeIf(name -> {
                    boolean isHidden = hidden.contains(name);
                    for (String up = name; !isHidden && !up.isEmpty(); ) {
                        up = parent(up);
                        isHidden = emptied.contains(up) || !up.isEmpty() && hidden.contains(up);
                    }
                    return isHidden;
                });
        entries.keySet().retainAll(winners.keySet());
    }

    /// A hard link means the file as it was in its own layer.
    private void keepLinked() {
        List<Map.Entry<String, TarEntry>> links =
                entries.entrySet().stream()
                        .filter(e -> e.getValue().type() == TarEntry.Type.HARD_LINK)
                        .sorted(Map.Entry.comparingByKey())
                        .toList();
        Map<Place, String> firsts = new HashMap<>();
        for (Map.Entry<String, TarEntry> link : links) {
            String name = link.getKey();
            Place own = winners.get(name);
            if (own == null) {
                continue;
            }
            String target = clean(link.getValue().link());
            Place meant = null;
            for (Place place : places.getOrDefault(target, List.of())) {
                meant = place.layer() <= own.layer() ? place : meant;
            }
            if (meant == null || meant.equals(winners.get(target))) {
                continue;
            }
            String first = firsts.putIfAbsent(meant, name);
            if (first == null) {
                kept.put(meant, name);
                winners.remove(name);
                entries.remove(name);
            } else {
                entries.put(name, link.getValue().renamed(name, first));
            }
        }
    }

    /// Whether the result has a file, directory or link of this name, `usr/bin/env`.
    public boolean has(String name) {
        return winners.containsKey(clean(name)) || kept.containsValue(clean(name));
    }

    /// A small file of the result; empty if there is none.
    public Optional<String> read(String name) throws IOException {
        Place place = winners.get(name);
        if (place == null) {
            return Optional.empty();
        }
        try (TarReader tar = open(layers.get(place.layer()))) {
            int index = 0;
            for (Optional<TarEntry> next = tar.next(); next.isPresent(); next = tar.next()) {
                if (index++ == place.index()) {
                    byte[] bytes = tar.data().readNBytes(SMALL_FILE_MAX);
                    return Optional.of(new String(bytes, StandardCharsets.UTF_8));
                }
            }
        }
        return Optional.empty();
    }

    /// Writes the result and closes `out`.
    public void write(OutputStream out) throws IOException {
        Set<String> written = new HashSet<>();
        try (TarWriter tar = new TarWriter(out)) {
            for (int i = 0; i < layers.size(); i++) {
                writeLayer(i, tar, written);
            }
            for (String name : NEEDED) {
                if (!winners.containsKey(name)) {
                    int mode = name.equals("tmp") ? 01777 : 0755;
                    tar.put(TarEntry.plain(TarEntry.Type.DIRECTORY, name, mode, 0));
                }
            }
        }
    }

    private void writeLayer(int layer, TarWriter out, Set<String> written) throws IOException {
        try (TarReader tar = open(layers.get(layer))) {
            int index = 0;
            for (Optional<TarEntry> next = tar.next(); next.isPresent(); next = tar.next()) {
                Place place = new Place(layer, index++);
                String name = clean(next.get().name());
                String saved = kept.get(place);
                if (saved != null) {
                    writeParents(saved, out, written);
                    out.put(next.get().renamed(saved, ""), tar.data());
                }
                boolean isWinner = place.equals(winners.get(name));
                boolean isDirectory = next.get().type() == TarEntry.Type.DIRECTORY;
                if (!isWinner && !(isDirectory && isDirectory(name)) || name.isEmpty()) {
                    continue;
                }
                writeParents(name, out, written);
                if (isDirectory) {
                    writeDirectory(name, out, written);
                } else if (next.get().type() != TarEntry.Type.OTHER) {
                    TarEntry entry = entries.getOrDefault(name, next.get());
                    boolean isLink = entry.type() == TarEntry.Type.HARD_LINK;
                    String link = isLink ? clean(entry.link()) : entry.link();
                    out.put(entry.renamed(name, link), tar.data());
                }
            }
        }
    }

    private boolean isDirectory(String name) {
        TarEntry entry = entries.get(name);
        return entry != null && entry.type() == TarEntry.Type.DIRECTORY;
    }

    private void writeParents(String name, TarWriter out, Set<String> written) throws IOException {
        String parent = parent(name);
        if (!parent.isEmpty() && !written.contains(parent)) {
            writeParents(parent, out, written);
            writeDirectory(parent, out, written);
        }
    }

    /// With the owner and mode that the uppermost layer says, where it comes first.
    private void writeDirectory(String name, TarWriter out, Set<String> written)
            throws IOException {
        if (!isDirectory(name) || !written.add(name)) {
            return;
        }
        TarEntry entry = entries.get(name);
        if (entry != null) {
            out.put(entry.renamed(name, ""));
        }
    }
}
