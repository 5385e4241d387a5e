package io.atoll.plan;

/// A 32-bit number, in the host's byte order, that the shim writes into a netlink message before it
/// sends it.
public sealed interface Patch {
    /// Where the number goes, counted from the message's first byte.
    int offset();

    /// The child's pid, for `IFLA_NET_NS_PID`.
    record ChildPid(int offset) implements Patch {}

    /// The index of an interface in the network namespace of the process that runs the step.
    record InterfaceIndex(int offset, String name) implements Patch {}

    /// The descriptor in a slot, for `IFLA_NET_NS_FD`.
    record Descriptor(int offset, Slot slot) implements Patch {}
}
