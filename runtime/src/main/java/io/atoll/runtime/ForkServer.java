package io.atoll.runtime;

import io.atoll.base.InternalException;
import io.atoll.linux.Command;
import io.atoll.linux.Commands;
import io.atoll.linux.Errno;
import io.atoll.linux.ErrnoException;
import io.atoll.linux.ProcFiles;
import io.atoll.linux.Processes;
import io.atoll.linux.UnixSockets;
import io.atoll.plan.ShimMessage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.regex.Pattern;

/// The connection to `atoll-shim serve`, which is started when it is not there, and replaced when
/// it is another build: it outlives us, and so an upgrade meets the old one. Monitors are not
/// touched by either.
///
/// A plain user's ends when nobody has used it for a while, and is replaced when it is in another
/// cgroup of version 2: there the kernel lets it put containers only where it could go itself.
final class ForkServer {
    private static final Duration ANSWER = Duration.ofSeconds(10);
    private static final Duration IDLE = Duration.ofSeconds(60);

    /// `/proc/self/uid_map` outside of all user namespaces.
    private static final Pattern ALL_IDS = Pattern.compile("\\s*0\\s+0\\s+4294967295\\s*");

    private static final String VERSION_2 = "0::";

    private final RuntimePaths paths;

    /// Held while the server is looked at or started, so that parallel starts make one. Nothing
    /// else is locked inside.
    private final ReentrantLock lock = new ReentrantLock();

    private volatile boolean isKnownGood;

    /// A server that said it was of our build.
    ///
    /// @param shim our own program then
    private record Verified(Processes.Identity server, String shim) {}

    private static final int VERIFIED_MAX = 64;
    private static final int TRIES = 3;

    /// By socket, for all who ask in this process: a warm one makes a new object for each command,
    /// and asking costs a process of the server's.
    private static final Map<Path, Verified> VERIFIED = new ConcurrentHashMap<>();

    ForkServer(RuntimePaths paths) {
        this.paths = paths;
    }

    /// A fresh connection for one request.
    ShimConnection connect() {
        if (isKnownGood) {
            try {
                return ShimConnection.open(paths.serverSocket());
            } catch (ErrnoException e) {
                if (!ShimConnection.isAbsence(e)) {
                    throw e;
                }
                isKnownGood = false;
            }
        }
        Optional<ShimConnection> verified = connectToVerified();
        if (verified.isPresent()) {
            isKnownGood = true;
            return verified.get();
        }
        for (int tries = 1; ; tries++) {
            ensure();
            try {
                return ShimConnection.open(paths.serverSocket());
            } catch (ErrnoException e) {
                // The one that was there has left just then.
                if (!ShimConnection.isAbsence(e) || tries == TRIES) {
                    throw e;
                }
                isKnownGood = false;
            }
        }
    }

    /// A connection to a server that told its build already, to whomever in this process.
    private Optional<ShimConnection> connectToVerified() {
        Verified known = VERIFIED.get(paths.serverSocket());
        if (known == null) {
            return Optional.empty();
        }
        ShimConnection connection;
        try {
            connection = ShimConnection.open(paths.serverSocket());
        } catch (ErrnoException e) {
            if (!ShimConnection.isAbsence(e)) {
                throw e;
            }
            VERIFIED.remove(paths.serverSocket(), known);
            return Optional.empty();
        }
        try {
            if (verified(connection).filter(known::equals).isPresent()) {
                return Optional.of(connection);
            }
        } catch (IOException _) {
            // The program is being replaced: asked anew.
        } catch (RuntimeException e) {
            connection.close();
            throw e;
        }
        connection.close();
        VERIFIED.remove(paths.serverSocket(), known);
        return Optional.empty();
    }

    /// Who is at the other end, if that was verified just now.
    private Optional<Verified> verified(ShimConnection connection) throws IOException {
        String shim = identity(paths.shim());
        return Processes.identity(UnixSockets.peerCredentials(connection.socket()).pid())
                .map(server -> new Verified(server, shim));
    }

    private void noteVerified(ShimConnection connection) {
        if (VERIFIED.size() >= VERIFIED_MAX) {
            VERIFIED.clear();
        }
        try {
            verified(connection).ifPresent(now -> VERIFIED.put(paths.serverSocket(), now));
        } catch (IOException _) {
            // The program is being replaced: the next one asks again.
        }
    }

