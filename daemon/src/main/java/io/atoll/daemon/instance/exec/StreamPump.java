package io.atoll.daemon.instance.exec;

import io.atoll.daemon.http.WebSocket;
import io.atoll.linux.Errno;
import io.atoll.linux.ErrnoException;
import io.atoll.linux.Fd;
import io.atoll.linux.FdIo;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;

/// Moves bytes between descriptors and websockets until one side ends or [#stop] is called. Methods
/// block and are meant for platform threads; one pump serves all streams of a command.
final class StreamPump implements AutoCloseable {
    /// Bytes moved at a time, as LXD does.
    static final int CHUNK = 128 << 10;

    /// What a terminal or socket that is writable takes at once: more might block, and nobody could
    /// stop us then.
    private static final int PAGE = 4096;

    private static final int GONE = FdIo.POLLHUP | FdIo.POLLERR;

    /// Its writing end is closed to wake those who wait for descriptors.
    private final FdIo.Pipe wake = FdIo.pipe();

    /// Sends what can be read from `source` until its end. After [#stop], what is there already is
    /// still sent.
    void toSocket(Fd source, WebSocket socket) {
        byte[] chunk = new byte[PAGE];
        try {
            while (awaitReadable(source)) {
                int count = FdIo.read(source, chunk, 0, chunk.length);
                if (count == 0) {
                    return;
                }
                socket.sendBinary(ByteBuffer.wrap(chunk, 0, count));
                if (count == PAGE && chunk.length == PAGE) {
                    // Most commands say little.
                    chunk = new byte[CHUNK];
                }
            }
        } catch (IOException _) {
            // The client is gone; whoever watches the control socket ends the command.
        } catch (ErrnoException e) {
            // A terminal says EIO once its other end is closed by all.
            if (!e.is(Errno.EIO)) {
                throw e;
            }
        }
    }

    /// True if a read would answer at once; false when stopped and nothing is left.
    private boolean awaitReadable(Fd source) {
        int[] found = FdIo.poll(List.of(source, wake.reader()), new int[] {FdIo.POLLIN, 0});
        return found[0] != 0;
    }

    /// Writes to `target` what comes through the socket, until a barrier, the socket's end, or
    /// nobody reads any more.
    ///
    /// @return true if the socket itself ended, false for a barrier
    boolean fromSocket(WebSocket socket, Fd target) throws InterruptedException {
        return fromSocket(socket, target, PAGE);
    }

    /// As [#fromSocket(WebSocket,Fd)] into our own end of a pipe, which is made one that does not
    /// block.
    boolean fromSocketToPipe(WebSocket socket, Fd pipe) throws InterruptedException {
        FdIo.setNonBlocking(pipe, true);
        return fromSocket(socket, pipe, CHUNK);
    }

    private boolean fromSocket(WebSocket socket, Fd target, int limit) throws InterruptedException {
        boolean isReaderGone = false;
        while (true) {
            switch (socket.receive()) {
                case WebSocket.Binary(ByteBuffer bytes, boolean _) -> {
                    if (!isReaderGone) {
                        isReaderGone = !write(bytes, target, limit);
                    }
                }
                case WebSocket.Text text -> {
                    if (text.isBarrier()) {
                        return false;
                    }
                }
                case WebSocket.Closed _ -> {
                    return true;
                }
            }
        }
    }

    /// False if it cannot be written because the reader is gone.
    private boolean write(ByteBuffer bytes, Fd target, int limit) {
        byte[] data = new byte[bytes.remaining()];
        bytes.get(data);
        try {
            int done = 0;
            while (done < data.length) {
                int[] found =
                        FdIo.poll(List.of(target, wake.reader()), new int[] {FdIo.POLLOUT, 0});
                boolean isStopped = (found[1] & GONE) != 0;
                if ((found[0] & GONE) != 0 || (isStopped && (found[0] & FdIo.POLLOUT) == 0)) {
                    return false;
                }
                done += FdIo.writeSome(target, data, done, Math.min(limit, data.length - done));
            }
            return true;
        } catch (ErrnoException e) {
            if (e.is(Errno.EPIPE, Errno.EIO)) {
                return false;
            }
            throw e;
        }
    }

    /// The command has ended: nobody waits for more than what is there.
    void stop() {
        wake.writer().close();
    }

    @Override
    public void close() {
        wake.close();
    }
}
