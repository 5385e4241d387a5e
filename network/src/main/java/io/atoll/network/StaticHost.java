package io.atoll.network;

import io.atoll.linux.net.MacAddress;
import java.net.Inet4Address;
import java.net.Inet6Address;
import java.util.Optional;

/// What the DHCP and DNS of a bridge know about one network card of an instance.
///
/// @param key which one: `INSTANCE.DEVICE`, with `PROJECT_` before it outside the default project;
///   a file name
/// @param dnsName the instance's name; empty where names are not given by us
public record StaticHost(
        String key,
        MacAddress mac,
        Optional<Inet4Address> ipv4,
        Optional<Inet6Address> ipv6,
        Optional<String> dnsName) {
    /// @throws IllegalArgumentException if the key is no file name or the DNS name no host name
    public StaticHost {
        checkKey(key);
        if (dnsName.isPresent()
                && !dnsName.get().matches("[a-zA-Z0-9]([-a-zA-Z0-9.]{0,251}[a-zA-Z0-9])?")) {
            throw new IllegalArgumentException("name of a static host: " + dnsName.get());
        }
    }

    static void checkKey(String key) {
        if (!key.matches("[a-zA-Z0-9_][-a-zA-Z0-9_.]{0,253}")) {
            throw new IllegalArgumentException("key of a static host: " + key);
        }
    }
}
