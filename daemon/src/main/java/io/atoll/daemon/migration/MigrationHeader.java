package io.atoll.daemon.migration;

import io.atoll.base.ByteSize;
import io.atoll.base.DomainException;
import io.atoll.base.HostId;
import io.atoll.base.Idmap;
import io.atoll.base.IdmapEntry;
import io.atoll.base.InternalException;
import io.atoll.base.InvalidConfigException;
import io.atoll.base.NsId;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.stream.IntStream;

/// What both sides say first: the source what it has, the target what it wants of it.
///
/// @param transport how the files are to come, one of LXD's numbers
/// @param shifted what the owner ids of the files went through
/// @param snapshots offered, or wanted; oldest first
/// @param isRefresh said by the target: it has an earlier copy
/// @param diskBytes the size of what is sent if it is a disk, else 0
/// @param hasSubvolumes whether streams of btrfs come with a list of all subvolumes and their uuids
/// @param own what servers of this kind agree on beyond LXD's protocol
public record MigrationHeader(
        int transport,
        Idmap shifted,
        List<SnapshotHeader> snapshots,
        RsyncFeatures rsync,
        boolean isRefresh,
        long diskBytes,
        boolean hasSubvolumes,
        Optional<OwnTransport> own) {
    /// rsync, which every server can.
    public static final int RSYNC = 0;

    /// Streams of btrfs, for files and disks.
    public static final int BTRFS = 1;

    /// Disks as they are, one after the other; files, where there are some, by rsync.
    public static final int BLOCK = 4;

    /// Far from the numbers that LXD has given out or may give out soon.
    private static final int OWN_FIELD = 2000;

    /// More lines than this have no meaning in a user namespace.
    private static final int LINES_MAX = Idmap.ENTRIES_MAX;

    public MigrationHeader {
        snapshots = List.copyOf(snapshots);
    }

    /// What a source offers whose owner ids are as inside.
    public static MigrationHeader offer(List<SnapshotHeader> snapshots) {
        return new MigrationHeader(
                RSYNC, Idmap.NONE, snapshots, RsyncFeatures.ALL, false, 0, false, Optional.empty());
    }

    /// What a source offers whose pool is a btrfs. A target may want it by rsync all the same.
    public static MigrationHeader offerStreams(List<SnapshotHeader> snapshots) {
        return new MigrationHeader(
                BTRFS, Idmap.NONE, snapshots, RsyncFeatures.ALL, false, 0, true, Optional.empty());
    }

    /// Whether a target that knows streams of btrfs can have them.
    public boolean offersStreams() {
        return transport == BTRFS && hasSubvolumes && !isDisk();
    }

    /// What a source offers that has a disk.
    public static MigrationHeader offerDisk(List<SnapshotHeader> snapshots, long bytes) {
        return new MigrationHeader(
                BLOCK,
                Idmap.NONE,
                snapshots,
                RsyncFeatures.ALL,
                false,
                bytes,
                false,
                Optional.empty());
    }

    /// Whether it is a disk that is sent.
    public boolean isDisk() {
        return transport == BLOCK || transport == BTRFS && diskBytes > 0;
    }

    /// How large a snapshot's disk may be: as it says, else at least as large as the volume. LXD
    /// keeps a volume's size of that time with its snapshots.
    public long diskBytes(SnapshotHeader snapshot) {
        if (snapshot.diskBytes() > 0) {
            return snapshot.diskBytes();
        }
        String size = snapshot.config().getOrDefault("size", "");
        try {
            return size.isEmpty() ? diskBytes : Math.max(diskBytes, ByteSize.parse(size).bytes());
        } catch (InvalidConfigException _) {
            return diskBytes;
        }
    }

    /// What a target answers.
    ///
    /// @param wanted the snapshots that it does not have
    public MigrationHeader answer(List<SnapshotHeader> wanted, boolean refresh) {
        return new MigrationHeader(
                isDisk() ? BLOCK : RSYNC,
                Idmap.NONE,
                wanted,
                rsync.and(RsyncFeatures.ALL),
                refresh,
                diskBytes,
                false,
                Optional.empty());
    }

    /// What a target answers that wants streams, see [#offersStreams]. Which of them it wants it
    /// says once it knows what there is.
    ///
    /// @param wanted the snapshots that it would have
    public MigrationHeader answerStreams(List<SnapshotHeader> wanted, boolean refresh) {
        return new MigrationHeader(
                BTRFS,
                Idmap.NONE,
                wanted,
                RsyncFeatures.NONE,
                refresh,
                diskBytes,
                true,
                Optional.empty());
    }

    MigrationHeader with(OwnTransport mine) {
        return new MigrationHeader(
                transport,
                shifted,
                snapshots,
                rsync,
                isRefresh,
                diskBytes,
                hasSubvolumes,
                Optional.of(mine));
    }

    byte[] encode() {
        ProtoWriter out = new ProtoWriter().number(1, transport);
        for (IdmapEntry entry : shifted.entries()) {
            boolean isUser = entry.kind() == IdmapEntry.Kind.UID;
            out.message(
                    3,
                    new ProtoWriter()
                            .flag(1, isUser)
                            .flag(2, !isUser)
                            .number(3, entry.hostId().value())
                            .number(4, entry.nsId().value())
                            .number(5, entry.count()));
        }
        snapshots.forEach(s -> out.text(4, s.name()));
        snapshots.forEach(s -> out.message(5, s.encode()));
        out.flag(7, false).message(8, rsync.encode()).flag(9, isRefresh);
        if (diskBytes > 0) {
            out.number(11, diskBytes);
        }
        if (hasSubvolumes) {
            out.message(12, new ProtoWriter().flag(1, true).flag(2, true).flag(3, true));
        }
        own.ifPresent(mine -> out.message(OWN_FIELD, mine.encode()));
        return out.bytes();
    }

    /// @throws InternalException with the other side's words if it sent a refusal instead
    /// @throws MalformedMessageException if it is neither
    static MigrationHeader decode(byte[] bytes) {
        ProtoMessage message = ProtoMessage.parse(bytes);
        if (message.number(1).isEmpty()) {
            throw new MalformedMessageException("a header without a kind of transport");
        }
        if (message.text(2).isPresent()) {
            // A header has a number there.
            throw new InternalException(message.text(2).get());
        }
        return new MigrationHeader(
                (int) message.number(1).getAsLong(),
                idmap(message.messages(3)),
                snapshots(message),
                message.message(8).map(RsyncFeatures::decode).orElse(RsyncFeatures.NONE),
                message.flag(9),
                Math.max(0, message.number(11).orElse(0)),
                message.message(12).filter(f -> f.flag(1) && f.flag(2) && f.flag(3)).isPresent(),
                message.message(OWN_FIELD).map(OwnTransport::decode).filter(OwnTransport::isKnown));
    }

    /// Old servers send names only.
    private static List<SnapshotHeader> snapshots(ProtoMessage message) {
        List<String> names = message.texts(4);
        List<SnapshotHeader> full =
                message.messages(5).stream().map(SnapshotHeader::decode).toList();
        List<SnapshotHeader> out =
                full.size() == names.size()
                        ? full
                        : names.stream().map(SnapshotHeader::named).toList();
        if (out.stream().map(SnapshotHeader::name).distinct().count() != out.size()) {
            throw new MalformedMessageException("two snapshots of one name");
        }
        return out;
    }

    private static Idmap idmap(List<ProtoMessage> lines) {
        if (lines.size() > LINES_MAX) {
            throw new MalformedMessageException("more than " + LINES_MAX + " lines of ids");
        }
        try {
            return new Idmap(
                    lines.stream()
                            .flatMap(line ->
                                    IntStream.of(1, 2)
                                            .filter(line::flag)
                                            .mapToObj(kind -> entry(line, kind == 1)))
                            .toList());
        } catch (DomainException | IllegalArgumentException e) {
            throw new MalformedMessageException("ids that cannot be: " + e.getMessage(), e);
        }
    }

    private static IdmapEntry entry(ProtoMessage line, boolean isUser) {
        return new IdmapEntry(
                isUser ? IdmapEntry.Kind.UID : IdmapEntry.Kind.GID,
                new NsId(id(line.number(4))),
                new HostId(id(line.number(3))),
                id(line.number(5)));
    }

    private static long id(OptionalLong number) {
        return number.orElse(0);
    }
}
