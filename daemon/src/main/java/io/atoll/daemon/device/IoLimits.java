package io.atoll.daemon.device;

import io.atoll.base.ByteSize;
import io.atoll.base.InvalidConfigException;

/// How fast an instance may read from and write to the block device below a disk, each 0 for
/// unlimited.
public record IoLimits(long readBytes, long readOps, long writeBytes, long writeOps) {
    /// Unlimited.
    public static final IoLimits NONE = new IoLimits(0, 0, 0, 0);

    private static final String OPERATIONS = "iops";

    /// Reads the values of `limits.read`, `limits.write` and `limits.max`: bytes per second such as
    /// `30MB`, or operations per second such as `20iops`. Empty text means no limit.
    ///
    /// @throws InvalidConfigException if `max` stands beside one of the others, or a text is
    ///   neither
    public static IoLimits parse(String read, String write, String max) {
        if (!max.isEmpty() && !(read.isEmpty() && write.isEmpty())) {
            throw new InvalidConfigException(
                    "limits.max stands for both limits.read and limits.write and excludes them");
        }
        long[] in = rate(max.isEmpty() ? read : max);
        long[] out = rate(max.isEmpty() ? write : max);
        return new IoLimits(in[0], in[1], out[0], out[1]);
    }

    /// Bytes and operations, one of them 0.
    private static long[] rate(String text) {
        if (text.isEmpty()) {
            return new long[] {0, 0};
        }
        if (!text.endsWith(OPERATIONS)) {
            return new long[] {ByteSize.parse(text).bytes(), 0};
        }
        String number = text.substring(0, text.length() - OPERATIONS.length()).strip();
        if (!number.matches("\\d{1,18}")) {
            throw new InvalidConfigException("Invalid value: " + text);
        }
        return new long[] {0, Long.parseLong(number)};
    }

    /// True if nothing is limited.
    public boolean isNone() {
        return equals(NONE);
    }
}
