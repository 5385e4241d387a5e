package io.atoll.network;

import io.atoll.base.json.Json;
import io.atoll.linux.Nftables;
import io.atoll.linux.net.IpNetwork;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;

/// Proxies that the kernel does by itself: packets to ports of a host's address are sent to an
/// instance's instead. Chains of the table `inet atoll`, three for each proxy.
public final class ProxyNat {
    private static final List<String> PREFIXES = List.of("prert.", "out.", "pstrt.");

    private ProxyNat() {}

    /// A proxy.
    ///
    /// @param key which one, as in [StaticHost]
    /// @param ports of `listen`
    /// @param targetPorts as many, or one for all
    public record Rule(
            String key,
            boolean isTcp,
            InetAddress listen,
            List<Integer> ports,
            InetAddress target,
            List<Integer> targetPorts) {
        public Rule {
            StaticHost.checkKey(key);
            ports = List.copyOf(ports);
            targetPorts = List.copyOf(targetPorts);
        }
    }

    private static String chain(String prefix, String key) {
        return Firewall.TABLE + " " + prefix + "nat." + key;
    }

    /// The transaction that makes a proxy hold; pure.
    static String render(Rule rule) {
        String family = rule.target().getAddress().length == 16 ? "ip6" : "ip";
        String protocol = rule.isTcp() ? "tcp" : "udp";
        List<String> rewrite = new ArrayList<>();
        List<String> hairpin = new ArrayList<>();
        String target = IpNetwork.text(rule.target());
        for (int i = 0; i < rule.ports().size(); i++) {
            int to = rule.targetPorts().get(rule.targetPorts().size() == 1 ? 0 : i);
            String address = family.equals("ip6") ? "[" + target + "]" : target;
            rewrite.add(
                    family
                            + " daddr "
                            + IpNetwork.text(rule.listen())
                            + " "
                            + protocol
                            + " dport "
                            + rule.ports().get(i)
                            + " dnat "
                            + family
                            + " to "
                            + address
                            + ":"
                            + to);
            // An instance that calls itself by the host's address would answer itself directly.
            hairpin.add(
                    family
                            + " saddr "
                            + target
                            + " "
                            + family
                            + " daddr "
                            + target
                            + " "
                            + protocol
                            + " dport "
                            + to
                            + " masquerade");
        }
        StringBuilder text = new StringBuilder("add table " + Firewall.TABLE + "\n");
        add(text, chain("prert.", rule.key()), "prerouting priority dstnat", rewrite);
        add(text, chain("out.", rule.key()), "output priority -100", rewrite);
        add(text, chain("pstrt.", rule.key()), "postrouting priority srcnat", hairpin);
        return text.toString();
    }

    private static void add(StringBuilder text, String chain, String hook, List<String> rules) {
        text.append("add chain ").append(chain).append('\n');
        text.append("flush chain ").append(chain).append('\n');
        text.append("delete chain ").append(chain).append('\n');
        text.append("add chain ").append(chain).append(" { type nat hook ").append(hook);
        text.append("; policy accept; }\n");
        rules.forEach(rule ->
                text.append("add rule ").append(chain).append(' ').append(rule).append('\n'));
    }

    /// Makes a proxy hold, in place of what held for it before.
    public static void put(Rule rule) {
        Firewall.LOCK.lock();
        try {
            Nftables.run(render(rule));
        } finally {
            Firewall.LOCK.unlock();
        }
    }

    /// Removes the rules of a proxy. None is fine.
    public static void remove(String key) {
        StaticHost.checkKey(key);
        Firewall.LOCK.lock();
        try {
            List<String> chains = chains();
            StringBuilder text = new StringBuilder();
            for (String prefix : PREFIXES) {
                if (chains.contains(prefix + "nat." + key)) {
                    text.append("delete chain ").append(chain(prefix, key)).append('\n');
                }
            }
            if (!text.isEmpty()) {
                boolean isLast = chains.size() == PREFIXES.size();
                Nftables.run(isLast ? "delete table " + Firewall.TABLE + "\n" : text.toString());
            }
        } finally {
            Firewall.LOCK.unlock();
        }
    }

    private static List<String> chains() {
        return Json.parse(Nftables.runForJson("list chains inet")).get("nftables").asList().stream()
                .map(entry -> entry.get("chain"))
                .filter(chain -> chain.get("table").asString().equals("atoll"))
                .map(chain -> chain.get("name").asString())
                .toList();
    }
}
