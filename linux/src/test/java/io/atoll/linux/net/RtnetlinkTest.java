package io.atoll.linux.net;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.atoll.linux.net.Rtnetlink.LinkOptions;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/// What is asked of the kernel for links that some kernels cannot make: attribute by attribute what
/// iproute2 sends.
class RtnetlinkTest {
    private static final int HEADERS = 32;
    private static final int LINK = 5;
    private static final int LINK_INFO = 18;
    private static final int AF_SPEC = 26;
    private static final int KIND = 1;
    private static final int DATA = 2;
    private static final int NESTED = 0x8000;

    /// The attributes of a message, or of one of its attributes, by number.
    private static Map<Integer, byte[]> attributes(byte[] bytes, int from) {
        Map<Integer, byte[]> out = new TreeMap<>();
        ByteBuffer in = ByteBuffer.wrap(bytes).order(ByteOrder.nativeOrder()).position(from);
        while (in.remaining() >= 4) {
            int length = in.getShort() & 0xffff;
            int type = in.getShort() & 0xffff & ~NESTED;
            byte[] value = new byte[length - 4];
            in.get(value);
            out.put(type, value);
            in.position(Math.min(in.limit(), (in.position() + 3) & ~3));
        }
        return out;
    }

    private static Map<Integer, byte[]> info(NetlinkMessage message) {
        return attributes(attributes(message.bytes(), HEADERS).get(LINK_INFO), 0);
    }

    private static String kind(NetlinkMessage message) {
        return new String(info(message).get(KIND), StandardCharsets.US_ASCII).replace("\0", "");
    }

    private static Map<Integer, String> data(NetlinkMessage message) {
        Map<Integer, String> out = new TreeMap<>();
        attributes(info(message).get(DATA), 0)
                .forEach((type, value) -> out.put(type, HexFormat.of().formatHex(value)));
        return out;
    }

    private static InetAddress address(String text) {
        return InetAddress.ofLiteral(text);
    }

    @Test
    void ipvlan() {
        NetlinkMessage message =
                Rtnetlink.ipvlan(
                        "i0",
                        "eth0",
                        Rtnetlink.IpvlanMode.L3S,
                        LinkOptions.DOWN,
                        new Rtnetlink.Target.Here());
        assertEquals("ipvlan", kind(message));
        assertEquals(Map.of(1, "0200"), data(message));
        assertEquals("create ipvlan i0", message.what());
        // The parent's number is filled in where the message is sent.
        assertEquals(4, attributes(message.bytes(), HEADERS).get(LINK).length);
        assertEquals(1, message.patches().size());
    }

    @Test
    void taggedNetwork() {
        NetlinkMessage message =
                Rtnetlink.vlan(
                        "eth0.5", "eth0", 5, false, LinkOptions.DOWN, new Rtnetlink.Target.Here());
        assertEquals("vlan", kind(message));
        assertEquals(Map.of(1, "0500"), data(message));
        NetlinkMessage announced =
                Rtnetlink.vlan(
                        "eth0.5", "eth0", 5, true, LinkOptions.DOWN, new Rtnetlink.Target.Here());
        assertEquals(Map.of(1, "0500", 2, "0200000002000000"), data(announced));
    }

    @Test
    void tunnels() {
        NetlinkMessage gre =
                Rtnetlink.gretap(
                        "g0",
                        Optional.of(address("192.0.2.1")),
                        Optional.of(address("192.0.2.2")),
                        5);
        assertEquals("gretap", kind(gre));
        assertEquals(Map.of(6, "c0000201", 7, "c0000202", 8, "05"), data(gre));
        NetlinkMessage vxlan =
                Rtnetlink.vxlan(
                        "v0",
                        7,
                        Optional.empty(),
                        Optional.of(address("2001:db8::2")),
                        4789,
                        1,
                        Optional.empty(),
                        LinkOptions.DOWN);
        assertEquals("vxlan", kind(vxlan));
        assertEquals(
                Map.of(1, "07000000", 5, "01", 15, "12b5", 16, "20010db8000000000000000000000002"),
                data(vxlan));
    }

    @Test
    void vlansOfAPort() {
        record Case(NetlinkMessage message, String info) {}
        for (Case each :
                List.of(
                        new Case(Rtnetlink.addVlan("p0", 7, true), "06000700"),
                        new Case(Rtnetlink.addVlan("p0", 8, false), "00000800"),
                        new Case(Rtnetlink.deleteVlan("p0", 1), "00000100"))) {
            byte[] spec = attributes(each.message().bytes(), HEADERS).get(AF_SPEC);
            assertEquals(
                    each.info(),
                    HexFormat.of().formatHex(attributes(spec, 0).get(2)),
                    each.message().what());
        }
    }
}
