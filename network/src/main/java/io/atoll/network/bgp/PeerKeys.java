package io.atoll.network.bgp;

import io.atoll.base.InvalidConfigException;
import io.atoll.linux.TcpSocket;
import io.atoll.linux.net.IpNetwork;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;

/// Reads the keys `bgp.peers.NAME.*` of a network.
public final class PeerKeys {
    /// The largest number of an autonomous system; RFC 7300 keeps the last one.
    public static final long ASN_MAX = 4_294_967_294L;

    private static final String PREFIX = "bgp.peers.";
    private static final Set<String> FIELDS = Set.of("address", "asn", "password", "holdtime");

    private final String network;
    private final String peer;
    private final Map<String, String> fields;

    private PeerKeys(String network, String peer, Map<String, String> fields) {
        this.network = network;
        this.peer = peer;
        this.fields = fields;
    }

    /// The peers. One of which there is no address or no AS number yet is not among them, since
    /// keys are set one by one.
    ///
    /// @throws InvalidConfigException naming the network, the key and why
    public static List<BgpPeer> parse(String network, Map<String, String> config) {
        Map<String, Map<String, String>> byName = new TreeMap<>();
        config.forEach((key, value) -> {
            if (!key.startsWith(PREFIX)) {
                return;
            }
            String[] words = key.split("\\.", -1);
            if (words.length != 4 || words[2].isEmpty() || !FIELDS.contains(words[3])) {
                throw new InvalidConfigException(
                        "Invalid option for network \"" + network + "\" option \"" + key + "\"");
            }
            byName.computeIfAbsent(words[2], _ -> new TreeMap<>()).put(words[3], value);
        });
        List<BgpPeer> out = new ArrayList<>();
        Map<InetAddress, String> names = new HashMap<>();
        byName.forEach((name, fields) ->
                new PeerKeys(network, name, fields)
                        .read()
                        .ifPresent(peer -> {
                            String other = names.putIfAbsent(peer.address(), name);
                            if (other != null) {
                                throw new InvalidConfigException(
                                        "Network \""
                                                + network
                                                + "\" has the BGP peers \""
                                                + other
                                                + "\" and \""
                                                + name
                                                + "\" of one address");
                            }
                            out.add(peer);
                        }));
        return out;
    }

    private Optional<BgpPeer> read() {
        Optional<InetAddress> address = text("address").map(this::address);
        Optional<Long> asn = text("asn").map(t -> number("asn", t, 1, ASN_MAX));
        String password = text("password").orElse("");
        if (password.getBytes(StandardCharsets.UTF_8).length > TcpSocket.KEY_BYTES_MAX) {
            throw invalid("password", "At most " + TcpSocket.KEY_BYTES_MAX + " bytes are possible");
        }
        int hold =
                text("holdtime")
                        .map(t -> (int) number("holdtime", t, 9, 65_535))
                        .orElse(BgpPeer.HOLD_SECONDS);
        return address.isEmpty() || asn.isEmpty()
                ? Optional.empty()
                : Optional.of(new BgpPeer(address.get(), BgpPeer.PORT, asn.get(), password, hold));
    }

    private Optional<String> text(String field) {
        return Optional.ofNullable(fields.get(field)).filter(value -> !value.isEmpty());
    }

    private InetAddress address(String text) {
        InetAddress address =
                IpNetwork.parseAddress(text)
                        .orElseThrow(
                                () -> invalid("address", "Not an IP address \"" + text + "\""));
        if (address.isAnyLocalAddress() || address.isMulticastAddress()) {
            throw invalid("address", "Not the address of a router \"" + text + "\"");
        }
        // It would be one on every interface.
        if (address.isLinkLocalAddress() && Family.of(address) == Family.IPV6) {
            throw invalid("address", "Addresses of a single link are not supported");
        }
        return address;
    }

    private long number(String field, String text, long min, long max) {
        if (!text.matches("[0-9]{1,18}")) {
            throw invalid(field, "Invalid value for an integer \"" + text + "\"");
        }
        long value = Long.parseLong(text);
        if (value < min || value > max) {
            throw invalid(
                    field,
                    "Value isn't within valid range. Must be between " + min + " and " + max);
        }
        return value;
    }

    private InvalidConfigException invalid(String field, String why) {
        return new InvalidConfigException(
                "Invalid value for network \""
                        + network
                        + "\" option \""
                        + PREFIX
                        + peer
                        + "."
                        + field
                        + "\": "
                        + why);
    }
}
