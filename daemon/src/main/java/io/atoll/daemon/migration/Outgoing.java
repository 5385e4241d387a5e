package io.atoll.daemon.migration;

import io.atoll.base.UnavailableException;
import io.atoll.base.UnsupportedException;
import io.atoll.base.json.Json;
import io.atoll.daemon.operation.Operation;
import io.atoll.linux.Fcntl;
import io.atoll.linux.Fd;
import io.atoll.linux.FdStreams;
import io.atoll.linux.Mounts;
import io.atoll.linux.Opens;
import io.atoll.linux.PlatformThreads;
import io.atoll.storage.MigrationStreams;
import io.atoll.storage.VolumeRef;
import io.atoll.storage.VolumeStreams;
import io.atoll.storage.VolumeStreams.Part;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Path;
import java.util.List;

/// A migration as the source sees it: first [#negotiate], then what the target wants, oldest
/// snapshot first and the thing itself at last, then [#finish]. Blocks.
public final class Outgoing {
    private final Line line;
    private final Path stages;
    private final Operation operation;
    private RsyncFeatures features = RsyncFeatures.NONE;
    private MigrationHeader answered = MigrationHeader.offer(List.of());

    Outgoing(Line line, Path stages, Operation operation) {
        this.line = line;
        this.stages = stages;
        this.operation = operation;
    }

    /// Tells what there is, and hears what is wanted of it.
    ///
    /// @return the names of the snapshots to send, in the order of the offer
    public List<String> negotiate(MigrationHeader offer) throws IOException, InterruptedException {
        return negotiate(offer, false);
    }

    /// As above.
    ///
    /// @param isLive whether processes are to be sent, too
    /// @throws UnsupportedException if the other server does not take them
    public List<String> negotiate(MigrationHeader offer, boolean isLive)
            throws IOException, InterruptedException {
        line.send(offer.with(line.own().live(isLive)).encode());
        MigrationHeader answer = MigrationHeader.decode(line.receiveHeader());
        boolean isFallback = offer.offersStreams() && answer.transport() == MigrationHeader.RSYNC;
        if (!isFallback
                && (answer.transport() != offer.transport()
                        || offer.offersStreams() && !answer.offersStreams())) {
            throw new UnsupportedException(
                    "The other server wants the files in a way that this one does not know");
        }
        if (isLive && answer.own().filter(OwnTransport::isLive).isEmpty()) {
            throw new UnsupportedException(
                    "The other server does not take running processes from this one; move the"
                            + " instance with --stateless, or stop it first");
        }
        answered = answer;
        line.agree(answer.own());
        features = line.adapt(offer.rsync().and(answer.rsync()));
        line.watch(isLive ? 2 : 1);
        List<String> offered = offer.snapshots().stream().map(SnapshotHeader::name).toList();
        if (!answer.isRefresh()) {
            return offered;
        }
        List<String> wanted = answer.snapshots().stream().map(SnapshotHeader::name).toList();
        return offered.stream().filter(wanted::contains).toList();
    }

    /// Whether the target wants streams of the pool's own form, see [#sendStreams].
    public boolean isStreams() {
        return answered.offersStreams();
    }

    /// Sends all that is wanted as streams.
    ///
    /// @param files what the volume is to be
    /// @param snapshots all that it has, oldest first
    /// @param wanted those of them that [#negotiate] told
    public void sendStreams(
            String name,
            MigrationStreams streams,
            VolumeRef files,
            List<String> snapshots,
            List<String> wanted)
            throws IOException {
        boolean isOwn = answered.own().isPresent();
        try (VolumeStreams.Sending sending = streams.send(files, snapshots, !isOwn)) {
            List<Part> offered =
                    sending.parts().stream()
                            .filter(p -> p.snapshot().isEmpty() || wanted.contains(p.snapshot()))
                            .toList();
            StreamList.write(offered, line.streams());
            List<Part> parts =
                    answered.isRefresh() ? StreamList.among(offered, line.streams()) : offered;
            for (Part part : parts) {
                String what = part.snapshot().isEmpty() ? name : name + "/" + part.snapshot();
                TransferProgress progress = new TransferProgress(operation, what, line);
                try (OutputStream out = line.streams().output(progress::add)) {
                    sending.write(part, out);
                }
                progress.tell();
            }
        }
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

    /// Sends a disk or a snapshot of one.
    public void sendDisk(String name, Path disk) throws IOException {
        TransferProgress progress = new TransferProgress(operation, name, line);
        try (Fd file = Opens.open(disk.toString(), Fcntl.O_RDONLY, 0);
                OutputStream out = line.streams().output(progress::add)) {
            long _ = FdStreams.input(file).transferTo(out);
        }
        progress.tell();
    }

    /// Sends what is in a directory, which the other side has in part.
    public void sendDirectory(String name, Path directory) {
        try (Fd tree = Mounts.cloneTree(directory.toString(), false)) {
            sendVolume(name, tree);
        }
    }

    /// Shows something in the operation.
    public void show(String member, String text) {
        operation.update(member, Json.string(text));
    }

    private void send(String name, Stage stage) {
        TransferProgress progress = new TransferProgress(operation, name, line);
        PlatformThreads.run(() -> Rsync.send(stage, features, line, progress::add));
        progress.tell();
    }

    /// With processes, before [#handOver]: waits until the target has everything and needs only to
    /// be told that they may go on there. Until then they belong to this side.
    ///
    /// @throws io.atoll.base.DomainException if it does not have everything
    public void awaitReady() throws InterruptedException {
        line.awaitSuccess();
    }

    /// Lets the target go on with the processes, and waits until it does. From now on they belong
    /// to the target, until it says that they did not go on.
    ///
    /// @return false if it has not said how that ended
    /// @throws io.atoll.base.InternalException with the target's words if they did not go on there
    public boolean handOver() throws InterruptedException {
        try {
            line.agree();
            line.awaitSuccess();
            return true;
        } catch (IOException | UnavailableException e) {
            return false;
        }
    }

    /// Waits until the target has put away everything.
    public void finish() throws InterruptedException {
        line.awaitSuccess();
    }
}
