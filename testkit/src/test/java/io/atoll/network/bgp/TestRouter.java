package io.atoll.network.bgp;

import io.atoll.linux.net.IpNetwork;
import io.atoll.testkit.Await;
import java.io.DataInputStream;
import java.io.IOException;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Predicate;

/// A router of a test's own: connects to a speaker and learns what it announces.
final class TestRouter implements AutoCloseable {
    private static final Duration SOON = Duration.ofSeconds(20);

    private final Map<IpNetwork, InetAddress> learned = new ConcurrentHashMap<>();
    private final List<String> ends = new CopyOnWriteArrayList<>();
    private final Socket socket = new Socket();
    private volatile boolean isClosed;

    private TestRouter() {}

    static TestRouter connect(String own, InetSocketAddress speaker, long asn) throws IOException {
        TestRouter router = new TestRouter();
        router.socket.bind(new InetSocketAddress(InetAddress.ofLiteral(own), 0));
        router.socket.connect(speaker);
        BgpIdentity self = new BgpIdentity(asn, (Inet4Address) InetAddress.ofLiteral(own));
        try {
            router.socket.getOutputStream().write(MessageWriter.open(self, 90, false));
            router.socket.getOutputStream().write(MessageWriter.keepalive());
        } catch (IOException _) {
            // It is closed already; its reader sees that.
            router.isClosed = true;
        }
        Thread.ofVirtual().start(router::listen);
        return router;
    }

    private void listen() {
        try {
            DataInputStream in = new DataInputStream(socket.getInputStream());
            while (true) {
                in.skipNBytes(16);
                int length = in.readUnsignedShort();
                int type = in.readUnsignedByte();
                ByteBuffer body = ByteBuffer.wrap(in.readNBytes(length - 19));
                if (type == MessageWriter.UPDATE) {
                    learn(body);
                } else if (type == MessageWriter.NOTIFICATION) {
                    ends.add(body.get() + "/" + body.get());
                }
            }
        } catch (IOException _) {
            isClosed = true;
        }
    }

    private void learn(ByteBuffer body) {
        prefixes(part(body), 4).forEach(learned::remove);
        ByteBuffer attributes = part(body);
        InetAddress hop = null;
        while (attributes.hasRemaining()) {
            int flags = attributes.get();
            int type = attributes.get();
            int length = (flags & 0x10) != 0 ? attributes.getShort() : attributes.get() & 0xff;
            ByteBuffer value = attributes.slice(attributes.position(), length);
            attributes.position(attributes.position() + length);
            if (type == 3) {
                hop = address(value, 4);
            } else if (type == 14) {
                value.position(4);
                InetAddress to = address(value, 16);
                value.get();
                prefixes(value, 16).forEach(net -> learned.put(net, to));
            } else if (type == 15) {
                value.position(3);
                prefixes(value, 16).forEach(learned::remove);
            }
        }
        for (IpNetwork net : prefixes(body, 4)) {
            learned.put(net, hop);
        }
    }

    private static ByteBuffer part(ByteBuffer from) {
        int length = from.getShort() & 0xffff;
        ByteBuffer part = from.slice(from.position(), length);
        from.position(from.position() + length);
        return part;
    }

    private static InetAddress address(ByteBuffer from, int bytes) {
        byte[] raw = new byte[bytes];
        from.get(raw);
        return IpNetwork.ofBytes(raw);
    }

    private static List<IpNetwork> prefixes(ByteBuffer from, int bytes) {
        List<IpNetwork> out = new java.util.ArrayList<>();
        while (from.hasRemaining()) {
            int bits = from.get() & 0xff;
            byte[] raw = new byte[bytes];
            from.get(raw, 0, (bits + 7) / 8);
            out.add(new IpNetwork(IpNetwork.ofBytes(raw), bits));
        }
        return out;
    }

    /// What it knows: next hops by network, as texts.
    void await(Map<String, String> expected) {
        await(
                "routes " + expected,
                routes -> {
                    Map<String, String> texts = new java.util.TreeMap<>();
                    routes.forEach((net, hop) -> texts.put(net.toString(), IpNetwork.text(hop)));
                    return texts.equals(expected);
                });
    }

    void await(String what, Predicate<Map<IpNetwork, InetAddress>> condition) {
        try {
            Await.until(what, SOON, () -> condition.test(learned));
        } catch (AssertionError e) {
            throw new AssertionError(e.getMessage() + ", has " + learned + " " + ends, e);
        }
    }

    /// Waits for the end of the connection.
    ///
    /// @return what was said before: codes of notifications
    List<String> awaitEnd() {
        Await.until("the end of the connection", SOON, () -> isClosed);
        return ends;
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }
}
