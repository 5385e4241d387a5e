package io.atoll.cli;

import io.atoll.base.DomainException;
import io.atoll.cli.host.Host;
import io.atoll.client.AtollClient;
import io.atoll.client.Operation;
import io.atoll.client.OperationHandle;
import java.util.concurrent.atomic.AtomicBoolean;

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

    /// Waits for an operation, showing its progress. What the server can cancel is cancelled with
    /// the command: it does not go on with what nobody waits for. The rest ends soon by itself.
    ///
    /// @param label what is going on: `Creating c1`
    /// @throws CliException if the user cancelled it
    public Operation await(OperationHandle handle, String label) {
        AtomicBoolean isCancelled = new AtomicBoolean();
        try (Host.Watch _ = watch(handle, isCancelled)) {
            return handle.awaitSuccess(operation -> {
                String progress = operation.progress();
                if (!progress.isEmpty() && !isQuiet()) {
                    output.status(label.isEmpty() ? progress : label + ": " + progress);
                }
            });
        } catch (DomainException e) {
            if (isCancelled.get()) {
                throw new CliException("Remote operation canceled by user");
            }
            throw e;
        } finally {
            output.clearStatus();
        }
    }

    private Host.Watch watch(OperationHandle handle, AtomicBoolean isCancelled) {
        if (handle.isDone() || !handle.started().isCancelable()) {
            return () -> {};
        }
        return invocation.host().whenInterrupted(() -> cancel(handle, isCancelled));
    }

    private boolean cancel(OperationHandle handle, AtomicBoolean isCancelled) {
        isCancelled.set(true);
        try {
            handle.cancel();
        } catch (DomainException e) {
            isCancelled.set(false);
            output.note("\nError: the server goes on with it: " + e.getMessage());
        }
        return isCancelled.get();
    }

    public Operation await(OperationHandle handle) {
        return await(handle, "");
    }

    @Override
    public void close() {
        servers.close();
    }
}
