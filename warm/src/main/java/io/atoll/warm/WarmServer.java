package io.atoll.warm;

import io.atoll.base.DomainException;
import io.atoll.linux.ErrnoException;
import io.atoll.linux.ExitWatcher;
import io.atoll.linux.Fd;
import io.atoll.linux.FdIo;
import io.atoll.linux.UnixSockets;
import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;

/// Accepts callers and runs their commands, each on a thread of its own, until nobody has called
/// for a while.
///
/// A command whose caller was killed is interrupted. One that does not end by that cannot be ended
/// by anything but the end of the process: then the server takes no more callers, gives its name
/// away, so that the next caller starts another, and ends when the others have ended.
final class WarmServer {
    /// More callers at once do their commands themselves.
    static final int CALLERS_MAX = 256;

    /// How long a command may go on whose caller is gone.
    private static final Duration GRACE = Duration.ofSeconds(3);

    /// How long a caller may take to say what it wants.
    private static final Duration PATIENCE = Duration.ofSeconds(5);

    /// How long a thread waits for another command.
    private static final Duration REST = Duration.ofSeconds(10);

    /// What its name says while it does one.
    private static final String AT_WORK = "command";

    private static final String RESTING = "resting";

    private static final Duration LOOK = Duration.ofSeconds(1);
    private static final Duration FORGOTTEN = Duration.ofDays(1);
    private static final int BACKLOG = 512;
    private static final int STREAMS = 3;
    private static final Logger LOG = System.getLogger(WarmServer.class.getName());

    private final Path socket;
    private final Fd lock;
    private final Duration idle;
    private final Programs programs;
    private final Peers peers;
    private final Set<Caller> callers = ConcurrentHashMap.newKeySet();
    private final AtomicInteger busy = new AtomicInteger();

    /// A thread costs more than many a command: those that have done one do the next. One that
    /// waits for another has no interrupt left over.
    private final ThreadPoolExecutor threads =
            new ThreadPoolExecutor(
                    0,
                    Integer.MAX_VALUE,
                    REST.toSeconds(),
                    TimeUnit.SECONDS,
                    new SynchronousQueue<>(),
                    Thread.ofPlatform().daemon().name(RESTING).factory());

    private volatile long lastUse = System.nanoTime();

    /// @param socket where to listen; its directory belongs to this user alone
    /// @param lock what keeps a second server from this name; closed when the name is given away
    /// @param idle how long to wait for a next caller
    WarmServer(Path socket, Fd lock, Duration idle, Programs programs) {
        this.socket = socket;
        this.lock = lock;
        this.idle = idle;
        this.programs = programs;
        this.peers = new Peers();
    }

    /// Takes away what servers of a day ago, of other builds and sessions, have left beside ours.
    /// One that still runs loses its name by that and ends when its commands have.
    private void tidy() throws IOException {
        Instant old = Instant.now().minus(FORGOTTEN);
        try (Stream<Path> files = Files.list(socket.resolveSibling("."))) {
            for (Path file : files.toList()) {
                boolean isOwn = file.getFileName().toString().startsWith("" + socket.getFileName());
                if (!isOwn && Files.getLastModifiedTime(file).toInstant().isBefore(old)) {
                    Files.deleteIfExists(file);
                }
            }
        } catch (NoSuchFileException _) {
            // Another one tidies up as well.
        }
    }

    /// Serves until idle. Blocks.
    void serve() throws IOException {
        tidy();
        // Under its name when it answers, not before: until then callers help themselves.
        Path unnamed = socket.resolveSibling(socket.getFileName() + ".new");
        Files.deleteIfExists(unnamed);
        // One that is always open keeps the thread of all others, which come and go with commands.
        try (ExitWatcher _ = new ExitWatcher(Runnable::run);
                Fd listener = UnixSockets.listen(UnixSockets.Type.STREAM, unnamed, BACKLOG)) {
            Files.move(unnamed, socket, StandardCopyOption.ATOMIC_MOVE);
            LOG.log(Level.INFO, "serving socket=" + socket.getFileName());
            String reason = accept(listener);
            Files.deleteIfExists(socket);
            lock.close();
            LOG.log(Level.INFO, "leaving reason=" + reason);
            // Who connected meanwhile is cut off before a word was said, and goes on alone.
        }
        while (callers.stream().anyMatch(caller -> caller.goneSince() == 0)) {
            park();
        }
    }

