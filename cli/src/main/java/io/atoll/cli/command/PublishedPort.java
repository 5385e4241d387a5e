package io.atoll.cli.command;

import io.atoll.base.json.Json;
import io.atoll.cli.CliException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// A port of an instance that the host offers, as `-p` says it: `[ADDRESS:]PORT:PORT[/udp]`, the
/// host's port first. Without an address all of the host's are meant.
///
/// @param address of the host
/// @param protocol `tcp` or `udp`
record PublishedPort(String address, int hostPort, int guestPort, String protocol) {
    private static final Pattern TEXT =
            Pattern.compile(
                    "(?:(\\[[0-9a-fA-F:.]+]|[0-9.]+):)?(\\d{1,5}):(\\d{1,5})(?:/(tcp|udp))?");

    /// Whether the text means a port and no profile, which has no colon.
    static boolean isOne(String text) {
        return TEXT.matcher(text).matches();
    }

    static PublishedPort parse(String text) {
        Matcher m = TEXT.matcher(text);
        if (!m.matches()) {
            throw new CliException("Bad syntax, expecting [ADDRESS:]PORT:PORT[/udp]: " + text);
        }
        return new PublishedPort(
                m.group(1) == null ? "0.0.0.0" : m.group(1),
                port(m.group(2)),
                port(m.group(3)),
                m.group(4) == null ? "tcp" : m.group(4));
    }

    private static int port(String text) {
        int port = Integer.parseInt(text);
        if (port < 1 || port > 65_535) {
            throw new CliException("not a port: " + text);
        }
        return port;
    }

    /// What the proxy device is called; another one of the same port would be the same device.
    String deviceName() {
        return "port-" + hostPort + (protocol.equals("udp") ? "-udp" : "");
    }

    /// The proxy device.
    Json device() {
        boolean isV6 = address.startsWith("[");
        return Json.object()
                .put("type", "proxy")
                .put("listen", protocol + ":" + address + ":" + hostPort)
                .put("connect", protocol + ":" + (isV6 ? "[::1]" : "127.0.0.1") + ":" + guestPort);
    }
}
