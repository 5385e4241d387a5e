package io.atoll.daemon.network;

import io.atoll.base.UnsupportedException;
import java.util.Locale;

/// Kinds of managed networks.
public enum NetworkType {
    /// A bridge of ours, with DHCP and DNS.
    BRIDGE,
    /// Interfaces of instances on top of a parent of the host's.
    MACVLAN,
    /// The parent itself, for one instance.
    PHYSICAL,
    /// Virtual functions of the parent.
    SRIOV;

    /// The API's word.
    public String word() {
        return name().toLowerCase(Locale.ROOT);
    }

    /// @throws UnsupportedException if there is no such kind here
    static NetworkType parse(String word) {
        for (NetworkType type : values()) {
            if (type.word().equals(word)) {
                return type;
            }
        }
        throw new UnsupportedException(
                "Networks of type \"" + word + "\" are not supported by this server");
    }
}
