package io.atoll.testkit;

import io.atoll.linux.Command;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;

/// ZFS with its rules for clones: a snapshot does not go before them, a dataset not before its
/// snapshots, and only the newest snapshot can be gone back to.
public final class FakeZfs extends FakeHost {
    /// @param origin the snapshot that it is a clone of, or empty
    private record Dataset(Path files, String origin, Map<String, String> properties) {}

    /// Datasets and snapshots in the order they were made.
    private final Map<String, Dataset> all = new LinkedHashMap<>();

    /// What each received snapshot was made of.
    private final Map<String, String> origins = new TreeMap<>();

    /// @param backing where the volumes lie; made on first use
    public FakeZfs(Path backing) {
        super(backing);
    }

    @Override
    String answer(List<String> argv) {
        if (argv.getFirst().equals("mount")) {
            String name = argv.get(argv.size() - 2);
            bind(get(argv, name).files(), argv.getLast(), name.contains("@"));
            return "";
        }
        return switch (argv.get(0) + " " + argv.get(1)) {
            case "modprobe zfs" -> "";
            case "zfs version" -> "zfs-2.2.4-1\nzfs-kmod-2.2.4-1\n";
            case "zpool create" -> create(argv, argv.get(argv.size() - 2));
            case "zpool export", "zpool import" -> "";
            case "zpool destroy" -> {
                all.values().forEach(d -> remove(d.files()));
                all.clear();
                yield "";
            }
            case "zfs create" -> create(argv, argv.getLast());
            case "zfs list" -> list(argv);
            case "zfs inherit" -> {
                String _ = get(argv, argv.getLast()).properties().remove(argv.get(2));
                yield "";
            }
            case "zfs snapshot" -> snapshot(argv);
            case "zfs clone" -> cloneOf(argv);
            case "zfs rename" -> rename(argv);
            case "zfs destroy" -> destroy(argv);
            case "zfs rollback" -> rollback(argv);
            case "zfs get" -> property(argv);
            case "zfs set" -> {
                for (String word : argv.subList(2, argv.size() - 1)) {
                    set(argv, word);
                }
                yield "";
            }
            default -> throw refuse(argv, "unrecognized command");
        };
    }

    private void set(List<String> argv, String word) {
        String[] words = word.split("=", 2);
        Dataset dataset = get(argv, argv.getLast());
        if (words[0].equals("volsize")) {
            makeDisk(dataset.files(), Long.parseLong(words[1]));
        }
        String _ = dataset.properties().put(words[0], words[1]);
    }

    private Dataset get(List<String> argv, String name) {
        Dataset found = all.get(name);
        if (found == null) {
            throw refuse(argv, "cannot open '" + name + "': dataset does not exist");
        }
        return found;
    }

    private static String parent(String name) {
        return name.substring(0, Math.max(0, name.lastIndexOf('/')));
    }

    private void demandFree(List<String> argv, String name) {
        if (!name.matches("[a-zA-Z0-9][a-zA-Z0-9_.:/@-]*")) {
            throw refuse(argv, "cannot create '" + name + "': invalid character in name");
        }
        if (all.containsKey(name)) {
            throw refuse(argv, "cannot create '" + name + "': dataset already exists");
        }
        if (!parent(name).isEmpty() && !all.containsKey(parent(name))) {
            throw refuse(argv, "cannot create '" + name + "': parent does not exist");
        }
    }

    private Path fresh() {
        return backing().resolve(UUID.randomUUID().toString());
    }

    private String create(List<String> argv, String name) {
        demandFree(argv, name);
        Path files = fresh();
        Map<String, String> properties = new TreeMap<>();
        for (int i = 0; i < argv.size(); i++) {
            if (argv.get(i).equals("-o")) {
                String[] words = argv.get(i + 1).split("=", 2);
                String _ = properties.put(words[0], words[1]);
            }
        }
        if (argv.contains("-V")) {
            long size = Long.parseLong(after(argv, "-V"));
            if (size % Long.parseLong(properties.getOrDefault("volblocksize", "16384")) != 0) {
                throw refuse(argv, "volume size must be a multiple of volume block size");
            }
            makeDisk(files, size);
            String _ = properties.put("volsize", Long.toString(size));
        } else {
            make(files);
        }
        all.put(name, new Dataset(files, "", properties));
        return "";
    }

