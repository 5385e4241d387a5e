package io.atoll.linux;

import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/// Runs native calls that may block where they cannot pin the carrier of a virtual thread. With two
/// carriers, two slow umounts would otherwise stop every request of the daemon.
public final class PlatformThreads {
    /// Most threads at a time; more work runs on the caller's own thread, which is slower for
    /// others but never refused.
    static final int THREADS_MAX = 64;

    private static final ExecutorService POOL =
            new ThreadPoolExecutor(
                    0,
                    THREADS_MAX,
                    5,
                    TimeUnit.SECONDS,
                    new SynchronousQueue<>(),
                    Thread.ofPlatform().daemon().name("native-", 0).factory(),
                    new ThreadPoolExecutor.CallerRunsPolicy());

    private PlatformThreads() {}

    /// The result of `work`: on this thread if it is a platform thread, else on one of the pool
    /// while this one waits.
    public static <T> T call(Callable<T> work) {
        try {
            return Thread.currentThread().isVirtual() ? await(work) : work.call();
        } catch (RuntimeException e) {
            throw e;
        } catch (Exception e) {
            throw new IllegalStateException("native work failed: " + e.getMessage(), e);
        }
    }

    /// As [#call] without a result.
    public static void run(Runnable work) {
        call(() -> {
            work.run();
            return Boolean.TRUE;
        });
    }

    private static <T> T await(Callable<T> work) throws Exception {
        try {
            return POOL.submit(work).get();
        } catch (ExecutionException e) {
            switch (e.getCause()) {
                case Exception failure -> throw failure;
                case Error error -> throw error;
                case null, default -> throw e;
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while waiting for native work", e);
        }
    }

    /// Runs `work` on a new platform thread that ends afterwards. For work that changes the thread
    /// itself: its namespaces, its file-system ids. Such a thread must never go back to a pool.
    public static <T> T onOwnThread(String name, Callable<T> work) {
        var task = new java.util.concurrent.FutureTask<>(work);
        Thread.ofPlatform().daemon().name(name).start(task);
        try {
            return task.get();
        } catch (ExecutionException e) {
            switch (e.getCause()) {
                case RuntimeException failure -> throw failure;
                case Error error -> throw error;
                case null, default ->
                        throw new IllegalStateException(name + ": " + e.getMessage(), e);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while waiting for " + name, e);
        }
    }
}
