package io.atoll.linux;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/// Names as the kernel has them: bytes without NUL, mostly but not always UTF-8. A byte that is not
/// UTF-8 becomes the lone surrogate U+DC80..U+DCFF and goes back to the same byte, so that every
/// name survives the way through a string whatever the JVM's locale is.
public final class KernelText {
    private static final int ESCAPE = 0xDC00;
    private static final char REPLACEMENT = 0xFFFD;

    private KernelText() {}

    /// The string of a name.
    public static String decode(byte[] name) {
        // Much the quickest way, and right unless something in it was replaced.
        String plain = new String(name, StandardCharsets.UTF_8);
        if (plain.indexOf(REPLACEMENT) < 0) {
            return plain;
        }
        try {
            return StandardCharsets.UTF_8
                    .newDecoder()
                    .onMalformedInput(CodingErrorAction.REPORT)
                    .onUnmappableCharacter(CodingErrorAction.REPORT)
                    .decode(ByteBuffer.wrap(name))
                    .toString();
        } catch (CharacterCodingException _) {
            return decodeEscaped(name);
        }
    }

    private static String decodeEscaped(byte[] name) {
        ByteBuffer in = ByteBuffer.wrap(name);
        CharBuffer out = CharBuffer.allocate(name.length);
        var decoder = StandardCharsets.UTF_8.newDecoder();
        while (true) {
            var result = decoder.decode(in, out, true);
            if (result.isUnderflow()) {
                return out.flip().toString();
            }
            for (int i = 0; i < result.length(); i++) {
                out.put((char) (ESCAPE + (in.get() & 0xFF)));
            }
            decoder.reset();
        }
    }

    /// The bytes of a string made by [#decode], or of any other string as UTF-8.
    ///
    /// @throws IllegalArgumentException if it holds a NUL, which would end the name early
    public static byte[] encode(String name) {
        if (name.indexOf('\0') >= 0) {
            throw new IllegalArgumentException("a name holds a NUL: " + name.replace('\0', '?'));
        }
        return isEscaped(name) ? encodeEscaped(name) : name.getBytes(StandardCharsets.UTF_8);
    }

    private static boolean isEscaped(String name) {
        for (int i = 0; i < name.length(); i++) {
            char c = name.charAt(i);
            if (c >= ESCAPE + 0x80 && c <= ESCAPE + 0xFF) {
                return true;
            }
        }
        return false;
    }

    private static byte[] encodeEscaped(String name) {
        byte[] out = new byte[name.length() * 3];
        int length = 0;
        for (int i = 0; i < name.length(); ) {
            int point = name.codePointAt(i);
            i += Character.charCount(point);
            if (point >= ESCAPE + 0x80 && point <= ESCAPE + 0xFF) {
                out[length++] = (byte) (point - ESCAPE);
                continue;
            }
            for (byte b : Character.toString(point).getBytes(StandardCharsets.UTF_8)) {
                out[length++] = b;
            }
        }
        return Arrays.copyOf(out, length);
    }

    /// A NUL-terminated copy in `arena`.
    static MemorySegment allocate(Arena arena, String name) {
        byte[] bytes = encode(name);
        MemorySegment segment = arena.allocate(bytes.length + 1L);
        MemorySegment.copy(bytes, 0, segment, ValueLayout.JAVA_BYTE, 0, bytes.length);
        return segment;
    }

    /// The address of a NUL-terminated copy in `arena`.
    static long address(Arena arena, String name) {
        return allocate(arena, name).address();
    }

    /// The bytes from `offset` up to the first NUL.
    static byte[] bytesAt(MemorySegment segment, long offset) {
        long end = offset;
        while (segment.get(ValueLayout.JAVA_BYTE, end) != 0) {
            end++;
        }
        return segment.asSlice(offset, end - offset).toArray(ValueLayout.JAVA_BYTE);
    }
}
