package io.atoll.network.bgp;

import io.atoll.linux.net.IpNetwork;
import io.atoll.testkit.Fuzz;
import java.net.Inet4Address;
import java.nio.ByteBuffer;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/// Bytes of whoever has the address of a peer.
class MessageFuzzTest {
    private static final IpNetwork NET = IpNetwork.parse("203.0.113.0/24").orElseThrow();
    private static final BgpIdentity ROUTER =
            new BgpIdentity(
                    64_513, (Inet4Address) IpNetwork.parseAddress("192.0.2.2").orElseThrow());
    private static final BgpIdentity SELF = new BgpIdentity(64_512, ROUTER.routerId());
    private static final byte[] OPEN = MessageWriter.open(ROUTER, 90, true);
    private static final List<byte[]> SEEDS =
            List.of(
                    OPEN,
                    joined(OPEN, MessageWriter.keepalive()),
                    joined(OPEN, MessageWriter.keepalive(), MessageWriter.keepalive()),
                    joined(
                            OPEN,
                            MessageWriter.keepalive(),
                            MessageWriter.withdraw(Family.IPV6, List.of()),
                            MessageWriter.notification(6, 2)),
                    HexFormat.of().parseHex("ff".repeat(16) + "001d01" + "04fc01005ac000020200"));

    private static byte[] joined(byte[]... parts) {
        ByteBuffer all = ByteBuffer.allocate(4096);
        for (byte[] part : parts) {
            all.put(part);
        }
        byte[] out = new byte[all.position()];
        all.flip().get(out);
        return out;
    }

    @Test
    void readerSaysNoOrReads() {
        Fuzz.of(SEEDS)
                .run(input -> {
                    MessageReader reader = new MessageReader();
                    ByteBuffer from = ByteBuffer.wrap(input);
                    try {
                        while (from.hasRemaining()) {
                            reader.add(from);
                            Optional<Message> message = reader.next();
                            while (message.isPresent()) {
                                message = reader.next();
                            }
                        }
                    } catch (Fault e) {
                        byte[] unused = e.encode();
                    }
                });
    }

    @Test
    void sessionEndsOrGoesOn() {
        BgpPeer peer =
                new BgpPeer(ROUTER.routerId(), BgpPeer.PORT, 64_513, "", BgpPeer.HOLD_SECONDS);
        Fuzz.of(SEEDS)
                .run(input -> {
                    Session session =
                            new Session(
                                    SELF, peer, Map.of(Family.IPV4, ROUTER.routerId()), true, 0);
                    session.announce(Map.of(NET, Optional.empty()));
                    session.receive(input, input.length, 0);
                    session.sent(session.pending(0).length, 0);
                    session.tick(1);
                });
    }
}
