package io.atoll.network.bgp;

import io.atoll.linux.net.IpNetwork;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.util.Collection;
import java.util.List;

/// Writes our messages; RFC 4271, sections 4 and 5, with routes of IPv6 as RFC 4760 has them.
final class MessageWriter {
    static final int OPEN = 1;
    static final int UPDATE = 2;
    static final int NOTIFICATION = 3;
    static final int KEEPALIVE = 4;
    static final int REFRESH = 5;

    // Capabilities; RFC 5492.
    static final int MULTIPROTOCOL = 1;
    static final int ROUTE_REFRESH = 2;
    static final int GRACEFUL_RESTART = 64;
    static final int WIDE_ASNS = 65;

    /// So many fit into a message, whatever they are.
    static final int ROUTES_MAX = 200;

    /// How long routers wait for us when our daemon is restarted; RFC 4724, 12 bits of seconds.
    private static final int RESTART_SECONDS = 120;

    private static final int RESTARTED = 0x8000;
    private static final int FORWARDS_STILL = 0x80;

    /// Stands for a number that does not fit into two octets; RFC 6793.
    private static final int AS_TRANS = 23_456;

    private static final int ASN_SHORT_MAX = 0xffff;

    // Attributes of routes and their flags.
    private static final int ORIGIN = 1;
    private static final int AS_PATH = 2;
    private static final int NEXT_HOP = 3;
    private static final int LOCAL_PREFERENCE = 5;
    private static final int MP_REACH = 14;
    private static final int MP_UNREACH = 15;
    private static final int AS4_PATH = 17;
    private static final int WELL_KNOWN = 0x40;
    private static final int OPTIONAL = 0x80;
    private static final int OPTIONAL_TRANSITIVE = 0xc0;
    private static final int LONG = 0x10;

    private static final int AS_SEQUENCE = 2;
    private static final int PREFERENCE = 100;

    private MessageWriter() {}

    private static ByteBuffer begin(int type) {
        ByteBuffer out = ByteBuffer.allocate(MessageReader.MESSAGE_BYTES_MAX);
        for (int i = 0; i < 16; i++) {
            out.put((byte) -1);
        }
        return out.putShort((short) 0).put((byte) type);
    }

    private static byte[] finish(ByteBuffer out) {
        byte[] message = new byte[out.position()];
        out.putShort(16, (short) message.length).flip().get(message);
        return message;
    }

    static byte[] keepalive() {
        return finish(begin(KEEPALIVE));
    }

    /// @param data what the code asks for, a few bytes
    static byte[] notification(int code, int subcode, byte... data) {
        return finish(begin(NOTIFICATION).put((byte) code).put((byte) subcode).put(data));
    }

    /// @param isRestarted whether this is our first session with a peer that may wait for us
    static byte[] open(BgpIdentity self, int holdSeconds, boolean isRestarted) {
        ByteBuffer capabilities = ByteBuffer.allocate(255);
        for (Family family : Family.values()) {
            capabilities.put((byte) MULTIPROTOCOL).put((byte) 4);
            capabilities.putShort((short) family.afi()).put((byte) 0).put((byte) Family.UNICAST);
        }
        capabilities.put((byte) ROUTE_REFRESH).put((byte) 0);
        capabilities.put((byte) WIDE_ASNS).put((byte) 4).putInt((int) self.asn());
        // Instances are reached while the daemon is restarted: what leads to them may stay.
        capabilities.put((byte) GRACEFUL_RESTART).put((byte) (2 + 4 * Family.values().length));
        capabilities.putShort((short) (RESTART_SECONDS | (isRestarted ? RESTARTED : 0)));
        for (Family family : Family.values()) {
            capabilities.putShort((short) family.afi()).put((byte) Family.UNICAST);
            capabilities.put((byte) FORWARDS_STILL);
        }
        ByteBuffer out = begin(OPEN).put((byte) 4);
        out.putShort((short) (self.asn() > ASN_SHORT_MAX ? AS_TRANS : self.asn()));
        out.putShort((short) holdSeconds).put(self.routerId().getAddress());
        out.put((byte) (2 + capabilities.position()));
        out.put((byte) 2).put((byte) capabilities.position());
        return finish(out.put(capabilities.flip()));
    }

