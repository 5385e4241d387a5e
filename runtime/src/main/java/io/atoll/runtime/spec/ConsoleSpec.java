package io.atoll.runtime.spec;

import io.atoll.base.InvalidConfigException;
import java.nio.file.Path;
import java.util.Optional;

/// The console: a terminal of the container's own devpts whose other end the monitor holds.
///
/// @param isPresent false for no console at all: init gets `/dev/null`
/// @param bufferBytes size of the ring of last output, 0 for none, at most [#BUFFER_MAX]
/// @param log file on the host that output is appended to
/// @param logBytesMax size at which the log is renamed to `.1` and begun anew, 0 for never
/// @param outlet file on the host, made if it is not there, that output is appended to as well; if
///   it is a terminal, what is typed there goes in, and it is the monitor's until the end
public record ConsoleSpec(
        boolean isPresent,
        int bufferBytes,
        Optional<Path> log,
        long logBytesMax,
        Optional<Path> outlet) {
    /// A ring is memory of the monitor's.
    public static final int BUFFER_MAX = 16 << 20;

    /// A ring of 128 KiB and no file.
    public static final ConsoleSpec DEFAULT =
            new ConsoleSpec(true, 128 << 10, Optional.empty(), 0, Optional.empty());

    /// No console.
    public static final ConsoleSpec NONE =
            new ConsoleSpec(false, 0, Optional.empty(), 0, Optional.empty());

    public ConsoleSpec {
        if (bufferBytes < 0 || bufferBytes > BUFFER_MAX || logBytesMax < 0) {
            throw new InvalidConfigException(
                    "console buffer is not in 0.." + BUFFER_MAX + " bytes");
        }
    }

    /// A copy that also writes a log.
    public ConsoleSpec loggingTo(Path file) {
        return new ConsoleSpec(isPresent, bufferBytes, Optional.of(file), logBytesMax, outlet);
    }
}
