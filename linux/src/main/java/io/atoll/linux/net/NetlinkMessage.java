package io.atoll.linux.net;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/// One netlink request as bytes, with the places where numbers go that are known only when it is
/// sent; netlink(7).
///
/// Immutable. Made by `Rtnetlink` and sent by `Netlink`, or by the shim as part of a plan.
public final class NetlinkMessage {
    /// Wants an acknowledgement.
    static final int NLM_F_REQUEST = 1;

    static final int NLM_F_ACK = 4;
    static final int NLM_F_DUMP = 0x300;
    static final int NLM_F_REPLACE = 0x100;
    static final int NLM_F_EXCL = 0x200;
    static final int NLM_F_CREATE = 0x400;
    static final int NLM_F_APPEND = 0x800;

    private static final int NLA_F_NESTED = 0x8000;
    private static final int HEADER = 16;

    /// A 32-bit number in native byte order that must be written before sending.
    public sealed interface Patch {
        int offset();

        /// The pid of the container's first process.
        record ChildPid(int offset) implements Patch {}

        /// The number of the interface called `name` where the message is sent.
        record InterfaceIndex(int offset, String name) implements Patch {}
    }

    private final byte[] bytes;
    private final List<Patch> patches;
    private final String what;

    private NetlinkMessage(byte[] bytes, List<Patch> patches, String what) {
        this.bytes = bytes;
        this.patches = List.copyOf(patches);
        this.what = what;
    }

    /// A copy of the message, places of patches zero.
    public byte[] bytes() {
        return bytes.clone();
    }

    public List<Patch> patches() {
        return patches;
    }

    /// What it asks for, in words, for error messages: `create veth a`.
    public String what() {
        return what;
    }

    @Override
    public String toString() {
        return what;
    }

    /// Builds a message. Not thread-safe.
    static final class Builder {
        private final String what;
        private final List<Patch> patches = new ArrayList<>();
        private ByteBuffer buffer = ByteBuffer.allocate(256).order(ByteOrder.nativeOrder());

        Builder(int type, int flags, String what) {
            this.what = what;
            buffer.putInt(0)
                    .putShort((short) type)
                    .putShort((short) (flags | NLM_F_REQUEST))
                    .putInt(0)
                    .putInt(0);
        }

        private void reserve(int size) {
            if (buffer.remaining() < size + 8) {
                ByteBuffer larger =
                        ByteBuffer.allocate(2 * buffer.capacity() + size + 8)
                                .order(ByteOrder.nativeOrder());
                larger.put(buffer.flip());
                buffer = larger;
            }
        }

        /// Bytes of the fixed header that follows the netlink header.
        Builder u8(int... values) {
            reserve(values.length);
            for (int value : values) {
                buffer.put((byte) value);
            }
            return this;
        }

        Builder u16(int value) {
            reserve(2);
            buffer.putShort((short) value);
            return this;
        }

        Builder u32(int value) {
            reserve(4);
            buffer.putInt(value);
            return this;
        }

        /// A number of the fixed header that is the index of an interface.
        Builder indexOf(String name) {
            patches.add(new Patch.InterfaceIndex(buffer.position(), name));
            return u32(0);
        }

        Builder attribute(int type, byte[] value) {
            reserve(4 + value.length + 4);
            buffer.putShort((short) (4 + value.length)).putShort((short) type).put(value);
            while (buffer.position() % 4 != 0) {
                buffer.put((byte) 0);
            }
            return this;
        }

        Builder text(int type, String value) {
            return attribute(type, (value + "\0").getBytes(StandardCharsets.UTF_8));
        }

        Builder number8(int type, int value) {
            return attribute(type, new byte[] {(byte) value});
        }

        Builder number16(int type, int value) {
            byte[] raw = new byte[2];
            ByteBuffer.wrap(raw).order(ByteOrder.nativeOrder()).putShort((short) value);
            return attribute(type, raw);
        }

        Builder number32(int type, int value) {
            byte[] raw = new byte[4];
            ByteBuffer.wrap(raw).order(ByteOrder.nativeOrder()).putInt(value);
            return attribute(type, raw);
        }

        /// An attribute whose value is the index of an interface.
        Builder indexOf(int type, String name) {
            reserve(8);
            patches.add(new Patch.InterfaceIndex(buffer.position() + 4, name));
            return number32(type, 0);
        }

        /// An attribute whose value is the pid of the container's first process.
        Builder childPid(int type) {
            reserve(8);
            patches.add(new Patch.ChildPid(buffer.position() + 4));
            return number32(type, 0);
        }

        /// An attribute that holds what `content` adds.
        Builder nested(int type, Consumer<Builder> content) {
            reserve(8);
            int start = buffer.position();
            buffer.putShort((short) 0).putShort((short) type);
            content.accept(this);
            buffer.putShort(start, (short) (buffer.position() - start));
            return this;
        }

        /// As [#nested], marked as such, which newer parts of the kernel insist on.
        Builder markedNested(int type, Consumer<Builder> content) {
            return nested(type | NLA_F_NESTED, content);
        }

        NetlinkMessage build() {
            byte[] bytes = new byte[buffer.position()];
            buffer.flip().get(bytes);
            ByteBuffer.wrap(bytes).order(ByteOrder.nativeOrder()).putInt(0, bytes.length);
            if (bytes.length < HEADER) {
                throw new IllegalStateException("netlink message without header");
            }
            return new NetlinkMessage(bytes, patches, what);
        }
    }
}
