package io.atoll.image.remote;

import io.atoll.base.BlockInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/// A body that is closed when nothing comes out of it any more: the JDK's client waits for ever.
final class WatchedStream extends BlockInputStream {
    /// A transfer that stands still for so long has broken.
    private static final long STALL_NANOS = TimeUnit.SECONDS.toNanos(30);

    private final InputStream in;
    private final Thread watch;
    private volatile long last = System.nanoTime();
    private volatile boolean isStalled;

    WatchedStream(InputStream body) {
        in = body;
        watch = Thread.ofVirtual().name("download-watch").start(this::watch);
    }

    private void watch() {
        while (!Thread.currentThread().isInterrupted()) {
            long left = STALL_NANOS - (System.nanoTime() - last);
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
