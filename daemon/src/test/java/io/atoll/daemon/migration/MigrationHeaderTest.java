package io.atoll.daemon.migration;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.atoll.base.Idmap;
import io.atoll.base.InternalException;
import java.time.Instant;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;

class MigrationHeaderTest {
    private static final SnapshotHeader SNAPSHOT =
            new SnapshotHeader(
                    "s0",
                    Map.of("user.a", "ä", "limits.cpu", "2"),
                    List.of("default", "web"),
                    true,
                    Map.of("root", Map.of("type", "disk", "path", "/")),
                    SnapshotHeader.number("x86_64"),
                    Instant.ofEpochSecond(1_700_000_000),
                    Optional.of(Instant.ofEpochSecond(1_800_000_000)),
                    1 << 20);

    private static MigrationHeader header() {
        return new MigrationHeader(
                MigrationHeader.RSYNC,
                Idmap.range(1_000_000, 65_536),
                List.of(SNAPSHOT, SnapshotHeader.named("s1")),
                new RsyncFeatures(true, false, true, false, false),
                true,
                4096,
                true,
                Optional.empty());
    }

    private static byte[] hex(String text) {
        return HexFormat.of().parseHex(text.replace(" ", ""));
    }

    @Test
    void whatIsWrittenIsRead() {
        assertEquals(header(), MigrationHeader.decode(header().encode()));
    }

    /// LXD says how large the volume is, and in its configuration how large it was.
    @Test
    void snapshotsOfDisksHaveSizesOfTheirOwn() {
        MigrationHeader offer = MigrationHeader.offerDisk(List.of(), 8 << 20);
        assertEquals(1 << 20, offer.diskBytes(SNAPSHOT));
        assertEquals(8 << 20, offer.diskBytes(SnapshotHeader.named("s")));
        assertEquals(8 << 20, offer.diskBytes(sized("4MiB")));
        assertEquals(12 << 20, offer.diskBytes(sized("12MiB")));
        assertEquals(8 << 20, offer.diskBytes(sized("large")));
    }

    private static SnapshotHeader sized(String size) {
        return new SnapshotHeader(
                "s",
                Map.of("size", size),
                List.of(),
                false,
                Map.of(),
                0,
                Instant.EPOCH,
                Optional.empty(),
                0);
    }

    /// The bytes by hand from the format's description: fs 0, no predump, features, no refresh.
    @Test
    void theEmptyOfferIsTheseBytes() {
        assertEquals(
                "0800" + "3800" + "4208" + "0801" + "1001" + "1801" + "2001" + "4800",
                HexFormat.of().formatHex(MigrationHeader.offer(List.of()).encode()));
    }

    /// fs 1, and field 12 with all three features of LXD 5.0.
    @Test
    void theOfferOfStreamsIsTheseBytes() {
        assertEquals(
                "0801"
                        + "3800"
                        + "4208"
                        + "0801"
                        + "1001"
                        + "1801"
                        + "2001"
                        + "4800"
                        + "6206"
                        + "080110011801",
                HexFormat.of().formatHex(MigrationHeader.offerStreams(List.of()).encode()));
        assertTrue(MigrationHeader.offerStreams(List.of()).offersStreams());
        // Older servers send no list of subvolumes, or one without uuids.
        assertFalse(MigrationHeader.decode(hex("0801 6204 0801 1001")).offersStreams());
        assertFalse(MigrationHeader.decode(hex("0801")).offersStreams());
    }

    @Test
    void serversOfOneKindKnowEachOther() {
        for (boolean connects : new boolean[] {true, false}) {
            MigrationHeader told =
                    header().with(new OwnTransport(OwnTransport.VERSION, connects, !connects));
            assertEquals(told, MigrationHeader.decode(told.encode()));
        }
        MigrationHeader newer =
                header().with(new OwnTransport(OwnTransport.VERSION + 1, true, false));
        assertEquals(header(), MigrationHeader.decode(newer.encode()));
    }

