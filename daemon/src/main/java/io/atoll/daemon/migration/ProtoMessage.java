package io.atoll.daemon.migration;

import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;

/// One message in the wire format of protocol buffers, taken apart. What it means is up to who
/// asks: a field that is asked for as what it is not counts as absent, and so do unknown ones,
/// which newer peers send. The bytes come from another server.
final class ProtoMessage {
    /// A message may not have more fields than this.
    static final int FIELDS_MAX = 100_000;

    private static final int FIXED64 = 1;
    private static final int FIXED32 = 5;

    private sealed interface Value {}

    private record Whole(long value) implements Value {}

    @SuppressWarnings("ArrayRecordComponent") // never compared
    private record Bytes(byte[] value) implements Value {}

    private final Map<Integer, List<Value>> fields = new HashMap<>();

    private ProtoMessage() {}

    /// @throws MalformedMessageException if the bytes are no message
    static ProtoMessage parse(byte[] bytes) {
        ProtoMessage message = new ProtoMessage();
        ByteBuffer in = ByteBuffer.wrap(bytes);
        try {
            for (int count = 0; in.hasRemaining(); count++) {
                if (count == FIELDS_MAX) {
                    throw new MalformedMessageException("more than " + FIELDS_MAX + " fields");
                }
                message.read(in);
            }
        } catch (BufferUnderflowException e) {
            throw new MalformedMessageException("it ends in the middle", e);
        }
        return message;
    }

    private void read(ByteBuffer in) {
        long tag = varint(in);
        long field = tag >>> 3;
        if (field == 0 || field > 1 << 29) {
            throw new MalformedMessageException("there is no field " + field);
        }
        Value value =
                switch ((int) (tag & 7)) {
                    case ProtoWriter.VARINT -> new Whole(varint(in));
                    case ProtoWriter.BYTES -> new Bytes(bytes(in));
                    case FIXED64 -> new Whole(Long.reverseBytes(in.getLong()));
                    case FIXED32 -> new Whole(Integer.reverseBytes(in.getInt()));
                    default -> throw new MalformedMessageException("a field of unknown type");
                };
        fields.computeIfAbsent((int) field, _ -> new ArrayList<>()).add(value);
    }

    private static long varint(ByteBuffer in) {
        long value = 0;
        for (int shift = 0; shift < 64; shift += 7) {
            byte next = in.get();
            value |= (long) (next & 0x7f) << shift;
            if (next >= 0) {
                return value;
            }
        }
        throw new MalformedMessageException("a number without end");
    }

    private static byte[] bytes(ByteBuffer in) {
        long length = varint(in);
        if (length < 0 || length > in.remaining()) {
            throw new MalformedMessageException("a field is longer than the message");
        }
        byte[] out = new byte[(int) length];
        in.get(out);
        return out;
    }

    private List<Value> all(int field) {
        return fields.getOrDefault(field, List.of());
    }

    /// The last one counts if a number comes twice.
    OptionalLong number(int field) {
        return all(field).stream()
                .filter(Whole.class::isInstance)
                .mapToLong(v -> ((Whole) v).value)
                .reduce((_, b) -> b);
    }

    boolean flag(int field) {
        return number(field).orElse(0) != 0;
    }

    List<String> texts(int field) {
        return blobs(field).stream().map(b -> new String(b, StandardCharsets.UTF_8)).toList();
    }

    Optional<String> text(int field) {
        return texts(field).stream().reduce((_, b) -> b);
    }

    List<ProtoMessage> messages(int field) {
        return blobs(field).stream().map(ProtoMessage::parse).toList();
    }

    Optional<ProtoMessage> message(int field) {
        return messages(field).stream().reduce((_, b) -> b);
    }

    private List<byte[]> blobs(int field) {
        return all(field).stream()
                .filter(Bytes.class::isInstance)
                .map(v -> ((Bytes) v).value)
                .toList();
    }
}
