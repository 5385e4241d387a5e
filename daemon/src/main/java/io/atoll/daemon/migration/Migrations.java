package io.atoll.daemon.migration;

import io.atoll.base.DomainException;
import io.atoll.base.UnavailableException;
import io.atoll.daemon.http.WebSocket;
import io.atoll.daemon.operation.Operation;
import io.atoll.daemon.operation.OperationClass;
import io.atoll.daemon.operation.OperationSockets;
import io.atoll.daemon.operation.OperationSpec;
import io.atoll.daemon.operation.Operations;
import io.atoll.linux.CommandFailed;
import io.atoll.linux.ErrnoException;
import io.atoll.linux.Fcntl;
import io.atoll.linux.Fd;
import io.atoll.linux.Inodes;
import io.atoll.linux.Opens;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// Operations that copy to or from another server. Either side may be the one that waits to be
/// connected to: the source when the target pulls, the target when the source pushes or when the
/// client stands between both.
///
/// Whatever goes wrong is told to the other side, so that both operations fail with the same words.
public final class Migrations {
    /// How long the other side may take to connect. LXD gives 10 seconds, which a busy server that
    /// has spoken TLS to nobody yet can need for that alone.
    private static final Duration CONNECT_PATIENCE = Duration.ofSeconds(40);

    private static final List<String> SOCKETS =
            List.of(RemoteOperation.CONTROL, RemoteOperation.FILES);

    private static final String LOST =
            "Copying files failed: the connection to the other server was lost";

    /// What rsync says when the other side is gone.
    private static final List<String> OF_CONNECTIONS =
            List.of("connection", "Broken pipe", "socket", "unexpected end of file");

    private final Operations operations;
    private final Path stages;

    /// @param stages where files are laid out for the time of a copy
    public Migrations(Operations operations, Path stages) {
        this.operations = operations;
        this.stages = stages;
    }

    /// Removes what an earlier daemon left.
    public void recover() {
        if (!Files.isDirectory(stages)) {
            return;
        }
        try (Fd folder = Opens.open(stages.toString(), Fcntl.O_RDONLY | Fcntl.O_DIRECTORY, 0)) {
            Inodes.deleteContents(folder);
        }
    }

    /// The work of a source.
    @FunctionalInterface
    public interface Sending {
        void send(Outgoing outgoing) throws Exception;
    }

    /// The work of a target.
    @FunctionalInterface
    public interface Receiving {
        void receive(Incoming incoming, Operation operation) throws Exception;
    }

    /// The names of the websockets. That for processes is only there for clients, which know by it
    /// that processes are sent.
    private static List<String> sockets(boolean isLive) {
        return isLive
                ? List.of(RemoteOperation.CONTROL, RemoteOperation.FILES, RemoteOperation.CRIU)
                : SOCKETS;
    }

    /// Starts the operation of a source.
    ///
    /// @param target what to connect to; empty to wait for it
    public Operation send(OperationSpec about, Optional<RemoteOperation> target, Sending work) {
        return send(about, target, false, work);
    }

    /// As above.
    ///
    /// @param isLive whether processes are to be sent, too
    public Operation send(
            OperationSpec about, Optional<RemoteOperation> target, boolean isLive, Sending work) {
        return start(
                about,
                target,
                isLive,
                (line, operation) -> work.send(new Outgoing(line, stages, operation)));
    }

    /// Starts the operation of a target.
    ///
    /// @param source what to connect to; empty to wait for it
    public Operation receive(
            OperationSpec about, Optional<RemoteOperation> source, Receiving work) {
        return receive(about, source, false, work);
    }

    /// As above.
    ///
    /// @param isLive whether processes are to be taken, too
    public Operation receive(
            OperationSpec about, Optional<RemoteOperation> source, boolean isLive, Receiving work) {
        return start(
                about,
                source,
                isLive,
                (line, operation) ->
                        work.receive(new Incoming(line, stages, operation), operation));
    }

    private interface Work {
        void run(Line line, Operation operation) throws Exception;
    }

    /// The line of an operation that may be cancelled; none before it is connected.
    private static final class Current {
        private volatile @Nullable Line line;

        void abort() {
            Line open = line;
            if (open != null) {
                open.abort();
            }
        }
    }

    private Operation start(
            OperationSpec about, Optional<RemoteOperation> other, boolean isLive, Work work) {
        Current current = new Current();
        Runnable cancel = current::abort;
        if (other.isPresent()) {
            RemoteOperation peer = other.get();
            return operations.start(
                    about.onCancel(cancel),
                    operation -> run(peer.connect(), current, work, operation));
        }
        OperationSockets sockets = new OperationSockets(sockets(isLive));
        OperationSpec spec =
                new OperationSpec(
                        OperationClass.WEBSOCKET,
                        about.description(),
                        about.project(),
                        about.resources(),
                        sockets.secrets(),
                        Optional.of(() -> {
                            sockets.close();
                            cancel.run();
                        }),
                        Optional.of(sockets));
        return operations.start(
                spec,
                operation -> {
                    sockets.await(SOCKETS, CONNECT_PATIENCE);
                    Line line =
                            new Line(
                                    sockets.get(RemoteOperation.CONTROL),
                                    sockets.get(RemoteOperation.FILES),
                                    waiting(sockets));
                    run(line, current, work, operation);
                });
    }

    /// The other side opens connections again.
    private static Returns waiting(OperationSockets sockets) {
        return new Returns() {
            @Override
            public Optional<Dialer> dialer(String name) {
                return Optional.empty();
            }

            @Override
            public void await(String name, Consumer<WebSocket> taker) {
                sockets.onReturn(name, taker);
            }

            @Override
            public void end() {
                // They belong to the operation.
            }
        };
    }

    private static void run(Line line, Current current, Work work, Operation operation)
            throws Exception {
        try (line) {
            current.line = line;
            try {
                work.run(line, operation);
            } catch (DomainException e) {
                boolean isLost =
                        e.getCause() instanceof CommandFailed command
                                && complaint(command).isEmpty();
                if (isLost) {
                    throw told(line, e);
                }
                // Known here, so what the other side makes of it says less.
                line.fail(e.getMessage());
                throw e;
            } catch (IOException | MalformedMessageException e) {
                throw told(line, e);
            } catch (CommandFailed e) {
                Optional<String> complaint = complaint(e);
                if (complaint.isEmpty()) {
                    throw told(line, new UnavailableException(LOST, e));
                }
                // The other side waits to hear it.
                line.fail(complaint.get());
                throw new UnavailableException(complaint.get(), e);
            } catch (ErrnoException e) {
                throw told(line, new UnavailableException("Copying files failed: " + e, e));
            } catch (RuntimeException e) {
                line.fail("Internal error of the other server");
                throw e;
            }
        }
    }

    private static DomainException told(Line line, Exception failure) {
        DomainException out = line.explain(failure);
        line.fail(out.getMessage());
        return out;
    }

    /// What rsync complained about first, if that was a file and not the connection. Which of both
    /// rsyncs complains of the target's files depends on its version.
    private static Optional<String> complaint(CommandFailed failure) {
        return failure.stderrTail()
                .lines()
                .filter(l -> l.startsWith("rsync: "))
                .filter(l -> OF_CONNECTIONS.stream().noneMatch(l::contains))
                .findFirst()
                .map(l -> "Copying files failed: " + l);
    }
}