    @Test
    void whatIsUnknownIsPassedOver() {
        // Field 1000 as text, field 11 as a number, field 13 as a number, a fixed64 and a fixed32.
        MigrationHeader read =
                MigrationHeader.decode(
                        hex("0800 c23e03616263 5805 6801 b10f0102030405060708 b50f01020304"));
        assertEquals(MigrationHeader.RSYNC, read.transport());
        assertTrue(read.snapshots().isEmpty());
        assertFalse(read.rsync().delete());
    }

    @Test
    void oldServersSendNamesOnly() {
        MigrationHeader read = MigrationHeader.decode(hex("0800 22027330 22027331"));
        assertEquals(List.of("s0", "s1"), read.snapshots().stream().map(s -> s.name()).toList());
    }

    @Test
    void aRefusalInsteadOfAHeaderIsTold() {
        byte[] refusal = Verdict.failure("no room").encode();
        assertEquals(
                "no room",
                assertThrows(InternalException.class, () -> MigrationHeader.decode(refusal))
                        .getMessage());
    }

    @Test
    void verdictsAreReadAsWritten() {
        assertEquals(Verdict.success(), Verdict.decode(Verdict.success().encode()));
        assertEquals(Verdict.failure("ü"), Verdict.decode(Verdict.failure("ü").encode()));
        assertEquals("0801", HexFormat.of().formatHex(Verdict.success().encode()));
    }

    @Test
    void twoSnapshotsOfOneNameAreRefused() {
        assertThrows(
                MalformedMessageException.class,
                () -> MigrationHeader.decode(hex("0800 22027330 22027330")));
    }

    @Test
    void idsThatCannotBeAreRefused() {
        // uid, host -1, ns 0, 10 ids.
        assertThrows(
                MalformedMessageException.class,
                () ->
                        MigrationHeader.decode(
                                hex("0800 1a13 0801 1000 18ffffffffffffffffff01 2000 280a")));
    }

    @Test
    void everyCutIsRefusedOrAShorterHeader() {
        byte[] whole = header().encode();
        for (int length = 0; length < whole.length; length++) {
            byte[] cut = Arrays.copyOf(whole, length);
            try {
                MigrationHeader unused = MigrationHeader.decode(cut);
            } catch (MalformedMessageException e) {
                assertFalse(e.getMessage().isEmpty());
            }
        }
    }

    @Test
    void noiseIsRefusedOrRead() {
        Random random = new Random(7);
        byte[] whole = header().encode();
        for (int i = 0; i < 20_000; i++) {
            byte[] bytes = whole.clone();
            for (int flips = random.nextInt(6); flips >= 0; flips--) {
                bytes[random.nextInt(bytes.length)] = (byte) random.nextInt();
            }
            try {
                MigrationHeader unused = MigrationHeader.decode(bytes);
            } catch (MalformedMessageException | InternalException e) {
                assertFalse(e.getMessage() == null);
            }
        }
    }

    @Test
    void bothEndsOfRsyncAreCalledAlike() {
        RsyncFeatures features =
                RsyncFeatures.ALL.and(new RsyncFeatures(true, true, false, true, false));
        assertEquals(
                List.of(
                        "rsync",
                        "--server",
                        "-vlogDtpre.iLsfx",
                        "--numeric-ids",
                        "--devices",
                        "--partial",
                        "--sparse",
                        "--modify-window=-1",
                        "--xattrs",
                        "--filter=-x security.selinux",
                        "--delete",
                        ".",
                        "/stage/"),
                Rsync.receiver("/stage/", features));
        List<String> sender = Rsync.sender("/stage/", features);
        assertEquals(
                List.of(
                        "rsync",
                        "--archive",
                        "--numeric-ids",
                        "--partial",
                        "--sparse",
                        "--xattrs",
                        "--filter=-x security.selinux",
                        "--delete",
                        "-e"),
                sender.subList(4, 13));
        assertEquals(List.of("/stage/", "localhost:/"), sender.subList(14, 16));
    }
}
