package io.atoll.warm;

import io.atoll.linux.Errno;
import io.atoll.linux.ErrnoException;
import io.atoll.linux.Fd;
import io.atoll.linux.FdIo;
import io.atoll.linux.UnixSockets;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Optional;

/// The messages of a conversation: a letter, a length of four bytes, and so many bytes. Numbers are
/// little-endian. One thread reads; any may write.
final class Frames {
    /// No message is longer.
    static final int BYTES_MAX = 1 << 20;

    private static final int HEADER_BYTES = 5;

    /// One message.
    @SuppressWarnings("ArrayRecordComponent") // never compared
    record Frame(char type, byte[] payload) {
        /// The number that it carries; 0 if it carries none.
        int number() {
            return payload.length < 4
                    ? 0
                    : ByteBuffer.wrap(payload).order(ByteOrder.LITTLE_ENDIAN).getInt();
        }
    }

    private final Fd socket;

    Frames(Fd socket) {
        this.socket = socket;
    }

    /// The next message; empty at the end of the conversation, however it came. Blocks.
    Optional<Frame> next() {
        try {
            byte[] header = new byte[HEADER_BYTES];
            if (!fill(header)) {
                return Optional.empty();
            }
            int length = ByteBuffer.wrap(header, 1, 4).order(ByteOrder.LITTLE_ENDIAN).getInt();
            if (length < 0 || length > BYTES_MAX) {
                return Optional.empty();
            }
            byte[] payload = new byte[length];
            return fill(payload)
                    ? Optional.of(new Frame((char) header[0], payload))
                    : Optional.empty();
        } catch (ErrnoException | IllegalStateException _) {
            return Optional.empty();
        }
    }

    private boolean fill(byte[] into) {
        return fill(socket, into);
    }

    /// Reads exactly so much; false at the end.
    static boolean fill(Fd socket, byte[] into) {
        for (int done = 0; done < into.length; ) {
            int count = FdIo.read(socket, into, done, into.length - done);
            if (count == 0) {
                return false;
            }
            done += count;
        }
        return true;
    }

    /// Sends a message. A caller who is gone does not hear it.
    synchronized void send(char type, byte[] payload) {
        byte[] bytes =
                ByteBuffer.allocate(HEADER_BYTES + payload.length)
                        .order(ByteOrder.LITTLE_ENDIAN)
                        .put((byte) type)
                        .putInt(payload.length)
                        .put(payload)
                        .array();
        try {
            UnixSockets.send(socket, bytes);
        } catch (ErrnoException e) {
            if (!e.is(Errno.EPIPE, Errno.ECONNRESET)) {
                throw e;
            }
        } catch (IllegalStateException _) {
            // Closed: it is over.
            return;
        }
    }

    void send(char type, int number) {
        send(type, ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN).putInt(number).array());
    }
}
