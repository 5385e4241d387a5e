package io.atoll.lxctools;

import io.atoll.linux.ErrnoException;
import io.atoll.linux.Fd;
import io.atoll.linux.FdIo;
import io.atoll.linux.PeerCredentials;
import io.atoll.linux.UnixSockets;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Function;

/// A program that answers system calls as `lxc.seccomp.notify.proxy` wants it: a small one of the
/// kind that is written for liblxc.
final class CallProxy implements AutoCloseable {
    private static final int ENVELOPE_BYTES = 32;
    private static final int CALL_BYTES = 80;
    private static final int ANSWER_BYTES = 24;
    private static final int LETTER_BYTES = ENVELOPE_BYTES + CALL_BYTES + ANSWER_BYTES;
    private static final int COOKIE_MAX = 256;
    private static final int CONTINUE = 1;

    /// What was asked.
    ///
    /// @param paths the texts that the first two arguments point to, empty where they do not
    record Asked(int monitor, int init, int peer, String cookie, List<String> paths) {
        boolean names(String path) {
            return paths.contains(path);
        }
    }

    private final Fd listener;
    private final Function<Asked, Function<byte[], byte[]>> answer;
    private final List<Fd> connections = new CopyOnWriteArrayList<>();
    final List<Asked> asked = new CopyOnWriteArrayList<>();

    CallProxy(Path socket, Function<Asked, Function<byte[], byte[]>> answer) {
        this.answer = answer;
        listener = UnixSockets.listen(UnixSockets.Type.SEQPACKET, socket, 8);
        Thread.ofPlatform().daemon().start(this::accept);
    }

    /// The call succeeds with this value.
    static Function<byte[], byte[]> value(long value) {
        return letter -> with(letter, value, 0, 0);
    }

    /// The call fails.
    static Function<byte[], byte[]> error(int errno) {
        return letter -> with(letter, 0, -errno, 0);
    }

    /// The kernel makes the call.
    static Function<byte[], byte[]> letRun() {
        return letter -> with(letter, 0, 0, CONTINUE);
    }

    /// Nothing is answered and the connection ends.
    static Function<byte[], byte[]> hangUp() {
        return _ -> new byte[0];
    }

    /// The answer to a call that nobody made.
    static Function<byte[], byte[]> toAnotherCall() {
        return letter -> {
            byte[] bytes = with(letter, 7, 0, 0);
            bytes[ENVELOPE_BYTES + CALL_BYTES] ^= 1;
            return bytes;
        };
    }

    /// A letter that is cut off.
    static Function<byte[], byte[]> half() {
        return letter -> java.util.Arrays.copyOf(with(letter, 7, 0, 0), LETTER_BYTES / 2);
    }

    /// A letter with something in the field that must be zero.
    static Function<byte[], byte[]> ofAnotherVersion() {
        return letter -> {
            byte[] bytes = with(letter, 7, 0, 0);
            bytes[0] = 1;
            return bytes;
        };
    }

    private static byte[] with(byte[] letter, long value, int error, int flags) {
        ByteBuffer buffer = ByteBuffer.wrap(letter.clone()).order(ByteOrder.LITTLE_ENDIAN);
        int at = ENVELOPE_BYTES + CALL_BYTES;
        buffer.putLong(at + 8, value).putInt(at + 16, error).putInt(at + 20, flags);
        return buffer.array();
    }

    private void accept() {
        try {
            while (true) {
                Fd connection = UnixSockets.accept(listener);
                connections.add(connection);
                Thread.ofPlatform().daemon().start(() -> serve(connection));
            }
        } catch (ErrnoException | IllegalStateException e) {
            // Closed.
        }
    }

    private void serve(Fd connection) {
        try (connection) {
            while (true) {
                try (UnixSockets.Message message =
                        UnixSockets.receive(connection, LETTER_BYTES + COOKIE_MAX, 3)) {
                    if (message.isEnd()) {
                        return;
                    }
                    byte[] letter = java.util.Arrays.copyOf(message.data(), LETTER_BYTES);
                    Asked one = read(message, UnixSockets.peerCredentials(connection));
                    asked.add(one);
                    byte[] back = answer.apply(one).apply(letter);
                    if (back.length == 0) {
                        UnixSockets.shutdown(connection);
                        return;
                    }
                    UnixSockets.send(connection, back);
                }
            }
        } catch (ErrnoException | IllegalStateException e) {
            // Closed.
        }
    }

    private static Asked read(UnixSockets.Message message, PeerCredentials peer) {
        ByteBuffer in = ByteBuffer.wrap(message.data()).order(ByteOrder.LITTLE_ENDIAN);
        int cookieLength = (int) in.getLong(24);
        if (in.getLong(0) != 0
                || in.getShort(16) != CALL_BYTES
                || in.getShort(18) != ANSWER_BYTES
                || in.getShort(20) != 64
                || in.capacity() != LETTER_BYTES + cookieLength
                || message.fds().size() != 3) {
            return new Asked(0, 0, 0, "not as liblxc sends it: " + in, List.of());
        }
        String cookie =
                new String(message.data(), LETTER_BYTES, cookieLength, StandardCharsets.UTF_8);
        Fd memory = message.fds().get(1);
        List<String> paths =
                List.of(
                        text(memory, in.getLong(ENVELOPE_BYTES + 32)),
                        text(memory, in.getLong(ENVELOPE_BYTES + 40)));
        return new Asked(in.getInt(8), in.getInt(12), peer.pid(), cookie, paths);
    }

    private static String text(Fd memory, long address) {
        byte[] bytes = new byte[256];
        try {
            int count = address <= 0 ? 0 : FdIo.pread(memory, bytes, 0, bytes.length, address);
            int end = 0;
            while (end < count && bytes[end] != 0) {
                end++;
            }
            return new String(bytes, 0, end, StandardCharsets.UTF_8);
        } catch (ErrnoException e) {
            return "";
        }
    }

    @Override
    public void close() {
        UnixSockets.shutdown(listener);
        listener.close();
        connections.forEach(CallProxy::end);
    }

    private static void end(Fd connection) {
        try {
            UnixSockets.shutdown(connection);
        } catch (ErrnoException | IllegalStateException e) {
            // It has ended.
        }
    }
}
