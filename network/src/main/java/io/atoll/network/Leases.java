package io.atoll.network;

import io.atoll.linux.net.IpNetwork;
import io.atoll.linux.net.MacAddress;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;

/// Reads the lease file of dnsmasq, `dnsmasq.leases`, and its static host files.
public final class Leases {
    private Leases() {}

    /// The leases of a file's text. Lines of another form, as a half-written last one, are left
    /// out.
    public static List<Lease> parse(String text) {
        List<Lease> leases = new ArrayList<>();
        boolean isV6 = false;
        for (String line : text.lines().toList()) {
            String[] fields = line.strip().split(" ");
            if (fields[0].equals("duid")) {
                // What follows is IPv6: in place of the hardware address stands a number, at the
                // end the client's id.
                isV6 = true;
            } else if (fields.length >= 5) {
                Optional<MacAddress> mac =
                        isV6 ? macOfDuid(fields[4]) : MacAddress.parse(fields[1]);
                String hostname = fields[3].equals("*") ? "" : fields[3];
                IpNetwork.parseAddress(fields[2])
                        .ifPresent(
                                a -> leases.add(new Lease(hostname, mac, a, Lease.Kind.DYNAMIC)));
            }
        }
        return leases;
    }

    /// The hardware address in a DHCPv6 client's id of type 1 or 3; RFC 8415 section 11.
    static Optional<MacAddress> macOfDuid(String duid) {
        try {
            byte[] id = HexFormat.ofDelimiter(":").parseHex(duid);
            boolean isEthernet = id.length >= 4 && id[2] == 0 && id[3] == 1;
            boolean hasAddress = id.length == 14 && id[1] == 1 || id.length == 10 && id[1] == 3;
            return isEthernet && hasAddress
                    ? Optional.of(MacAddress.of(Arrays.copyOfRange(id, id.length - 6, id.length)))
                    : Optional.empty();
        } catch (IllegalArgumentException _) {
            return Optional.empty();
        }
    }

    /// The line of a host file: `mac[,ipv4][,[ipv6]][,name]`.
    static String render(StaticHost host) {
        StringBuilder line = new StringBuilder(host.mac().text());
        host.ipv4().ifPresent(address -> line.append(',').append(IpNetwork.text(address)));
        host.ipv6()
                .ifPresent(
                        address -> line.append(",[").append(IpNetwork.text(address)).append(']'));
        host.dnsName().ifPresent(name -> line.append(',').append(name));
        return line.append('\n').toString();
    }

    /// The addresses that a host file keeps.
    static List<Lease> parseHost(String text) {
        List<Lease> leases = new ArrayList<>();
        for (String line : text.lines().toList()) {
            String[] fields = line.strip().split(",");
            Optional<MacAddress> mac = MacAddress.parse(fields[0]);
            List<InetAddress> addresses = new ArrayList<>();
            String name = "";
            for (int i = 1; i < fields.length; i++) {
                Optional<InetAddress> address =
                        IpNetwork.parseAddress(fields[i].replaceAll("[\\[\\]]", ""));
                address.ifPresent(addresses::add);
                name = address.isEmpty() ? fields[i] : name;
            }
            for (InetAddress address : addresses) {
                leases.add(new Lease(name, mac, address, Lease.Kind.STATIC));
            }
        }
        return leases;
    }

    /// The address that a card gives itself in a /64 with the modified EUI-64 scheme; RFC 4291
    /// appendix A. Empty for other prefixes, where nobody does that.
    public static Optional<InetAddress> eui64(IpNetwork network, MacAddress mac) {
        if (!network.isV6() || network.prefix() != 64) {
            return Optional.empty();
        }
        byte[] address = network.network().address().getAddress();
        byte[] m = mac.bytes();
        byte[] id = {(byte) (m[0] ^ 2), m[1], m[2], (byte) 0xff, (byte) 0xfe, m[3], m[4], m[5]};
        System.arraycopy(id, 0, address, 8, 8);
        return Optional.of(IpNetwork.ofBytes(address));
    }
}
