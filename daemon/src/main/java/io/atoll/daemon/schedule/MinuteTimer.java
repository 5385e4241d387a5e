package io.atoll.daemon.schedule;

import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.time.temporal.ChronoUnit;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/// Runs a task at the start of each minute of the clock, on one thread of its own: a task that
/// takes longer than a minute misses some.
public final class MinuteTimer implements AutoCloseable {
    private static final Logger LOG = System.getLogger(MinuteTimer.class.getName());

    private final ScheduledExecutorService thread;
    private final Consumer<LocalDateTime> task;

    /// @param task gets the minute that began, in local time
    public MinuteTimer(String name, Consumer<LocalDateTime> task) {
        this.task = task;
        this.thread =
                Executors.newSingleThreadScheduledExecutor(
                        Thread.ofPlatform().daemon().name(name).factory());
    }

    public void start() {
        again();
    }

    private void again() {
        LocalDateTime now = LocalDateTime.now(ZoneId.systemDefault());
        LocalDateTime next = now.truncatedTo(ChronoUnit.MINUTES).plusMinutes(1);
        long millis = Duration.between(now, next).toMillis() + 1;
        ScheduledFuture<?> _ = thread.schedule(() -> run(next), millis, TimeUnit.MILLISECONDS);
    }

    private void run(LocalDateTime minute) {
        try {
            task.accept(minute);
        } catch (RuntimeException e) {
            // The edge of the timer's thread: the next minute must come.
            LOG.log(Level.WARNING, "scheduled task failed", e);
        }
        again();
    }

    @Override
    public void close() {
        thread.shutdownNow();
    }
}
