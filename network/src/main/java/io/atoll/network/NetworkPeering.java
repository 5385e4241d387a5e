package io.atoll.network;

import io.atoll.linux.net.IpNetwork;
import java.util.ArrayList;
import java.util.List;

/// Bridges that are joined: what goes from the one to the other keeps its own address, although
/// either hides behind the host's for everyone else. The host has the routes already.
///
/// A chain of the table `inet atoll` that sees connections before those of the bridges do rewrites
/// their address to what it is: no other chain is asked then. To accept would only end this chain.
public final class NetworkPeering {
    private static final String NAT = "peerpstrt.";

    private NetworkPeering() {}

    /// One direction between two networks of the same family.
    public record Way(IpNetwork from, IpNetwork to) {}

    /// The chains of a network; pure. Without ways they have no rules, which removes them.
    static List<Firewall.Chain> chains(String network, List<Way> ways) {
        List<String> kept = new ArrayList<>();
        for (Way way : ways) {
            String family = way.from().isV6() ? "ip6" : "ip";
            String match = family + " saddr " + way.from() + " " + family + " daddr " + way.to();
            kept.add(match + " snat " + family + " to " + family + " saddr");
        }
        return List.of(
                new Firewall.Chain(
                        NAT + network,
                        "type nat hook postrouting priority srcnat - 20; policy accept;",
                        kept));
    }

    /// Makes the ways of a network hold, in place of those that held before.
    public static void apply(String network, List<Way> ways) {
        InterfaceNames.check(network);
        List<Firewall.Chain> chains = chains(network, ways);
        Firewall.run(chains, Firewall.render(chains));
    }
}
