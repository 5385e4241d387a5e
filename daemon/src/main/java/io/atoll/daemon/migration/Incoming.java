package io.atoll.daemon.migration;

import io.atoll.base.Idmap;
import io.atoll.daemon.operation.Operation;
import io.atoll.linux.DiskContent;
import io.atoll.linux.Fcntl;
import io.atoll.linux.Fd;
import io.atoll.linux.Mounts;
import io.atoll.linux.Opens;
import io.atoll.linux.Ownership;
import io.atoll.linux.PlatformThreads;
import io.atoll.storage.VolumeStreams;
import io.atoll.storage.VolumeStreams.Part;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.List;

/// A migration as the target sees it: [#offer], then [#answer], then what was answered, oldest
/// snapshot first and the thing itself at last, then [#succeed]. Blocks.
public final class Incoming {
    private static final int CHUNK = 64 << 10;

    private final Line line;
    private final Path stages;
    private final Operation operation;
    private MigrationHeader offered = MigrationHeader.offer(List.of());

    Incoming(Line line, Path stages, Operation operation) {
        this.line = line;
        this.stages = stages;
        this.operation = operation;
    }

    /// What the source has.
    public MigrationHeader offer() throws IOException, InterruptedException {
        offered = MigrationHeader.decode(line.receiveHeader());
        return offered;
    }

    /// Whether the source is to send processes as they run, and knows how.
    public boolean isLive() {
        return offered.own().filter(OwnTransport::isLive).isPresent();
    }

    /// Says what is wanted of it.
    public void answer(MigrationHeader answer) throws IOException {
        boolean isOwn = offered.own().isPresent();
        line.send((isOwn ? answer.with(line.own().live(isLive())) : answer).encode());
        line.agree(offered.own());
        line.watch(1);
    }

    /// What will come as streams, where that was answered.
    public List<Part> streams() throws IOException {
        return StreamList.read(line.streams());
    }

    /// Says which of these are wanted, where a refresh was answered.
    public void want(List<Part> parts) throws IOException {
        StreamList.write(parts, line.streams());
    }

    /// The streams, to be asked for one after the other as they come.
    public VolumeStreams.Source source() {
        return part ->
                stdin -> {
                    TransferProgress progress = new TransferProgress(operation, "received", line);
                    try (InputStream in = line.streams().input()) {
                        byte[] chunk = new byte[CHUNK];
                        for (int n = in.read(chunk); n >= 0; n = in.read(chunk)) {
                            stdin.write(chunk, 0, n);
                            progress.add(n);
                        }
                    }
                    progress.tell();
                };
    }

    /// Whether the source is a server of this kind.
    public boolean isOwn() {
        return offered.own().isPresent();
    }

    /// Whether files may be there already where the next ones go: those that the source does not
    /// have are deleted.
    public boolean isDelta() {
        return offered.rsync().delete();
    }

    /// Takes the next files of an instance. Owner ids are as inside afterwards.
    ///
    /// @param directory of the volume, for what lies beside the root
    /// @param rootfs where its files go
    public void receiveInstance(Path directory, Path rootfs) throws IOException {
        try (Fd tree = tree(rootfs);
                Stage stage = Stage.ofInstance(stages, tree)) {
            receive(stage);
            stage.keep(directory);
        }
        unshift(rootfs, offered.shifted());
    }

    /// Takes the next files of a custom volume.
    ///
    /// @param shifted what their owner ids went through
    public void receiveVolume(Path rootfs, Idmap shifted) {
        try (Fd tree = tree(rootfs);
                Stage stage = Stage.ofVolume(stages, tree)) {
            receive(stage);
        }
        unshift(rootfs, shifted);
    }

    /// Takes the next disk.
    ///
    /// @param disk a file, which gets the size of what comes, or a device
    public void receiveDisk(Path disk) throws IOException {
        TransferProgress progress = new TransferProgress(operation, "received", line);
        try (Fd file = Opens.open(disk.toString(), Fcntl.O_RDWR, 0)) {
            DiskContent.write(line.streams().input(), file);
        }
        progress.tell();
    }

    /// Takes the next disk in the place of one that may be like it: what is the same is not
    /// written.
    ///
    /// @param disk as for [#receiveDisk]
    /// @return how many bytes differed
    public long updateDisk(Path disk) throws IOException {
        TransferProgress progress = new TransferProgress(operation, "received", line);
        try (Fd file = Opens.open(disk.toString(), Fcntl.O_RDWR, 0)) {
            return DiskContent.update(line.streams().input(), file);
        } finally {
            progress.tell();
        }
    }

    private static Fd tree(Path rootfs) {
        return Mounts.cloneTree(rootfs.toString(), false);
    }

    private void receive(Stage stage) {
        RsyncFeatures features = line.adapt(offered.rsync().and(RsyncFeatures.ALL));
        TransferProgress progress = new TransferProgress(operation, "received", line);
        PlatformThreads.run(() -> Rsync.receive(stage, features, line, progress::add));
        progress.tell();
    }

    private static void unshift(Path rootfs, Idmap shifted) {
        if (shifted.entries().isEmpty()) {
            return;
        }
        PlatformThreads.run(() -> {
            try (Fd root = Opens.open(rootfs.toString(), Fcntl.O_RDONLY | Fcntl.O_DIRECTORY, 0)) {
                Ownership.shift(root, shifted, Idmap.NONE);
            }
        });
    }

    /// With processes, before they go on here: tells the source that everything is here, and waits
    /// until it lets go of them.
    ///
    /// @throws io.atoll.base.DomainException if it does not; they go on there then
    public void awaitHandOver() throws IOException, InterruptedException {
        line.agree();
        line.awaitSuccess();
    }

    /// Tells the source that all is done.
    public void succeed() throws IOException, InterruptedException {
        line.succeed();
    }
}
