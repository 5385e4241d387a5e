package io.atoll.network;

import io.atoll.linux.net.IpNetwork;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// Address forwards of bridges: what comes to an address of the host, or one that is routed to it,
/// goes to an instance. Chains of the table `inet atoll`, three for each network.
public final class AddressForwards {
    private static final List<String> PREFIXES = List.of("fwdprert.", "fwdout.", "fwdpstrt.");

    private AddressForwards() {}

    /// All that comes to one address.
    ///
    /// @param target where goes what no port says otherwise of; empty: stays
    public record Forward(InetAddress listen, Optional<InetAddress> target, List<Port> ports) {
        public Forward {
            ports = List.copyOf(ports);
        }
    }

    /// Ports of one protocol and where they go.
    ///
    /// @param targetPorts as many as `ports`, one for all, or none for the same ones
    public record Port(
            boolean isTcp, List<Integer> ports, InetAddress target, List<Integer> targetPorts) {
        public Port {
            ports = List.copyOf(ports);
            targetPorts = List.copyOf(targetPorts);
        }
    }

    private static String family(InetAddress address) {
        return address.getAddress().length == 16 ? "ip6" : "ip";
    }

    private static String literal(InetAddress address) {
        String text = IpNetwork.text(address);
        return address.getAddress().length == 16 ? "[" + text + "]" : text;
    }

    private static List<String> rewrites(List<Forward> forwards) {
        List<String> out = new ArrayList<>();
        for (Forward forward : forwards) {
            String family = family(forward.listen());
            String match = family + " daddr " + IpNetwork.text(forward.listen()) + " ";
            for (Port port : forward.ports()) {
                for (int i = 0; i < port.ports().size(); i++) {
                    String to = literal(port.target());
                    if (!port.targetPorts().isEmpty()) {
                        int index = port.targetPorts().size() == 1 ? 0 : i;
                        to += ":" + port.targetPorts().get(index);
                    }
                    String protocol = port.isTcp() ? "tcp" : "udp";
                    out.add(
                            match
                                    + protocol
                                    + " dport "
                                    + port.ports().get(i)
                                    + " dnat "
                                    + family
                                    + " to "
                                    + to);
                }
            }
            forward.target()
                    .ifPresent(target ->
                            out.add(match + "dnat " + family + " to " + IpNetwork.text(target)));
        }
        return out;
    }

    /// An instance that reaches itself by the outer address would answer itself directly.
    private static List<String> hairpins(List<Forward> forwards) {
        List<String> out = new ArrayList<>();
        for (Forward forward : forwards) {
            List<InetAddress> targets = new ArrayList<>();
            forward.target().ifPresent(targets::add);
            forward.ports().forEach(port -> targets.add(port.target()));
            for (InetAddress target : targets.stream().distinct().toList()) {
                String family = family(target);
                String text = IpNetwork.text(target);
                out.add(
                        family
                                + " saddr "
                                + text
                                + " "
                                + family
                                + " daddr "
                                + text
                                + " masquerade");
            }
        }
        return out.stream().distinct().toList();
    }

    /// The chains of a network; pure. Without forwards they have no rules, which removes them.
    static List<Firewall.Chain> chains(String network, List<Forward> forwards) {
        return List.of(
                new Firewall.Chain(
                        PREFIXES.get(0) + network,
                        "type nat hook prerouting priority dstnat; policy accept;",
                        rewrites(forwards)),
                new Firewall.Chain(
                        PREFIXES.get(1) + network,
                        "type nat hook output priority -100; policy accept;",
                        rewrites(forwards)),
                new Firewall.Chain(
                        PREFIXES.get(2) + network,
                        "type nat hook postrouting priority srcnat; policy accept;",
                        hairpins(forwards)));
    }

    /// Makes the forwards of a network hold, in place of those that held before.
    public static void apply(String network, List<Forward> forwards) {
        InterfaceNames.check(network);
        List<Firewall.Chain> chains = chains(network, forwards);
        Firewall.run(chains, Firewall.render(chains));
    }
}
