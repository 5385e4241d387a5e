package io.atoll.daemon.device;

import io.atoll.base.InvalidConfigException;
import io.atoll.base.UnsupportedException;
import io.atoll.daemon.device.ProxyConfig.Endpoint;
import io.atoll.daemon.instance.config.ValueType;
import io.atoll.linux.net.IpNetwork;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/// Reads proxies.
final class ProxyParser {
    private static final Pattern INET = Pattern.compile("(tcp|udp):(\\[[^]]+]|[^:]*):([0-9,\\-]+)");
    private static final int PORTS_MAX = 4096;
    private static final int SOCKET_MODE = 0644;

    private ProxyParser() {}

    static ProxyConfig parse(String name, DeviceOptions options) {
        Endpoint listen = endpoint(required(options, "listen"));
        Endpoint connect = endpoint(required(options, "connect"));
        String bind =
                options.get("bind", ValueType.oneOf("host", "instance", "guest", "container"))
                        .orElse("host");
        Optional<Long> uid = options.get("security.uid", ValueType.UINT32);
        Optional<Long> gid = options.get("security.gid", ValueType.UINT32);
        ProxyConfig proxy =
                new ProxyConfig(
                        name,
                        listen,
                        connect,
                        !bind.equals("host"),
                        options.flag("nat", false),
                        options.flag("proxy_protocol", false),
                        new ProxyConfig.Owner(
                                options.get("uid", ValueType.UINT32).orElse(0L),
                                options.get("gid", ValueType.UINT32).orElse(0L),
                                options.get("mode", Devices::mode).orElse(SOCKET_MODE)),
                        uid.isPresent() || gid.isPresent()
                                ? Optional.of(new ProxyConfig.User(uid.orElse(0L), gid.orElse(0L)))
                                : Optional.empty());
        boolean hasOwner =
                Stream.of("uid", "gid", "mode").anyMatch(key -> options.text(key).isPresent());
        if (hasOwner && !(listen instanceof Endpoint.UnixFile)) {
            throw new InvalidConfigException(
                    "Only proxy devices for non-abstract unix sockets can carry uid, gid, or mode"
                            + " properties");
        }
        options.finish();
        check(proxy);
        return proxy;
    }

    private static String required(DeviceOptions options, String option) {
        return options.text(option)
                .orElseThrow(() ->
                        new InvalidConfigException("Missing required property \"" + option + "\""));
    }

    private static Endpoint endpoint(String text) {
        if (text.startsWith("unix:@")) {
            return new Endpoint.UnixName(nonEmpty(text.substring("unix:@".length()), text));
        }
        if (text.startsWith("unix:")) {
            String path = nonEmpty(text.substring("unix:".length()), text);
            if (!path.startsWith("/")) {
                throw invalid(text);
            }
            return new Endpoint.UnixFile(path);
        }
        Matcher m = INET.matcher(text);
        if (!m.matches()) {
            throw invalid(text);
        }
        String host = m.group(2).replaceAll("[\\[\\]]", "");
        InetAddress address =
                IpNetwork.parseAddress(host.isEmpty() ? "0.0.0.0" : host)
                        .orElseThrow(() -> invalid(text));
        return new Endpoint.Inet(m.group(1).equals("tcp"), address, ports(m.group(3), text));
    }

    private static String nonEmpty(String name, String text) {
        if (name.isEmpty() || name.length() > 106) {
            throw invalid(text);
        }
        return name;
    }

    private static InvalidConfigException invalid(String text) {
        return new InvalidConfigException(
                "Invalid proxy address \""
                        + text
                        + "\": it is not TYPE:ADDRESS:PORT[-PORT][,PORT] or unix:PATH");
    }

    private static List<Integer> ports(String words, String text) {
        List<Integer> out = new ArrayList<>();
        for (String word : words.split(",", -1)) {
            String[] ends = word.split("-", -1);
            int first = port(ends[0], text);
            int last = ends.length == 2 ? port(ends[1], text) : first;
            if (ends.length > 2 || last < first || out.size() + last - first >= PORTS_MAX) {
                throw invalid(text);
            }
            for (int port = first; port <= last; port++) {
                out.add(port);
            }
        }
        return out;
    }

    private static int port(String word, String text) {
        if (!word.matches("\\d{1,5}") || Integer.parseInt(word) > 65_535 || word.equals("0")) {
            throw invalid(text);
        }
        return Integer.parseInt(word);
    }

    private static void check(ProxyConfig proxy) {
        boolean isInet =
                proxy.listen() instanceof Endpoint.Inet && proxy.connect() instanceof Endpoint.Inet;
        if (isUdp(proxy.listen()) != isUdp(proxy.connect())) {
            throw new UnsupportedException(
                    "Datagrams cannot be made connections: udp goes to udp only");
        }
        int from = proxy.listen() instanceof Endpoint.Inet in ? in.ports().size() : 1;
        int to = proxy.connect() instanceof Endpoint.Inet out ? out.ports().size() : 1;
        if (to > 1 && from != to) {
            throw new InvalidConfigException(
                    "Cannot map a single port to multiple ports, or a range to one of another length");
        }
        if (proxy.saysWho() && (isUdp(proxy.connect()) || proxy.isNat())) {
            throw new InvalidConfigException(
                    "The PROXY header can only be sent to tcp servers in non-nat mode");
        }
        if (proxy.isNat()) {
            checkNat(proxy, isInet);
        }
    }

    private static void checkNat(ProxyConfig proxy, boolean isInet) {
        if (proxy.bindsInside()) {
            throw new InvalidConfigException("Only host-bound proxies can use NAT");
        }
        if (!isInet) {
            throw new InvalidConfigException(
                    "Proxying " + "unix sockets is not supported when using NAT");
        }
        Endpoint.Inet listen = (Endpoint.Inet) proxy.listen();
        Endpoint.Inet connect = (Endpoint.Inet) proxy.connect();
        if (listen.address().isAnyLocalAddress()) {
            throw new InvalidConfigException(
                    "Cannot listen on wildcard address \""
                            + listen.address().getHostAddress()
                            + "\" when in nat mode");
        }
        boolean isSameFamily =
                listen.address().getAddress().length == connect.address().getAddress().length;
        if (!isSameFamily) {
            throw new InvalidConfigException("Cannot proxy between IPv4 and IPv6 when using NAT");
        }
    }

    private static boolean isUdp(Endpoint endpoint) {
        return endpoint instanceof Endpoint.Inet inet && !inet.isTcp();
    }
}
