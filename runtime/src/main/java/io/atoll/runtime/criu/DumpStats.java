package io.atoll.runtime.criu;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/// What CRIU counted in a dump.
///
/// @param skipped pages that are in the dump before
/// @param written all others
public record DumpStats(long skipped, long written) {
    private static final String FILE = "stats-dump";

    /// Two magic numbers and a length; then a message of protocol buffers, CRIU's `stats.proto`.
    private static final int HEADER = 12;

    private static final int DUMP = 1;
    private static final int PAGES_SKIPPED = 6;
    private static final int PAGES_WRITTEN = 7;
    private static final int VARINT = 0;
    private static final int BYTES = 2;
    private static final int FILE_MAX = 4096;

    /// The counts of a dump; empty if they are not there or not as expected.
    public static Optional<DumpStats> read(Path images) {
        try {
            if (Files.size(images.resolve(FILE)) > FILE_MAX) {
                return Optional.empty();
            }
            return parse(Files.readAllBytes(images.resolve(FILE)));
        } catch (IOException _) {
            return Optional.empty();
        }
    }

    /// Whether they are there: CRIU writes them when all else is done.
    public static boolean isIn(Path images) {
        return Files.exists(images.resolve(FILE));
    }

    static Optional<DumpStats> parse(byte[] file) {
        if (file.length < HEADER) {
            return Optional.empty();
        }
        ByteBuffer in = ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN).position(HEADER);
        try {
            while (in.hasRemaining()) {
                long tag = varint(in);
                if ((tag & 7) != BYTES) {
                    return Optional.empty();
                }
                int length = Math.toIntExact(varint(in));
                ByteBuffer inner = in.slice(in.position(), length);
                in.position(in.position() + length);
                if (tag >>> 3 == DUMP) {
                    return Optional.of(counts(inner));
                }
            }
        } catch (RuntimeException _) {
            // As one that is not there.
        }
        return Optional.empty();
    }

    private static DumpStats counts(ByteBuffer in) {
        long skipped = 0;
        long written = 0;
        while (in.hasRemaining()) {
            long tag = varint(in);
            if ((tag & 7) != VARINT) {
                throw new IllegalArgumentException("not a number");
            }
            long value = varint(in);
            if (tag >>> 3 == PAGES_SKIPPED) {
                skipped = value;
            } else if (tag >>> 3 == PAGES_WRITTEN) {
                written = value;
            }
        }
        return new DumpStats(skipped, written);
    }

    private static long varint(ByteBuffer in) {
        long value = 0;
        for (int shift = 0; shift < Long.SIZE; shift += 7) {
            byte next = in.get();
            value |= (next & 0x7fL) << shift;
            if (next >= 0) {
                return value;
            }
        }
        throw new IllegalArgumentException("too long a number");
    }

    /// How much of the memory was in sync with the dump before, in percent.
    public long percentInSync() {
        long all = skipped + written;
        return all == 0 ? 100 : skipped * 100 / all;
    }
}
