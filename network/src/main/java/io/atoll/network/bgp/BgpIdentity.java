package io.atoll.network.bgp;

import java.net.Inet4Address;

/// Who we are to other speakers.
///
/// @param asn number of our autonomous system, 1 to 4294967294
/// @param routerId ours alone within it
public record BgpIdentity(long asn, Inet4Address routerId) {}
