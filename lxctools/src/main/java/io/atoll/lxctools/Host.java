package io.atoll.lxctools;

import io.atoll.linux.Fd;
import io.atoll.linux.Pty;
import java.util.Optional;

/// What tools ask of their caller's process beyond words: its descriptors, terminal and signals.
/// One implementation owns a process ([OwnProcess]); a warm process that serves many callers, and
/// tests, bring others.
public interface Host {
    /// The caller's stdin (0), stdout (1) or stderr (2). It belongs to the host.
    Fd descriptor(int stream);

    /// Whether that descriptor is a terminal.
    default boolean isTerminal(int stream) {
        return Pty.isTerminal(descriptor(stream));
    }

    /// The size of the caller's terminal; empty if it has none.
    default Optional<Pty.WindowSize> windowSize() {
        for (int stream = 0; stream < 3; stream++) {
            if (isTerminal(stream)) {
                return Optional.of(Pty.size(descriptor(stream)));
            }
        }
        return Optional.empty();
    }

    /// Lets every byte typed on the caller's stdin through as it is, until the handle is closed.
    ///
    /// @throws io.atoll.linux.ErrnoException if stdin is no terminal
    default RawMode enterRawMode() {
        Fd terminal = descriptor(0);
        Pty.Mode before = Pty.makeRaw(terminal);
        return () -> Pty.restore(terminal, before);
    }

    /// Takes the given signals away from their default and reports them. At most once per call.
    Signals signals(int... numbers);

    /// The caller's user id.
    int uid();

    /// The caller's process id.
    long pid();

    /// Ends raw mode.
    interface RawMode extends AutoCloseable {
        @Override
        void close();
    }

    /// A source of signals.
    interface Signals extends AutoCloseable {
        /// Waits for the next one; -1 when there will be none.
        int next();

        /// No more signals are reported; whoever waits gets -1.
        @Override
        void close();
    }
}
