package io.atoll.daemon.migration;

import io.atoll.base.BlockInputStream;
import io.atoll.daemon.http.WebSocket;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.util.function.LongConsumer;

/// The two directions of the websocket for files, as streams. Each stream ends with a barrier, and
/// the next one follows on the same socket.
final class FrameStreams {
    private final WebSocket socket;

    FrameStreams(WebSocket socket) {
        this.socket = socket;
    }

    /// What comes until the next barrier.
    InputStream input() {
        return new Input();
    }

    private final class Input extends BlockInputStream {
        private ByteBuffer rest = ByteBuffer.allocate(0);
        private boolean isOver;

        @Override
        public int read(byte[] into, int offset, int length) throws IOException {
            while (!rest.hasRemaining() && !isOver) {
                fetch();
            }
            if (isOver || length == 0) {
                return isOver ? -1 : 0;
            }
            int count = Math.min(length, rest.remaining());
            rest.get(into, offset, count);
            return count;
        }

        private void fetch() throws IOException {
            try {
                switch (socket.receive()) {
                    case WebSocket.Binary(ByteBuffer bytes, boolean _) -> rest = bytes;
                    case WebSocket.Text _ -> isOver = true;
                    case WebSocket.Closed _ ->
                            throw new IOException("the connection for files was lost");
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new InterruptedIOException("interrupted");
            }
        }
    }

    /// Closing it sends the barrier.
    ///
    /// @param sent told the size of each piece
    OutputStream output(LongConsumer sent) {
        return new OutputStream() {
            private boolean isOver;

            @Override
            public void write(int b) throws IOException {
                write(new byte[] {(byte) b}, 0, 1);
            }

            @Override
            public void write(byte[] bytes, int offset, int length) throws IOException {
                if (length > 0) {
                    socket.sendBinary(ByteBuffer.wrap(bytes, offset, length));
                    sent.accept(length);
                }
            }

            @Override
            public void close() throws IOException {
                if (!isOver) {
                    isOver = true;
                    socket.sendBarrier();
                }
            }
        };
    }
}
