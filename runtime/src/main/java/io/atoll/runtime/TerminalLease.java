package io.atoll.runtime;

import io.atoll.linux.Fd;

/// A terminal of a container that belongs to whoever holds this. Closing gives it back.
///
/// @param number of the terminal, from 1
/// @param master what is typed goes in, what is printed comes out
/// @param lease ends the lease when it is closed
public record TerminalLease(int number, Fd master, AutoCloseable lease) implements AutoCloseable {
    @Override
    public void close() {
        master.close();
        try {
            lease.close();
        } catch (Exception e) {
            throw new IllegalStateException("a socket's close does not fail", e);
        }
    }
}
