package io.atoll.network;

import io.atoll.linux.net.IpNetwork;
import io.atoll.linux.net.MacAddress;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.OptionalInt;

/// Frames as a card may send them, true or not. Checksums of what IP carries are left out: nothing
/// on the way looks at them.
final class Frames {
    static final MacAddress EVERYBODY = new MacAddress("ff:ff:ff:ff:ff:ff");
    private static final int IPV4 = 0x0800;
    private static final int TAG = 0x8100;
    private static final int STAMP = 0xa4;
    private static final int ARP = 0x0806;
    private static final int IPV6 = 0x86dd;
    private static final int UDP = 17;
    private static final int ICMPV6 = 58;

    private Frames() {}

    private static byte[] join(byte[]... parts) {
        ByteBuffer out =
                ByteBuffer.allocate(Arrays.stream(parts).mapToInt(part -> part.length).sum());
        Arrays.stream(parts).forEach(out::put);
        return out.array();
    }

    /// The same frame with a number by which it is known again, wherever its kind has room for one
    /// that is kept on the way.
    static byte[] stamped(byte[] frame, int number) {
        int at = network(frame);
        int type = type(frame, at);
        ByteBuffer out = ByteBuffer.wrap(frame.clone());
        if (type == IPV6) {
            return out.putInt(at, 0x60000000 | STAMP << 20 | number).array();
        }
        if (type == IPV4) {
            out.put(at + 1, (byte) STAMP)
                    .putShort(at + 4, (short) number)
                    .putShort(at + 10, (short) 0);
            int sum = 0;
            for (int i = 0; i < 20; i += 2) {
                sum += out.getShort(at + i) & 0xffff;
            }
            sum = (sum & 0xffff) + (sum >> 16);
            return out.putShort(at + 10, (short) ~(sum + (sum >> 16))).array();
        }
        return join(frame, number(STAMP << 24 | STAMP << 16 | number, 4));
    }

    /// The number of a frame that was stamped, also where tags were taken off.
    static OptionalInt number(byte[] frame) {
        ByteBuffer in = ByteBuffer.wrap(frame);
        int at = network(frame);
        int type = type(frame, at);
        if (type == IPV6) {
            int first = in.getInt(at);
            return stamp(first >> 20 & 0xff, first);
        }
        if (type == IPV4) {
            return stamp(in.get(at + 1) & 0xff, in.getShort(at + 4));
        }
        int last = in.getInt(frame.length - 4);
        return stamp(last >> 24 & 0xff, last);
    }

    private static OptionalInt stamp(int stamp, int number) {
        return stamp == STAMP ? OptionalInt.of(number & 0xffff) : OptionalInt.empty();
    }

    /// Where the network layer begins, behind all tags.
    private static int network(byte[] frame) {
        int at = 14;
        while (type(frame, at) == TAG) {
            at += 4;
        }
        return at;
    }

    private static int type(byte[] frame, int network) {
        return ByteBuffer.wrap(frame).getShort(network - 2) & 0xffff;
    }

    private static byte[] number(int value, int bytes) {
        byte[] four = ByteBuffer.allocate(4).putInt(value).array();
        return Arrays.copyOfRange(four, 4 - bytes, 4);
    }

    private static InetAddress ip(String text) {
        return IpNetwork.parseAddress(text).orElseThrow();
    }

    static byte[] ethernet(MacAddress to, MacAddress from, int type, byte[] payload) {
        return join(to.bytes(), from.bytes(), number(type, 2), payload);
    }

    /// The same frame with a VLAN tag.
    static byte[] tagged(byte[] frame, int vlan) {
        return join(
                Arrays.copyOf(frame, 12),
                number(TAG, 2),
                number(vlan, 2),
                Arrays.copyOfRange(frame, 12, frame.length));
    }

    static byte[] arp(
            MacAddress from, int operation, MacAddress sender, String senderIp, String ip) {
        byte[] payload =
                join(
                        number(1, 2),
                        number(IPV4, 2),
                        number(6, 1),
                        number(4, 1),
                        number(operation, 2),
                        sender.bytes(),
                        ip(senderIp).getAddress(),
                        EVERYBODY.bytes(),
                        ip(ip).getAddress());
        return ethernet(EVERYBODY, from, ARP, payload);
    }

    static byte[] udp4(
            MacAddress to,
            MacAddress from,
            String source,
            String target,
            int[] ports,
            byte[] data) {
        byte[] udp =
                join(
                        number(ports[0], 2),
                        number(ports[1], 2),
                        number(8 + data.length, 2),
                        number(0, 2),
                        data);
        byte[] header =
                join(
                        number(0x4500, 2),
                        number(20 + udp.length, 2),
                        number(0, 4),
                        number(64, 1),
                        number(UDP, 1),
                        number(0, 2),
                        ip(source).getAddress(),
                        ip(target).getAddress());
        return ethernet(to, from, IPV4, join(header, udp));
    }

    /// What a DHCP client asks, for the card with this address.
    static byte[] dhcp(MacAddress from, MacAddress client) {
        byte[] message =
                join(number(0x01010600, 4), new byte[24], client.bytes(), new byte[10 + 64 + 128]);
        return udp4(EVERYBODY, from, "0.0.0.0", "255.255.255.255", new int[] {68, 67}, message);
    }

    private static byte[] ip6(
            MacAddress to, MacAddress from, String source, String target, int next, byte[] data) {
        byte[] header =
                join(
                        number(0x60000000, 4),
                        number(data.length, 2),
                        number(next, 1),
                        number(255, 1),
                        ip(source).getAddress(),
                        ip(target).getAddress());
        return ethernet(to, from, IPV6, join(header, data));
    }

    static byte[] udp6(MacAddress to, MacAddress from, String source, String target, int[] ports) {
        byte[] udp =
                join(
                        number(ports[0], 2),
                        number(ports[1], 2),
                        number(16, 2),
                        number(0, 2),
                        new byte[8]);
        return ip6(to, from, source, target, UDP, udp);
    }

    static byte[] icmp6(MacAddress from, String source, String target, int type, byte[]... body) {
        byte[] message = join(number(type, 1), number(0, 3), join(body));
        return ip6(new MacAddress("33:33:00:00:00:01"), from, source, target, ICMPV6, message);
    }

    static byte[] advert(MacAddress from, String source, String about, byte[]... options) {
        return icmp6(
                from, source, "ff02::1", 136, number(0, 4), ip(about).getAddress(), join(options));
    }

    static byte[] solicit(MacAddress from, String source, String about, byte[]... options) {
        return icmp6(
                from, source, "ff02::1", 135, number(0, 4), ip(about).getAddress(), join(options));
    }

    static byte[] routerSolicit(MacAddress from, String source, byte[]... options) {
        return icmp6(from, source, "ff02::2", 133, number(0, 4), join(options));
    }

    static byte[] routerAdvert(MacAddress from, String source) {
        return icmp6(from, source, "ff02::1", 134, new byte[12]);
    }

    /// An option of neighbour discovery that names a hardware address.
    static byte[] option(int type, MacAddress mac) {
        return join(number(type, 1), number(1, 1), mac.bytes());
    }

    /// A frame before which nothing is known; `type` in place of the protocol.
    static byte[] unknown(MacAddress from, int type) {
        return ethernet(EVERYBODY, from, type, new byte[46]);
    }
}
