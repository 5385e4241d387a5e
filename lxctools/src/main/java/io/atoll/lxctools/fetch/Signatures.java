package io.atoll.lxctools.fetch;

import io.atoll.base.UnavailableException;
import io.atoll.base.UnsupportedException;
import io.atoll.linux.Command;
import io.atoll.linux.CommandFailed;
import io.atoll.linux.Commands;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// Checks OpenPGP signatures with gpg(1), against keys that it is told and no others.
final class Signatures {
    private static final Duration TIMEOUT = Duration.ofMinutes(2);

    private final Path home;
    private final Source source;
    private boolean hasKeys;

    /// Where keys come from.
    ///
    /// @param keyring a file with public keys; empty to ask a key server
    record Source(Optional<Path> keyring, String keyId, String keyServer) {}

    /// @param home an empty directory for gpg, mode 0700
    Signatures(Path home, Source source) {
        this.home = home;
        this.source = source;
    }

    /// @throws UnavailableException unless `signature` is one of `file` by a key that counts
    void check(Path file, Path signature) {
        fetchKeys();
        try {
            Commands.Result unused =
                    gpg(List.of("--verify", signature.toString(), file.toString()));
        } catch (CommandFailed e) {
            throw new UnavailableException(
                    "the signature of "
                            + file.getFileName()
                            + " is wrong: "
                            + e.stderrTail().strip(),
                    e);
        }
    }

    private void fetchKeys() {
        if (hasKeys) {
            return;
        }
        if (Commands.find("gpg").isEmpty()) {
            throw new UnsupportedException(
                    "'gpg' is missing, please install \"gnupg\", or use --no-validate");
        }
        List<String> words =
                source.keyring()
                        .map(file -> List.of("--import", file.toString()))
                        .orElseGet(() ->
                                List.of(
                                        "--keyserver",
                                        source.keyServer(),
                                        "--recv-keys",
                                        source.keyId()));
        try {
            Commands.Result unused = gpg(words);
        } catch (CommandFailed e) {
            throw new UnavailableException(
                    "cannot get the keys of the server: " + e.stderrTail().strip(), e);
        }
        hasKeys = true;
    }

    private Commands.Result gpg(List<String> words) {
        List<String> argv =
                new ArrayList<>(
                        List.of("gpg", "--batch", "--no-tty", "--homedir", home.toString()));
        argv.addAll(words);
        return Commands.run(Command.of(argv).timeout(TIMEOUT));
    }
}
