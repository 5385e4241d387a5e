package io.atoll.daemon.instance.files;

import java.io.IOException;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/// The fields of one message of SFTP, in the order they were sent. All of it is the client's word:
/// every length is checked against what is left.
final class SftpReader {
    private final ByteBuffer bytes;

    SftpReader(byte[] message) {
        bytes = ByteBuffer.wrap(message);
    }

    int type() throws IOException {
        return number(1) & 0xff;
    }

    int number() throws IOException {
        return number(4);
    }

    private int number(int size) throws IOException {
        try {
            return size == 1 ? bytes.get() : bytes.getInt();
        } catch (BufferUnderflowException e) {
            throw cut(e);
        }
    }

    long longNumber() throws IOException {
        try {
            return bytes.getLong();
        } catch (BufferUnderflowException e) {
            throw cut(e);
        }
    }

    byte[] data() throws IOException {
        int length = number();
        if (length < 0 || length > bytes.remaining()) {
            throw new IOException("a field of " + length + " bytes in a shorter message");
        }
        byte[] out = new byte[length];
        bytes.get(out);
        return out;
    }

    /// @throws IOException also for a text with a NUL, which is no name of a file
    String text() throws IOException {
        String out = new String(data(), StandardCharsets.UTF_8);
        if (out.indexOf('\0') >= 0) {
            throw new IOException("a text with a NUL");
        }
        return out;
    }

    private static IOException cut(BufferUnderflowException cause) {
        return new IOException("a message ends too early", cause);
    }
}
