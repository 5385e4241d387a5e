package io.atoll.cli.host;

import io.atoll.client.Connector;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.function.BooleanSupplier;

/// What commands ask of their process beyond its streams. One implementation owns a process
/// ([NativeHost]); a warm process that serves many callers, and tests, bring others.
public interface Host {
    /// Connects to unix sockets.
    Connector connector(Path socket);

    /// Whether the caller's stdin (0), stdout (1) or stderr (2) is a terminal.
    boolean isTerminal(int stream);

    /// The size of the terminal on stdout; empty if there is none.
    Optional<WindowSize> windowSize();

    /// Puts the terminal on stdin into raw mode until the handle is closed.
    ///
    /// @throws IOException if stdin is no terminal or refuses
    RawMode enterRawMode() throws IOException;

    /// Takes the given signals away from their default and reports them. At most once per
    /// invocation.
    Signals signals(int... numbers) throws IOException;

    /// Has this run if the caller ends the command from outside, as by Ctrl+C, before the handle is
    /// closed. It runs on another thread, and the process lives on meanwhile.
    ///
    /// @param last says whether the command will now end by itself, with words of its own, for
    ///   which the process waits too
    Watch whenInterrupted(BooleanSupplier last);

    /// Runs a program with the caller's streams and waits for it.
    ///
    /// @return its exit status
    int run(List<String> argv) throws IOException;

    /// Ends raw mode.
    interface RawMode extends AutoCloseable {
        @Override
        void close();
    }

    /// Ends a watch.
    interface Watch extends AutoCloseable {
        @Override
        void close();
    }

    /// A source of signals.
    interface Signals {
        /// Waits for the next one; -1 when there will be none.
        int next() throws IOException;
    }
}
