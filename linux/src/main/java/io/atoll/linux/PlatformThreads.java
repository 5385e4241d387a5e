package io.atoll.linux;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Future;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;

/// Runs native calls that may block where they cannot pin the carrier of a virtual thread. With two
/// carriers, two slow umounts would otherwise stop every request of the daemon.
public final class PlatformThreads {
    /// Most threads at a time; more work runs on the caller's own thread, which is slower for
    /// others but never refused.
    static final int THREADS_MAX = 64;

    /// Fewer are done before another thread has begun.
    private static final int ITEMS_PER_THREAD_MIN = 8;

    private static final int PROCESSORS = Runtime.getRuntime().availableProcessors();

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
        return checked(Thread.currentThread().isVirtual() ? () -> result(POOL.submit(work)) : work);
    }

    private static <T> T checked(Callable<T> work) {
        try {
            return work.call();
        } catch (RuntimeException e) {
            throw e;
        } catch (Exception e) {
            throw new IllegalStateException("native work failed: " + e.getMessage(), e);
        }
    }

    /// What `work` makes of each item, in the items' order. Many items are shared out to one thread
    /// for each processor.
    public static <T, R> List<R> map(List<T> items, Function<T, R> work) {
        int threads = Math.min(PROCESSORS, items.size() / ITEMS_PER_THREAD_MIN);
        if (threads < 2) {
            return call(() -> items.stream().map(work).toList());
        }
        int share = Math.ceilDiv(items.size(), threads);
        List<Future<List<R>>> parts = new ArrayList<>();
        for (int from = 0; from < items.size(); from += share) {
            List<T> part = items.subList(from, Math.min(from + share, items.size()));
            parts.add(POOL.submit(() -> part.stream().map(work).toList()));
        }
        List<R> out = new ArrayList<>(items.size());
        for (Future<List<R>> part : parts) {
            out.addAll(checked(() -> result(part)));
        }
        return out;
    }

    /// As [#call] without a result.
    public static void run(Runnable work) {
        call(() -> {
            work.run();
            return Boolean.TRUE;
        });
    }

    private static <T> T result(Future<T> work) throws Exception {
        try {
            return work.get();
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
