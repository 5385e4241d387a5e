package io.atoll.runtime.lxc;

import io.atoll.linux.net.IpNetwork;
import io.atoll.linux.net.Link;
import io.atoll.linux.net.LinkAddress;
import io.atoll.linux.net.Netlink;
import io.atoll.runtime.spec.MacAddress;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// What a container's network depends on of the host's interfaces.
interface HostLinks {
    /// One interface.
    ///
    /// @param mac empty where there is none
    /// @param isBridge true if it is a bridge of the kernel's
    /// @param addresses of the interface, without link-local ones
    record HostLink(
            String name,
            int mtu,
            Optional<MacAddress> mac,
            boolean isBridge,
            List<String> addresses) {
        public HostLink {
            addresses = List.copyOf(addresses);
        }

        /// The first address of a family.
        Optional<String> address(boolean isV6) {
            return addresses.stream().filter(a -> a.contains(":") == isV6).findFirst();
        }
    }

    /// All interfaces.
    List<HostLink> all();

    /// The interface of that name.
    default Optional<HostLink> find(String name) {
        return all().stream().filter(link -> link.name().equals(name)).findFirst();
    }

    /// True if the kernel's switch of that name is on. Its parts are separated by slashes, because
    /// names of interfaces may have dots in them; sysctl(8).
    default boolean isOn(String sysctl) {
        try {
            return !Files.readString(Path.of("/proc/sys", sysctl)).strip().equals("0");
        } catch (IOException _) {
            return false;
        }
    }

    /// By netlink, in the namespace of this process. Blocks.
    static HostLinks read() {
        List<HostLink> links = new ArrayList<>();
        try (Netlink netlink = Netlink.open()) {
            List<LinkAddress> addresses = netlink.addresses();
            for (Link link : netlink.links()) {
                List<String> own =
                        addresses.stream()
                                .filter(a -> a.linkIndex() == link.index())
                                .filter(a -> !a.scope().equals("link"))
                                .map(a -> IpNetwork.text(a.address().address()))
                                .toList();
                links.add(
                        new HostLink(
                                link.name(),
                                link.mtu(),
                                link.mac().map(mac -> new MacAddress(mac.toString())),
                                link.kind().filter("bridge"::equals).isPresent(),
                                own));
            }
        }
        return () -> links;
    }
}
