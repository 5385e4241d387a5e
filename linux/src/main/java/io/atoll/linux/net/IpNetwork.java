package io.atoll.linux.net;

import java.math.BigInteger;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.Arrays;
import java.util.Optional;

/// An address of either family with the length of its network's prefix: `10.1.2.3/24`,
/// `fd42::1/64`. Host bits are kept.
///
/// @param address numeric, never resolved
/// @param prefix 0 to 32 or 128
public record IpNetwork(InetAddress address, int prefix) {
    public IpNetwork {
        if (prefix < 0 || prefix > address.getAddress().length * 8) {
            throw new IllegalArgumentException(
                    "prefix length " + prefix + " of " + address.getHostAddress());
        }
    }

    /// From `ADDRESS/PREFIX`; empty if the text is not exactly that.
    public static Optional<IpNetwork> parse(String text) {
        int slash = text.indexOf('/');
        if (slash < 0 || !text.substring(slash + 1).matches("[0-9]{1,3}")) {
            return Optional.empty();
        }
        int prefix = Integer.parseInt(text.substring(slash + 1));
        return parseAddress(text.substring(0, slash))
                .filter(address -> prefix <= address.getAddress().length * 8)
                .map(address -> new IpNetwork(address, prefix));
    }

    /// A numeric address of either family; empty for anything else. Never asks a name server.
    public static Optional<InetAddress> parseAddress(String text) {
        // Strict dotted quads, and IPv6 only with a colon and without a zone: what is left cannot
        // be a host name.
        boolean isV4 = text.matches("(0|[1-9][0-9]{0,2})(\\.(0|[1-9][0-9]{0,2})){3}");
        boolean isV6 = text.indexOf(':') >= 0 && text.matches("[0-9a-fA-F:.]+");
        if (!isV4 && !isV6) {
            return Optional.empty();
        }
        try {
            return Optional.of(InetAddress.ofLiteral(text));
        } catch (IllegalArgumentException _) {
            return Optional.empty();
        }
    }

    public boolean isV6() {
        return address.getAddress().length == 16;
    }

    /// The network's first address with the same prefix: host bits cleared.
    public IpNetwork network() {
        return new IpNetwork(atIndex(BigInteger.ZERO), prefix);
    }

    /// The last address, the broadcast address of IPv4.
    public InetAddress last() {
        return atIndex(size().subtract(BigInteger.ONE));
    }

    /// How many addresses the network has.
    public BigInteger size() {
        return BigInteger.ONE.shiftLeft(address.getAddress().length * 8 - prefix);
    }

    /// The address with this number in the network, 0 the first; negative counts from behind, -1
    /// the last.
    public InetAddress atIndex(BigInteger index) {
        BigInteger size = size();
        BigInteger number = index.signum() < 0 ? size.add(index) : index;
        if (number.signum() < 0 || number.compareTo(size) >= 0) {
            throw new IllegalArgumentException("no address number " + index + " in " + this);
        }
        BigInteger base = toNumber(address).divide(size).multiply(size);
        return fromNumber(base.add(number), isV6());
    }

    /// As [#atIndex(BigInteger)].
    public InetAddress atIndex(long index) {
        return atIndex(BigInteger.valueOf(index));
    }

    /// The address as one number.
    public static BigInteger toNumber(InetAddress address) {
        return new BigInteger(1, address.getAddress());
    }

    /// The address of a number.
    public static InetAddress fromNumber(BigInteger number, boolean isV6) {
        byte[] bytes = new byte[isV6 ? 16 : 4];
        byte[] magnitude = number.toByteArray();
        int from = Math.max(0, magnitude.length - bytes.length);
        int count = magnitude.length - from;
        System.arraycopy(magnitude, from, bytes, bytes.length - count, count);
        return ofBytes(bytes);
    }

    /// The address of 4 or 16 bytes.
    public static InetAddress ofBytes(byte[] bytes) {
        try {
            return InetAddress.getByAddress(bytes);
        } catch (UnknownHostException e) {
            throw new IllegalArgumentException("an address of " + bytes.length + " bytes", e);
        }
    }

    /// True if the address is in this network.
    public boolean contains(InetAddress other) {
        return other.getAddress().length == address.getAddress().length
                && new IpNetwork(other, prefix).network().address().equals(network().address());
    }

    /// True if they share an address.
    public boolean overlaps(IpNetwork other) {
        if (other.isV6() != isV6()) {
            return false;
        }
        return prefix <= other.prefix ? contains(other.address) : other.contains(address);
    }

    /// Short form: the longest run of zero groups of IPv6 as `::`; RFC 5952.
    public static String text(InetAddress address) {
        byte[] bytes = address.getAddress();
        if (bytes.length == 4) {
            return address.getHostAddress();
        }
        int[] groups = new int[8];
        Arrays.setAll(groups, i -> (bytes[2 * i] & 0xff) << 8 | bytes[2 * i + 1] & 0xff);
        int start = 0;
        int length = 0;
        for (int i = 0; i < 8; i++) {
            int run = 0;
            while (i + run < 8 && groups[i + run] == 0) {
                run++;
            }
            if (run > length) {
                start = i;
                length = run;
            }
        }
        StringBuilder out = new StringBuilder();
        for (int i = 0; i < 8; i++) {
            if (length > 1 && i == start) {
                out.append("::");
                i += length - 1;
                continue;
            }
            boolean needsColon = !out.isEmpty() && out.charAt(out.length() - 1) != ':';
            out.append(needsColon ? ":" : "").append(Integer.toHexString(groups[i]));
        }
        return out.toString();
    }

    @Override
    public String toString() {
        return text(address) + "/" + prefix;
    }
}
