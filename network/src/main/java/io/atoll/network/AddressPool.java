package io.atoll.network;

import io.atoll.base.UnavailableException;
import io.atoll.linux.net.IpNetwork;
import io.atoll.linux.net.LinkAddress;
import io.atoll.linux.net.Netlink;
import io.atoll.linux.net.Route;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.random.RandomGenerator;

/// Chooses networks that nobody uses: random, so that two hosts rarely choose the same.
public final class AddressPool {
    /// How often another one is tried.
    private static final int TRIES_MAX = 1000;

    private final RandomGenerator random;
    private final List<IpNetwork> taken;

    /// @param taken networks that must not be overlapped
    public AddressPool(RandomGenerator random, Collection<IpNetwork> taken) {
        this.random = random;
        this.taken = List.copyOf(taken);
    }

    /// What the host uses now: its addresses and where it has routes to, the default route left
    /// out.
    public static List<IpNetwork> ofHost(Netlink netlink) {
        List<IpNetwork> used = new ArrayList<>();
        netlink.addresses().stream().map(LinkAddress::address).forEach(used::add);
        netlink.routes().stream()
                .map(Route::destination)
                .filter(d -> d.prefix() > 0)
                .forEach(used::add);
        return used;
    }

    /// `10.x.y.1/24`.
    ///
    /// @throws UnavailableException if none is free
    public IpNetwork ipv4() {
        for (int i = 0; i < TRIES_MAX; i++) {
            byte[] bytes = {10, (byte) random.nextInt(256), (byte) random.nextInt(256), 1};
            IpNetwork candidate = new IpNetwork(IpNetwork.ofBytes(bytes), 24);
            if (isFree(candidate)) {
                return candidate;
            }
        }
        throw new UnavailableException(
                "Failed to automatically find an unused IPv4 subnet, manual configuration required");
    }

    /// `fd42:x:y:z::1/64`.
    ///
    /// @throws UnavailableException if none is free
    public IpNetwork ipv6() {
        for (int i = 0; i < TRIES_MAX; i++) {
            byte[] bytes = new byte[16];
            random.nextBytes(bytes);
            bytes[0] = (byte) 0xfd;
            bytes[1] = 0x42;
            Arrays.fill(bytes, 8, 15, (byte) 0);
            bytes[15] = 1;
            IpNetwork candidate = new IpNetwork(IpNetwork.ofBytes(bytes), 64);
            if (isFree(candidate)) {
                return candidate;
            }
        }
        throw new UnavailableException(
                "Failed to automatically find an unused IPv6 subnet, manual configuration required");
    }

    private boolean isFree(IpNetwork candidate) {
        return taken.stream().noneMatch(candidate::overlaps);
    }
}
