package io.atoll.daemon.device.attach;

import io.atoll.base.InternalException;
import io.atoll.base.UnavailableException;
import io.atoll.linux.Command;
import io.atoll.linux.Commands;
import io.atoll.linux.Errno;
import io.atoll.linux.ErrnoException;
import io.atoll.linux.Fd;
import io.atoll.linux.UnixSockets;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;

/// The one process that passes connections on for all proxies, `atoll-proxy`; docs/proxy.md. It is
/// started when it is first needed, outlives the daemon, and ends with its last proxy.
public final class ProxyServer {
    private static final Duration ANSWER = Duration.ofSeconds(10);
    private static final int ANSWER_MAX = 64 * 1024;
    private static final int TRIES = 3;

    private final Path program;
    private final Path socket;

    /// Held for one request, so that parallel ones start one process. Nothing else is locked
    /// inside.
    private final ReentrantLock lock = new ReentrantLock();

    /// @param program the executable
    /// @param socket where it listens for us
    public ProxyServer(Path program, Path socket) {
        this.program = program;
        this.socket = socket;
    }

    /// A proxy, in place of one of the same id.
    ///
    /// @param transport `stream` or `datagram`
    /// @param targets for each listening socket where its connections go, in the protocol's words
    /// @param user whom unix sockets see
    /// @param net network namespace to connect in; empty for the host's
    /// @param root directory that paths are below; empty for the host's
    record Proxy(
            String id,
            String transport,
            boolean saysWho,
            Optional<io.atoll.daemon.device.ProxyConfig.User> user,
            List<String> targets,
            List<Fd> listeners,
            Optional<Fd> net,
            Optional<Fd> root) {
        String message() {
            StringBuilder text = new StringBuilder("add ").append(id).append(' ');
            text.append(transport).append(' ').append(saysWho ? 1 : 0).append(' ');
            text.append(user.map(u -> u.uid() + " " + u.gid()).orElse("-1 -1")).append(' ');
            text.append(net.isPresent() ? 1 : 0).append(' ').append(root.isPresent() ? 1 : 0);
            text.append(' ').append(targets.size()).append('\n');
            targets.forEach(target -> text.append(target).append('\n'));
            return text.toString();
        }

        List<Fd> descriptors() {
            List<Fd> all = new java.util.ArrayList<>(listeners);
            net.ifPresent(all::add);
            root.ifPresent(all::add);
            return all;
        }
    }

    /// Begins to pass on. The descriptors stay the caller's.
    void add(Proxy proxy) {
        lock.lock();
        try {
            for (int i = 0; i < TRIES; i++) {
                ensure();
                if (ask(proxy.message(), proxy.descriptors()).isPresent()) {
                    return;
                }
            }
        } finally {
            lock.unlock();
        }
        throw new UnavailableException("the proxy process does not answer");
    }

    /// Ends a proxy and all below it, with their connections. None is fine.
    void remove(String id) {
        lock.lock();
        try {
            Optional<String> unused = ask("remove " + id + "\n", List.of());
        } finally {
            lock.unlock();
        }
    }

    /// The ids of all proxies.
    List<String> ids() {
        lock.lock();
        try {
            return ask("list\n", List.of()).map(text -> text.lines().toList()).orElse(List.of());
        } finally {
            lock.unlock();
        }
    }

    private void ensure() {
        try (Fd _ = UnixSockets.connect(UnixSockets.Type.SEQPACKET, socket)) {
            return;
        } catch (ErrnoException e) {
            if (!e.is(Errno.ENOENT, Errno.ECONNREFUSED)) {
                throw e;
            }
        }
        Commands.run(Command.of(program.toString(), "--socket", socket.toString()));
    }

    /// @return what follows `ok`; empty if nobody is there, or it ended at that moment
    private Optional<String> ask(String message, List<Fd> fds) {
        String answer;
        try (Fd connection = UnixSockets.connect(UnixSockets.Type.SEQPACKET, socket)) {
            UnixSockets.setReceiveTimeout(connection, ANSWER);
            UnixSockets.send(connection, message.getBytes(StandardCharsets.UTF_8), fds);
            try (UnixSockets.Message received = UnixSockets.receive(connection, ANSWER_MAX, 0)) {
                answer = new String(received.data(), StandardCharsets.UTF_8);
            }
        } catch (ErrnoException e) {
            if (e.is(Errno.ENOENT, Errno.ECONNREFUSED, Errno.EPIPE, Errno.ECONNRESET)) {
                return Optional.empty();
            }
            throw e;
        }
        if (answer.isEmpty()) {
            return Optional.empty();
        }
        if (!answer.startsWith("ok\n")) {
            throw new InternalException("the proxy process refuses: " + answer.strip());
        }
        return Optional.of(answer.substring(3));
    }
}