    @Override
    public Path device(String path) {
        String name = path.substring("/dev/zvol/".length());
        Dataset found = get(List.of("udev", path), name);
        if (!Files.isRegularFile(found.files())) {
            throw refuse(List.of("udev", path), "is no volume");
        }
        return found.files();
    }

    /// Properties of a dataset that its copies and states have too.
    private static Map<String, String> kept(Dataset of) {
        Map<String, String> out = new TreeMap<>();
        for (String name : List.of("volsize", "volblocksize")) {
            if (of.properties().containsKey(name)) {
                String _ = out.put(name, of.properties().getOrDefault(name, ""));
            }
        }
        return out;
    }

    private List<String> snapshotsOf(String name) {
        return all.keySet().stream().filter(n -> n.startsWith(name + "@")).toList();
    }

    private List<String> below(String name) {
        return all.keySet().stream()
                .filter(n -> n.equals(name) || n.startsWith(name + "/") || n.startsWith(name + "@"))
                .toList();
    }

    private List<String> clones(String snapshot) {
        return all.entrySet().stream()
                .filter(e -> e.getValue().origin().equals(snapshot))
                .map(Map.Entry::getKey)
                .toList();
    }

    private String list(List<String> argv) {
        String name = argv.getLast();
        Dataset _ = get(argv, name);
        if (argv.contains("-d")) {
            return lines(snapshotsOf(name));
        }
        boolean hasSnapshots = !argv.contains("-t") || after(argv, "-t").contains("snapshot");
        List<String> all =
                below(name).stream().filter(n -> hasSnapshots || !n.contains("@")).toList();
        return argv.contains("-r") ? lines(all) : name + "\n";
    }

    private static String lines(List<String> names) {
        return names.isEmpty() ? "" : String.join("\n", names) + "\n";
    }

    private String snapshot(List<String> argv) {
        String name = argv.getLast();
        demandFree(argv, name);
        Path files = fresh();
        Dataset of = get(argv, name.substring(0, name.indexOf('@')));
        copy(of.files(), files);
        all.put(name, new Dataset(files, "", kept(of)));
        return "";
    }

    private String cloneOf(List<String> argv) {
        String origin = argv.get(argv.size() - 2);
        demandFree(argv, argv.getLast());
        Path files = fresh();
        copy(get(argv, origin).files(), files);
        all.put(argv.getLast(), new Dataset(files, origin, kept(get(argv, origin))));
        return "";
    }

    private String rename(List<String> argv) {
        String from = argv.get(2);
        String to = argv.get(3);
        Dataset _ = get(argv, from);
        demandFree(argv, to);
        Map<String, Dataset> renamed = new LinkedHashMap<>();
        all.forEach((name, d) ->
                renamed.put(
                        moved(name, from, to),
                        new Dataset(d.files(), moved(d.origin(), from, to), d.properties())));
        all.clear();
        all.putAll(renamed);
        return "";
    }

    private static String moved(String name, String from, String to) {
        boolean isBelow =
                name.equals(from) || name.startsWith(from + "@") || name.startsWith(from + "/");
        return isBelow ? to + name.substring(from.length()) : name;
    }

    private String destroy(List<String> argv) {
        String name = argv.getLast();
        Dataset _ = get(argv, name);
        List<String> doomed = new ArrayList<>(below(name));
        if (doomed.size() > 1 && !argv.contains("-r") && !argv.contains("-R")) {
            throw refuse(argv, "cannot destroy '" + name + "': filesystem has children");
        }
        for (String d : doomed) {
            if (clones(d).stream().anyMatch(c -> !doomed.contains(c))) {
                throw refuse(argv, "cannot destroy '" + name + "': has dependent clones");
            }
        }
        for (String d : doomed) {
            remove(get(argv, d).files());
            Dataset _ = all.remove(d);
        }
        return "";
    }

