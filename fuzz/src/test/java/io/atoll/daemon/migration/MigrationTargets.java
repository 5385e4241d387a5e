package io.atoll.daemon.migration;

import io.atoll.storage.VolumeStreams.Part;
import java.util.List;

/// What the other server says while an instance moves.
public final class MigrationTargets {
    private MigrationTargets() {}

    /// Headers, verdicts and frames. What can be read is written and read again as the same.
    public static void messages(byte[] input) {
        quietly(() -> {
            MigrationHeader header = MigrationHeader.decode(input);
            MigrationHeader again = MigrationHeader.decode(header.encode());
            require(again.snapshots().size() == header.snapshots().size());
            require(again.shifted().equals(header.shifted()));
        });
        quietly(() -> {
            Verdict verdict = Verdict.decode(input);
            require(Verdict.decode(verdict.encode()).equals(verdict));
        });
        quietly(() -> {
            List<Part> parts = StreamList.parse(input);
            require(StreamList.among(parts, parts).size() <= parts.size());
        });
        quietly(() -> frame(SteadyFrame.decode(input)));
        quietly(() -> frame(SteadyFrame.decode(checked(input))));
    }

    private static void frame(SteadyFrame frame) {
        if (frame instanceof SteadyFrame.Piece piece) {
            byte[] plain = piece.open(SteadyFrame.start());
            require(plain.length <= SteadyFrame.PIECE_MAX);
        }
    }

    /// The same with a checksum that is right.
    private static byte[] checked(byte[] content) {
        java.util.zip.CRC32C sum = new java.util.zip.CRC32C();
        sum.update(content);
        return java.nio.ByteBuffer.allocate(content.length + SteadyFrame.CHECKSUM_BYTES)
                .put(content)
                .putInt((int) sum.getValue())
                .array();
    }

    private static void require(boolean holds) {
        if (!holds) {
            throw new AssertionError("another message when it is read again");
        }
    }

    private static void quietly(Runnable parser) {
        try {
            parser.run();
        } catch (MalformedMessageException | io.atoll.base.InternalException _) {
            // Refused, or the other side's refusal.
        }
    }
}
