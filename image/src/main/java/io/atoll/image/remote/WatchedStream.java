package io.atoll.image.remote;

import io.atoll.base.BlockInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.util.concurrent.locks.LockSupport;

/// A body that is closed when nothing comes out of it any more: the JDK's client waits for ever.
final class WatchedStream extends BlockInputStream {
    private final InputStream in;
    private final long stallNanos;
    private final Thread watch;
    private volatile long last = System.nanoTime();
    private volatile boolean isStalled;

    /// @param stall a transfer that stands still for so long has broken
    WatchedStream(InputStream body, Duration stall) {
        in = body;
        stallNanos = stall.toNanos();
        watch = Thread.ofVirtual().name("download-watch").start(this::watch);
    }

    private void watch() {
        while (!Thread.currentThread().isInterrupted()) {
            long left = stallNanos - (System.nanoTime() - last);
            if (left <= 0) {
                isStalled = true;
                closeBody();
                return;
            }
            LockSupport.parkNanos(left);
        }
    }

    private void closeBody() {
        try {
            in.close();
        } catch (IOException _) {
            // The reader will notice.
        }
    }

    @Override
    public int read(byte[] into, int offset, int length) throws IOException {
        try {
            int n = in.read(into, offset, length);
            last = System.nanoTime();
            return n;
        } catch (IOException e) {
            throw isStalled ? new IOException("no answer in time", e) : e;
        }
    }

    @Override
    public void close() throws IOException {
        watch.interrupt();
        in.close();
    }
}
