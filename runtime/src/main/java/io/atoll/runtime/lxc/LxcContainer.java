package io.atoll.runtime.lxc;

import io.atoll.base.InternalException;
import io.atoll.base.InvalidConfigException;
import io.atoll.base.NotFoundException;
import io.atoll.base.PreconditionFailedException;
import io.atoll.runtime.Container;
import io.atoll.runtime.ContainerState;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// A container as LXC has it: a name in an [LxcPath], its configuration, and what runs. It offers
/// what `lxc/lxccontainer.h` does, usable without any command.
///
/// The configuration is read from the file when it is first needed, and kept; changes are in memory
/// until [#save]. Not thread-safe; two objects may stand for the same container.
public final class LxcContainer {
    private static final Pattern NAME = Pattern.compile("[A-Za-z0-9_-][A-Za-z0-9._-]{0,127}");

    private final LxcPath path;
    private final String name;
    private @Nullable LxcConfig config;

    LxcContainer(LxcPath path, String name) {
        if (!NAME.matcher(name).matches()) {
            throw new InvalidConfigException(
                    "not a name of a container: "
                            + name
                            + "; use letters, digits, dot, underscore and dash");
        }
        this.path = path;
        this.name = name;
    }

    // ---- what it is

    public String name() {
        return name;
    }

    /// The directory of containers that it is in.
    public LxcPath path() {
        return path;
    }

    /// Its own directory.
    public Path directory() {
        return path.directory().resolve(name);
    }

    /// Where its configuration is kept.
    public Path configFile() {
        return directory().resolve("config");
    }

    /// True if its configuration is on disk.
    public boolean isDefined() {
        return Files.exists(configFile());
    }

    // ---- configuration

    /// The configuration; empty if there is no file.
    ///
    /// @throws InvalidConfigException naming file, line and key if the file is wrong
    public LxcConfig config() {
        LxcConfig current = config;
        if (current == null) {
            current = isDefined() ? read(configFile()) : new LxcConfig();
            config = current;
        }
        return current;
    }

    /// Uses a file's configuration instead of its own.
    ///
    /// @throws InvalidConfigException if it is wrong or cannot be read
    public void load(Path file) {
        config = read(file);
    }

    private static LxcConfig read(Path file) {
        try {
            if (Files.size(file) > LxcConfig.FILE_BYTES_MAX) {
                throw new InvalidConfigException(
                        file + " is larger than " + LxcConfig.FILE_BYTES_MAX + " bytes");
            }
            return LxcConfig.parse(Files.readString(file), file.toString(), LxcIncludes.files());
        } catch (IOException e) {
            throw new InvalidConfigException("cannot read the configuration " + file + ": " + e, e);
        }
    }

    /// The value of a key; an empty list if it is not set.
    ///
    /// @throws InvalidConfigException if there is no such key
    public List<String> item(String key) {
        if (!LxcConfig.isKnown(key) && !LxcConfig.isGroup(key)) {
            throw new InvalidConfigException("Unsupported config key \"" + key + "\"");
        }
        return config().all(key);
    }

    /// Sets a key, or adds to a list. An empty value clears it.
    public void set(String key, String value) {
        config().set(key, value);
    }

    /// Clears a key, or a group such as `lxc.net`.
    public void clear(String key) {
        config().clear(key);
    }

    /// Writes the configuration as it was written, with the changes since.
    public void save() {
        save(configFile());
    }

    /// As [#save()] to another file. The file is replaced as a whole: who reads it meanwhile sees
    /// the old one.
    public void save(Path file) {
        try {
            Path parent = file.toAbsolutePath().getParent();
            if (parent == null) {
                throw new InvalidConfigException("not a file: " + file);
            }
            Path fresh =
                    Files.createTempFile(
                            parent,
                            ".config",
                            "",
                            PosixFilePermissions.asFileAttribute(
                                    PosixFilePermissions.fromString("rw-r-----")));
            Files.writeString(fresh, config().render());
            Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException e) {
            throw new InternalException("cannot write " + file + ": " + e.getMessage(), e);
        }
    }

    // ---- what it does

    /// What it is doing now.
    public LxcState state() {
        return running().map(Container::state).map(LxcContainer::state).orElse(LxcState.STOPPED);
    }

    private static LxcState state(ContainerState state) {
        return switch (state) {
            case STARTING -> LxcState.STARTING;
            case RUNNING -> LxcState.RUNNING;
            case FROZEN -> LxcState.FROZEN;
            case STOPPING -> LxcState.STOPPING;
            case STOPPED -> LxcState.STOPPED;
        };
    }

    /// True from its start to its end, also while it is frozen.
    public boolean isRunning() {
        return state() != LxcState.STOPPED;
    }

    /// The running container; empty if it does not run.
    public Optional<Container> running() {
        return path.wasUsed() ? path.containers().find(name) : Optional.empty();
    }

    /// The running container.
    ///
    /// @throws PreconditionFailedException if it does not run
    public Container mustRun() {
        return running()
                .orElseThrow(() -> new PreconditionFailedException(name + " is not running"));
    }

    /// @throws NotFoundException if it is neither defined nor running
    public void mustExist() {
        if (!isDefined() && running().isEmpty()) {
            throw new NotFoundException(name + " doesn't exist");
        }
    }

    /// Stops all its processes where they are and waits until they stand.
    ///
    /// @throws PreconditionFailedException if it does not run
    public void freeze() {
        mustRun().freeze();
    }

    /// Lets them go on.
    ///
    /// @throws PreconditionFailedException if it does not run
    public void unfreeze() {
        mustRun().thaw();
    }

    @Override
    public String toString() {
        return name;
    }
}
