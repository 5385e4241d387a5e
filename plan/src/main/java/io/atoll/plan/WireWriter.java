package io.atoll.plan;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;

/// Writes the primitive fields of `docs/plan.md`: little-endian numbers, texts with their length
/// and a NUL.
final class WireWriter {
    private static final int BYTE_BITS = 8;

    private final ByteArrayOutputStream out = new ByteArrayOutputStream();

    WireWriter u8(int value) {
        out.write(value);
        return this;
    }

    WireWriter u16(int value) {
        return u8(value).u8(value >>> BYTE_BITS);
    }

    WireWriter u32(long value) {
        return u16((int) value).u16((int) (value >>> (2 * BYTE_BITS)));
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
        out.writeBytes(value);
        return this;
    }

    int size() {
        return out.size();
    }

    byte[] toArray() {
        return out.toByteArray();
    }
}
