package io.atoll.daemon.http;

import io.atoll.base.BlockInputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import org.eclipse.jetty.io.AbstractConnection;
import org.eclipse.jetty.io.Connection;
import org.eclipse.jetty.io.EndPoint;
import org.eclipse.jetty.util.BufferUtil;
import org.eclipse.jetty.util.FutureCallback;

/// A connection of Jetty's behind two blocking streams, once it has stopped speaking HTTP.
final class JettyStream extends AbstractConnection implements Connection.UpgradeTo {
    private static final int INPUT_BYTES = 64 << 10;

    private final StreamAcceptor acceptor;
    private final RequestScope scope;

    /// What came and was not read yet; only the acceptor's reading thread uses it once it runs.
    private ByteBuffer input = BufferUtil.allocate(INPUT_BYTES);

    JettyStream(EndPoint endPoint, Executor executor, StreamAcceptor acceptor, RequestScope scope) {
        super(endPoint, executor);
        this.acceptor = acceptor;
        this.scope = scope;
    }

    /// What the parser of HTTP has read too much.
    @Override
    public void onUpgradeTo(ByteBuffer early) {
        if (early.remaining() > INPUT_BYTES) {
            input = BufferUtil.allocate(early.remaining());
        }
        int unused = BufferUtil.append(input, early);
    }

    @Override
    public void onOpen() {
        super.onOpen();
        getEndPoint().setIdleTimeout(0);
        Thread.ofVirtual().name("stream").start(() -> scope.run(this::open));
    }

    private void open() {
        try {
            acceptor.opened(new Input(), new Output(), this::close);
        } catch (RuntimeException e) {
            // The edge of the connection's thread.
            Incident.report(e);
        } finally {
            close();
        }
    }

    /// Not used: [Input] asks for bytes itself.
    @Override
    public void onFillable() {}

    private static void await(FutureCallback done) throws IOException {
        try {
            Void unused = done.get();
        } catch (ExecutionException e) {
            throw new IOException("the connection broke: " + e.getMessage(), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted at a connection", e);
        }
    }

    private final class Input extends BlockInputStream {

        @Override
        public int read(byte[] into, int offset, int length) throws IOException {
            if (length == 0) {
                return 0;
            }
            while (!input.hasRemaining()) {
                BufferUtil.clear(input);
                int count = getEndPoint().fill(input);
                if (count < 0) {
                    return -1;
                }
                if (count == 0) {
                    FutureCallback ready = new FutureCallback();
                    getEndPoint().fillInterested(ready);
                    await(ready);
                }
            }
            int count = Math.min(length, input.remaining());
            input.get(into, offset, count);
            return count;
        }
    }

    private final class Output extends OutputStream {
        @Override
        public void write(int b) throws IOException {
            write(new byte[] {(byte) b}, 0, 1);
        }

        @Override
        public void write(byte[] from, int offset, int length) throws IOException {
            FutureCallback sent = new FutureCallback();
            getEndPoint().write(sent, ByteBuffer.wrap(from, offset, length));
            await(sent);
        }
    }
}
