package io.atoll.runtime.lxc;

import io.atoll.base.InternalException;
import io.atoll.base.InvalidConfigException;
import io.atoll.runtime.Containers;
import io.atoll.runtime.RuntimePaths;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// A directory of containers, each a directory with a file `config` in it, such as `/var/lib/lxc`.
/// Opening it does nothing; the runtime is reached when it is first needed. Closing it touches no
/// container.
///
/// Safe for use by several threads.
public final class LxcPath implements AutoCloseable {
    private final Path directory;
    private final LxcSystemConfig system;

    /// Guarded by `this`.
    private @Nullable Containers containers;

    private final Path runDirectory;

    /// It is a container's, seen from outside.
    private final boolean isInside;

    private LxcPath(Path directory, Path runDirectory, LxcSystemConfig system, boolean isInside) {
        this.isInside = isInside;
        this.directory = directory;
        this.runDirectory = runDirectory;
        this.system = system;
    }

    /// @param directory absolute; need not exist
    public static LxcPath open(Path directory, LxcSystemConfig system) {
        if (!directory.isAbsolute()) {
            throw new InvalidConfigException("lxcpath is not absolute: " + directory);
        }
        Path normal = directory.normalize();
        return new LxcPath(normal, runDirectory(system.runDirectory(), normal), system, false);
    }

    /// The containers inside of a running one.
    ///
    /// @param root its root as the host sees it, `/proc/PID/root`
    /// @param directory as it is named inside
    public static LxcPath seenThrough(Path root, Path directory, LxcSystemConfig system) {
        LxcSystemConfig inside = new LxcSystemConfig(Map.of(), Map.of(), true);
        Path run = runDirectory(inside.runDirectory(), directory);
        return new LxcPath(below(root, directory), below(root, run), system, true);
    }

    private static Path below(Path root, Path absolute) {
        return root.resolve(absolute.toString().substring(1));
    }

    /// The directory itself.
    public Path directory() {
        return directory;
    }

    /// lxc.conf(5) that it was opened with.
    public LxcSystemConfig system() {
        return system;
    }

    /// Where the monitors of its containers are: a directory of its own for each lxcpath, as two
    /// may have containers of the same name.
    public Path runDirectory() {
        return runDirectory;
    }

    /// Where each start makes a directory of its container's name.
    Path monitors() {
        return new RuntimePaths(runDirectory, Path.of("/")).monitors();
    }

    /// The images that its containers are layered on.
    public ImageMounts images() {
        return new ImageMounts(runDirectory.resolve("images"));
    }

    /// FNV-1a: short, the same for ever, and without a provider of digests, whose search takes a
    /// cold command longer than what it was asked to do.
    private static Path runDirectory(Path base, Path directory) {
        long hash = 0xcbf29ce484222325L;
        for (byte each : directory.toString().getBytes(StandardCharsets.UTF_8)) {
            hash = (hash ^ (each & 0xff)) * 0x100000001b3L;
        }
        return base.resolve(HexFormat.of().toHexDigits(hash));
    }

    /// The names of the containers that are defined, sorted. Blocks.
    public List<String> names() {
        if (!Files.isDirectory(directory)) {
            return List.of();
        }
        try (Stream<Path> entries = Files.list(directory)) {
            return entries.filter(entry -> Files.exists(entry.resolve("config")))
                    .map(entry -> entry.getFileName().toString())
                    .sorted()
                    .toList();
        } catch (IOException e) {
            throw new InternalException("cannot list " + directory + ": " + e.getMessage(), e);
        }
    }

    /// The names of the containers that run, defined or not, sorted. Blocks.
    public List<String> activeNames() {
        return Files.isDirectory(monitors()) ? containers().ids() : List.of();
    }

    /// A container of this directory, whether or not there is one of that name.
    ///
    /// @throws InvalidConfigException if it cannot be a name
    public LxcContainer container(String name) {
        return new LxcContainer(this, name);
    }

    /// The runtime that its containers run on.
    public synchronized Containers containers() {
        if (containers == null) {
            RuntimePaths paths = RuntimePaths.under(runDirectory());
            containers = isInside ? Containers.observe(paths) : Containers.openLazily(paths);
        }
        return containers;
    }

    /// True if some start was ever made here since the host was booted.
    boolean wasUsed() {
        return Files.isDirectory(runDirectory());
    }

    @Override
    public synchronized void close() {
        if (containers != null) {
            containers.close();
            containers = null;
        }
    }
}
