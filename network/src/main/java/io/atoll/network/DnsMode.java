package io.atoll.network;

/// Which names the DNS of a bridge knows.
public enum DnsMode {
    /// Only those that the daemon gives it.
    MANAGED,
    /// Also those that instances call themselves.
    DYNAMIC,
    /// There is no DNS.
    NONE
}
