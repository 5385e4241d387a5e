package io.atoll.cli;

import io.atoll.client.AtollClient;
import io.atoll.client.Operation;
import io.atoll.client.OperationHandle;

/// One running command: what it was called with, and what it reaches the world through.
public final class Context implements AutoCloseable {
    private final Invocation invocation;
    private final CommandSpec spec;
    private final Arguments arguments;
    private final Output output;
    private final Servers servers;

    Context(Invocation invocation, CommandSpec spec, Arguments arguments) {
        this.invocation = invocation;
        this.spec = spec;
        this.arguments = arguments;
        this.output =
                new Output(invocation.out(), invocation.err(), invocation.host().isTerminal(1));
        this.servers =
                new Servers(invocation, arguments.value("project"), arguments.flag("force-local"));
    }

    public Invocation invocation() {
        return invocation;
    }

    public Arguments args() {
        return arguments;
    }

    public CommandSpec spec() {
        return spec;
    }

    public Output output() {
        return output;
    }

    public Servers servers() {
        return servers;
    }

    /// Whether the user asked for no progress.
    public boolean isQuiet() {
        return arguments.flag("quiet");
    }

    /// Reads `[<remote>:]<name>`.
    public Ref ref(String text) {
        return servers.ref(text);
    }

    /// The reference in the argument at `index`, or the default remote if there are fewer.
    public Ref refAt(int index) {
        return servers.ref(arguments.at(index));
    }

    /// The client for a reference's server.
    public AtollClient client(Ref ref) {
        return servers.client(ref.remote());
    }

    /// Waits for an operation, showing its progress.
    ///
    /// @param label what is going on: `Creating c1`
    public Operation await(OperationHandle handle, String label) {
        try {
            return handle.awaitSuccess(operation -> {
                String progress = operation.progress();
                if (!progress.isEmpty() && !isQuiet()) {
                    output.status(label.isEmpty() ? progress : label + ": " + progress);
                }
            });
        } finally {
            output.clearStatus();
        }
    }

    public Operation await(OperationHandle handle) {
        return await(handle, "");
    }

    @Override
    public void close() {
        servers.close();
    }
}
