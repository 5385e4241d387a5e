package io.atoll.runtime.lxc;

import io.atoll.base.InvalidConfigException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/// Where `lxc.include` finds its files.
@FunctionalInterface
public interface LxcIncludes {
    /// How deep includes may nest.
    int DEPTH_MAX = 16;

    /// A file that was included.
    record Included(String name, String text) {}

    /// The file, or all `*.conf` of a directory in alphabetical order.
    ///
    /// @param where file and line of the `lxc.include`, for messages
    /// @throws InvalidConfigException if it cannot be read
    List<Included> read(String path, String where);

    /// For texts that may not include anything.
    static LxcIncludes none() {
        return (path, where) -> {
            throw new InvalidConfigException(where + ": lxc.include is not allowed here: " + path);
        };
    }

    /// From the file system; a relative path begins where the file is that has it. Blocks on
    /// reading.
    static LxcIncludes files() {
        return (path, where) -> {
            try {
                Path at = beside(path, where);
                if (!Files.isDirectory(at)) {
                    return List.of(new Included(at.toString(), readOne(at)));
                }
                List<Included> out = new ArrayList<>();
                try (Stream<Path> entries = Files.list(at)) {
                    for (Path entry :
                            entries.filter(p -> p.toString().endsWith(".conf")).sorted().toList()) {
                        out.add(new Included(entry.toString(), readOne(entry)));
                    }
                }
                return out;
            } catch (IOException e) {
                throw new InvalidConfigException(
                        where + ": cannot read lxc.include = " + path + ": " + e, e);
            }
        };
    }

    /// A path that is written in a file of the configuration.
    ///
    /// @param path relative: begins where the file is
    /// @param where the file, absolute or nowhere, and the line
    static Path beside(String path, String where) {
        int colon = where.lastIndexOf(':');
        Path includer = Path.of(colon < 0 ? where : where.substring(0, colon));
        return includer.isAbsolute() ? includer.resolveSibling(path) : Path.of(path);
    }

    private static String readOne(Path path) throws IOException {
        if (Files.size(path) > LxcConfig.FILE_BYTES_MAX) {
            throw new IOException("larger than " + LxcConfig.FILE_BYTES_MAX + " bytes");
        }
        return Files.readString(path);
    }
}
