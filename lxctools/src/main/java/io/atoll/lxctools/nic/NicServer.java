package io.atoll.lxctools.nic;

import io.atoll.base.DomainException;
import io.atoll.linux.ErrnoException;
import io.atoll.linux.Fd;
import io.atoll.linux.FdIo;
import io.atoll.linux.PeerCredentials;
import io.atoll.linux.UnixSockets;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;

/// Answers [NicRequest]s on a socket that everybody may connect to. A packet each way, the answer's
/// first byte `0` or `1` as lxc-user-nic(1) shall end.
final class NicServer {
    /// Connections of one user at a time; more are closed unanswered, so that nobody keeps others
    /// out by holding connections open.
    static final int CALLERS_OF_ONE_MAX = 8;

    /// Connections of all.
    static final int CALLERS_MAX = 256;

    /// How long a caller may take to say what it wants.
    private static final Duration PATIENCE = Duration.ofSeconds(5);

    private static final Duration LOOK = Duration.ofSeconds(1);
    private static final int ANSWER_MAX = 4000;

    private final NicBroker broker;
    private final Consumer<String> log;
    private final Map<Long, Integer> callers = new ConcurrentHashMap<>();
    private final AtomicInteger busy = new AtomicInteger();
    private volatile long lastUse = System.nanoTime();

    /// @param log told a line for everything that is given or refused
    NicServer(NicBroker broker, Consumer<String> log) {
        this.broker = broker;
        this.log = log;
    }

    /// Serves until this thread is interrupted, or nobody has asked for `idle`. Blocks.
    void serve(Fd listener, Duration idle) {
        while (!Thread.currentThread().isInterrupted()) {
            if (FdIo.poll(listener, FdIo.POLLIN, LOOK) != 0) {
                take(UnixSockets.accept(listener));
            }
            if (busy.get() == 0 && System.nanoTime() - lastUse > idle.toNanos()) {
                return;
            }
        }
    }

    private void take(Fd connection) {
        long uid = UnixSockets.peerCredentials(connection).uid();
        int own = callers.merge(uid, 1, Integer::sum);
        if (busy.incrementAndGet() > CALLERS_MAX || own > CALLERS_OF_ONE_MAX) {
            connection.close();
            leave(uid);
            return;
        }
        Thread.ofPlatform()
                .daemon()
                .name("nic")
                .start(() -> {
                    try (connection) {
                        answer(connection);
                    } catch (ErrnoException e) {
                        log.accept("caller is gone: " + e.getMessage());
                    } finally {
                        leave(uid);
                    }
                });
    }

    private void leave(long uid) {
        callers.computeIfPresent(uid, (_, count) -> count > 1 ? count - 1 : null);
        lastUse = System.nanoTime();
        busy.decrementAndGet();
    }

    private void answer(Fd connection) {
        UnixSockets.setReceiveTimeout(connection, PATIENCE);
        UnixSockets.setSendTimeout(connection, PATIENCE);
        PeerCredentials peer = UnixSockets.peerCredentials(connection);
        String text;
        char status = '1';
        try (UnixSockets.Message packet =
                UnixSockets.receive(connection, NicRequest.BYTES_MAX, 1)) {
            NicRequest request = NicRequest.decode(packet.data());
            Optional<Fd> net = packet.fds().stream().findFirst();
            text = broker.serve(request, peer.uid(), net);
            status = '0';
            log.accept(
                    request.verb().name().toLowerCase(java.util.Locale.ROOT)
                            + " uid="
                            + peer.uid()
                            + " bridge="
                            + request.bridge()
                            + (text.isEmpty() ? "" : " nic=" + text));
        } catch (DomainException e) {
            text = e.getMessage();
            log.accept("refused uid=" + peer.uid() + ": " + text);
        } catch (ErrnoException e) {
            text = "cannot do that: " + e.getMessage();
            log.accept("failed uid=" + peer.uid() + ": " + e.getMessage());
        }
        byte[] bytes = (status + String.valueOf(text)).getBytes(StandardCharsets.UTF_8);
        UnixSockets.send(connection, Arrays.copyOf(bytes, Math.min(bytes.length, ANSWER_MAX)));
    }
}
