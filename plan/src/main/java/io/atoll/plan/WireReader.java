package io.atoll.plan;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/// Reads what [WireWriter] writes. Every fault is an [InvalidPlanException].
final class WireReader {
    private static final long U32_MASK = 0xFFFF_FFFFL;

    private final ByteBuffer in;

    WireReader(byte[] bytes) {
        this(ByteBuffer.wrap(bytes));
    }

    private WireReader(ByteBuffer in) {
        this.in = in.order(ByteOrder.LITTLE_ENDIAN);
    }

    boolean isAtEnd() {
        return !in.hasRemaining();
    }

    void expectEnd(String what) {
        if (!isAtEnd()) {
            throw new InvalidPlanException(what + " has " + in.remaining() + " bytes too many");
        }
    }

    private ByteBuffer need(int count) {
        if (count < 0 || in.remaining() < count) {
            throw new InvalidPlanException("the plan ends in the middle of a field");
        }
        return in;
    }

    int u8() {
        return Byte.toUnsignedInt(need(Byte.BYTES).get());
    }

    int u16() {
        return Short.toUnsignedInt(need(Short.BYTES).getShort());
    }

    /// An unsigned number that may use all 32 bits, such as a user id.
    long u32() {
        return need(Integer.BYTES).getInt() & U32_MASK;
    }

    /// A number that this code uses as an `int`: a mode, a count, a set of flags.
    int i32() {
        return need(Integer.BYTES).getInt();
    }

    long u64() {
        return need(Long.BYTES).getLong();
    }

    boolean flag() {
        return switch (i32()) {
            case 0 -> false;
            case 1 -> true;
            default -> throw new InvalidPlanException("a flag is neither 0 nor 1");
        };
    }

    byte[] bytes() {
        int length = i32();
        need(length);
        byte[] value = new byte[length];
        in.get(value);
        return value;
    }

    private byte[] textBytes() {
        byte[] utf8 = bytes();
        if (u8() != 0) {
            throw new InvalidPlanException("a text does not end in NUL");
        }
        return utf8;
    }

    /// A text that holds what some program or path had in it: what is not UTF-8 becomes a
    /// replacement character.
    String foreignText() {
        return new String(textBytes(), StandardCharsets.UTF_8);
    }

    String text() {
        byte[] utf8 = textBytes();
        try {
            String value =
                    StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(utf8)).toString();
            if (value.indexOf('\0') >= 0) {
                throw new InvalidPlanException("a text holds a NUL byte");
            }
            return value;
        } catch (CharacterCodingException e) {
            throw new InvalidPlanException("a text is not UTF-8: " + e.getMessage());
        }
    }

    List<String> texts() {
        int count = count(PlanLimits.LIST_MAX);
        List<String> all = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            all.add(text());
        }
        return all;
    }

    int count(int max) {
        int count = i32();
        if (count < 0 || count > max) {
            throw new InvalidPlanException(
                    "a list has " + count + " entries, at most " + max + " are allowed");
        }
        return count;
    }

    Slot slot() {
        return new Slot(u8());
    }

    Place place() {
        int kind = u8();
        Slot slot = slot();
        String path = text();
        return switch (kind) {
            case 0 -> Place.NONE;
            case 1 -> new Place.HostPath(path);
            case 2 -> new Place.InSlot(slot);
            case 3 -> new Place.InRoot(slot, path);
            case 4 -> new Place.Beneath(slot, path);
            case 5 -> new Place.ChildProc(path);
            default -> throw new InvalidPlanException("no such kind of place: " + kind);
        };
    }

    <E extends Enum<E>> E constant(E[] values) {
        int ordinal = i32();
        if (ordinal < 0 || ordinal >= values.length) {
            throw new InvalidPlanException("number " + ordinal + " means nothing here");
        }
        return values[ordinal];
    }

    /// A reader of the next `length` bytes, which this one skips.
    WireReader part(int length) {
        ByteBuffer part = need(length).slice(in.position(), length);
        in.position(in.position() + length);
        return new WireReader(part);
    }
}
