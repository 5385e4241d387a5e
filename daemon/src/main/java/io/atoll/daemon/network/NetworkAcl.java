package io.atoll.daemon.network;

import io.atoll.api.Wire;
import io.atoll.base.InvalidConfigException;
import io.atoll.base.json.Json;
import io.atoll.daemon.store.RecordKind;
import io.atoll.linux.net.IpNetwork;
import io.atoll.network.AccessRule;
import io.atoll.network.AccessRule.PortRange;
import io.atoll.network.AccessRule.Subject;
import io.atoll.network.AccessRule.Traffic;
import io.atoll.network.IpRange;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeSet;

/// A list of rules about traffic over the edge of bridges, as recorded, in the API's words.
record NetworkAcl(
        String name,
        String description,
        Map<String, String> config,
        List<Rule> ingress,
        List<Rule> egress) {
    static final RecordKind<NetworkAcl> KIND =
            RecordKind.of("network-acl", NetworkAcl::json, NetworkAcl::of);

    private static final int RULES_MAX = 1000;
    private static final int WORDS_MAX = 1000;

    NetworkAcl {
        config = Wire.sorted(config);
        ingress = List.copyOf(ingress);
        egress = List.copyOf(egress);
    }

    /// One rule. Absent options are empty text.
    record Rule(
            String action,
            String source,
            String destination,
            String protocol,
            String sourcePort,
            String destinationPort,
            String icmpType,
            String icmpCode,
            String description,
            String state) {
        static Rule of(Json json) {
            String state = json.get("state").asString();
            return new Rule(
                    json.get("action").asString(),
                    json.get("source").asString(),
                    json.get("destination").asString(),
                    json.get("protocol").asString(),
                    json.get("source_port").asString(),
                    json.get("destination_port").asString(),
                    json.get("icmp_type").asString(),
                    json.get("icmp_code").asString(),
                    json.get("description").asString(),
                    state.isEmpty() ? "enabled" : state);
        }

        /// What is said, as LXD shows it.
        Json json() {
            Json.Obj out = Json.object().put("action", action);
            put(out, "source", source);
            put(out, "destination", destination);
            put(out, "protocol", protocol);
            put(out, "source_port", sourcePort);
            put(out, "destination_port", destinationPort);
            put(out, "icmp_type", icmpType);
            put(out, "icmp_code", icmpCode);
            put(out, "description", description);
            return out.put("state", state);
        }

        private static void put(Json.Obj out, String key, String value) {
            if (!value.isEmpty()) {
                out.put(key, value);
            }
        }
    }

    static NetworkAcl of(Json json) {
        return of(json.get("name").asString(), json);
    }

    static NetworkAcl of(String name, Json json) {
        return new NetworkAcl(
                name,
                json.get("description").asString(),
                Wire.settings(json.get("config")),
                json.get("ingress").asList().stream().map(Rule::of).toList(),
                json.get("egress").asList().stream().map(Rule::of).toList());
    }

    /// @throws InvalidConfigException if it says a thing twice
    NetworkAcl requireDistinct() {
        for (List<Rule> rules : List.of(ingress, egress)) {
            for (Rule rule : rules) {
                int first = rules.indexOf(rule);
                if (first != rules.lastIndexOf(rule)) {
                    String side = rules == ingress ? "ingress" : "egress";
                    throw new InvalidConfigException("Duplicate of " + side + " rule " + first);
                }
            }
        }
        return this;
    }

    /// Without who uses it.
    Json.Obj json() {
        return Json.object()
                .put("name", name)
                .put("description", description)
                .put("egress", Json.array(egress.stream().map(Rule::json).toList()))
                .put("ingress", Json.array(ingress.stream().map(Rule::json).toList()))
                .put("config", Wire.json(config));
    }

    NetworkAcl named(String newName) {
        return new NetworkAcl(newName, description, config, ingress, egress);
    }

    /// Which addresses a name in a rule stands for.
    @FunctionalInterface
    interface Names {
        /// @throws io.atoll.base.NotFoundException if there is no such name
        List<IpNetwork> addresses(String name);
    }

    /// The names of other lists that rules have as source or destination.
    Set<String> mentioned() {
        Set<String> out = new TreeSet<>();
        for (List<Rule> rules : List.of(ingress, egress)) {
            for (Rule rule : rules) {
                for (String word : words(rule.source() + "," + rule.destination())) {
                    if (isName(word)) {
                        out.add(word);
                    }
                }
            }
        }
        return out;
    }

    private static boolean isName(String word) {
        return !word.startsWith("@")
                && !word.startsWith("#")
                && !word.matches("[0-9a-fA-F:./-]*[:./].*");
    }

    private static List<String> words(String text) {
        List<String> out = new ArrayList<>();
        for (String word : text.split(",", -1)) {
            if (!word.isBlank()) {
                out.add(word.strip());
            }
        }
        if (out.size() > WORDS_MAX) {
            throw new InvalidConfigException("More than " + WORDS_MAX + " values in a rule");
        }
        return out;
    }

    /// What the packet filter is told.
    ///
    /// @throws InvalidConfigException naming the rule
    List<AccessRule> compile(Names names) {
        for (String key : config.keySet()) {
            if (!key.startsWith("user.")) {
                throw new InvalidConfigException("Invalid network ACL config key \"" + key + "\"");
            }
        }
        if (ingress.size() + egress.size() > RULES_MAX) {
            throw new InvalidConfigException("More than " + RULES_MAX + " rules in an ACL");
        }
        List<AccessRule> out = new ArrayList<>();
        compile(out, ingress, true, names);
        compile(out, egress, false, names);
        return out;
    }

    private void compile(List<AccessRule> out, List<Rule> rules, boolean isIngress, Names names) {
        for (int i = 0; i < rules.size(); i++) {
            try {
                compile(rules.get(i), isIngress, names).ifPresent(out::add);
            } catch (InvalidConfigException e) {
                throw new InvalidConfigException(
                        "Invalid "
                                + (isIngress ? "ingress" : "egress")
                                + " rule "
                                + i
                                + ": "
                                + e.getMessage(),
                        e);
            }
        }
    }

    private Optional<AccessRule> compile(Rule rule, boolean isIngress, Names names) {
        AccessRule.Action action =
                switch (rule.action()) {
                    case "allow" -> AccessRule.Action.ALLOW;
                    case "drop" -> AccessRule.Action.DROP;
                    case "reject" -> AccessRule.Action.REJECT;
                    default ->
                            throw new InvalidConfigException(
                                    "Action must be one of: allow, drop, reject");
                };
        if (!List.of("enabled", "disabled", "logged").contains(rule.state())) {
            throw new InvalidConfigException("State must be one of: enabled, disabled, logged");
        }
        AccessRule compiled =
                new AccessRule(
                        isIngress,
                        action,
                        rule.state().equals("logged"),
                        name,
                        subjects(rule.source(), names),
                        subjects(rule.destination(), names),
                        traffic(rule));
        return rule.state().equals("disabled") ? Optional.empty() : Optional.of(compiled);
    }

    private static Optional<List<Subject>> subjects(String text, Names names) {
        List<String> words = words(text);
        if (words.isEmpty()) {
            return Optional.empty();
        }
        List<Subject> out = new ArrayList<>();
        for (String word : words) {
            if (isName(word) || word.equals("@internal") || word.equals("#internal")) {
                names.addresses(word).forEach(n -> out.add(new Subject.Network(n)));
            } else {
                out.add(subject(word));
            }
        }
        return Optional.of(out);
    }

    private static Subject subject(String word) {
        int dash = word.indexOf('-');
        if (dash > 0) {
            InetAddress first = address(word.substring(0, dash), word);
            InetAddress last = address(word.substring(dash + 1), word);
            return new Subject.Range(new IpRange(first, last));
        }
        if (word.contains("/")) {
            return new Subject.Network(IpNetwork.parse(word).orElseThrow(() -> invalid(word)));
        }
        InetAddress address = address(word, word);
        return new Subject.Network(new IpNetwork(address, address.getAddress().length * 8));
    }

    private static InetAddress address(String text, String word) {
        return IpNetwork.parseAddress(text).orElseThrow(() -> invalid(word));
    }

    private static InvalidConfigException invalid(String word) {
        return new InvalidConfigException("Invalid subject \"" + word + "\"");
    }

    private static Traffic traffic(Rule rule) {
        boolean hasPorts = !rule.sourcePort().isEmpty() || !rule.destinationPort().isEmpty();
        boolean hasIcmp = !rule.icmpType().isEmpty() || !rule.icmpCode().isEmpty();
        return switch (rule.protocol()) {
            case "" -> {
                if (hasPorts || hasIcmp) {
                    throw new InvalidConfigException("Ports and ICMP types need a protocol");
                }
                yield new Traffic.Any();
            }
            case "tcp", "udp" -> {
                if (hasIcmp) {
                    throw new InvalidConfigException(
                            "ICMP type and code cannot be used with " + rule.protocol());
                }
                yield new Traffic.Ports(
                        rule.protocol().equals("tcp"),
                        ports(rule.sourcePort()),
                        ports(rule.destinationPort()));
            }
            case "icmp4", "icmp6" -> {
                if (hasPorts) {
                    throw new InvalidConfigException(
                            "Ports cannot be used with " + rule.protocol());
                }
                OptionalInt type = octet(rule.icmpType());
                if (type.isEmpty() && !rule.icmpCode().isEmpty()) {
                    throw new InvalidConfigException("ICMP code needs a type");
                }
                yield new Traffic.Icmp(
                        rule.protocol().equals("icmp6"), type, octet(rule.icmpCode()));
            }
            default ->
                    throw new InvalidConfigException(
                            "Protocol must be one of: icmp4, icmp6, tcp, udp");
        };
    }

    private static OptionalInt octet(String text) {
        if (text.isEmpty()) {
            return OptionalInt.empty();
        }
        if (!text.matches("\\d{1,3}") || Integer.parseInt(text) > 255) {
            throw new InvalidConfigException("Invalid ICMP number \"" + text + "\"");
        }
        return OptionalInt.of(Integer.parseInt(text));
    }

    private static List<PortRange> ports(String text) {
        List<PortRange> out = new ArrayList<>();
        for (String word : words(text)) {
            String[] ends = word.split("-", -1);
            int first = port(ends[0], word);
            int last = ends.length == 2 ? port(ends[1], word) : first;
            if (ends.length > 2 || last < first) {
                throw new InvalidConfigException("Invalid port range \"" + word + "\"");
            }
            out.add(new PortRange(first, last));
        }
        return out;
    }

    private static int port(String text, String word) {
        if (!text.matches("\\d{1,5}") || Integer.parseInt(text) > 65_535) {
            throw new InvalidConfigException(
                    "Invalid port \"" + word.toLowerCase(Locale.ROOT) + "\"");
        }
        return Integer.parseInt(text);
    }
}
