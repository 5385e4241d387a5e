package io.atoll.linux.net;

import java.util.HexFormat;
import java.util.Optional;

/// A hardware address of six bytes, kept as its usual text in lower case: `00:16:3e:01:02:03`.
public record MacAddress(String text) {
    private static final HexFormat HEX = HexFormat.ofDelimiter(":");

    /// @throws IllegalArgumentException if it is not six pairs of hexadecimal digits with colons,
    ///   in lower case
    public MacAddress {
        if (text.length() != 17 || !HEX.formatHex(HEX.parseHex(text)).equals(text)) {
            throw new IllegalArgumentException("not a hardware address: " + text);
        }
    }

    /// From text in either case; empty if it is none.
    public static Optional<MacAddress> parse(String text) {
        try {
            return Optional.of(new MacAddress(text.toLowerCase(java.util.Locale.ROOT)));
        } catch (IllegalArgumentException _) {
            return Optional.empty();
        }
    }

    /// From six bytes.
    public static MacAddress of(byte[] bytes) {
        return new MacAddress(HEX.formatHex(bytes));
    }

    /// The six bytes.
    public byte[] bytes() {
        return HEX.parseHex(text);
    }

    @Override
    public String toString() {
        return text;
    }
}
