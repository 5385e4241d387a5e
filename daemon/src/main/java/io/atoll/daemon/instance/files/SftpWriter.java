package io.atoll.daemon.instance.files;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/// Puts one message of SFTP together.
final class SftpWriter {
    private static final int HEAD_BYTES = 5;

    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();

    /// @param type of the message; `draft-ietf-secsh-filexfer-02`
    SftpWriter(int type) {
        bytes.writeBytes(new byte[4]);
        bytes.write(type);
    }

    SftpWriter number(long value) {
        bytes.writeBytes(ByteBuffer.allocate(4).putInt((int) value).array());
        return this;
    }

    SftpWriter longNumber(long value) {
        bytes.writeBytes(ByteBuffer.allocate(8).putLong(value).array());
        return this;
    }

    SftpWriter data(byte[] from, int length) {
        number(length);
        bytes.write(from, 0, length);
        return this;
    }

    SftpWriter text(String value) {
        byte[] utf8 = value.getBytes(StandardCharsets.UTF_8);
        return data(utf8, utf8.length);
    }

    /// Adds what another writer holds, without its head.
    SftpWriter append(SftpWriter other) {
        byte[] more = other.bytes.toByteArray();
        bytes.write(more, HEAD_BYTES, more.length - HEAD_BYTES);
        return this;
    }

    /// The message with its length before it.
    byte[] finish() {
        byte[] out = bytes.toByteArray();
        ByteBuffer.wrap(out).putInt(out.length - 4);
        return out;
    }
}
