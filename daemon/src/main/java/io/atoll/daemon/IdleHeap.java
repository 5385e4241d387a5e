package io.atoll.daemon;

import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/// Gives memory back while nobody asks for anything. The serial collector looks at the old
/// generation only when it has grown to the heap's bound, however little of it is in use.
final class IdleHeap implements AutoCloseable {
    private static final Duration PERIOD = Duration.ofSeconds(2);

    /// What makes a collection worth its while.
    private static final long GROWTH = 3 << 20;

    /// What may be allocated in a period in which nobody asked for anything.
    private static final long STILL = 512 << 10;

    /// The heap of this process, or one of a test.
    interface Heap {
        /// Bytes taken from the system.
        long committed();

        /// Bytes in use, with garbage.
        long used();

        /// Collects all of it and gives back what is free.
        void collect();
    }

    private enum Own implements Heap {
        INSTANCE;

        @Override
        public long committed() {
            return Runtime.getRuntime().totalMemory();
        }

        @Override
        public long used() {
            return committed() - Runtime.getRuntime().freeMemory();
        }

        @Override
        public void collect() {
            System.gc();
        }
    }

    private final Heap heap;
    private final CountDownLatch closed = new CountDownLatch(1);
    private long floor;
    private long lastUsed;

    IdleHeap() {
        this(Own.INSTANCE);
    }

    IdleHeap(Heap heap) {
        this.heap = heap;
        this.floor = heap.committed();
        this.lastUsed = heap.used();
    }

    /// Looks every few seconds, from a thread of its own.
    void start() {
        Thread unused = Thread.ofPlatform().daemon().name("idle-heap").start(this::run);
    }

    private void run() {
        try {
            while (!closed.await(PERIOD.toMillis(), TimeUnit.MILLISECONDS)) {
                look();
            }
        } catch (InterruptedException _) {
            // Nobody does that; then it just ends.
        }
    }

    /// One look: collects if the heap has grown and little happened since the last one.
    void look() {
        long used = heap.used();
        long since = used - lastUsed;
        // Less than before means that a collection ran meanwhile, so somebody was busy.
        boolean isStill = since >= 0 && since < STILL;
        floor = Math.min(floor, heap.committed());
        if (isStill && heap.committed() - floor >= GROWTH) {
            heap.collect();
            floor = heap.committed();
        }
        lastUsed = heap.used();
    }

    @Override
    public void close() {
        closed.countDown();
    }
}
