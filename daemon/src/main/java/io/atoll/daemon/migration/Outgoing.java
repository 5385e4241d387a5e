package io.atoll.daemon.migration;

import io.atoll.base.UnsupportedException;
import io.atoll.base.json.Json;
import io.atoll.daemon.operation.Operation;
import io.atoll.linux.Fd;
import io.atoll.linux.PlatformThreads;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;

/// A migration as the source sees it: first [#negotiate], then what the target wants, oldest
/// snapshot first and the thing itself at last, then [#finish]. Blocks.
public final class Outgoing {
    private static final long TOLD_NANOS = TimeUnit.MILLISECONDS.toNanos(500);

    private final Line line;
    private final Path stages;
    private final Operation operation;
    private RsyncFeatures features = RsyncFeatures.NONE;

    Outgoing(Line line, Path stages, Operation operation) {
        this.line = line;
        this.stages = stages;
        this.operation = operation;
    }

    /// Tells what there is, and hears what is wanted of it.
    ///
    /// @return the names of the snapshots to send, in the order of the offer
    public List<String> negotiate(MigrationHeader offer) throws IOException, InterruptedException {
        line.send(offer.encode());
        MigrationHeader answer = MigrationHeader.decode(line.receiveHeader());
        if (answer.transport() != MigrationHeader.RSYNC) {
            throw new UnsupportedException(
                    "The other server wants the files in a way that this one does not know");
        }
        features = offer.rsync().and(answer.rsync());
        line.watch();
        List<String> offered = offer.snapshots().stream().map(SnapshotHeader::name).toList();
        if (!answer.isRefresh()) {
            return offered;
        }
        List<String> wanted = answer.snapshots().stream().map(SnapshotHeader::name).toList();
        return offered.stream().filter(wanted::contains).toList();
    }

    /// Sends an instance or one of its snapshots.
    ///
    /// @param name for the progress
    /// @param root its root file system, a detached mount that the caller closes
    /// @param beside the directory of its volume
    public void sendInstance(String name, Fd root, Path beside) throws IOException {
        try (Stage stage = Stage.ofInstance(stages, root)) {
            stage.lay(beside);
            send(name, stage);
        }
    }

    /// Sends a custom volume or one of its snapshots.
    public void sendVolume(String name, Fd root) {
        try (Stage stage = Stage.ofVolume(stages, root)) {
            send(name, stage);
        }
    }

    private void send(String name, Stage stage) {
        Progress progress = new Progress(name);
        PlatformThreads.run(() -> Rsync.send(stage, features, line.streams(), progress::add));
        progress.tell();
    }

    /// Waits until the target has put away everything.
    public void finish() throws InterruptedException {
        line.awaitSuccess();
    }

    /// Bytes of one stream, as the operation shows them.
    private final class Progress {
        private final String name;
        private final long begun = System.nanoTime();
        private long told = begun;
        private long bytes;

        Progress(String name) {
            this.name = name;
        }

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
            operation.update(
                    "fs_progress",
                    Json.string(
                            String.format(
                                    Locale.ROOT,
                                    "%s: %.2fMB (%.2fMB/s)",
                                    name,
                                    megabytes,
                                    megabytes / seconds)));
        }
    }
}
