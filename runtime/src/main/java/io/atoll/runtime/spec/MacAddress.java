package io.atoll.runtime.spec;

import io.atoll.base.InvalidConfigException;
import java.util.HexFormat;
import java.util.Locale;
import java.util.regex.Pattern;

/// An Ethernet address, lower case, as `00:16:3e:00:00:01`.
public record MacAddress(String value) {
    private static final Pattern TEXT = Pattern.compile("[0-9a-f]{2}(:[0-9a-f]{2}){5}");

    public MacAddress {
        value = value.toLowerCase(Locale.ROOT);
        if (!TEXT.matcher(value).matches()) {
            throw new InvalidConfigException("not a MAC address: " + value);
        }
    }

    /// The six bytes.
    public byte[] bytes() {
        return HexFormat.ofDelimiter(":").parseHex(value);
    }

    @Override
    public String toString() {
        return value;
    }
}
