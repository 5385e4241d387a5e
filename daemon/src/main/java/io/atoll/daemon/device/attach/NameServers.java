package io.atoll.daemon.device.attach;

import io.atoll.linux.net.IpNetwork;
import java.net.InetAddress;
import java.util.List;

/// Who answers an instance's questions for names.
///
/// @param addresses of servers, the first one asked first
/// @param domains in which short names are looked up
public record NameServers(List<InetAddress> addresses, List<String> domains) {
    public NameServers {
        addresses = List.copyOf(addresses);
        domains = List.copyOf(domains);
    }

    /// The text of a resolv.conf(5).
    public String render() {
        StringBuilder out = new StringBuilder();
        if (!domains.isEmpty()) {
            out.append("search ").append(String.join(" ", domains)).append('\n');
        }
        addresses.forEach(a -> out.append("nameserver ").append(IpNetwork.text(a)).append('\n'));
        return out.toString();
    }
}
