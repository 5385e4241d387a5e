package io.atoll.runtime;

import io.atoll.linux.Fd;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalInt;

/// A command that runs in a container. Closing it lets go of the connection and the terminal;
/// whether the command then lives on was said in [ExecSpec#diesWithUs()].
public interface Execution extends AutoCloseable {
    /// The command's pid as the host sees it.
    int pid();

    /// Waits for its end. Blocks.
    ///
    /// @return its exit status or, if it was killed, 128 plus the signal's number
    int waitExit();

    /// As [#waitExit()] for at most some time; empty if it still runs. Blocks.
    OptionalInt waitExit(Duration timeout);

    /// Sends a signal to the command.
    void signal(int number);

    /// Tells the terminal its size. Nothing happens without a terminal.
    void resize(int columns, int rows);

    /// The other end of the terminal if there is one; belongs to this execution.
    Optional<Fd> terminal();

    @Override
    void close();
}
