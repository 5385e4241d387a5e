package io.atoll.network;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/// Which traffic may pass the edge of a bridge. Between the instances of one bridge nothing is
/// looked at. Chains of the table `inet atoll`, four for each bridge.
///
/// Answers to what was let through once are always let through, and so are the bridge's own
/// services, without which no instance has an address.
public final class AccessControl {
    private static final List<String> PREFIXES = List.of("aclin.", "aclout.", "aclfwd.", "acl.");

    /// What the kernel's log says before a packet.
    static final String LOG = "atoll-acl ";

    private AccessControl() {}

    /// What holds where no rule says otherwise.
    public record Fallback(AccessRule.Action action, boolean isLogged) {}

    /// All rules of a bridge.
    public record Policy(List<AccessRule> rules, Fallback ingress, Fallback egress) {
        public Policy {
            rules = List.copyOf(rules);
        }
    }

    /// The chains of a bridge; pure. Without a policy they have no rules, which removes them.
    static List<Firewall.Chain> chains(String network, Optional<Policy> policy) {
        if (policy.isEmpty()) {
            return PREFIXES.stream()
                    .map(prefix -> new Firewall.Chain(prefix + network, "", List.of()))
                    .toList();
        }
        String in = "iifname \"" + network + "\" ";
        String out = "oifname \"" + network + "\" ";
        String jump = "jump acl." + network;
        return List.of(
                new Firewall.Chain("acl." + network, "", rules(network, policy.get())),
                new Firewall.Chain(
                        "aclin." + network,
                        hook("input"),
                        List.of(
                                in + "tcp dport 53 accept",
                                in + "udp dport { 53, 67, 547 } accept",
                                in + discovery("nd-router-solicit"),
                                in + jump)),
                new Firewall.Chain(
                        "aclout." + network,
                        hook("output"),
                        List.of(
                                out + "tcp sport 53 accept",
                                out + "udp sport { 53, 67, 547 } accept",
                                out + discovery("nd-router-advert"),
                                out + jump)),
                new Firewall.Chain(
                        "aclfwd." + network, hook("forward"), List.of(in + jump, out + jump)));
    }

    private static String hook(String name) {
        return "type filter hook " + name + " priority filter; policy accept;";
    }

    private static String discovery(String more) {
        return "icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert, mld2-listener-report, "
                + more
                + " } accept";
    }

    private static List<String> rules(String network, Policy policy) {
        List<String> out = new ArrayList<>();
        out.add("ct state established,related accept");
        policy.rules().stream()
                .sorted(Comparator.comparing(AccessRule::action))
                .forEach(rule -> add(out, network, rule));
        fallback(out, network, true, policy.ingress());
        fallback(out, network, false, policy.egress());
        return out;
    }

    private static void fallback(
            List<String> out, String network, boolean isIngress, Fallback fallback) {
        add(
                out,
                network,
                new AccessRule(
                        isIngress,
                        fallback.action(),
                        fallback.isLogged(),
                        "default",
                        Optional.empty(),
                        Optional.empty(),
                        new AccessRule.Traffic.Any()));
    }

    private static String side(String network, boolean isIngress) {
        return (isIngress ? "oifname" : "iifname") + " \"" + network + "\" ";
    }

    private static void add(List<String> out, String network, AccessRule rule) {
        for (Optional<Boolean> isV6 : families(rule)) {
            String match =
                    side(network, rule.isIngress())
                            + subjects(rule.sources(), "saddr", isV6)
                            + subjects(rule.destinations(), "daddr", isV6)
                            + traffic(rule.traffic());
            if (rule.isLogged()) {
                out.add(match + "log prefix \"" + prefix(network, rule) + "\"");
            }
            verdict(out, match, rule);
        }
    }

    private static String prefix(String network, AccessRule rule) {
        String side = rule.isIngress() ? " ingress " : " egress ";
        return LOG + network + side + rule.name() + ": ";
    }

    private static void verdict(List<String> out, String match, AccessRule rule) {
        switch (rule.action()) {
            case DROP -> out.add(match + "drop");
            case ALLOW -> out.add(match + "accept");
            case REJECT -> reject(out, match, rule.traffic());
        }
    }

    /// The way of saying no that is not only for TCP is limited to a few a second for each host.
    private static void reject(List<String> out, String match, AccessRule.Traffic traffic) {
        switch (traffic) {
            case AccessRule.Traffic.Any _ -> {
                out.add(match + "meta l4proto tcp reject with tcp reset");
                out.add(match + "meta l4proto != tcp reject");
            }
            case AccessRule.Traffic.Ports ports ->
                    out.add(match + (ports.isTcp() ? "reject with tcp reset" : "reject"));
            case AccessRule.Traffic.Icmp _ -> out.add(match + "reject");
        }
    }