    private String rollback(List<String> argv) {
        String name = argv.getLast();
        String volume = name.substring(0, name.indexOf('@'));
        Dataset snapshot = get(argv, name);
        if (!snapshotsOf(volume).getLast().equals(name)) {
            throw refuse(argv, "cannot rollback to '" + name + "': more recent snapshots exist");
        }
        Path files = get(argv, volume).files();
        remove(files);
        copy(snapshot.files(), files);
        get(argv, volume).properties().putAll(kept(snapshot));
        return "";
    }

    private String property(List<String> argv) {
        String what = argv.get(argv.size() - 2);
        Dataset dataset = get(argv, argv.getLast());
        if (what.equals("clones")) {
            List<String> clones = clones(argv.getLast());
            return clones.isEmpty() ? "-\n" : String.join(",", clones) + "\n";
        }
        StringBuilder out = new StringBuilder();
        for (String name : what.split(",")) {
            boolean isLimit = name.endsWith("quota") || name.endsWith("reservation");
            String standard = isLimit ? "0" : "1048576";
            String value = dataset.properties().getOrDefault(name, standard);
            out.append(name).append('\t').append(value).append('\n');
        }
        return out.toString();
    }

    /// Sends a dataset with all its snapshots up to one.
    @Override
    public void pipe(List<String> from, List<String> to) {
        String last = from.getLast();
        String source = last.substring(0, last.indexOf('@'));
        String target = to.getLast();
        Dataset _ = get(from, last);
        demandFree(to, target);
        Path files = fresh();
        copy(get(from, last).files(), files);
        all.put(target, new Dataset(files, "", kept(get(from, last))));
        for (String snapshot : from.contains("-R") ? snapshotsOf(source) : List.of(last)) {
            Path copied = fresh();
            copy(get(from, snapshot).files(), copied);
            all.put(
                    target + snapshot.substring(source.length()),
                    new Dataset(copied, "", kept(get(from, snapshot))));
        }
    }

    /// A stream says which snapshot it is of and which one it needs.
    @Override
    public void drain(List<String> argv, OutputStream out) {
        note(argv);
        Dataset _ = get(argv, argv.getLast());
        String before = argv.contains("-i") ? after(argv, "-i") : "";
        if (!before.isEmpty()) {
            Dataset _ = get(argv, before);
        }
        // What is on the wire outlives the snapshot.
        Path wire = fresh();
        copy(get(argv, argv.getLast()).files(), wire);
        String text =
                String.join("\n", "zfs-stream", name(argv.getLast()), wire.toString(), name(before))
                        + "\n";
        try {
            out.write(text.getBytes(StandardCharsets.UTF_8));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private String name(String snapshot) {
        return snapshot.isEmpty() ? "-" : get(List.of(snapshot), snapshot).files().toString();
    }

    @Override
    public void feed(List<String> argv, Command.Input input) {
        note(argv);
        ByteArrayOutputStream got = new ByteArrayOutputStream();
        try {
            input.writeTo(got);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        List<String> lines = got.toString(StandardCharsets.UTF_8).lines().toList();
        if (lines.size() != 4 || !lines.getFirst().equals("zfs-stream")) {
            throw refuse(argv, "cannot receive: invalid stream (bad magic number)");
        }
        String target = argv.getLast();
        String volume = target.substring(0, target.indexOf('@'));
        String before = lines.get(3);
        boolean isFirst = before.equals("-");
        if (isFirst == all.containsKey(volume)
                || !isFirst && !before.equals(origins.get(snapshotsOf(volume).getLast()))) {
            throw refuse(argv, "cannot receive: most recent snapshot does not match");
        }
        String _ = origins.put(target, lines.get(1));
        Path from = Path.of(lines.get(2));
        Map<String, String> properties = new TreeMap<>();
        if (Files.isRegularFile(from)) {
            String _ = properties.put("volsize", Long.toString(from.toFile().length()));
        }
        Path files = isFirst ? fresh() : get(argv, volume).files();
        remove(files);
        copy(from, files);
        all.put(volume, new Dataset(files, "", properties));
        Path kept = fresh();
        copy(from, kept);
        all.put(target, new Dataset(kept, "", new TreeMap<>(properties)));
    }
}
