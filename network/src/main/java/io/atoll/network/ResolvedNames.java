package io.atoll.network;

import io.atoll.linux.Command;
import io.atoll.linux.CommandFailed;
import io.atoll.linux.Commands;
import io.atoll.linux.net.IpNetwork;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/// Lets the host itself find instances by their names: tells systemd-resolved, where it runs, that
/// the bridge's DNS server is the one to ask about the bridge's domain; resolvectl(1), which speaks
/// to it by D-Bus. What was told goes with the interface.
///
/// @param socket of the service, there while it runs
/// @param tool runs `resolvectl` with these arguments
record ResolvedNames(Path socket, Tool tool) {
    private static final Logger LOG = System.getLogger(ResolvedNames.class.getName());

    static final ResolvedNames KERNEL =
            new ResolvedNames(
                    Path.of("/run/systemd/resolve/io.systemd.Resolve"),
                    arguments -> {
                        List<String> argv = new ArrayList<>(List.of("resolvectl"));
                        argv.addAll(arguments);
                        Commands.Result unused = Commands.run(Command.of(argv));
                    });

    /// Runs the program.
    @FunctionalInterface
    interface Tool {
        /// @throws CommandFailed if it fails
        void run(List<String> arguments);
    }

    /// Tells of a bridge, in place of what was told before. Names are a convenience: a resolver
    /// that does not listen keeps no bridge from starting.
    void tell(BridgeConfig config) {
        if (!Files.exists(socket) || config.dnsMode() == DnsMode.NONE) {
            return;
        }
        List<String> servers = new ArrayList<>(List.of("dns", config.name()));
        config.ipv4().address().ifPresent(a -> servers.add(IpNetwork.text(a.address())));
        config.ipv6().address().ifPresent(a -> servers.add(IpNetwork.text(a.address())));
        if (servers.size() == 2) {
            return;
        }
        try {
            tool.run(servers);
            // The tilde: for names of the domain, and not for all others too.
            tool.run(List.of("domain", config.name(), "~" + config.dnsDomain()));
            // The bridge's server signs nothing.
            tool.run(List.of("dnssec", config.name(), "no"));
            tool.run(List.of("dnsovertls", config.name(), "no"));
            tool.run(List.of("default-route", config.name(), "no"));
        } catch (CommandFailed e) {
            LOG.log(
                    Level.WARNING,
                    "the host does not find instances by name network=" + config.name(),
                    e);
        }
    }
}