    private void ensure() {
        lock.lock();
        try {
            if (isKnownGood) {
                return;
            }
            if (!isOurBuild()) {
                start();
            }
            isKnownGood = true;
        } finally {
            lock.unlock();
        }
    }

    /// False if nobody answers, or another build did and was sent away.
    private boolean isOurBuild() {
        try (ShimConnection connection = ShimConnection.open(paths.serverSocket())) {
            connection.send(new ShimMessage.Hello());
            Optional<ShimConnection.Received> answer = connection.receive(ANSWER);
            if (answer.isEmpty()) {
                return false; // It was killed just now; the socket is still there.
            }
            answer.get().close();
            if (answer.get().message() instanceof ShimMessage.Welcome(int version, String build)
                    && version == ShimMessage.VERSION
                    && build.equals(ownBuild())
                    && isInOurCgroup(connection)) {
                noteVerified(connection);
                return true;
            }
        } catch (ErrnoException e) {
            if (ShimConnection.isAbsence(e) || e.is(Errno.EPIPE, Errno.ECONNRESET)) {
                return false;
            }
            throw e;
        }
        sendAway();
        return false;
    }

    private void sendAway() {
        try (ShimConnection connection = ShimConnection.open(paths.serverSocket())) {
            connection.send(new ShimMessage.Retire());
            connection.receive(ANSWER).ifPresent(ShimConnection.Received::close);
        }
    }

    /// Ends the one that is there, whatever its build; the next request starts another.
    void retire() {
        lock.lock();
        try {
            isKnownGood = false;
            sendAway();
        } catch (ErrnoException e) {
            if (!ShimConnection.isAbsence(e)) {
                throw e;
            }
        } finally {
            lock.unlock();
        }
    }

    private static boolean isInOurCgroup(ShimConnection connection) {
        String own = ProcFiles.read("/proc/self/cgroup");
        if (!own.startsWith(VERSION_2) || !isInUserNamespace()) {
            return true;
        }
        int server = UnixSockets.peerCredentials(connection.socket()).pid();
        return ProcFiles.readIfPresent("/proc/" + server + "/cgroup")
                .filter(own::equals)
                .isPresent();
    }

    private static boolean isInUserNamespace() {
        return !ALL_IDS.matcher(ProcFiles.readIfPresent("/proc/self/uid_map").orElse("")).matches();
    }

    /// What the shim says of itself. It is asked once and the answer kept beside the socket, with
    /// what tells the file from another: a short command would start it as often as it runs.
    private String ownBuild() {
        Path note = paths.serverSocket().resolveSibling("shim.build");
        try {
            String file = identity(paths.shim());
            Optional<String> known = noted(note, file);
            if (known.isPresent()) {
                return known.get();
            }
            String build =
                    Commands.run(Command.of(paths.shim().toString(), "--version")).text().strip();
            Path fresh = Files.createTempFile(note.getParent(), "shim.", ".new");
            Files.writeString(fresh, file + "\n" + build + "\n");
            Files.move(fresh, note, StandardCopyOption.ATOMIC_MOVE);
            return build;
        } catch (IOException e) {
            throw new InternalException("ask " + paths.shim() + " for its build: " + e, e);
        }
    }

    /// Its inode, size and times: even a file that was written over in place differs.
    private static String identity(Path file) throws IOException {
        Map<String, Object> seen = Files.readAttributes(file, "unix:dev,ino,size,ctime");
        long changed =
                seen.get("ctime") instanceof FileTime time ? time.to(TimeUnit.NANOSECONDS) : 0;
        return seen.get("dev") + " " + seen.get("ino") + " " + seen.get("size") + " " + changed;
    }

    private static Optional<String> noted(Path note, String file) throws IOException {
        try {
            List<String> lines = Files.readAllLines(note);
            return lines.size() == 2 && lines.getFirst().equals(file)
                    ? Optional.of(lines.getLast())
                    : Optional.empty();
        } catch (NoSuchFileException _) {
            return Optional.empty();
        }
    }

    private void start() {
        List<String> words =
                new ArrayList<>(
                        List.of(
                                paths.shim().toString(),
                                "serve",
                                "--socket",
                                paths.serverSocket().toString()));
        if (isInUserNamespace()) {
            words.addAll(List.of("--idle", Long.toString(IDLE.toSeconds())));
        }
        Commands.run(Command.of(words));
    }
}
