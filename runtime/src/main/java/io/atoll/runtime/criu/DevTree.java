package io.atoll.runtime.criu;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/// What a container's `/dev` has besides nodes: directories, which may be mount points, links, and
/// plain files without what is in them. Written down because the container comes back with another
/// `/dev`.
final class DevTree {
    private static final int ENTRIES_MAX = 200;
    private static final int DEPTH_MAX = 4;

    /// What is odd is left out.
    private static final Pattern PLAIN = Pattern.compile("[!-~]{1,200}");

    private final List<DevEntry> found = new ArrayList<>();
    private final Path top;
    private final Object device;

    private DevTree(Path top) throws IOException {
        this.top = top;
        this.device = device(top);
    }

    /// Looks at a directory that may change meanwhile, or be made by somebody hostile.
    static List<DevEntry> read(Path dev) throws IOException {
        DevTree tree = new DevTree(dev);
        tree.walk(dev, 1);
        return List.copyOf(tree.found);
    }

    private static Object device(Path path) throws IOException {
        return Files.getAttribute(path, "unix:dev", LinkOption.NOFOLLOW_LINKS);
    }

    private void walk(Path directory, int depth) {
        try (DirectoryStream<Path> entries = Files.newDirectoryStream(directory)) {
            for (Path entry : entries) {
                if (found.size() >= ENTRIES_MAX) {
                    return;
                }
                Optional<DevEntry> known = entry(entry);
                known.ifPresent(found::add);
                boolean isInside = known.isPresent() && known.get().kind() == DevEntry.Kind.DIR;
                if (isInside && depth < DEPTH_MAX && device(entry).equals(device)) {
                    walk(entry, depth + 1);
                }
            }
        } catch (IOException _) {
            // It is gone.
        }
    }

    private Optional<DevEntry> entry(Path path) throws IOException {
        String name = top.relativize(path).toString();
        if (!PLAIN.matcher(name).matches()) {
            return Optional.empty();
        }
        if (Files.isSymbolicLink(path)) {
            String target = Files.readSymbolicLink(path).toString();
            return PLAIN.matcher(target).matches()
                    ? Optional.of(new DevEntry(DevEntry.Kind.LINK, name, target))
                    : Optional.empty();
        }
        if (Files.isDirectory(path, LinkOption.NOFOLLOW_LINKS)) {
            return Optional.of(new DevEntry(DevEntry.Kind.DIR, name, ""));
        }
        return Files.isRegularFile(path, LinkOption.NOFOLLOW_LINKS)
                ? Optional.of(new DevEntry(DevEntry.Kind.FILE, name, ""))
                : Optional.empty();
    }

    static void write(Path file, List<DevEntry> entries) throws IOException {
        StringBuilder text = new StringBuilder();
        for (DevEntry entry : entries) {
            text.append(entry.kind())
                    .append(' ')
                    .append(entry.name())
                    .append(' ')
                    .append(entry.target())
                    .append('\n');
        }
        Files.writeString(file, text, StandardCharsets.US_ASCII);
    }

    /// What [#write] wrote; empty if nobody did.
    static List<DevEntry> parse(Path file) throws IOException {
        List<DevEntry> out = new ArrayList<>();
        if (Files.exists(file)) {
            for (String line : Files.readAllLines(file, StandardCharsets.US_ASCII)) {
                String[] words = line.split(" ", 3);
                out.add(new DevEntry(DevEntry.Kind.valueOf(words[0]), words[1], words[2]));
            }
        }
        return out;
    }
}
