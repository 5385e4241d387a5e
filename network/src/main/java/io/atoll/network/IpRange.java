package io.atoll.network;

import io.atoll.base.InvalidConfigException;
import io.atoll.linux.net.IpNetwork;
import java.net.InetAddress;

/// Addresses from `first` to `last`, both included, of one family.
public record IpRange(InetAddress first, InetAddress last) {
    /// @throws InvalidConfigException if they are of two families, or the last before the first
    public IpRange {
        if (first.getAddress().length != last.getAddress().length
                || IpNetwork.toNumber(first).compareTo(IpNetwork.toNumber(last)) > 0) {
            throw new InvalidConfigException(
                    "Invalid range of addresses \""
                            + IpNetwork.text(first)
                            + "-"
                            + IpNetwork.text(last)
                            + "\"");
        }
    }

    public boolean contains(InetAddress address) {
        return address.getAddress().length == first.getAddress().length
                && IpNetwork.toNumber(first).compareTo(IpNetwork.toNumber(address)) <= 0
                && IpNetwork.toNumber(address).compareTo(IpNetwork.toNumber(last)) <= 0;
    }

    /// `FIRST-LAST`.
    @Override
    public String toString() {
        return IpNetwork.text(first) + "-" + IpNetwork.text(last);
    }
}
