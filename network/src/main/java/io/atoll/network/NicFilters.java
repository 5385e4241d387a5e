package io.atoll.network;

import io.atoll.base.json.Json;
import io.atoll.linux.Nftables;
import io.atoll.linux.net.IpNetwork;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;
import java.util.stream.Collectors;

/// Anti-spoofing rules of instances' network cards: the table `bridge atoll`. Frames find the rules
/// of their card through a map by interface, so a thousand filtered cards cost a frame no more than
/// one.
public final class NicFilters {
    private static final String TABLE = "bridge atoll";
    private static final String CARDS = "cards";

    /// Before the key in a chain's name, which must begin with a letter.
    private static final String CHAIN = "nic.";

    /// One change at a time: whether the table can go is read before it is written; leaf lock.
    private static final ReentrantLock LOCK = new ReentrantLock();

    private NicFilters() {}

    /// The rules of one card, in nft's words; pure. The first that matches decides; what none drops
    /// passes.
    static List<String> rules(NicFilter filter) {
        List<String> rules = new ArrayList<>();
        if (!filter.mayTag()) {
            // Rules about addresses do not see behind a tag everywhere.
            rules.add("ether type { 8021q, 8021ad } drop");
        }
        if (filter.filtersMac()) {
            addMac(rules, filter);
        }
        filter.ipv4().ifPresent(addresses -> addIpv4(rules, addresses));
        filter.ipv6().ifPresent(addresses -> addIpv6(rules, filter, addresses));
        if (filter.ipv4().isPresent() && filter.ipv6().isPresent()) {
            // With both families filtered anything else could only be a way around.
            rules.add("ether type != { arp, ip, ip6 } drop");
        }
        return rules;
    }

    private static void addMac(List<String> rules, NicFilter filter) {
        String mac = filter.mac().text();
        String raw = "0x" + mac.replace(":", "");
        rules.add("ether saddr != " + mac + " drop");
        rules.add("arp saddr ether != " + mac + " drop");
        // DHCP gives an address to the hardware address that the message names; RFC 2131 section 2.
        rules.add("ip protocol udp udp dport 67 @th,288,48 != " + raw + " drop");
        addDiscovery(rules, raw);
    }

    /// The link-layer addresses that IPv6 hosts tell each other in options; RFC 4861 section 4.
    /// Receivers take the first option of a kind wherever it stands, so it must stand first.
    private static void addDiscovery(List<String> rules, String mac) {
        String advert = "icmpv6 type nd-neighbor-advert ";
        rules.add(advert + "@th,192,8 != 2 drop");
        rules.add(advert + "@th,208,48 != " + mac + " drop");
        // While an address is tried, a number to know one's own question by stands there, alone;
        // RFC 7527.
        String solicit = "icmpv6 type nd-neighbor-solicit ";
        rules.add(solicit + "@th,192,8 != { 1, 14 } drop");
        rules.add(solicit + "@th,192,8 1 @th,208,48 != " + mac + " drop");
        rules.add(solicit + "@th,192,16 != { 0x0101, 0x0e01 } drop");
        rules.add(solicit + "@th,192,8 14 @th,256,8 != 0 drop");
        String router = "icmpv6 type nd-router-solicit ";
        rules.add(router + "@th,64,8 != 1 drop");
        rules.add(router + "@th,80,48 != " + mac + " drop");
    }

    private static void addIpv4(List<String> rules, List<IpNetwork> addresses) {
        if (addresses.isEmpty()) {
            rules.add("ether type { arp, ip } drop");
            return;
        }
        String set = set(addresses);
        rules.add("arp saddr ip != " + set + " drop");
        // Only the bridge gives out addresses here.
        rules.add("ip protocol udp udp sport 67 drop");
        rules.add("ip saddr 0.0.0.0 ip daddr 255.255.255.255 udp dport 67 accept");
        rules.add("ip saddr != " + set + " drop");
    }

    private static void addIpv6(List<String> rules, NicFilter filter, List<IpNetwork> addresses) {
        if (addresses.isEmpty()) {
            rules.add("ether type ip6 drop");
            return;
        }
        List<IpNetwork> all = new ArrayList<>(addresses);
        IpNetwork linkLocal = IpNetwork.parse("fe80::/64").orElseThrow();
        Leases.eui64(linkLocal, filter.mac()).ifPresent(own -> all.add(new IpNetwork(own, 128)));
        // Only the bridge is a router here, and gives out addresses.
        rules.add("icmpv6 type nd-router-advert drop");
        rules.add("ip6 nexthdr udp udp sport 547 drop");
        // The target of an advertisement, which is not its source.
        rules.add("icmpv6 type nd-neighbor-advert @th,64,128 != " + ranges(all) + " drop");
        rules.add("ip6 saddr fe80::/10 ip6 daddr ff02::1:2 udp sport 546 udp dport 547 accept");
        // Searching for duplicates comes from no address, and so do reports about groups on the
        // way.
        rules.add(
                "ip6 saddr :: icmpv6 type { nd-neighbor-solicit, nd-router-solicit, mld2-listener-report } accept");
        rules.add("ip6 saddr != " + set(all) + " drop");
    }

