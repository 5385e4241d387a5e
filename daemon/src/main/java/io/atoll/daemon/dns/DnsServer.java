package io.atoll.daemon.dns;

import io.atoll.base.UnavailableException;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;

/// Listens for other name servers on one address, TCP and UDP. Runs until it is closed; each
/// connection has a virtual thread, of which there are [#CONNECTIONS_MAX] at most. When there are
/// as many, who has let the server wait longest has to go: strangers who say nothing, or say it
/// slowly, keep nobody from answers.
public final class DnsServer implements AutoCloseable {
    private static final Logger LOG = System.getLogger(DnsServer.class.getName());
    static final int CONNECTIONS_MAX = 64;
    private static final int QUESTIONS_MAX = 100;
    private static final int UDP_BYTES = 4096;
    private static final Duration IDLE = Duration.ofSeconds(10);

    private final ServerSocket tcp;
    private final DatagramSocket udp;
    private final ZoneAnswers answers;
    private final Semaphore free = new Semaphore(CONNECTIONS_MAX);
    private final Set<Peer> open = ConcurrentHashMap.newKeySet();

    /// A connection.
    private static final class Peer {
        private final Socket socket;

        /// Since when the server waits for its question, or for it to take the answer.
        private volatile long since = System.nanoTime();

        private volatile boolean isBeingAnswered;

        Peer(Socket socket) {
            this.socket = socket;
        }

        /// Whether nothing is lost when it goes.
        boolean isWaitedFor(long now) {
            return !isBeingAnswered || now - since > IDLE.toNanos();
        }
    }

    private DnsServer(ServerSocket tcp, DatagramSocket udp, ZoneAnswers answers) {
        this.tcp = tcp;
        this.udp = udp;
        this.answers = answers;
    }

    /// @throws UnavailableException if the address cannot be had
    public static DnsServer listen(InetSocketAddress address, ServedZone.Source zones) {
        try {
            ServerSocket tcp = new ServerSocket();
            try {
                tcp.setReuseAddress(true);
                tcp.bind(address);
                // Both have the same port, also where it is chosen by the kernel.
                DatagramSocket udp =
                        new DatagramSocket(
                                new InetSocketAddress(address.getAddress(), tcp.getLocalPort()));
                DnsServer server =
                        new DnsServer(tcp, udp, new ZoneAnswers(zones, InstantSource.system()));
                Thread.ofVirtual().name("dns-tcp").start(server::accept);
                Thread.ofPlatform().daemon().name("dns-udp").start(server::receive);
                return server;
            } catch (IOException e) {
                tcp.close();
                throw e;
            }
        } catch (IOException e) {
            throw new UnavailableException(
                    "Failed to listen for DNS on " + address + ": " + e.getMessage(), e);
        }
    }

    /// The port that it has.
    public int port() {
        return tcp.getLocalPort();
    }

    private void accept() {
        while (!tcp.isClosed()) {
            try {
                Socket socket = tcp.accept();
                if (!free.tryAcquire()) {
                    if (!dismissSlowest()) {
                        socket.close();
                        continue;
                    }
                    free.acquireUninterruptibly();
                }
                Peer peer = new Peer(socket);
                open.add(peer);
                Thread.ofVirtual().name("dns-peer").start(() -> serve(peer));
            } catch (IOException e) {
                logUnlessClosed(e);
            }
        }
    }

    /// @return whether a connection was closed; its thread makes room soon
    private boolean dismissSlowest() throws IOException {
        long now = System.nanoTime();
        Optional<Peer> slowest =
                open.stream()
                        .filter(peer -> peer.isWaitedFor(now))
                        .max(Comparator.comparingLong(peer -> now - peer.since));
        if (slowest.isPresent()) {
            slowest.get().socket.close();
        }
        return slowest.isPresent();
    }

    /// The edge of a connection's thread.
    private void serve(Peer peer) {
        try (Socket socket = peer.socket) {
            socket.setSoTimeout((int) IDLE.toMillis());
            InetAddress asker = socket.getInetAddress();
            DataInputStream in = new DataInputStream(socket.getInputStream());
            DataOutputStream out = new DataOutputStream(socket.getOutputStream());
            for (int i = 0; i < QUESTIONS_MAX; i++) {
                byte[] question = new byte[in.readUnsignedShort()];
                in.readFully(question);
                peer.since = System.nanoTime();
                peer.isBeingAnswered = true;
                List<byte[]> messages = answers.to(question, asker, true);
                if (messages.isEmpty()) {
                    return;
                }
                for (byte[] message : messages) {
                    out.writeShort(message.length);
                    out.write(message);
                }
                out.flush();
                peer.since = System.nanoTime();
                peer.isBeingAnswered = false;
            }
        } catch (IOException e) {
            LOG.log(Level.DEBUG, "connection for zones ended", e);
        } catch (RuntimeException e) {
            LOG.log(Level.WARNING, "a question for a zone was not answered", e);
        } finally {
            open.remove(peer);
            free.release();
        }
    }

    private void receive() {
        byte[] buffer = new byte[UDP_BYTES];
        while (!udp.isClosed()) {
            try {
                DatagramPacket packet = new DatagramPacket(buffer, buffer.length);
                udp.receive(packet);
                byte[] question = new byte[packet.getLength()];
                System.arraycopy(buffer, 0, question, 0, question.length);
                for (byte[] answer : answers.to(question, packet.getAddress(), false)) {
                    udp.send(new DatagramPacket(answer, answer.length, packet.getSocketAddress()));
                }
            } catch (IOException e) {
                logUnlessClosed(e);
            } catch (RuntimeException e) {
                LOG.log(Level.WARNING, "a question for a zone was not answered", e);
            }
        }
    }

    private void logUnlessClosed(IOException e) {
        if (!tcp.isClosed()) {
            LOG.log(Level.WARNING, "listening for name servers failed once", e);
        }
    }

    @Override
    public void close() {
        try {
            tcp.close();
            for (Peer peer : open) {
                peer.socket.close();
            }
        } catch (IOException e) {
            LOG.log(Level.DEBUG, "a socket for zones did not close", e);
        }
        udp.close();
    }
}
