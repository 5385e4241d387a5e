package io.atoll.lxctools.disk;

import io.atoll.base.AlreadyExistsException;
import io.atoll.base.BusyException;
import io.atoll.base.PreconditionFailedException;
import io.atoll.base.UnavailableException;
import io.atoll.base.Undo;
import io.atoll.linux.WholeFile;
import io.atoll.runtime.lxc.LxcContainer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;

/// Gives a container another name: its directory is moved, and the paths in its configuration and
/// its snapshots' follow.
final class Renaming {
    private Renaming() {}

    /// Renames a stopped container.
    ///
    /// @throws PreconditionFailedException if copies need it, which would lose their files
    static void rename(LxcContainer from, LxcContainer to) {
        if (from.isRunning()) {
            throw new BusyException(from.name() + " is running; stop it first");
        }
        if (!Kin.clones(from).isEmpty()) {
            throw new PreconditionFailedException(
                    from.name() + " has copies that need it where it is");
        }
        if (Files.exists(to.directory())) {
            throw new AlreadyExistsException("Container already exists");
        }
        try (Undo undo = new Undo()) {
            Files.createDirectories(to.path().directory());
            Files.move(from.directory(), to.directory());
            undo.add(() -> Files.move(to.directory(), from.directory()));
            for (Path config : configs(to.directory())) {
                String old = Files.readString(config);
                undo.add(() -> replace(config, old));
                String text = ConfigText.moved(old, from.directory(), to.directory());
                if (config.equals(to.configFile())) {
                    text = renamed(text, from.name(), to.name());
                }
                replace(config, text);
            }
            List<Kin.Relative> originals = Kin.originals(to);
            Kin.release(new Kin.Relative(from.path().directory(), from.name()), originals);
            for (Kin.Relative original : originals) {
                Kin.rebind(original, to);
            }
            undo.keep();
        } catch (IOException e) {
            throw new UnavailableException(
                    "cannot rename " + from.name() + ": " + e.getMessage(), e);
        }
    }

    private static String renamed(String text, String from, String to) {
        boolean hasOwnName =
                text.lines()
                        .map(String::strip)
                        .anyMatch(line ->
                                line.matches(
                                        "lxc\\.(uts\\.name|utsname)\\s*=\\s*"
                                                + java.util.regex.Pattern.quote(from)));
        return hasOwnName
                ? ConfigText.with(text, "lxc.uts.name", Set.of("lxc.uts.name", "lxc.utsname"), to)
                : text;
    }

    private static List<Path> configs(Path directory) throws IOException {
        List<Path> found = new ArrayList<>(List.of(directory.resolve("config")));
        Path snapshots = directory.resolve("snaps");
        if (Files.isDirectory(snapshots)) {
            try (Stream<Path> entries = Files.list(snapshots)) {
                entries.map(e -> e.resolve("config")).filter(Files::exists).forEach(found::add);
            }
        }
        return found;
    }

    private static void replace(Path file, String text) throws IOException {
        WholeFile.write(file, text, Files.getPosixFilePermissions(file));
    }
}
