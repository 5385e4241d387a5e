package io.atoll.network;

import io.atoll.linux.net.MacAddress;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.util.random.RandomGenerator;

/// The message by which a DHCP client gives its address back, RFC 2131 section 4.4.6, said for a
/// client that is gone. It names no client identifier: dnsmasq then goes by the hardware address.
final class DhcpRelease {
    private static final Logger LOG = System.getLogger(DhcpRelease.class.getName());

    private static final int SERVER_PORT = 67;

    /// The fixed part, with room for the hardware address, `sname` and `file`.
    private static final int FIXED_BYTES = 236;

    /// Old servers want a message to be as long as one of BOOTP.
    private static final int MESSAGE_BYTES_MIN = 300;

    private static final int REQUEST = 1;
    private static final int ETHERNET = 1;
    private static final int OPTIONS_MAGIC = 0x63825363;
    private static final int OPTION_MESSAGE_TYPE = 53;
    private static final int OPTION_SERVER = 54;
    private static final int OPTION_END = 255;
    private static final int RELEASE = 7;

    private DhcpRelease() {}

    /// Sends it from this host to its own bridge; there is no answer to a release.
    static void send(InetAddress address, MacAddress mac, InetAddress server) {
        byte[] message = encode(address, mac, server, RandomGenerator.getDefault().nextInt());
        try (DatagramSocket socket = new DatagramSocket()) {
            socket.send(new DatagramPacket(message, message.length, server, SERVER_PORT));
        } catch (IOException e) {
            // The lease ends by itself an hour later.
            LOG.log(Level.WARNING, "address is not given back address=" + address, e);
        }
    }

    static byte[] encode(InetAddress address, MacAddress mac, InetAddress server, int transaction) {
        ByteBuffer out = ByteBuffer.allocate(MESSAGE_BYTES_MIN);
        byte[] hardware = mac.bytes();
        out.put((byte) REQUEST).put((byte) ETHERNET).put((byte) hardware.length).put((byte) 0);
        out.putInt(transaction);
        out.putInt(0); // seconds, flags
        out.put(address.getAddress());
        out.position(28).put(hardware);
        out.position(FIXED_BYTES).putInt(OPTIONS_MAGIC);
        out.put((byte) OPTION_MESSAGE_TYPE).put((byte) 1).put((byte) RELEASE);
        out.put((byte) OPTION_SERVER).put((byte) 4).put(server.getAddress());
        out.put((byte) OPTION_END);
        return out.array();
    }
}
