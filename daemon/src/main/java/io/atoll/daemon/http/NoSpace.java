package io.atoll.daemon.http;

import io.atoll.base.UnavailableException;
import io.atoll.linux.Errno;
import io.atoll.linux.ErrnoException;
import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// Failures to write because a file system is full: nothing is wrong with the request or the
/// server, and whoever reads it can do something about it.
public final class NoSpace {
    /// What the JDK makes of the errno of a write, which it tells in no other way.
    private static final List<String> WORDS =
            List.of("No space left on device", "Disk quota exceeded");

    private NoSpace() {}

    /// What to tell the client if that is why; empty otherwise.
    static Optional<String> explain(Throwable failure) {
        for (Throwable t = failure; t != null; t = t.getCause()) {
            if (t instanceof FileSystemException named && isFull(named.getReason())) {
                return Optional.of(sentence("the file system of " + named.getFile()));
            }
            boolean isFull =
                    t instanceof IOException && isFull(t.getMessage())
                            || t instanceof ErrnoException e && e.is(Errno.ENOSPC, Errno.EDQUOT);
            if (isFull) {
                return Optional.of(sentence("a file system of the server"));
            }
        }
        return Optional.empty();
    }

    /// Throws what the client is to be told if that is why.
    ///
    /// @param place where was written to
    /// @throws UnavailableException naming the place
    public static void check(IOException failure, Path place) {
        if (explain(failure).isPresent()) {
            throw new UnavailableException(sentence("the file system of " + place), failure);
        }
    }

    private static boolean isFull(@Nullable String text) {
        return text != null && WORDS.stream().anyMatch(text::contains);
    }

    private static String sentence(String where) {
        return "No space left on " + where + ": delete something or make it larger";
    }
}