    /// Routes that lead here.
    ///
    /// @param isInside whether the peer is of our own system
    /// @param hasWideAsns whether it knows numbers of four octets
    /// @param routes of one family, [#ROUTES_MAX] at most
    static byte[] announce(
            BgpIdentity self,
            boolean isInside,
            boolean hasWideAsns,
            InetAddress nextHop,
            Collection<IpNetwork> routes) {
        boolean isV6 = Family.of(nextHop) == Family.IPV6;
        ByteBuffer out = begin(UPDATE).putShort((short) 0);
        int start = out.position();
        out.putShort((short) 0);
        if (isV6) {
            ByteBuffer reach = ByteBuffer.allocate(MessageReader.MESSAGE_BYTES_MAX);
            reach.putShort((short) Family.IPV6.afi()).put((byte) Family.UNICAST);
            reach.put((byte) 16).put(nextHop.getAddress()).put((byte) 0);
            prefixes(reach, routes);
            attribute(out, OPTIONAL, MP_REACH, reach);
        }
        attribute(out, WELL_KNOWN, ORIGIN, bytes(1).put((byte) 0));
        attribute(out, WELL_KNOWN, AS_PATH, isInside ? bytes(0) : path(self.asn(), hasWideAsns));
        if (!isV6) {
            attribute(out, WELL_KNOWN, NEXT_HOP, bytes(4).put(nextHop.getAddress()));
        }
        if (isInside) {
            attribute(out, WELL_KNOWN, LOCAL_PREFERENCE, bytes(4).putInt(PREFERENCE));
        } else if (!hasWideAsns && self.asn() > ASN_SHORT_MAX) {
            attribute(out, OPTIONAL_TRANSITIVE, AS4_PATH, path(self.asn(), true));
        }
        out.putShort(start, (short) (out.position() - start - 2));
        if (!isV6) {
            prefixes(out, routes);
        }
        return finish(out);
    }

    /// Routes that do not lead here any more; with none of them, the mark that all has been said
    /// (RFC 4724, section 2).
    ///
    /// @param routes of that family, [#ROUTES_MAX] at most
    static byte[] withdraw(Family family, List<IpNetwork> routes) {
        ByteBuffer out = begin(UPDATE);
        int start = out.position();
        out.putShort((short) 0);
        if (family == Family.IPV4) {
            prefixes(out, routes);
            out.putShort(start, (short) (out.position() - start - 2));
            return finish(out.putShort((short) 0));
        }
        ByteBuffer unreach = ByteBuffer.allocate(MessageReader.MESSAGE_BYTES_MAX);
        unreach.putShort((short) family.afi()).put((byte) Family.UNICAST);
        prefixes(unreach, routes);
        int attributes = out.position();
        out.putShort((short) 0);
        attribute(out, OPTIONAL, MP_UNREACH, unreach);
        out.putShort(attributes, (short) (out.position() - attributes - 2));
        return finish(out);
    }

    private static ByteBuffer bytes(int count) {
        return ByteBuffer.allocate(count);
    }

    private static ByteBuffer path(long asn, boolean isWide) {
        ByteBuffer out = bytes(isWide ? 6 : 4).put((byte) AS_SEQUENCE).put((byte) 1);
        return isWide
                ? out.putInt((int) asn)
                : out.putShort((short) (asn > ASN_SHORT_MAX ? AS_TRANS : asn));
    }

    private static void attribute(ByteBuffer out, int flags, int type, ByteBuffer value) {
        boolean isLong = value.position() > 255;
        out.put((byte) (isLong ? flags | LONG : flags)).put((byte) type);
        if (isLong) {
            out.putShort((short) value.position());
        } else {
            out.put((byte) value.position());
        }
        out.put(value.flip());
    }

    /// Each as its length in bits and the bytes that it needs; host bits are 0.
    private static void prefixes(ByteBuffer out, Collection<IpNetwork> routes) {
        for (IpNetwork route : routes) {
            out.put((byte) route.prefix());
            out.put(route.network().address().getAddress(), 0, (route.prefix() + 7) / 8);
        }
    }
}
