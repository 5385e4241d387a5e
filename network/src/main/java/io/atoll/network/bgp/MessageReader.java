package io.atoll.network.bgp;

import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.util.EnumSet;
import java.util.Optional;
import java.util.Set;

/// Cuts what a peer sends into messages and reads them; RFC 4271, section 4. Every byte may be an
/// attacker's. Holds one message at most.
final class MessageReader {
    static final int MESSAGE_BYTES_MAX = 4096;
    static final int HEADER_BYTES = 19;

    private static final int MARKER_BYTES = 16;
    private static final int VERSION = 4;
    private static final int OPEN_BYTES_MIN = 29;
    private static final int UPDATE_BYTES_MIN = 23;
    private static final int NOTIFICATION_BYTES_MIN = 21;
    private static final int REFRESH_BYTES = 23;
    private static final int HOLD_SECONDS_MIN = 3;
    private static final int PARAMETER_CAPABILITIES = 2;

    private final ByteBuffer buffer = ByteBuffer.allocate(MESSAGE_BYTES_MAX);

    /// Takes as much of `from` as fits.
    void add(ByteBuffer from) {
        while (from.hasRemaining() && buffer.hasRemaining()) {
            buffer.put(from.get());
        }
    }

    /// The next message; empty if it is not complete.
    ///
    /// @throws Fault if it is none
    Optional<Message> next() {
        if (buffer.position() < HEADER_BYTES) {
            return Optional.empty();
        }
        for (int i = 0; i < MARKER_BYTES; i++) {
            if (buffer.get(i) != -1) {
                throw new Fault(Fault.HEADER, 1, "a message does not begin as one");
            }
        }
        int length = buffer.getShort(MARKER_BYTES) & 0xffff;
        if (length < HEADER_BYTES || length > MESSAGE_BYTES_MAX) {
            throw wrongLength(length);
        }
        if (buffer.position() < length) {
            return Optional.empty();
        }
        buffer.flip();
        ByteBuffer body = buffer.slice(HEADER_BYTES, length - HEADER_BYTES);
        Message message = read(buffer.get(MARKER_BYTES + 2) & 0xff, length, body);
        buffer.position(length);
        buffer.compact();
        return Optional.of(message);
    }

    private static Fault wrongLength(int length) {
        return new Fault(
                Fault.HEADER,
                2,
                "a message of " + length + " bytes",
                (byte) (length >> 8),
                (byte) length);
    }

    private static Message read(int type, int length, ByteBuffer body) {
        int least =
                switch (type) {
                    case MessageWriter.OPEN -> OPEN_BYTES_MIN;
                    case MessageWriter.UPDATE -> UPDATE_BYTES_MIN;
                    case MessageWriter.NOTIFICATION -> NOTIFICATION_BYTES_MIN;
                    case MessageWriter.REFRESH -> REFRESH_BYTES;
                    default -> HEADER_BYTES;
                };
        boolean isExact = type == MessageWriter.KEEPALIVE || type == MessageWriter.REFRESH;
        if (length < least || isExact && length > least) {
            throw wrongLength(length);
        }
        return switch (type) {
            case MessageWriter.OPEN -> open(body);
            case MessageWriter.UPDATE -> new Message.Update();
            case MessageWriter.NOTIFICATION -> notification(body);
            case MessageWriter.KEEPALIVE -> new Message.Keepalive();
            case MessageWriter.REFRESH -> new Message.Refresh(body.getShort() & 0xffff);
            default -> throw new Fault(Fault.HEADER, 3, "a message of type " + type, (byte) type);
        };
    }

    private static Message notification(ByteBuffer body) {
        int code = body.get() & 0xff;
        return new Message.Notification(code, body.get() & 0xff);
    }

    private static Message open(ByteBuffer body) {
        int version = body.get() & 0xff;
        if (version != VERSION) {
            throw new Fault(Fault.OPEN, 1, "version " + version, (byte) 0, (byte) VERSION);
        }
        int asn = body.getShort() & 0xffff;
        int holdSeconds = body.getShort() & 0xffff;
        if (holdSeconds != 0 && holdSeconds < HOLD_SECONDS_MIN) {
            throw new Fault(Fault.OPEN, 6, "a hold time of " + holdSeconds + " seconds");
        }
        long routerId = body.getInt() & 0xffff_ffffL;
        if (routerId == 0) {
            throw new Fault(Fault.OPEN, 3, "a router id of 0");
        }
        int parameterBytes = body.get() & 0xff;
        if (parameterBytes != body.remaining()) {
            throw malformed();
        }
        Capabilities capabilities = new Capabilities(asn);
        try {
            parameters(body, capabilities);
        } catch (BufferUnderflowException | IndexOutOfBoundsException _) {
            throw malformed();
        }
        return new Message.Open(
                capabilities.asn,
                holdSeconds,
                routerId,
                capabilities.saysFamilies ? capabilities.families : Set.of(Family.IPV4),
                capabilities.hasWideAsns);
    }

    private static Fault malformed() {
        return new Fault(Fault.OPEN, 0, "an OPEN whose parts do not fit");
    }

    private static void parameters(ByteBuffer body, Capabilities into) {
        while (body.hasRemaining()) {
            int type = body.get() & 0xff;
            ByteBuffer value = part(body);
            if (type != PARAMETER_CAPABILITIES) {
                throw new Fault(Fault.OPEN, 4, "an optional parameter of type " + type);
            }
            while (value.hasRemaining()) {
                into.add(value.get() & 0xff, part(value));
            }
        }
    }

    /// A length of one byte and as much.
    private static ByteBuffer part(ByteBuffer from) {
        int length = from.get() & 0xff;
        ByteBuffer part = from.slice(from.position(), length);
        from.position(from.position() + length);
        return part;
    }

    /// What a speaker says of itself; RFC 5492.
    private static final class Capabilities {
        private final Set<Family> families = EnumSet.noneOf(Family.class);
        private long asn;
        private boolean saysFamilies;
        private boolean hasWideAsns;

        Capabilities(long asn) {
            this.asn = asn;
        }

        void add(int code, ByteBuffer value) {
            if (code == MessageWriter.MULTIPROTOCOL) {
                saysFamilies = true;
                int afi = value.getShort(0) & 0xffff;
                boolean isUnicast = (value.get(3) & 0xff) == Family.UNICAST;
                for (Family family : Family.values()) {
                    if (isUnicast && family.afi() == afi) {
                        families.add(family);
                    }
                }
            } else if (code == MessageWriter.WIDE_ASNS) {
                hasWideAsns = true;
                asn = value.getInt(0) & 0xffff_ffffL;
            }
        }
    }
}
