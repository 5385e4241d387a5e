package io.atoll.daemon.migration;

import io.atoll.base.json.Json;
import io.atoll.daemon.operation.Operation;
import java.util.Locale;
import java.util.concurrent.TimeUnit;

/// How far one stream of files is, as its operation shows it.
final class TransferProgress {
    private static final long TOLD_NANOS = TimeUnit.MILLISECONDS.toNanos(500);

    private final Operation operation;
    private final String name;
    private final Line line;
    private final long begun = System.nanoTime();
    private long told = begun;
    private long bytes;

    TransferProgress(Operation operation, String name, Line line) {
        this.operation = operation;
        this.name = name;
        this.line = line;
    }

    /// Counts bytes, before any compression by the connection.
    void add(long more) {
        bytes += more;
        if (System.nanoTime() - told > TOLD_NANOS) {
            told = System.nanoTime();
            tell();
        }
    }

    void tell() {
        double seconds = Math.max(1e-3, (System.nanoTime() - begun) / 1e9);
        double megabytes = bytes / 1e6;
        String text =
                String.format(
                        Locale.ROOT, "%s: %.2fMB (%.2fMB/s)", name, megabytes, megabytes / seconds);
        int resumes = line.resumes();
        if (resumes > 0) {
            text += ", resumed " + resumes + (resumes > 1 ? " times" : " time");
        }
        operation.update("fs_progress", Json.string(text));
    }
}
