package io.atoll.daemon.device;

import java.net.InetAddress;
import java.util.List;
import java.util.Optional;

/// Passes connections on between the host and an instance.
///
/// @param listen where connections come
/// @param connect where they go: as many ports as `listen` has, or one
/// @param bindsInside whether `listen` is inside the instance and `connect` on the host
/// @param isNat whether packets are rewritten by the kernel instead of connections passed on
/// @param saysWho whether each connection begins with a line of the PROXY protocol
/// @param owner of a unix socket that is listened on
/// @param asUser whom a unix socket that is connected to sees
public record ProxyConfig(
        String name,
        Endpoint listen,
        Endpoint connect,
        boolean bindsInside,
        boolean isNat,
        boolean saysWho,
        Owner owner,
        Optional<User> asUser)
        implements DeviceConfig {
    /// Where connections come or go.
    public sealed interface Endpoint {
        /// Ports of an address.
        record Inet(boolean isTcp, InetAddress address, List<Integer> ports) implements Endpoint {
            public Inet {
                ports = List.copyOf(ports);
            }
        }

        /// A socket file.
        record UnixFile(String path) implements Endpoint {}

        /// A name among the abstract unix sockets of a network namespace.
        record UnixName(String name) implements Endpoint {}
    }

    /// Owner and mode of a socket file.
    public record Owner(long uid, long gid, int mode) {}

    /// A user and group.
    public record User(long uid, long gid) {}
}
