package io.atoll.network;

import io.atoll.base.InvalidConfigException;
import io.atoll.linux.Errno;
import io.atoll.linux.ErrnoException;
import io.atoll.linux.ProcFiles;
import io.atoll.linux.WholeFile;
import io.atoll.linux.net.Netlink;
import io.atoll.linux.net.Rtnetlink;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/// IPv6 for instances without a network that a router leads to the host: their addresses are a part
/// of the network that the host is in, and the host says there that they are its own. The kernel
/// does so for each address that it is told (`proxy_ndp`); dnsmasq tells it of those that it gives
/// out, through a script that outlives the daemon as dnsmasq does.
///
/// @param directory of the network's files
record NeighborProxy(Path directory) {
    private static final String FILE = "neighbors.sh";
    private static final String PARENT = "# parent: ";

    /// Where the script is.
    static Path script(Path directory) {
        return directory.resolve(FILE);
    }

    /// The script; pure. Called as dnsmasq(8) says: what happened, who, which address.
    static String render(String parent) {
        return """
        #!/bin/sh
        # Lets the host answer for the IPv6 addresses that dnsmasq gives out.
        %s%s
        PATH=/usr/sbin:/usr/bin:/sbin:/bin
        case "$1 $3" in
        add\\ *:*|old\\ *:*) exec ip -6 neighbour replace proxy "$3" dev '%s' ;;
        del\\ *:*) exec ip -6 neighbour delete proxy "$3" dev '%s' ;;
        esac
        """
                .formatted(PARENT, parent, parent, parent);
    }

    /// Makes the host ready to answer, or no longer.
    ///
    /// @throws InvalidConfigException if the interface is not there
    void prepare(BridgeConfig config) {
        Optional<String> parent = config.neighborProxy();
        if (parent.isEmpty()) {
            stop(List.of());
            return;
        }
        String key = "ipv6/conf/" + parent.get() + "/proxy_ndp";
        if (!Sysctls.exists(key)) {
            throw new InvalidConfigException(
                    "Network interface \""
                            + parent.get()
                            + "\" of ipv6.neighbor_proxy does not exist or has no IPv6");
        }
        Sysctls.set(key, "1");
        try {
            WholeFile.write(script(directory), render(parent.get()), "rwxr-xr-x");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// Takes answers back.
    void stop(List<InetAddress> addresses) {
        Optional<String> parent =
                ProcFiles.readIfPresent(script(directory).toString()).stream()
                        .flatMap(String::lines)
                        .filter(line -> line.startsWith(PARENT))
                        .map(line -> line.substring(PARENT.length()))
                        .findFirst();
        if (parent.isEmpty()) {
            return;
        }
        try (Netlink netlink = Netlink.open()) {
            if (netlink.link(parent.get()).isPresent()) {
                for (InetAddress address : addresses) {
                    forget(netlink, parent.get(), address);
                }
            }
        }
        try {
            Files.deleteIfExists(script(directory));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void forget(Netlink netlink, String parent, InetAddress address) {
        try {
            netlink.run(Rtnetlink.deleteProxy(parent, address));
        } catch (ErrnoException e) {
            if (!e.is(Errno.ENOENT)) {
                throw e;
            }
        }
    }
}
