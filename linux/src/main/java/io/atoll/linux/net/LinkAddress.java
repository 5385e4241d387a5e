package io.atoll.linux.net;

/// An address of an interface.
///
/// @param scope `global`, `link`, `host` or a number
/// @param isDynamic it has a lifetime, as from a router
public record LinkAddress(int linkIndex, IpNetwork address, String scope, boolean isDynamic) {}
