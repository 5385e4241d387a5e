package io.atoll.lxctools.storage;

import io.atoll.base.UnavailableException;
import io.atoll.base.UnsupportedException;
import io.atoll.linux.Command;
import io.atoll.linux.CommandFailed;
import io.atoll.linux.Commands;
import java.time.Duration;
import java.util.List;

/// The commands of a volume manager, as a backend calls them. Tests bring another one and read the
/// words.
public interface HostCommands {
    /// Runs a command to its end.
    ///
    /// @return what it printed
    /// @throws UnsupportedException if the host does not have it
    /// @throws UnavailableException if it fails, with its last words
    String run(String... argv);

    /// True if the host has a command.
    boolean has(String name);

    /// Those of this host.
    static HostCommands ofHost() {
        return new HostCommands() {
            @Override
            public String run(String... argv) {
                if (!has(argv[0])) {
                    throw new UnsupportedException(
                            "this host has no command \"" + argv[0] + "\"; install it first");
                }
                try {
                    return Commands.run(Command.of(List.of(argv)).timeout(Duration.ofMinutes(10)))
                            .text();
                } catch (CommandFailed e) {
                    throw new UnavailableException(String.valueOf(e.getMessage()), e);
                }
            }

            @Override
            public boolean has(String name) {
                return Commands.find(name).isPresent();
            }
        };
    }
}
