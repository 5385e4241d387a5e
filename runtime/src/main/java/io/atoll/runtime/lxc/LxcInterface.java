package io.atoll.runtime.lxc;

import io.atoll.linux.net.Link;
import java.util.List;
import java.util.Optional;

/// An interface of a running container.
///
/// @param link as it is inside
/// @param peer the host's end, of a veth
/// @param addresses without prefix and without link-local ones
public record LxcInterface(Link link, Optional<Link> peer, List<String> addresses) {
    public LxcInterface {
        addresses = List.copyOf(addresses);
    }
}
