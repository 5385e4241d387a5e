package io.atoll.image.remote;

import io.atoll.base.InternalException;
import io.atoll.base.UnavailableException;
import io.atoll.base.UnsupportedException;
import io.atoll.linux.Command;
import io.atoll.linux.CommandFailed;
import io.atoll.linux.Commands;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/// Checks OpenPGP signatures with gpg(1), against keys that it is told and no others. Blocks.
///
/// @param keys where the keys come from
public record Signatures(Keys keys) {
    private static final Duration TIMEOUT = Duration.ofMinutes(2);
    private static final String STATUS = "[GNUPG:] ";

    /// Where keys come from.
    public sealed interface Keys {
        /// A file with public keys, armored or not.
        record Keyring(Path file) implements Keys {}

        /// A key server, asked for one key.
        record KeyServer(String server, String keyId) implements Keys {}
    }

    /// @param what is signed, for messages
    /// @throws UnavailableException unless `signature` is one of `content` by a key that counts
    public void check(String what, byte[] content, byte[] signature) {
        boolean _ =
                inHome(home -> {
                    verify(what, home, Files.write(home.resolve("content"), content), signature);
                    return true;
                });
    }

    /// As [#check(String,byte[],byte[])] for a file.
    public void check(Path file, byte[] signature) {
        boolean _ =
                inHome(home -> {
                    verify(
                            String.valueOf(file.getFileName()),
                            home,
                            file.toAbsolutePath(),
                            signature);
                    return true;
                });
    }

    /// What a text that holds its signature in itself (`.sjson`) signs.
    ///
    /// @throws UnavailableException unless it is signed by a key that counts
    public byte[] open(String what, byte[] signed) {
        return inHome(home -> {
            Path file = Files.write(home.resolve("signed"), signed);
            Path content = home.resolve("content");
            demandGood(
                    what,
                    home,
                    List.of("--output", content.toString(), "--decrypt", file.toString()));
            return Files.readAllBytes(content);
        });
    }

    private interface Work<T> {
        T run(Path home) throws IOException;
    }

    /// With a home for gpg that holds the keys and nothing else.
    private <T> T inHome(Work<T> work) {
        if (Commands.find("gpg").isEmpty()) {
            throw new UnsupportedException(
                    "Signatures of images cannot be checked: gpg is missing, install gnupg");
        }
        try {
            Path home =
                    Files.createTempDirectory(
                            "atoll-gpg-",
                            PosixFilePermissions.asFileAttribute(
                                    PosixFilePermissions.fromString("rwx------")));
            try {
                fetchKeys(home);
                return work.run(home);
            } finally {
                endHelper(home);
                delete(home);
            }
        } catch (IOException e) {
            throw new InternalException("Failed to check a signature: " + e.getMessage(), e);
        }
    }

    /// Who asks key servers for gpg outlives it, and would outlive its home.
    private void endHelper(Path home) {
        if (keys instanceof Keys.KeyServer) {
            Commands.Result _ =
                    Commands.run(
                            Command.of("gpgconf", "--homedir", home.toString(), "--kill", "dirmngr")
                                    .timeout(TIMEOUT));
        }
    }

    private static void delete(Path home) throws IOException {
        try (Stream<Path> files = Files.walk(home)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(file);
            }
        }
    }

    /// Gets the keys once, for checks that shall not ask for them again.
    ///
    /// @param target a file to write them to
    /// @throws UnavailableException if they cannot be had
    public Signatures fetched(Path target) {
        boolean _ =
                inHome(home -> {
                    Commands.Result _ =
                            gpg(
                                    home,
                                    List.of(
                                            "--no-autostart",
                                            "--output",
                                            target.toString(),
                                            "--export"));
                    return true;
                });
        if (!Files.exists(target)) {
            throw new UnavailableException("No keys that images are signed with were found");
        }
        return new Signatures(new Keys.Keyring(target));
    }

    private void fetchKeys(Path home) {
        List<String> words =
                switch (keys) {
                    case Keys.Keyring(Path file) ->
                            List.of("--no-autostart", "--import", file.toString());
                    case Keys.KeyServer(String server, String id) ->
                            List.of("--keyserver", server, "--recv-keys", id);
                };
        try {
            Commands.Result _ = gpg(home, words);
        } catch (CommandFailed e) {
            throw new UnavailableException(
                    "Cannot get the keys that images are signed with: " + e.stderrTail().strip(),
                    e);
        }
    }

    private static void verify(String what, Path home, Path file, byte[] signature)
            throws IOException {
        Path detached = Files.write(home.resolve("signature"), signature);
        demandGood(what, home, List.of("--verify", detached.toString(), file.toString()));
    }

    /// gpg's exit status is 0 for keys that expired too; its status lines tell.
    private static void demandGood(String what, Path home, List<String> words) {
        List<String> argv = new ArrayList<>(List.of("--no-autostart", "--status-fd", "1"));
        argv.addAll(words);
        String status;
        try {
            status = gpg(home, argv).text();
        } catch (CommandFailed e) {
            throw new UnavailableException(wrong(what, e.stderrTail().strip()), e);
        }
        if (!has(status, "GOODSIG") || !has(status, "VALIDSIG")) {
            throw new UnavailableException(wrong(what, "no key that counts made it"));
        }
    }

    private static boolean has(String status, String word) {
        return status.lines().anyMatch(line -> line.startsWith(STATUS + word + " "));
    }

    private static String wrong(String what, String why) {
        return "The signature of " + what + " is wrong: " + why;
    }

    private static Commands.Result gpg(Path home, List<String> words) {
        List<String> argv =
                new ArrayList<>(
                        List.of(
                                "gpg",
                                "--batch",
                                "--yes",
                                "--no-tty",
                                "--trust-model",
                                "always",
                                "--homedir",
                                home.toString()));
        argv.addAll(words);
        return Commands.run(Command.of(argv).timeout(TIMEOUT));
    }
}