    private static void park() {
        java.util.concurrent.locks.LockSupport.parkNanos(LOOK.toNanos() / 10);
    }

    /// Takes callers until there is a reason to stop.
    private String accept(Fd listener) {
        while (true) {
            if (FdIo.poll(listener, FdIo.POLLIN, LOOK) != 0) {
                take(UnixSockets.accept(listener));
            }
            if (callers.stream().anyMatch(WarmServer::isStuck)) {
                return "stuck";
            }
            if (busy.get() == 0 && System.nanoTime() - lastUse > idle.toNanos()) {
                return "idle";
            }
            if (!Files.exists(socket)) {
                return "removed";
            }
        }
    }

    private static boolean isStuck(Caller caller) {
        long since = caller.goneSince();
        return since != 0 && System.nanoTime() - since > GRACE.toNanos();
    }

    private void take(Fd connection) {
        if (busy.incrementAndGet() > CALLERS_MAX) {
            busy.decrementAndGet();
            connection.close();
            return;
        }
        threads.execute(() -> {
            Thread.currentThread().setName(AT_WORK);
            try (connection) {
                converse(connection);
            } catch (ErrnoException | DomainException e) {
                // The launcher does the command itself, or is gone.
                LOG.log(Level.DEBUG, "caller refused", e);
            } finally {
                lastUse = System.nanoTime();
                busy.decrementAndGet();
                Thread.currentThread().setName(RESTING);
            }
        });
    }

    private void converse(Fd connection) {
        Optional<Long> pid = peers.check(connection);
        if (pid.isEmpty()) {
            return;
        }
        UnixSockets.setReceiveTimeout(connection, PATIENCE);
        Request request = receive(connection);
        UnixSockets.send(connection, new byte[] {'A'});
        // Without the next word, which brings its descriptors, the caller has given up, and does it
        // itself.
        try (UnixSockets.Message go = UnixSockets.receive(connection, 1, STREAMS)) {
            if (go.data().length != 1 || go.data()[0] != 'G' || go.fds().size() != STREAMS) {
                return;
            }
            UnixSockets.setReceiveTimeout(connection, Duration.ZERO);
            try (Caller caller =
                    new Caller(connection, go.fds(), pid.get(), Thread.currentThread(), threads)) {
                callers.add(caller);
                try {
                    caller.finish(run(request, caller));
                } finally {
                    callers.remove(caller);
                }
            }
        }
    }

    private static Request receive(Fd connection) {
        byte[] length = new byte[4];
        if (!Frames.fill(connection, length)) {
            throw new io.atoll.base.InvalidConfigException("request is cut off");
        }
        int bytes = ByteBuffer.wrap(length).order(ByteOrder.LITTLE_ENDIAN).getInt();
        if (bytes < 0 || bytes > Request.BYTES_MAX) {
            throw new io.atoll.base.InvalidConfigException("request of " + bytes + " bytes");
        }
        byte[] body = new byte[bytes];
        if (!Frames.fill(connection, body)) {
            throw new io.atoll.base.InvalidConfigException("request is cut off");
        }
        return Request.decode(body);
    }

    /// The edge of a command's thread: nothing that it throws may touch the others.
    private int run(Request request, Caller caller) {
        try {
            return programs.run(request, caller);
        } catch (UncheckedIOException _) {
            // Nobody reads the output any more.
            return 1;
        } catch (Exception | StackOverflowError e) {
            if (caller.goneSince() == 0) {
                try (PrintStream err =
                        new PrintStream(caller.err(), true, StandardCharsets.UTF_8)) {
                    err.print("Exception in thread \"main\" ");
                    e.printStackTrace(err);
                }
            }
            return 1;
        }
    }
}
