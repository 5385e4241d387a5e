package io.atoll.daemon.server;

import io.atoll.base.InvalidConfigException;
import io.atoll.linux.net.IpNetwork;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.NetworkInterface;
import java.net.SocketException;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.eclipse.jetty.util.HostPort;

/// An address to listen on as administrators write it: `192.0.2.1:8443`, `[2001:db8::1]:8443`,
/// `:8443` for every address of the host, or a host without a port.
///
/// @param host a numeric address; empty for all
/// @param port 1 to 65535
record ListenAddress(String host, int port) {
    /// LXD's port for its API.
    static final int API_PORT = 8443;

    /// Why the text is no address; empty if it is one.
    static String fault(String text) {
        try {
            parse(text, API_PORT);
            return "";
        } catch (InvalidConfigException e) {
            return String.valueOf(e.getMessage());
        }
    }

    /// The addresses in `core.https_trusted_proxy`: numeric ones, with commas between.
    ///
    /// @throws InvalidConfigException naming what is none
    static Set<InetAddress> proxies(String text) {
        Set<InetAddress> out = new HashSet<>();
        for (String word : text.split(",")) {
            if (!word.isBlank()) {
                out.add(
                        IpNetwork.parseAddress(word.strip())
                                .orElseThrow(() ->
                                        new InvalidConfigException(
                                                "not an IP address: \"" + word.strip() + "\"")));
            }
        }
        return out;
    }

    /// @param defaultPort used where the text has none
    /// @throws InvalidConfigException saying what is wrong
    static ListenAddress parse(String text, int defaultPort) {
        int colon = text.lastIndexOf(':');
        boolean isBracketed = text.startsWith("[");
        boolean isBareV6 = !isBracketed && text.indexOf(':') != colon;
        boolean hasPort = colon >= 0 && !isBareV6 && !text.endsWith("]");
        String host = hasPort ? text.substring(0, colon) : text;
        if (isBracketed) {
            if (!host.endsWith("]")) {
                throw new InvalidConfigException("invalid address, a bracket is not closed");
            }
            host = host.substring(1, host.length() - 1);
        }
        int port = hasPort ? port(text.substring(colon + 1)) : defaultPort;
        if (port < 1 || port > 65535) {
            throw new InvalidConfigException("invalid port, 1 to 65535 is expected");
        }
        // Names are refused: which address they lead to may change under the server.
        if (!host.isEmpty() && !host.matches("[0-9.]+|[0-9A-Fa-f:.]*:[0-9A-Fa-f:.%a-z]*")) {
            throw new InvalidConfigException("invalid address, a numeric one is expected");
        }
        resolve(host);
        return new ListenAddress(host, port);
    }

    private static int port(String text) {
        return text.matches("\\d{1,5}") ? Integer.parseInt(text) : 0;
    }

    private static InetAddress resolve(String host) {
        try {
            return InetAddress.getByName(host.isEmpty() ? "::" : host);
        } catch (UnknownHostException e) {
            throw new InvalidConfigException("invalid address " + host, e);
        }
    }

    InetSocketAddress socketAddress() {
        return new InetSocketAddress(resolve(host), port);
    }

    /// The addresses clients can use, each with the port: this one, or, if it stands for all, the
    /// host's global ones.
    List<String> reachable() {
        InetAddress address = resolve(host);
        if (!address.isAnyLocalAddress()) {
            return List.of(withPort(address));
        }
        List<String> out = new ArrayList<>();
        try (Stream<NetworkInterface> links = NetworkInterface.networkInterfaces()) {
            links.flatMap(NetworkInterface::inetAddresses)
                    .filter(a -> !a.isLoopbackAddress() && !a.isLinkLocalAddress())
                    .filter(a ->
                            host.isEmpty()
                                    || address instanceof Inet6Address
                                    || !(a instanceof Inet6Address))
                    .map(this::withPort)
                    .sorted()
                    .forEach(out::add);
        } catch (SocketException e) {
            // Without interfaces nobody can come in; the list is for information.
            return List.of();
        }
        return out;
    }

    private String withPort(InetAddress address) {
        String text = address.getHostAddress();
        int zone = text.indexOf('%');
        return new HostPort(zone < 0 ? text : text.substring(0, zone), port).toString();
    }
}
