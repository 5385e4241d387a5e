package io.atoll.bench;

import io.atoll.testkit.Program;

/// A daemon by way of one client: what a row of a table is measured with.
interface Caller {
    /// The head of its column.
    String name();

    /// The client, told where the daemon is.
    Program lxc();

    /// Runs a command of the client.
    ///
    /// @throws AssertionError if it fails
    default Program.Output run(String... command) {
        return lxc().run(command).ok();
    }

    /// Atoll's `lxc`, with a daemon that is a [Subject] already.
    record OwnClient(Program lxc) implements Caller {
        static final String NAME = "Atoll by its own `lxc`";

        @Override
        public String name() {
            return NAME;
        }
    }
}
