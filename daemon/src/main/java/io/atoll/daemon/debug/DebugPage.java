package io.atoll.daemon.debug;

import io.atoll.base.InvalidConfigException;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.function.Function;

/// One page for people who look for a fault in the daemon. It names no secret and shows nothing of
/// what objects hold.
interface DebugPage {
    /// What follows `/debug/`.
    String name();

    /// One line for the index.
    String about();

    /// Takes the figures. May block, for as long as the page says.
    ///
    /// @param query the value of a parameter of the request
    /// @return to be closed when it is written
    /// @throws InvalidConfigException if a parameter is wrong
    Content show(Function<String, Optional<String>> query) throws IOException;

    /// A parameter that is a number.
    static int number(
            Function<String, Optional<String>> query, String name, int fallback, int max) {
        String text = query.apply(name).orElse(Integer.toString(fallback));
        int value = text.matches("\\d{1,6}") ? Integer.parseInt(text) : 0;
        if (value < 1 || value > max) {
            throw new InvalidConfigException(
                    "Invalid value \"" + text + "\" of " + name + ", 1 to " + max + " is expected");
        }
        return value;
    }

    /// What is sent.
    sealed interface Content extends AutoCloseable {
        String type();

        /// The name to save it under; empty for what is read at once.
        String fileName();

        void writeTo(OutputStream out) throws IOException;

        @Override
        void close() throws IOException;

        /// Readable text.
        record Text(String type, String text) implements Content {
            static Text plain(String text) {
                return new Text("text/plain;charset=utf-8", text);
            }

            @Override
            public String fileName() {
                return "";
            }

            @Override
            public void writeTo(OutputStream out) throws IOException {
                out.write(text.getBytes(StandardCharsets.UTF_8));
            }

            @Override
            public void close() {}
        }

        /// A file that was made for this answer and is deleted with it.
        record Made(String type, String fileName, Path file) implements Content {
            @Override
            public void writeTo(OutputStream out) throws IOException {
                Files.copy(file, out);
            }

            @Override
            public void close() throws IOException {
                Files.deleteIfExists(file);
            }
        }
    }
}
