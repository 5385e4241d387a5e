package io.atoll.daemon.instance;

import io.atoll.base.InternalException;
import io.atoll.daemon.http.RequestScope;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import org.jspecify.annotations.Nullable;

/// Work that waits for the disk while its beginner goes on with something else. It belongs to the
/// same request.
final class Meanwhile {
    private final FutureTask<Boolean> work;

    private Meanwhile(FutureTask<Boolean> work) {
        this.work = work;
    }

    /// Begins.
    static Meanwhile begin(String name, Runnable body) {
        Runnable scoped =
                RequestScope.current().<Runnable>map(scope -> () -> scope.run(body)).orElse(body);
        FutureTask<Boolean> work = new FutureTask<>(scoped, true);
        Thread.ofVirtual().name(name).start(work);
        return new Meanwhile(work);
    }

    /// Waits for the end. Again and again has the same outcome.
    ///
    /// @throws RuntimeException what the work threw
    void join() {
        boolean isInterrupted = false;
        try {
            while (true) {
                try {
                    boolean unused = work.get();
                    return;
                } catch (InterruptedException _) {
                    // Who goes on must know how it went.
                    isInterrupted = true;
                } catch (ExecutionException e) {
                    throw thrown(e.getCause());
                }
            }
        } finally {
            if (isInterrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private static RuntimeException thrown(@Nullable Throwable cause) {
        return switch (cause) {
            case RuntimeException e -> e;
            case Error e -> throw e;
            // A Runnable throws nothing else.
            case null, default -> new InternalException("unexpected: " + cause);
        };
    }
}
