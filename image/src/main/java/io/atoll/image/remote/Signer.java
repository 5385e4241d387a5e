package io.atoll.image.remote;

import io.atoll.base.UnavailableException;
import io.atoll.base.UnsupportedException;
import io.atoll.linux.Command;
import io.atoll.linux.CommandFailed;
import io.atoll.linux.Commands;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;

/// Signs files with a key of the caller's, by gpg(1). The counterpart of [Signatures]. Blocks.
///
/// @param key what gpg finds the key by: its id, its fingerprint, or the address of its owner
/// @param environment of the caller; `GNUPGHOME` or `HOME` says where his keys are
public record Signer(String key, Map<String, String> environment) {
    private static final Duration TIMEOUT = Duration.ofMinutes(2);
    private static final List<String> PASSED = List.of("GNUPGHOME", "HOME", "GPG_TTY");

    /// Writes an armored signature of a file into another.
    ///
    /// @throws UnavailableException if the key is not there or cannot be used without a question
    void sign(Path file, Path signature) {
        if (Commands.find("gpg").isEmpty()) {
            throw new UnsupportedException(
                    "Images cannot be signed: gpg is missing, install gnupg");
        }
        Command command =
                Command.of(
                                "gpg",
                                "--batch",
                                "--yes",
                                "--no-tty",
                                "--local-user",
                                key,
                                "--armor",
                                "--output",
                                signature.toString(),
                                "--detach-sign",
                                file.toString())
                        .timeout(TIMEOUT);
        for (String name : PASSED) {
            String value = environment.getOrDefault(name, "");
            command = value.isEmpty() ? command : command.environment(name, value);
        }
        try {
            Commands.Result _ = Commands.run(command);
        } catch (CommandFailed e) {
            throw new UnavailableException(
                    "Cannot sign with the key of \"" + key + "\": " + e.stderrTail().strip(), e);
        }
    }
}
