package io.atoll.runtime;

import io.atoll.linux.Fd;
import java.nio.file.Path;

/// System calls of a container's processes that wait for an answer. While this is open the monitor
/// leaves them alone; some time after it was closed, by us or by our end, it answers them itself
/// with `ENOSYS` until somebody asks for them again.
///
/// @param listener tells of the calls; seccomp_unotify(2)
/// @param note file for the numbers of calls that are taken and not answered, eight bytes each, the
///   first one first: the monitor answers these too
/// @param line the monitor's word that somebody is there
public record SystemCalls(Fd listener, Path note, AutoCloseable line) implements AutoCloseable {
    @Override
    public void close() {
        listener.close();
        try {
            line.close();
        } catch (Exception e) {
            throw new IllegalStateException("closing a connection", e);
        }
    }
}
