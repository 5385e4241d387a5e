package io.atoll.daemon.network;

import io.atoll.api.Wire;
import io.atoll.base.InvalidConfigException;
import io.atoll.base.json.Json;
import io.atoll.linux.net.IpNetwork;
import io.atoll.network.AddressForwards;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/// An address forward of a network as recorded, in the API's words.
///
/// @param listenAddress numeric, as IpNetwork writes it
record NetworkForward(
        String listenAddress, String description, Map<String, String> config, List<Port> ports) {
    private static final int PORTS_MAX = 4096;

    /// Some ports; numbers, ranges and lists as text.
    record Port(
            String description,
            String protocol,
            String listenPort,
            String targetPort,
            String targetAddress) {
        Json json() {
            return Json.object()
                    .put("description", description)
                    .put("protocol", protocol)
                    .put("listen_port", listenPort)
                    .put("target_port", targetPort)
                    .put("target_address", targetAddress);
        }

        static Port of(Json json) {
            return new Port(
                    json.get("description").asString(),
                    json.get("protocol").asString(),
                    json.get("listen_port").asString(),
                    json.get("target_port").asString(),
                    json.get("target_address").asString());
        }
    }

    NetworkForward {
        config = Wire.sorted(config);
        ports = List.copyOf(ports);
    }

    static NetworkForward of(Json json) {
        return of(json.get("listen_address").asString(), json);
    }

    static NetworkForward of(String listenAddress, Json json) {
        List<Port> ports = new ArrayList<>();
        json.get("ports").asList().forEach(port -> ports.add(Port.of(port)));
        return new NetworkForward(
                listenAddress,
                json.get("description").asString(),
                Wire.settings(json.get("config")),
                ports);
    }

    Json.Obj json() {
        return Json.object()
                .put("description", description)
                .put("config", Wire.json(config))
                .put("ports", Json.array(ports.stream().map(Port::json).toList()))
                .put("listen_address", listenAddress)
                .put("location", "none");
    }

    private static InetAddress address(String text, String what) {
        return IpNetwork.parseAddress(text)
                .orElseThrow(() -> new InvalidConfigException("Invalid " + what + " " + text));
    }

    /// What the packet filter is told.
    ///
    /// @param networks of the bridge, in which targets must be
    /// @throws InvalidConfigException in LXD's words where it has some
    AddressForwards.Forward compile(List<IpNetwork> networks) {
        InetAddress listen = address(listenAddress, "listen address");
        if (listen.isAnyLocalAddress()) {
            throw new InvalidConfigException("Cannot use unspecified address: " + listenAddress);
        }
        Optional<InetAddress> target = Optional.empty();
        for (Map.Entry<String, String> entry : config.entrySet()) {
            if (entry.getKey().equals("target_address") && !entry.getValue().isEmpty()) {
                target = Optional.of(target(entry.getValue(), listen, networks));
            } else if (!entry.getKey().startsWith("user.")
                    && !entry.getKey().equals("target_address")) {
                throw new InvalidConfigException("Invalid option \"" + entry.getKey() + "\"");
            }
        }
        List<AddressForwards.Port> compiled = new ArrayList<>();
        Set<String> taken = new HashSet<>();
        for (Port port : ports) {
            compiled.add(compile(port, listen, networks, taken));
        }
        return new AddressForwards.Forward(listen, target, compiled);
    }

    private static InetAddress target(String text, InetAddress listen, List<IpNetwork> networks) {
        InetAddress target = address(text, "target address");
        if (target.getAddress().length != listen.getAddress().length) {
            throw new InvalidConfigException(
                    "Cannot mix IP versions in listen address and target address");
        }
        boolean isInside =
                networks.stream()
                        .filter(n -> n.isV6() == (target.getAddress().length == 16))
                        .anyMatch(n ->
                                new IpNetwork(target, n.prefix()).network().equals(n.network()));
        if (!isInside) {
            throw new InvalidConfigException(
                    "Target address \"" + text + "\" is not within the network subnet");
        }
        return target;
    }

    private static AddressForwards.Port compile(
            Port port, InetAddress listen, List<IpNetwork> networks, Set<String> taken) {
        if (!port.protocol().equals("tcp") && !port.protocol().equals("udp")) {
            throw new InvalidConfigException(
                    "Invalid port protocol \"" + port.protocol() + "\", must be one of: tcp, udp");
        }
        List<Integer> ports = ports(port.listenPort());
        if (ports.isEmpty()) {
            throw new InvalidConfigException("Missing listen port");
        }
        for (int number : ports) {
            if (!taken.add(port.protocol() + number)) {
                throw new InvalidConfigException(
                        "Duplicate listen port " + number + " for protocol " + port.protocol());
            }
        }
        List<Integer> targets = ports(port.targetPort());
        if (targets.size() > 1 && targets.size() != ports.size()) {
            throw new InvalidConfigException("Mismatch of listen port(s) and target port(s) count");
        }
        return new AddressForwards.Port(
                port.protocol().equals("tcp"),
                ports,
                target(port.targetAddress(), listen, networks),
                targets);
    }

    private static List<Integer> ports(String text) {
        List<Integer> out = new ArrayList<>();
        if (text.isBlank()) {
            return out;
        }
        for (String word : text.split(",", -1)) {
            String[] ends = word.strip().split("-", -1);
            int first = port(ends[0], word);
            int last = ends.length == 2 ? port(ends[1], word) : first;
            if (ends.length > 2 || last < first || out.size() + last - first >= PORTS_MAX) {
                throw new InvalidConfigException("Invalid port range \"" + word + "\"");
            }
            for (int port = first; port <= last; port++) {
                out.add(port);
            }
        }
        return out;
    }

    private static int port(String text, String word) {
        if (!text.matches("\\d{1,5}")
                || Integer.parseInt(text) < 1
                || Integer.parseInt(text) > 65_535) {
            throw new InvalidConfigException("Invalid port number \"" + word + "\"");
        }
        return Integer.parseInt(text);
    }
}
