package io.atoll.daemon.instance.config;

import io.atoll.base.InvalidConfigException;
import java.util.Locale;
import java.util.random.RandomGenerator;
import java.util.regex.Pattern;

/// The hardware address of a network interface, six bytes in lower case.
public record MacAddress(String value) {
    private static final Pattern TEXT = Pattern.compile("[0-9a-f]{2}(:[0-9a-f]{2}){5}");

    /// @throws InvalidConfigException if it is no such address
    public MacAddress {
        value = value.toLowerCase(Locale.ROOT);
        if (!TEXT.matcher(value).matches()) {
            throw new InvalidConfigException("Invalid MAC address \"" + value + "\", must be 6 bytes of hex separated by colons");
        }
    }

    /// A random address with the prefix `00:16:3e` that LXD uses.
    public static MacAddress random(RandomGenerator random) {
        int tail = random.nextInt(1 << 24);
        return new MacAddress(
                String.format("00:16:3e:%02x:%02x:%02x", tail >> 16 & 0xff, tail >> 8 & 0xff, tail & 0xff));
    }

    @Override
    public String toString() {
        return value;
    }
}
