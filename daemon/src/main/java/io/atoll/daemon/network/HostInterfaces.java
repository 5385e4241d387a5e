package io.atoll.daemon.network;

import io.atoll.linux.net.Link;
import io.atoll.linux.net.Netlink;
import java.util.List;
import java.util.Optional;

/// The host's interfaces, for lists that show unmanaged networks too.
final class HostInterfaces {
    private HostInterfaces() {}

    /// All but the host's ends of instances' interfaces, of which there may be thousands.
    static List<Link> list() {
        try (Netlink netlink = Netlink.open()) {
            return netlink.links().stream()
                    .filter(l -> !l.kind().equals(Optional.of("veth")))
                    .toList();
        }
    }

    static Optional<Link> find(String name) {
        try (Netlink netlink = Netlink.open()) {
            return netlink.link(name);
        }
    }

    /// The API's word for what an interface is.
    static String type(Link link) {
        if (link.isLoopback()) {
            return "loopback";
        }
        return switch (link.kind().orElse("")) {
            case "" -> "physical";
            case "bridge" -> "bridge";
            case "vlan" -> "vlan";
            case "bond" -> "bond";
            default -> "unknown";
        };
    }
}
