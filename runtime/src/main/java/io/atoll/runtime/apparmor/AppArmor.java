package io.atoll.runtime.apparmor;

import io.atoll.base.InternalException;
import io.atoll.base.InvalidConfigException;
import io.atoll.base.UnsupportedException;
import io.atoll.linux.Command;
import io.atoll.linux.CommandFailed;
import io.atoll.linux.Commands;
import io.atoll.linux.ProcFiles;
import io.atoll.linux.WholeFile;
import io.atoll.runtime.spec.ProfileSpec;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/// AppArmor of this host, as far as containers get profiles of their own by it.
///
/// @param policy the kernel's directory of profiles; absent where the kernel has no AppArmor, or
///   where we may not load profiles
/// @param parser apparmor_parser(8), if it is installed
public record AppArmor(Optional<Path> policy, Optional<Path> parser) {
    /// No AppArmor.
    public static final AppArmor NONE = new AppArmor(Optional.empty(), Optional.empty());

    private static final Duration PARSER_LIMIT = Duration.ofSeconds(30);
    private static final Path POLICY = Path.of("/sys/kernel/security/apparmor");

    /// Looks for it, afresh each time: the parser may be installed later.
    public static AppArmor probe() {
        boolean isOn =
                ProcFiles.readIfPresent("/sys/module/apparmor/parameters/enabled")
                        .orElse("")
                        .startsWith("Y");
        if (!isOn || !Files.isWritable(POLICY.resolve(".replace"))) {
            return NONE;
        }
        return new AppArmor(Optional.of(POLICY), Commands.find("apparmor_parser"));
    }

    /// True if profiles can be loaded.
    public boolean isUsable() {
        return policy.isPresent() && parser.isPresent();
    }

    /// Refuses what needs profiles on a host that has none.
    ///
    /// @param what needs them, as `raw.apparmor`
    /// @throws UnsupportedException in words that say what is missing
    public void require(String what) {
        if (policy.isEmpty()) {
            throw new UnsupportedException(
                    what + " needs AppArmor, which this host's kernel does not offer");
        }
        if (parser.isEmpty()) {
            throw new UnsupportedException(
                    what + " needs apparmor_parser, of the package apparmor, on this host");
        }
    }

    /// Refuses a host whose AppArmor cannot rule over mounts: whoever may mount could get around
    /// the rules about files.
    ///
    /// @throws UnsupportedException in words that say what to do
    public void requireMountRules() {
        if (policy.isPresent() && !Files.exists(policy.get().resolve("features/mount/mask"))) {
            throw new UnsupportedException(
                    "AppArmor of this host's kernel has no rules for mounts, so that a container"
                            + " could get around a profile; lxc.apparmor.allow_incomplete = 1"
                            + " starts it all the same");
        }
    }

    /// True if a container can have a policy namespace of its own: the kernel stacks profiles.
    public boolean hasNamespaces() {
        return policy.map(p -> p.resolve("features/domain/stack"))
                        .flatMap(p -> ProcFiles.readIfPresent(p.toString()))
                        .filter(text -> text.strip().equals("yes"))
                        .isPresent()
                && policy.map(p -> p.resolve("policy/namespaces"))
                        .filter(Files::isDirectory)
                        .isPresent();
    }

    /// The profile as a start wants it; nothing is written yet.
    ///
    /// @param directory for the texts and the parser's cache
    /// @throws UnsupportedException if this host has no AppArmor
    public ProfileSpec profile(ProfileText text, Path directory) {
        require("a profile");
        return new ProfileSpec(
                text.name(),
                text.render(),
                parser.orElseThrow(),
                file(directory, text.name()),
                cache(directory),
                policy.orElseThrow(),
                text.namespace());
    }

    /// Writes a profile where the start finds it; the same text is not written again, so that what
    /// the parser has made of it stays good.
    public static void write(ProfileSpec profile) {
        Path file = profile.file();
        try {
            Path unused = Files.createDirectories(profile.cache());
            Path _ = Files.createDirectories(file.resolveSibling("."));
            if (!Files.exists(file) || !Files.readString(file).equals(profile.text())) {
                WholeFile.write(file, profile.text());
            }
        } catch (IOException e) {
            throw new InternalException(
                    "Cannot write the AppArmor profile " + file + ": " + e.getMessage(), e);
        }
    }

    /// True if the kernel has a profile of this name.
    public boolean isLoaded(String name) {
        return policy.flatMap(p -> ProcFiles.readIfPresent(p.resolve("profiles").toString()))
                .filter(all -> all.lines().anyMatch(line -> line.startsWith(name + " (")))
                .isPresent();
    }

    /// Puts a profile in force for a container that runs with an older text of it.
    ///
    /// @throws InvalidConfigException with the parser's words
    public static void reload(ProfileSpec profile) {
        write(profile);
        Command command = Command.of(profile.loadCommand()).timeout(PARSER_LIMIT);
        try {
            Commands.run(command);
        } catch (CommandFailed e) {
            throw new InvalidConfigException(
                    "Cannot load the AppArmor profile " + profile.name() + ": " + e.getMessage(),
                    e);
        }
    }

    /// Forgets the text of a profile and what was made of it; the end of its container has removed
    /// the profile itself.
    public static void forget(String name, Path directory) {
        try {
            Files.deleteIfExists(file(directory, name));
            if (!Files.isDirectory(cache(directory))) {
                return;
            }
            try (DirectoryStream<Path> features = Files.newDirectoryStream(cache(directory))) {
                for (Path of : features) {
                    if (Files.isDirectory(of)) {
                        Files.deleteIfExists(of.resolve(name));
                    }
                }
            }
        } catch (IOException e) {
            throw new InternalException(
                    "Cannot remove the AppArmor profile " + name + ": " + e.getMessage(), e);
        }
    }

    private static Path file(Path directory, String name) {
        return directory.resolve("profiles").resolve(name);
    }

    private static Path cache(Path directory) {
        return directory.resolve("cache");
    }

    /// The lines of a text that are not empty.
    public static List<String> lines(String text) {
        return text.lines().filter(line -> !line.isBlank()).toList();
    }
}
