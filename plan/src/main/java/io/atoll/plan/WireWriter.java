package io.atoll.plan;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;

/// Writes the primitive fields of `docs/plan.md`: little-endian numbers, texts with their length
/// and a NUL.
final class WireWriter {
    private static final int FIRST_SIZE = 512;
    private static final int BYTE_BITS = 8;

    private byte[] bytes = new byte[FIRST_SIZE];
    private int size;

    /// Makes room and returns where it begins.
    private int grow(int count) {
        int at = size;
        size = Math.addExact(at, count);
        if (size > bytes.length) {
            bytes = Arrays.copyOf(bytes, Math.max(size, 2 * bytes.length));
        }
        return at;
    }

    WireWriter u8(int value) {
        int at = grow(Byte.BYTES);
        bytes[at] = (byte) value;
        return this;
    }

    WireWriter u16(int value) {
        int at = grow(Short.BYTES);
        bytes[at] = (byte) value;
        bytes[at + 1] = (byte) (value >>> BYTE_BITS);
        return this;
    }

    WireWriter u32(long value) {
        int at = grow(Integer.BYTES);
        for (int i = 0; i < Integer.BYTES; i++) {
            bytes[at + i] = (byte) (value >>> (BYTE_BITS * i));
        }
        return this;
    }

    WireWriter u64(long value) {
        return u32(value).u32(value >>> Integer.SIZE);
    }

    /// The constant by its position: both sides are built together, and the shim's headers list the
    /// same order.
    @SuppressWarnings("EnumOrdinal")
    WireWriter constant(Enum<?> value) {
        return u32(value.ordinal());
    }

    WireWriter flag(boolean value) {
        return u32(value ? 1 : 0);
    }

    WireWriter bytes(byte[] value) {
        u32(value.length);
        return raw(value);
    }

    WireWriter text(String value) {
        byte[] utf8 = value.getBytes(StandardCharsets.UTF_8);
        if (value.indexOf('\0') >= 0 || utf8.length > PlanLimits.TEXT_BYTES_MAX) {
            throw new InvalidPlanException(
                    "a text holds a NUL byte or is longer than "
                            + PlanLimits.TEXT_BYTES_MAX
                            + " bytes");
        }
        return bytes(utf8).u8(0);
    }

    WireWriter texts(List<String> values) {
        if (values.size() > PlanLimits.LIST_MAX) {
            throw new InvalidPlanException(
                    "a list has more than " + PlanLimits.LIST_MAX + " entries");
        }
        u32(values.size());
        values.forEach(this::text);
        return this;
    }

    WireWriter slot(Slot value) {
        return u8(value.number());
    }

    WireWriter place(Place value) {
        return switch (value) {
            case Place.Nowhere _ -> u8(0).slot(Slot.NONE).text("");
            case Place.HostPath(String path) -> u8(1).slot(Slot.NONE).text(path);
            case Place.InSlot(Slot slot) -> u8(2).slot(slot).text("");
            case Place.InRoot(Slot slot, String path) -> u8(3).slot(slot).text(path);
            case Place.Beneath(Slot slot, String path) -> u8(4).slot(slot).text(path);
            case Place.ChildProc(String path) -> u8(5).slot(Slot.NONE).text(path);
        };
    }

    WireWriter raw(byte[] value) {
        int at = grow(value.length);
        System.arraycopy(value, 0, bytes, at, value.length);
        return this;
    }

    int size() {
        return size;
    }

    byte[] toArray() {
        return Arrays.copyOf(bytes, size);
    }
}
