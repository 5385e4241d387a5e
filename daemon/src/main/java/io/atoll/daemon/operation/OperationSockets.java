package io.atoll.daemon.operation;

import io.atoll.base.InternalException;
import io.atoll.base.json.Json;
import io.atoll.daemon.http.WebSocket;
import io.atoll.daemon.http.WebSocketAcceptor;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.Collection;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;

/// The websockets of an operation: one per name (`0`, `1`, `2`, `control`), each guarded by a
/// secret of its own and connected at most once, unless somebody takes further connections
/// ([#onReturn]).
///
/// The task waits with [#await(Collection, Duration)] for the ones it needs, then takes them with
/// [#find(String)] or [#get(String)]. Whoever takes a socket closes it; [#close()] closes them all.
public final class OperationSockets implements AutoCloseable {
    private static final SecureRandom RANDOM = new SecureRandom();

    private final Map<String, String> secretByName = new LinkedHashMap<>();
    private final Map<String, WebSocket> connected = new LinkedHashMap<>();
    private final Set<String> left = new HashSet<>();
    private final Map<String, WebSocketAcceptor> reserved = new LinkedHashMap<>();
    private final Map<String, Consumer<WebSocket>> takers = new LinkedHashMap<>();

    /// Guards the maps; `arrived` is signalled when `connected` grows or the sockets are closed.
    private final ReentrantLock lock = new ReentrantLock();

    private final Condition arrived = lock.newCondition();
    private boolean isClosed;

    public OperationSockets(List<String> names) {
        for (String name : names) {
            byte[] secret = new byte[32];
            RANDOM.nextBytes(secret);
            secretByName.put(name, HexFormat.of().formatHex(secret));
        }
    }

    /// Name to secret, for the operation's metadata (`fds`).
    public Json.Obj secrets() {
        return Json.strings(secretByName);
    }

    /// Whether the secret belongs to one of the sockets. Takes as long for every wrong one.
    boolean knows(String secret) {
        return find(secret.getBytes(StandardCharsets.UTF_8)).isPresent();
    }

    private Optional<String> find(byte[] secret) {
        String found = null;
        for (Map.Entry<String, String> entry : secretByName.entrySet()) {
            byte[] expected = entry.getValue().getBytes(StandardCharsets.UTF_8);
            if (MessageDigest.isEqual(expected, secret)) {
                found = entry.getKey();
            }
        }
        return Optional.ofNullable(found);
    }

    /// Takes the place that belongs to a secret.
    ///
    /// @throws InternalException with LXD's words if the secret is wrong or its socket is connected
    ///   already
    public WebSocketAcceptor accept(String secret) {
        String name =
                find(secret.getBytes(StandardCharsets.UTF_8))
                        .orElseThrow(() -> new InternalException("permission denied"));
        WebSocketAcceptor place = new Place(name);
        lock.lock();
        try {
            if (isClosed) {
                throw new InternalException("The operation has ended");
            }
            Consumer<WebSocket> taker = takers.get(name);
            if (taker != null) {
                return taker::accept;
            }
            if (reserved.putIfAbsent(name, place) != null) {
                throw new InternalException("Websocket number already connected");
            }
        } finally {
            lock.unlock();
        }
        return place;
    }

    private final class Place implements WebSocketAcceptor {
        private final String name;

        private Place(String name) {
            this.name = name;
        }

        @Override
        public void opened(WebSocket socket) {
            lock.lock();
            try {
                if (!isClosed) {
                    connected.put(name, socket);
                    arrived.signalAll();
                    return;
                }
            } finally {
                lock.unlock();
            }
            socket.abort();
        }

        @Override
        public void failed() {
            lock.lock();
            try {
                reserved.remove(name, this);
            } finally {
                lock.unlock();
            }
        }
    }

    /// Waits until all the named sockets are connected.
    ///
    /// @throws InternalException with LXD's words when the time runs out
    public void await(Collection<String> names, Duration timeout) throws InterruptedException {
        long left = timeout.toNanos();
        lock.lock();
        try {
            while (!connected.keySet().containsAll(names)) {
                if (left <= 0 || isClosed) {
                    throw new InternalException("Timed out waiting for websockets to connect");
                }
                left = arrived.awaitNanos(left);
            }
        } finally {
            lock.unlock();
        }
    }

    /// The socket, if it is connected by now.
    public Optional<WebSocket> find(String name) {
        lock.lock();
        try {
            return Optional.ofNullable(connected.get(name));
        } finally {
            lock.unlock();
        }
    }

    /// Waits for one socket; empty when the time runs out or everything was closed.
    public Optional<WebSocket> await(String name, Duration timeout) throws InterruptedException {
        long deadline = System.nanoTime() + timeout.toNanos();
        lock.lock();
        try {
            while (!connected.containsKey(name) && !isClosed) {
                if (!arrived.await(deadline - System.nanoTime(), TimeUnit.NANOSECONDS)) {
                    break;
                }
            }
            return Optional.ofNullable(connected.get(name));
        } finally {
            lock.unlock();
        }
    }

    /// The socket that [#await(Collection, Duration)] has waited for.
    public WebSocket get(String name) {
        return find(name)
                .orElseThrow(
                        () -> new IllegalStateException("websocket " + name + " is not connected"));
    }

    /// From now on a socket may be connected again and again.
    ///
    /// @param taker takes each further connection, and closes it
    public void onReturn(String name, Consumer<WebSocket> taker) {
        lock.lock();
        try {
            takers.put(name, taker);
        } finally {
            lock.unlock();
        }
    }

    /// Leaves sockets open when the others are closed: whoever took them closes them later.
    public void leaveOpen(Collection<String> names) {
        lock.lock();
        try {
            left.addAll(names);
        } finally {
            lock.unlock();
        }
    }

    /// Closes all sockets but those left open, and refuses new ones.
    @Override
    public void close() {
        List<WebSocket> all;
        lock.lock();
        try {
            isClosed = true;
            all =
                    connected.entrySet().stream()
                            .filter(e -> !left.contains(e.getKey()))
                            .map(Map.Entry::getValue)
                            .toList();
            arrived.signalAll();
        } finally {
            lock.unlock();
        }
        all.forEach(WebSocket::close);
    }
}
