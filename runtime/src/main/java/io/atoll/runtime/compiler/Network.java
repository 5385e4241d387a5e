package io.atoll.runtime.compiler;

import io.atoll.base.InvalidConfigException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.regex.Pattern;

/// An IP address with the length of its network's prefix.
record Network(InetAddress address, int prefixLength) {
    private static final Pattern ADDRESS = Pattern.compile("[0-9A-Fa-f:.]+");

    Network {
        if (prefixLength < 0 || prefixLength > address.getAddress().length * Byte.SIZE) {
            throw new InvalidConfigException(
                    "prefix /" + prefixLength + " does not fit " + address.getHostAddress());
        }
    }

    /// From `10.0.3.1/24`; without a prefix it is the single address.
    static Network parse(String text) {
        int slash = text.indexOf('/');
        InetAddress address = address(slash < 0 ? text : text.substring(0, slash));
        if (slash < 0) {
            return single(address);
        }
        try {
            return new Network(address, Integer.parseInt(text.substring(slash + 1)));
        } catch (NumberFormatException e) {
            throw new InvalidConfigException("not a network in CIDR notation: " + text, e);
        }
    }

    /// Only numbers are taken: a name would be looked up.
    static InetAddress address(String text) {
        try {
            if (ADDRESS.matcher(text).matches()
                    && (text.contains(":") || text.matches("\\d+(\\.\\d+){3}"))) {
                return InetAddress.getByName(text);
            }
        } catch (UnknownHostException e) {
            throw new InvalidConfigException("not an IP address: " + text, e);
        }
        throw new InvalidConfigException("not an IP address: " + text);
    }

    static Network single(InetAddress address) {
        return new Network(address, address.getAddress().length * Byte.SIZE);
    }

    /// The whole address space of that address's family.
    static Network everything(InetAddress like) {
        return new Network(masked(like, 0), 0);
    }

    /// The network's own address: all bits after the prefix zero.
    InetAddress first() {
        return masked(address, prefixLength);
    }

    boolean contains(InetAddress other) {
        return other.getAddress().length == address.getAddress().length
                && masked(other, prefixLength).equals(first());
    }

    private static InetAddress masked(InetAddress address, int prefixLength) {
        byte[] bytes = address.getAddress();
        for (int bit = prefixLength; bit < bytes.length * Byte.SIZE; bit++) {
            bytes[bit / Byte.SIZE] &= (byte) ~(0x80 >> bit % Byte.SIZE);
        }
        try {
            return InetAddress.getByAddress(bytes);
        } catch (UnknownHostException e) {
            throw new IllegalStateException("an address of " + bytes.length + " bytes", e);
        }
    }
}
