package io.atoll.daemon.network;

import io.atoll.api.Wire;
import io.atoll.base.InvalidConfigException;
import io.atoll.base.ProjectName;
import io.atoll.base.json.Json;
import io.atoll.daemon.dns.ServedZone;
import io.atoll.daemon.dns.ZoneEntry;
import io.atoll.daemon.instance.config.ValueType;
import io.atoll.daemon.store.RecordKind;
import io.atoll.linux.net.IpNetwork;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/// A DNS zone as recorded, in the API's words: a name under which the addresses of networks can be
/// found, or found again, and lines that users add.
///
/// @param project whose it is; names are nevertheless there only once
/// @param records what users add, by name
record NetworkZone(
        ProjectName project,
        String name,
        String description,
        Map<String, String> config,
        List<Extra> records) {
    static final RecordKind<NetworkZone> KIND =
            RecordKind.of("network-zone", NetworkZone::encode, NetworkZone::decode);

    static final String NAMESERVERS = "dns.nameservers";
    static final String NAT = "network.nat";
    private static final int RECORDS_MAX = 10_000;
    private static final int NAME_MAX = 253;

    NetworkZone {
        config = Wire.sorted(config);
        records = records.stream().sorted(Comparator.comparing(Extra::name)).toList();
    }

    /// What users add under one name.
    record Extra(String name, String description, Map<String, String> config, List<Entry> entries) {
        Extra {
            config = Wire.sorted(config);
            entries = List.copyOf(entries);
        }

        static Extra of(String name, Json json) {
            List<Entry> entries = new ArrayList<>();
            json.get("entries").asList().forEach(e -> entries.add(Entry.of(e)));
            return new Extra(
                    name,
                    json.get("description").asString(),
                    Wire.settings(json.get("config")),
                    entries);
        }

        /// @throws InvalidConfigException if it says a thing twice
        Extra requireDistinct() {
            Set<String> known = new HashSet<>();
            for (Entry entry : entries) {
                if (!known.add(entry.type() + " " + entry.value())) {
                    throw new InvalidConfigException(
                            "Duplicate record for type \""
                                    + entry.type()
                                    + "\" and value \""
                                    + entry.value()
                                    + "\"");
                }
            }
            return this;
        }

        Json.Obj json() {
            return Json.object()
                    .put("description", description)
                    .put("entries", Json.array(entries.stream().map(Entry::json).toList()))
                    .put("config", Wire.json(config))
                    .put("name", name);
        }
    }

    /// One line.
    ///
    /// @param ttl in seconds; 0 for the usual
    record Entry(String type, long ttl, String value) {
        static Entry of(Json json) {
            return new Entry(
                    json.get("type").asString(),
                    json.get("ttl").asLong(),
                    json.get("value").asString());
        }

        Json json() {
            Json.Obj out = Json.object().put("type", type);
            if (ttl != 0) {
                out.put("ttl", ttl);
            }
            return out.put("value", value);
        }
    }

    static NetworkZone of(ProjectName project, String name, Json json, List<Extra> records) {
        return new NetworkZone(
                project,
                name,
                json.get("description").asString(),
                Wire.settings(json.get("config")),
                records);
    }

    /// What clients see and change.
    Json.Obj json() {
        return Json.object()
                .put("description", description)
                .put("config", Wire.json(config))
                .put("name", name);
    }

    private Json encode() {
        return json().put("project", project.value())
                .put("records", Json.array(records.stream().map(Extra::json).toList()));
    }

    private static NetworkZone decode(Json json) {
        List<Extra> records =
                json.get("records").asList().stream()
                        .map(r -> Extra.of(r.get("name").asString(), r))
                        .toList();
        String project = json.get("project").asString();
        return of(
                project.isEmpty() ? ProjectName.DEFAULT : new ProjectName(project),
                json.get("name").asString(),
                json,
                records);
    }

    Optional<Extra> record(String record) {
        return records.stream().filter(r -> r.name().equals(record)).findFirst();
    }

    NetworkZone withRecords(List<Extra> all) {
        return new NetworkZone(project, name, description, config, all);
    }

    /// A copy of another project's.
    NetworkZone in(ProjectName other) {
        return new NetworkZone(other, name, description, config, records);
    }

    /// @throws InvalidConfigException naming what is wrong
    void check() {
        boolean isName =
                name.length() <= NAME_MAX
                        && name.matches(
                                "([a-z0-9_]([-a-z0-9_]{0,61}[a-z0-9_])?\\.)*"
                                        + "[a-z0-9_]([-a-z0-9_]{0,61}[a-z0-9_])?");
        if (!isName) {
            throw new InvalidConfigException(
                    "Invalid zone name \"" + name + "\": small letters, digits, hyphens and dots");
        }
        for (Map.Entry<String, String> entry : config.entrySet()) {
            checkKey(entry.getKey(), entry.getValue());
        }
        List<ServedZone.Peer> unused = peers();
        if (records.size() > RECORDS_MAX) {
            throw new InvalidConfigException("A zone has at most " + RECORDS_MAX + " records");
        }
        for (Extra record : records) {
            for (String key : record.config().keySet()) {
                if (!key.startsWith("user.")) {
                    throw new InvalidConfigException("Invalid zone record option \"" + key + "\"");
                }
            }
        }
        extras().forEach(entry -> entry.check(name));
    }

    private void checkKey(String key, String value) {
        boolean isKnown =
                key.startsWith("user.")
                        || key.matches("peers\\.[^.]+\\.(address|key)")
                        || key.equals(NAMESERVERS)
                        || key.equals(NAT);
        if (!isKnown) {
            throw new InvalidConfigException("Invalid network zone option \"" + key + "\"");
        }
        if (key.equals(NAT)) {
            boolean unused = ValueType.BOOL.parse(value);
        }
        if (key.equals(NAMESERVERS)) {
            nameservers().forEach(server -> new ZoneEntry("@", "NS", 0, server + ".").check(name));
        }
    }

    /// Whether addresses behind NAT are shown too.
    boolean showsNat() {
        String value = config.getOrDefault(NAT, "");
        return value.isEmpty() || ValueType.BOOL.parse(value);
    }

    List<String> nameservers() {
        String value = config.getOrDefault(NAMESERVERS, "");
        return value.isBlank() ? List.of() : List.of(value.strip().split("\\s*,\\s*"));
    }

    /// @throws InvalidConfigException naming the key that is wrong
    List<ServedZone.Peer> peers() {
        Map<String, ServedZone.Peer> out = new TreeMap<>();
        for (String key : new TreeSet<>(config.keySet())) {
            String[] parts = key.split("\\.");
            if (parts.length == 3 && parts[0].equals("peers")) {
                out.computeIfAbsent(parts[1], this::peer);
            }
        }
        return List.copyOf(out.values());
    }

    private ServedZone.Peer peer(String peer) {
        String addressKey = "peers." + peer + ".address";
        String secretKey = "peers." + peer + ".key";
        String address = config.getOrDefault(addressKey, "");
        String secret = config.getOrDefault(secretKey, "");
        if (!peer.matches("[-a-zA-Z0-9_]{1,63}")) {
            throw new InvalidConfigException("Invalid peer name \"" + peer + "\"");
        }
        if (!address.isEmpty() && IpNetwork.parseAddress(address).isEmpty()) {
            throw new InvalidConfigException(
                    "Invalid value for \""
                            + addressKey
                            + "\": not an IP address \""
                            + address
                            + "\"");
        }
        try {
            boolean isSecret = secret.isEmpty() || Base64.getDecoder().decode(secret).length > 0;
            if (!isSecret) {
                throw new IllegalArgumentException("empty");
            }
        } catch (IllegalArgumentException e) {
            throw new InvalidConfigException(
                    "Invalid value for \"" + secretKey + "\": a secret in base64 is expected", e);
        }
        return new ServedZone.Peer(
                peer,
                IpNetwork.parseAddress(address),
                secret.isEmpty() ? Optional.empty() : Optional.of(secret));
    }

    /// The lines that users add.
    List<ZoneEntry> extras() {
        List<ZoneEntry> out = new ArrayList<>();
        for (Extra record : records) {
            for (Entry entry : record.entries()) {
                out.add(
                        new ZoneEntry(
                                record.name(),
                                entry.type(),
                                entry.ttl() == 0 ? ZoneEntry.TTL_SECONDS : entry.ttl(),
                                entry.value()));
            }
        }
        return out;
    }
}
