package io.atoll.network;

import io.atoll.base.InvalidConfigException;
import io.atoll.linux.net.IpNetwork;
import io.atoll.linux.net.MacAddress;
import java.math.BigInteger;
import java.net.InetAddress;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/// Chooses an address of a network for a card; pure.
final class FreeAddress {
    /// How many addresses are looked at in one range; a network with more taken ones than this in a
    /// row counts as full.
    private static final int TRIES_MAX = 1 << 16;

    private FreeAddress() {}

    /// The address the card has a lease of, or gives itself in an IPv6 network of the usual size,
    /// or the first that nobody has.
    ///
    /// @param leases all addresses of the network that are taken
    /// @throws InvalidConfigException if none is free
    static InetAddress choose(
            IpSettings settings, MacAddress card, List<Lease> leases, String network) {
        IpNetwork own = settings.address().orElseThrow();
        Set<String> taken = new HashSet<>();
        for (Lease lease : leases) {
            boolean isOwn = lease.mac().equals(Optional.of(card));
            boolean isFamily = (lease.address().getAddress().length == 16) == own.isV6();
            if (isOwn && isFamily) {
                return lease.address();
            }
            taken.add(IpNetwork.text(lease.address()));
        }
        Optional<InetAddress> computed = Leases.eui64(own, card);
        if (computed.isPresent()) {
            return computed.get();
        }
        for (IpRange range : ranges(settings, own)) {
            BigInteger at = IpNetwork.toNumber(range.first());
            BigInteger last = IpNetwork.toNumber(range.last());
            for (int i = 0; i < TRIES_MAX && at.compareTo(last) <= 0; i++) {
                InetAddress address = address(at, own.isV6());
                if (!taken.contains(IpNetwork.text(address))) {
                    return address;
                }
                at = at.add(BigInteger.ONE);
            }
        }
        throw new InvalidConfigException("Network \"" + network + "\" has no free address");
    }

    private static List<IpRange> ranges(IpSettings settings, IpNetwork own) {
        if (!settings.ranges().isEmpty()) {
            return settings.ranges();
        }
        BigInteger first = IpNetwork.toNumber(own.network().address()).add(BigInteger.ONE);
        BigInteger last = IpNetwork.toNumber(own.last()).subtract(BigInteger.ONE);
        return List.of(new IpRange(address(first, own.isV6()), address(last, own.isV6())));
    }

    private static InetAddress address(BigInteger number, boolean isV6) {
        byte[] raw = number.toByteArray();
        byte[] address = new byte[isV6 ? 16 : 4];
        for (int i = 0; i < Math.min(raw.length, address.length); i++) {
            address[address.length - 1 - i] = raw[raw.length - 1 - i];
        }
        return IpNetwork.ofBytes(address);
    }
}