    /// Networks as a set of numbers.
    private static String ranges(List<IpNetwork> networks) {
        return networks.stream()
                .map(IpNetwork::network)
                .map(n ->
                        n.prefix() == 128
                                ? hex(n.address())
                                : hex(n.address()) + "-" + hex(n.last()))
                .distinct()
                .collect(Collectors.joining(", ", "{ ", " }"));
    }

    private static String hex(InetAddress address) {
        return "0x" + HexFormat.of().formatHex(address.getAddress());
    }

    private static String set(List<IpNetwork> networks) {
        return networks.stream()
                .map(IpNetwork::network)
                .map(n ->
                        n.prefix() == (n.isV6() ? 128 : 32)
                                ? IpNetwork.text(n.address())
                                : n.toString())
                .distinct()
                .collect(Collectors.joining(", ", "{ ", " }"));
    }

    /// The transaction that puts the rules of one card in place of what was there for it; pure.
    static String render(NicFilter filter) {
        StringBuilder text = new StringBuilder();
        text.append("add table ").append(TABLE).append('\n');
        text.append("add map ")
                .append(TABLE)
                .append(' ')
                .append(CARDS)
                .append(" { type ifname : verdict; }\n");
        for (String hook : List.of("input", "forward")) {
            String chain = TABLE + " " + hook;
            text.append("add chain ").append(chain);
            text.append(" { type filter hook ")
                    .append(hook)
                    .append(" priority -200; policy accept; }\n");
            text.append("flush chain ").append(chain).append('\n');
            text.append("add rule ")
                    .append(chain)
                    .append(" iifname vmap @")
                    .append(CARDS)
                    .append('\n');
        }
        String own = TABLE + " " + CHAIN + filter.key();
        text.append("add chain ").append(own).append("\nflush chain ").append(own).append('\n');
        for (String rule : rules(filter)) {
            text.append("add rule ").append(own).append(' ').append(rule).append('\n');
        }
        return text.toString();
    }

    private static String element(String verb, String hostInterface, String key) {
        return verb
                + " element "
                + TABLE
                + " "
                + CARDS
                + " { \""
                + hostInterface
                + "\" : jump "
                + CHAIN
                + key
                + " }\n";
    }

    /// Makes the rules of a card hold, in place of what held for it before.
    public static void put(NicFilter filter) {
        if (filter.isEmpty()) {
            remove(filter.key());
            return;
        }
        LOCK.lock();
        try {
            StringBuilder stale = new StringBuilder();
            for (Card card : cards()) {
                if (card.key().equals(filter.key())
                        || card.hostInterface().equals(filter.hostInterface())) {
                    stale.append(element("delete", card.hostInterface(), card.key()));
                }
            }
            Nftables.run(
                    stale + render(filter) + element("add", filter.hostInterface(), filter.key()));
        } finally {
            LOCK.unlock();
        }
    }

    /// Removes the rules of a card, and the table with the last one. None is fine.
    public static void remove(String key) {
        StaticHost.checkKey(key);
        LOCK.lock();
        try {
            List<Card> cards = cards();
            List<Card> own = cards.stream().filter(card -> card.key().equals(key)).toList();
            if (own.isEmpty()) {
                return;
            }
            if (own.size() == cards.size()) {
                Nftables.run("delete table " + TABLE + "\n");
                return;
            }
            StringBuilder text = new StringBuilder();
            own.forEach(card -> text.append(element("delete", card.hostInterface(), key)));
            String chain = TABLE + " " + CHAIN + key;
            Nftables.run(text + "flush chain " + chain + "\ndelete chain " + chain + "\n");
        } finally {
            LOCK.unlock();
        }
    }

    /// The cards that have rules now.
    public static List<String> keys() {
        return cards().stream().map(Card::key).toList();
    }

    private record Card(String hostInterface, String key) {}

    private static List<Card> cards() {
        if (!Nftables.hasTable(Nftables.Family.BRIDGE, "atoll")) {
            return List.of();
        }
        String answer;
        try {
            answer = Nftables.runForJson("list map " + TABLE + " " + CARDS);
        } catch (Nftables.RulesetRefused _) {
            return List.of();
        }
        List<Card> cards = new ArrayList<>();
        for (Json entry : Json.parse(answer).get("nftables").asList()) {
            for (Json element : entry.get("map").get("elem").asList()) {
                List<Json> pair = element.asList();
                String target = pair.get(1).get("jump").get("target").asString();
                cards.add(new Card(pair.getFirst().asString(), target.substring(CHAIN.length())));
            }
        }
        return cards;
    }
}
