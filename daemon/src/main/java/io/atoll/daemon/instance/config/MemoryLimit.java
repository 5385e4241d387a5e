package io.atoll.daemon.instance.config;

import io.atoll.base.ByteSize;
import io.atoll.base.InvalidConfigException;

/// The value of `limits.memory`: a size, or a share of the host's memory.
public sealed interface MemoryLimit {
    /// A number of bytes.
    record Bytes(ByteSize size) implements MemoryLimit {
        public Bytes {
            if (size.bytes() == 0) {
                throw new InvalidConfigException("Memory limit can't be 0");
            }
        }
    }

    /// A share of the host's memory, 1 to 100 percent.
    record Percent(int value) implements MemoryLimit {
        public Percent {
            if (value < 1 || value > 100) {
                throw new InvalidConfigException(
                        "Invalid value: " + value + "% is not within 1%-100%");
            }
        }
    }

    /// @throws InvalidConfigException if the text is neither
    static MemoryLimit parse(String text) {
        if (!text.endsWith("%")) {
            return new Bytes(ByteSize.parse(text));
        }
        try {
            return new Percent(Integer.parseInt(text.substring(0, text.length() - 1)));
        } catch (NumberFormatException e) {
            throw new InvalidConfigException("Invalid value: " + text, e);
        }
    }

    /// The limit in bytes on a host with this much memory.
    default long bytes(long hostBytes) {
        return switch (this) {
            case Bytes(ByteSize size) -> size.bytes();
            case Percent(int value) -> hostBytes / 100 * value;
        };
    }
}
