package io.atoll.linux.net;

import java.net.InetAddress;
import java.util.Optional;
import java.util.OptionalInt;

/// A unicast route of the main table.
///
/// @param destination prefix 0 for the default route
/// @param protocol who made it; `RTPROT_*` of `linux/rtnetlink.h`, 2 the kernel itself
/// @param linkIndex where packets leave; empty where there are several ways
public record Route(
        IpNetwork destination,
        Optional<InetAddress> gateway,
        OptionalInt linkIndex,
        int metric,
        int protocol) {}
