package io.atoll.network;

import io.atoll.base.json.Json;
import io.atoll.linux.Nftables;
import io.atoll.linux.net.IpNetwork;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;

/// The packet filter rules of all bridges: one table `inet atoll` of ours, with chains per network.
/// Rules are data first and one transaction then, so that traffic never meets a half-made set.
public final class Firewall {
    static final String TABLE = "inet atoll";

    /// Docker drops what it does not know and lets others have their say here, before its own
    /// rules.
    private static final String DOCKER_CHAIN = "ip filter DOCKER-USER";

    /// Where the user's own rules of ufw about what passes the host are.
    private static final String UFW_CHAIN = "ip filter ufw-user-forward";

    private static final String COMMENT = "atoll ";

    /// Only one change at a time, because the rules of others are first read and then changed; leaf
    /// lock.
    static final ReentrantLock LOCK = new ReentrantLock();

    /// A chain and what is in it.
    ///
    /// @param hook its type, hook, priority and policy in nft's words
    /// @param rules in nft's words; none means that the chain is removed
    record Chain(String name, String hook, List<String> rules) {
        Chain {
            rules = List.copyOf(rules);
        }
    }

    private Firewall() {}

    /// The chains of a bridge; pure.
    static List<Chain> chains(BridgeConfig config) {
        String name = config.name();
        return List.of(
                chain("pstrt." + name, natHook(config), nat(config)),
                chain(
                        "fwd." + name,
                        "type filter hook forward priority filter; policy accept;",
                        forward(config)),
                chain(
                        "in." + name,
                        "type filter hook input priority filter; policy accept;",
                        input(config)),
                chain(
                        "out." + name,
                        "type filter hook output priority filter; policy accept;",
                        output(config)));
    }

    private static Chain chain(String name, String hook, List<String> rules) {
        return new Chain(name, hook, rules);
    }

    private static String natHook(BridgeConfig config) {
        boolean isBefore = config.ipv4().natBefore() || config.ipv6().natBefore();
        return "type nat hook postrouting priority srcnat"
                + (isBefore ? " - 10" : "")
                + "; policy accept;";
    }

    private static List<String> nat(BridgeConfig config) {
        List<String> rules = new ArrayList<>();
        addNat(rules, "ip", config.ipv4());
        addNat(rules, "ip6", config.ipv6());
        return rules;
    }

    private static void addNat(List<String> rules, String family, IpSettings ip) {
        if (ip.address().isEmpty() || !ip.nat()) {
            return;
        }
        String network = ip.address().get().network().toString();
        String verdict =
                ip.natAddress()
                        .map(a -> "snat " + family + " to " + IpNetwork.text(a))
                        .orElse("masquerade");
        rules.add(
                family
                        + " saddr "
                        + network
                        + " "
                        + family
                        + " daddr != "
                        + network
                        + " "
                        + verdict);
    }

    private static List<String> forward(BridgeConfig config) {
        List<String> rules = new ArrayList<>();
        addForward(rules, "ip version 4", config.ipv4(), config.name());
        addForward(rules, "ip6 version 6", config.ipv6(), config.name());
        return rules;
    }

    private static void addForward(List<String> rules, String family, IpSettings ip, String name) {
        if (ip.address().isEmpty() || !ip.firewall()) {
            return;
        }
        String verdict = ip.routing() ? " accept" : " reject";
        rules.add(family + " oifname \"" + name + "\"" + verdict);
        rules.add(family + " iifname \"" + name + "\"" + verdict);
    }

    /// What instances may ask of the bridge itself: names, addresses, and what IP cannot do
    /// without.
    private static List<String> input(BridgeConfig config) {
        return services(
                config,
                "iifname",
                "dport",
                "nd-router-solicit, nd-neighbor-solicit, nd-neighbor-advert");
    }

    private static List<String> output(BridgeConfig config) {
        return services(
                config,
                "oifname",
                "sport",
                "echo-request, nd-router-advert, nd-neighbor-solicit, nd-neighbor-advert");
    }

    private static List<String> services(
            BridgeConfig config, String interfaceWord, String port, String discovery) {
        String match = interfaceWord + " \"" + config.name() + "\" ";
        boolean hasV4 = config.ipv4().address().isPresent() && config.ipv4().firewall();
        boolean hasV6 = config.ipv6().address().isPresent() && config.ipv6().firewall();
        List<String> rules = new ArrayList<>();
        if ((hasV4 || hasV6) && config.dnsMode() != DnsMode.NONE) {
            rules.add(match + "tcp " + port + " 53 accept");
            rules.add(match + "udp " + port + " 53 accept");
        }
        if (hasV4) {
            rules.add(
                    match
                            + "icmp type { destination-unreachable, time-exceeded, parameter-problem } accept");
            if (config.ipv4().dhcp()) {
                rules.add(match + "udp " + port + " 67 accept");
            }
        }
        if (hasV6) {
            rules.add(
                    match
                            + "icmpv6 type { destination-unreachable, packet-too-big, time-exceeded, parameter-problem, "
                            + discovery
                            + ", mld2-listener-report } accept");
            if (config.ipv6().dhcp()) {
                rules.add(match + "udp " + port + " 547 accept");
            }
        }
        return rules;
    }

    /// The transaction that makes these chains hold exactly these rules, whatever they held before;
    /// pure.
    static String render(List<Chain> chains) {
        StringBuilder text = new StringBuilder("add table " + TABLE + "\n");
        for (Chain chain : chains) {
            String id = TABLE + " " + chain.name();
            // Adding first makes the rest right whether the chain was there or not; deleting it too
            // lets a chain come
            // back with another priority.
            text.append("add chain ").append(id).append('\n');
            text.append("flush chain ").append(id).append('\n');
            text.append("delete chain ").append(id).append('\n');
            if (chain.rules().isEmpty()) {
                continue;
            }
            text.append("add chain ").append(id).append(" { ").append(chain.hook()).append(" }\n");
            for (String rule : chain.rules()) {
                text.append("add rule ").append(id).append(' ').append(rule).append('\n');
            }
        }
        return text.toString();
    }

