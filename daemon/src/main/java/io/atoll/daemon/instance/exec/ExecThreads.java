package io.atoll.daemon.instance.exec;

import io.atoll.base.BusyException;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Future;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/// Platform threads that move bytes between descriptors and websockets: read(2) and poll(2) would
/// pin the carriers of virtual threads. They end a while after their last command.
final class ExecThreads {
    /// How many streams of attached commands and consoles may be open at a time, three for a
    /// command.
    static final int THREADS_MAX = 3000;

    private static final ExecutorService POOL =
            new ThreadPoolExecutor(
                    0,
                    THREADS_MAX,
                    10,
                    TimeUnit.SECONDS,
                    new SynchronousQueue<>(),
                    Thread.ofPlatform().daemon().name("stream-", 0).stackSize(256 << 10).factory(),
                    (_, _) -> {
                        throw new BusyException(
                                "Too many commands are attached (maximum " + THREADS_MAX / 3 + ")");
                    });

    private ExecThreads() {}

    static Future<Boolean> start(Callable<Boolean> work) {
        return POOL.submit(work);
    }
}
