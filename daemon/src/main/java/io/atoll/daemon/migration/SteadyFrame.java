package io.atoll.daemon.migration;

import com.github.luben.zstd.Zstd;
import com.github.luben.zstd.ZstdException;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.zip.CRC32C;

/// What goes over one connection of a [SteadySocket]: a websocket message each. Numbers are in
/// network byte order.
///
///     piece:  kind (1 binary, 2 text) | number u64 | flags u8 | length u32 | digest 32 bytes | payload
///     ack:    kind 3 | number u64, of the piece that is expected next
///     resume: kind 4 | number u64, likewise
///     bye:    kind 5
///
/// Each ends with a CRC-32C of all before it, so that no changed number misleads anybody.
/// The digest of a piece is SHA-256 of the digest before it and of what it says, so the last one
/// vouches for everything that was sent. The payload is compressed by zstd where that makes it
/// shorter; `length` is that of the plain one.
sealed interface SteadyFrame {
    /// The longest payload of a piece before compression.
    int PIECE_MAX = 64 << 10;

    /// The longest frame.
    int FRAME_MAX = PIECE_MAX + 1024;

    int CHECKSUM_BYTES = 4;

    int BINARY = 1;
    int TEXT = 2;
    int ACK = 3;
    int RESUME = 4;
    int BYE = 5;

    int LAST = 1;
    int COMPRESSED = 2;
    int DIGEST_BYTES = 32;

    /// Fast; the network is what is slow.
    int LEVEL = 3;

    /// Part of what is sent.
    ///
    /// @param isLast whether a message ends with it
    /// @param payload as it travels
    @SuppressWarnings("ArrayRecordComponent") // never compared
    record Piece(
            boolean isText,
            long number,
            boolean isLast,
            boolean isCompressed,
            int length,
            byte[] digest,
            byte[] payload)
            implements SteadyFrame {
        static Piece of(boolean isText, long number, boolean isLast, byte[] plain, byte[] before) {
            byte[] digest = digest(before, isText, isLast, plain);
            byte[] packed = Zstd.compress(plain, LEVEL);
            boolean isShorter = packed.length < plain.length;
            return new Piece(
                    isText,
                    number,
                    isLast,
                    isShorter,
                    plain.length,
                    digest,
                    isShorter ? packed : plain);
        }

        int cost() {
            return SteadyFrame.cost(length);
        }

        /// What it says.
        ///
        /// @param before the digest of the piece before it
        /// @throws MalformedMessageException if that is not what was sent
        byte[] open(byte[] before) {
            byte[] plain = unpack();
            if (!MessageDigest.isEqual(digest, digest(before, isText, isLast, plain))) {
                throw new MalformedMessageException("a piece that was changed on its way");
            }
            return plain;
        }

        private byte[] unpack() {
            if (!isCompressed) {
                return payload;
            }
            try {
                byte[] plain = new byte[length];
                long count = Zstd.decompressByteArray(plain, 0, length, payload, 0, payload.length);
                return count == length ? plain : Arrays.copyOf(plain, (int) count);
            } catch (ZstdException e) {
                throw new MalformedMessageException("a piece that cannot be unpacked", e);
            }
        }

        private static byte[] digest(byte[] before, boolean isText, boolean isLast, byte[] plain) {
            try {
                MessageDigest sha = MessageDigest.getInstance("SHA-256");
                sha.update(before);
                sha.update((byte) (isText ? TEXT : BINARY));
                sha.update((byte) (isLast ? LAST : 0));
                sha.update(plain);
                return sha.digest();
            } catch (NoSuchAlgorithmException e) {
                throw new IllegalStateException("every Java has SHA-256", e);
            }
        }
    }

    /// All pieces before this number have been used up.
    record Ack(long next) implements SteadyFrame {}

    /// The first frame on a new connection: which piece is expected there first.
    record Resume(long next) implements SteadyFrame {}

    /// Nothing follows, and nothing more is taken.
    record Bye() implements SteadyFrame {}

    /// The digest before the first piece.
    static byte[] start() {
        return new byte[DIGEST_BYTES];
    }

    /// What a piece counts against the window: an empty one takes room, too.
    static int cost(int length) {
        return length + 64;
    }

    default byte[] encode() {
        byte[] content = content();
        return ByteBuffer.allocate(content.length + CHECKSUM_BYTES)
                .put(content)
                .putInt(checksum(content, content.length))
                .array();
    }

    private static int checksum(byte[] bytes, int length) {
        CRC32C sum = new CRC32C();
        sum.update(bytes, 0, length);
        return (int) sum.getValue();
    }

    private byte[] content() {
        return switch (this) {
            case Piece p ->
                    ByteBuffer.allocate(1 + 8 + 1 + 4 + DIGEST_BYTES + p.payload.length)
                            .put((byte) (p.isText ? TEXT : BINARY))
                            .putLong(p.number)
                            .put((byte) ((p.isLast ? LAST : 0) | (p.isCompressed ? COMPRESSED : 0)))
                            .putInt(p.length)
                            .put(p.digest)
                            .put(p.payload)
                            .array();
            case Ack(long next) -> ByteBuffer.allocate(9).put((byte) ACK).putLong(next).array();
            case Resume(long next) ->
                    ByteBuffer.allocate(9).put((byte) RESUME).putLong(next).array();
            case Bye _ -> new byte[] {BYE};
        };
    }

    /// @throws MalformedMessageException if the bytes are no frame
    static SteadyFrame decode(byte[] bytes) {
        int length = bytes.length - CHECKSUM_BYTES;
        if (length < 1
                || ByteBuffer.wrap(bytes, length, CHECKSUM_BYTES).getInt()
                        != checksum(bytes, length)) {
            throw new MalformedMessageException("a frame that was changed on its way");
        }
        ByteBuffer in = ByteBuffer.wrap(bytes, 0, length);
        try {
            int kind = in.get();
            SteadyFrame frame =
                    switch (kind) {
                        case BINARY, TEXT -> piece(kind == TEXT, in);
                        case ACK -> new Ack(in.getLong());
                        case RESUME -> new Resume(in.getLong());
                        case BYE -> new Bye();
                        default -> throw new MalformedMessageException("a frame of unknown kind");
                    };
            if (in.hasRemaining()) {
                throw new MalformedMessageException("a frame with something behind it");
            }
            return frame;
        } catch (BufferUnderflowException e) {
            throw new MalformedMessageException("a frame that ends in the middle", e);
        }
    }

    private static Piece piece(boolean isText, ByteBuffer in) {
        long number = in.getLong();
        int flags = in.get();
        int length = in.getInt();
        if ((flags & ~(LAST | COMPRESSED)) != 0 || length < 0 || length > PIECE_MAX) {
            throw new MalformedMessageException("a piece that cannot be");
        }
        byte[] digest = new byte[DIGEST_BYTES];
        in.get(digest);
        byte[] payload = new byte[in.remaining()];
        in.get(payload);
        boolean isCompressed = (flags & COMPRESSED) != 0;
        return new Piece(
                isText, number, (flags & LAST) != 0, isCompressed, length, digest, payload);
    }
}