    /// Runs the transaction that makes chains hold, unless there is nothing to do: none of them has
    /// a rule, and none is there. A transaction waits until all processors have seen it.
    static void run(List<Chain> chains, String transaction) {
        LOCK.lock();
        try {
            boolean isWanted = chains.stream().anyMatch(chain -> !chain.rules().isEmpty());
            if (isWanted || chains.stream().anyMatch(Firewall::isThere)) {
                Nftables.run(transaction);
            }
        } finally {
            LOCK.unlock();
        }
    }

    private static boolean isThere(Chain chain) {
        return Nftables.hasChain(Nftables.Family.INET, "atoll", chain.name());
    }

    /// Makes the rules of a bridge hold, in place of what held for it before. Blocks for
    /// milliseconds.
    public static void apply(BridgeConfig config) {
        LOCK.lock();
        try {
            Nftables.run(
                    render(chains(config)) + besideDocker(config.name(), isForwarding(config)));
        } finally {
            LOCK.unlock();
        }
    }

    /// Removes the rules of a bridge, and the table with the last one. None is fine.
    public static void remove(String network) {
        LOCK.lock();
        try {
            List<Chain> none =
                    List.of("pstrt.", "fwd.", "in.", "out.").stream()
                            .map(prefix -> new Chain(prefix + network, "", List.of()))
                            .toList();
            String table = isOnlyUser(none) ? "delete table " + TABLE + "\n" : "";
            Nftables.run(render(none) + besideDocker(network, false) + table);
        } finally {
            LOCK.unlock();
        }
    }

    private static boolean isOnlyUser(List<Chain> chains) {
        List<String> names = chains.stream().map(Chain::name).toList();
        for (Json entry : list("list chains inet")) {
            Json chain = entry.get("chain");
            boolean isOurs = chain.get("table").asString().equals("atoll");
            if (isOurs && !names.contains(chain.get("name").asString())) {
                return false;
            }
        }
        return true;
    }

    /// Whether the rules of a bridge are there, ours and those in Docker's chain: others replace
    /// the whole set when they load theirs, and Docker makes its chain when it starts.
    public static boolean holds(BridgeConfig config) {
        List<String> wanted =
                chains(config).stream()
                        .filter(chain -> !chain.rules().isEmpty())
                        .map(Chain::name)
                        .toList();
        List<String> present =
                list("list chains inet").stream()
                        .map(entry -> entry.get("chain"))
                        .filter(chain -> chain.get("table").asString().equals("atoll"))
                        .map(chain -> chain.get("name").asString())
                        .toList();
        return present.containsAll(wanted)
                && (!isForwarding(config)
                        || inDocker(config.name()).filter(count -> count < 2).isEmpty());
    }

    /// How many rules of a bridge are in Docker's chain; empty without such a chain.
    private static Optional<Long> inDocker(String network) {
        try {
            return Optional.of(
                    list("list chain " + DOCKER_CHAIN).stream()
                            .filter(e ->
                                    e.get("rule")
                                            .get("comment")
                                            .asString()
                                            .equals(COMMENT + network))
                            .count());
        } catch (Nftables.RulesetRefused _) {
            return Optional.empty();
        }
    }

    private static boolean isForwarding(BridgeConfig config) {
        return config.ipv4().address().isPresent()
                && config.ipv4().firewall()
                && config.ipv4().routing();
    }

    /// What there is to know of programs beside us that filter too, in sentences.
    public static List<String> neighbours(BridgeConfig config) {
        List<String> out = new ArrayList<>();
        if (inDocker(config.name()).filter(count -> count > 0).isPresent()) {
            out.add("rules in Docker's chain DOCKER-USER let its traffic through");
        }
        try {
            boolean isKnown =
                    list("list chain " + UFW_CHAIN).stream()
                            .anyMatch(e -> e.render().contains("\"" + config.name() + "\""));
            out.add(
                    isKnown
                            ? "ufw has rules for it"
                            : "ufw has no rule for it and may drop its traffic: ufw allow in on "
                                    + config.name()
                                    + ", ufw route allow in on "
                                    + config.name()
                                    + ", ufw route allow out on "
                                    + config.name());
        } catch (Nftables.RulesetRefused _) {
            // No ufw.
        }
        return out;
    }

    /// Commands that replace our rules in Docker's chain, if it has one.
    private static String besideDocker(String network, boolean isWanted) {
        List<Json> entries;
        try {
            entries = list("list chain " + DOCKER_CHAIN);
        } catch (Nftables.RulesetRefused _) {
            return "";
        }
        StringBuilder text = new StringBuilder();
        for (Json entry : entries) {
            Json rule = entry.get("rule");
            if (rule.get("comment").asString().equals(COMMENT + network)) {
                text.append("delete rule " + DOCKER_CHAIN + " handle ");
                text.append(rule.get("handle").asLong()).append('\n');
            }
        }
        if (isWanted) {
            for (String word : List.of("iifname", "oifname")) {
                text.append("insert rule ").append(DOCKER_CHAIN).append(' ').append(word);
                text.append(" \"").append(network).append("\" accept comment \"").append(COMMENT);
                text.append(network).append("\"\n");
            }
        }
        return text.toString();
    }

    private static List<Json> list(String command) {
        return Json.parse(Nftables.runForJson(command)).get("nftables").asList();
    }
}
