package io.atoll.network;

import io.atoll.linux.Command;
import io.atoll.linux.CommandFailed;
import io.atoll.linux.Commands;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/// Lets the host itself find instances by their names: tells systemd-resolved, where it runs, that
/// the bridge's DNS server is the one to ask about the bridge's domain;
/// org.freedesktop.resolve1(5). What was told goes with the interface.
///
/// @param socket of the service, there while it runs
/// @param bus where the service is called
record ResolvedNames(Path socket, Bus bus) {
    private static final Logger LOG = System.getLogger(ResolvedNames.class.getName());

    /// Addresses in messages; `sys/socket.h`.
    private static final int AF_INET = 2;

    private static final int AF_INET6 = 10;

    /// The host's. systemd's own client is there wherever the service is: see docs/decisions/0051.
    static final ResolvedNames KERNEL =
            new ResolvedNames(
                    Path.of("/run/systemd/resolve/io.systemd.Resolve"),
                    call -> {
                        Commands.Result unused = Commands.run(Command.of(call.argv()));
                    });

    /// Who knows of name servers of links.
    enum Service {
        /// systemd-resolved, which refuses to be told of links that networkd manages.
        RESOLVE("org.freedesktop.resolve1", "RevertLink"),
        /// systemd-networkd, which passes it on for its own links.
        NETWORK("org.freedesktop.network1", "RevertLinkDNS");

        private final String busName;
        private final String revert;

        Service(String busName, String revert) {
            this.busName = busName;
            this.revert = revert;
        }
    }

    /// One call of a method that returns nothing.
    ///
    /// @param signature of the arguments, as the D-Bus specification writes types
    /// @param arguments flat, an array begins with its length
    record Call(Service service, String method, String signature, List<String> arguments) {
        /// As a command. A service that does not run is not started.
        List<String> argv() {
            List<String> out =
                    new ArrayList<>(
                            List.of(
                                    "busctl",
                                    "--system",
                                    "--auto-start=no",
                                    "--timeout=5",
                                    "call",
                                    service.busName,
                                    "/" + service.busName.replace('.', '/'),
                                    service.busName + ".Manager",
                                    method,
                                    signature));
            out.addAll(arguments);
            return out;
        }
    }

    /// Calls services.
    @FunctionalInterface
    interface Bus {
        /// @throws CommandFailed if there is no bus or no such service, or it refuses
        void call(Call call);
    }

    /// Tells of a bridge, in place of what was told before. Names are a convenience: a resolver
    /// that does not listen keeps no bridge from starting.
    ///
    /// @param index of the bridge's interface
    void tell(BridgeConfig config, int index) {
        if (!Files.exists(socket)) {
            return;
        }
        try {
            tell(Service.RESOLVE, config, index);
        } catch (CommandFailed refused) {
            try {
                tell(Service.NETWORK, config, index);
            } catch (CommandFailed e) {
                refused.addSuppressed(e);
                LOG.log(
                        Level.WARNING,
                        "the host does not find instances by name network=" + config.name(),
                        refused);
            }
        }
    }

    private void tell(Service service, BridgeConfig config, int index) {
        String link = Integer.toString(index);
        List<InetAddress> servers =
                Stream.of(config.ipv4(), config.ipv6())
                        .flatMap(family -> family.address().stream())
                        .map(a -> a.address())
                        .toList();
        if (config.dnsMode() == DnsMode.NONE || servers.isEmpty()) {
            bus.call(new Call(service, service.revert, "i", List.of(link)));
            return;
        }
        bus.call(new Call(service, "SetLinkDNS", "ia(iay)", dns(link, servers)));
        // True: for names of the domain, and not to complete short ones.
        List<String> domain = List.of(link, "1", config.dnsDomain(), "true");
        bus.call(new Call(service, "SetLinkDomains", "ia(sb)", domain));
        // The bridge's server signs nothing.
        bus.call(new Call(service, "SetLinkDNSSEC", "is", List.of(link, "no")));
        bus.call(new Call(service, "SetLinkDNSOverTLS", "is", List.of(link, "no")));
        // Names of other domains are no business of it.
        bus.call(new Call(service, "SetLinkDefaultRoute", "ib", List.of(link, "false")));
    }

    private static List<String> dns(String link, List<InetAddress> servers) {
        List<String> out = new ArrayList<>(List.of(link, Integer.toString(servers.size())));
        for (InetAddress server : servers) {
            byte[] bytes = server.getAddress();
            out.add(Integer.toString(bytes.length == 4 ? AF_INET : AF_INET6));
            out.add(Integer.toString(bytes.length));
            for (byte b : bytes) {
                out.add(Integer.toString(Byte.toUnsignedInt(b)));
            }
        }
        return out;
    }
}
