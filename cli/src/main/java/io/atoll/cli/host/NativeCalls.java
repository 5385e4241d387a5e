package io.atoll.cli.host;

import java.io.FileDescriptor;

/// The functions of `launcher/native.c`. Failures are negative `errno` values.
final class NativeCalls {
    private NativeCalls() {}

    /// Makes `descriptor` stand for the raw `fd`.
    static native void wrap(FileDescriptor descriptor, int fd);

    /// Connects to a unix socket and returns its descriptor.
    static native int connect(byte[] path);

    /// Ends both directions of a socket, so that a thread blocked on it returns.
    static native int shutdown(int fd);

    /// The text of an `errno` value.
    static native String message(int number);

    /// Ends the process without the JVM's farewell.
    static native void exit(int status);

    static native boolean isTerminal(int fd);

    /// Columns in the upper half, rows in the lower.
    static native int windowSize(int fd);

    /// Saves the mode in `saved`, at least as long as a `struct termios`, and enters raw mode.
    static native int makeRaw(int fd, byte[] saved);

    static native int restore(int fd, byte[] saved);

    /// Routes signals into a pipe, a byte each; returns its read end.
    static native int openSignals(int[] signals);
}