    /// Addresses of both families need a rule each; without any there is one for both. A rule whose
    /// sides have no family in common matches nothing.
    private static List<Optional<Boolean>> families(AccessRule rule) {
        if (rule.sources().isEmpty() && rule.destinations().isEmpty()) {
            return List.of(Optional.empty());
        }
        List<Optional<Boolean>> out = new ArrayList<>();
        for (boolean isV6 : new boolean[] {false, true}) {
            boolean isWrong =
                    rule.traffic() instanceof AccessRule.Traffic.Icmp icmp && icmp.isV6() != isV6;
            if (!isWrong && has(rule.sources(), isV6) && has(rule.destinations(), isV6)) {
                out.add(Optional.of(isV6));
            }
        }
        return out;
    }

    private static boolean has(Optional<List<AccessRule.Subject>> subjects, boolean isV6) {
        return subjects.isEmpty() || subjects.get().stream().anyMatch(s -> s.isV6() == isV6);
    }

    private static String subjects(
            Optional<List<AccessRule.Subject>> subjects, String side, Optional<Boolean> isV6) {
        if (subjects.isEmpty() || isV6.isEmpty()) {
            return "";
        }
        return subjects.get().stream()
                .filter(s -> s.isV6() == isV6.get())
                .map(AccessRule.Subject::text)
                .distinct()
                .collect(
                        Collectors.joining(
                                ", ", (isV6.get() ? "ip6 " : "ip ") + side + " { ", " } "));
    }

    private static String traffic(AccessRule.Traffic traffic) {
        return switch (traffic) {
            case AccessRule.Traffic.Any _ -> "";
            case AccessRule.Traffic.Ports ports -> ports(ports);
            case AccessRule.Traffic.Icmp icmp -> icmp(icmp);
        };
    }

    private static String ports(AccessRule.Traffic.Ports ports) {
        String protocol = ports.isTcp() ? "tcp" : "udp";
        if (ports.from().isEmpty() && ports.to().isEmpty()) {
            return "meta l4proto " + protocol + " ";
        }
        return ports(protocol + " sport", ports.from()) + ports(protocol + " dport", ports.to());
    }

    private static String ports(String what, List<AccessRule.PortRange> ranges) {
        return ranges.isEmpty()
                ? ""
                : ranges.stream()
                        .map(AccessRule.PortRange::text)
                        .collect(Collectors.joining(", ", what + " { ", " } "));
    }

    private static String icmp(AccessRule.Traffic.Icmp icmp) {
        String protocol = icmp.isV6() ? "icmpv6" : "icmp";
        if (icmp.type().isEmpty()) {
            return icmp.isV6() ? "meta l4proto ipv6-icmp " : "meta l4proto icmp ";
        }
        String type = protocol + " type " + icmp.type().getAsInt() + " ";
        return icmp.code().isEmpty()
                ? type
                : type + protocol + " code " + icmp.code().getAsInt() + " ";
    }

    /// The transaction that makes the policy of a bridge hold; pure. Chains that jump go first and
    /// come last.
    static String render(String network, Optional<Policy> policy) {
        StringBuilder text = new StringBuilder("add table " + Firewall.TABLE + "\n");
        for (String prefix : PREFIXES) {
            String id = Firewall.TABLE + " " + prefix + network;
            text.append("add chain ").append(id).append('\n');
            text.append("flush chain ").append(id).append('\n');
        }
        for (String prefix : PREFIXES) {
            text.append("delete chain " + Firewall.TABLE + " " + prefix + network + "\n");
        }
        for (Firewall.Chain chain : chains(network, policy)) {
            String id = Firewall.TABLE + " " + chain.name();
            if (chain.rules().isEmpty()) {
                continue;
            }
            text.append("add chain ").append(id);
            text.append(chain.hook().isEmpty() ? "\n" : " { " + chain.hook() + " }\n");
            chain.rules().forEach(rule -> text.append("add rule " + id + " " + rule + "\n"));
        }
        return text.toString();
    }

    /// Makes the policy of a bridge hold, in place of the one that held before.
    ///
    /// @param policy empty: everything may pass
    public static void apply(String network, Optional<Policy> policy) {
        InterfaceNames.check(network);
        Firewall.run(chains(network, policy), render(network, policy));
    }
}
