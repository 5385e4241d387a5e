package io.atoll.image;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.atoll.base.InvalidConfigException;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class ImageFileTest {
    private static final String METADATA = "architecture: x86_64\ncreation_date: 1\n";

    @TempDir Path directory;

    private interface Members {
        void addTo(TarWriter tar) throws IOException;
    }

    private static byte[] tar(Members members) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (TarWriter tar = new TarWriter(out)) {
            members.addTo(tar);
        }
        return out.toByteArray();
    }

    private Path packed(Compression compression, byte[] tar) throws IOException {
        Path file = directory.resolve("image" + compression.extension());
        try (OutputStream out = compression.compress(Files.newOutputStream(file))) {
            out.write(tar);
        }
        return file;
    }

    private static void metadata(TarWriter tar) throws IOException {
        tar.putFile("./metadata.yaml", METADATA.getBytes(StandardCharsets.UTF_8));
        tar.putFile("templates/a.tpl", "a".getBytes(StandardCharsets.UTF_8));
    }

    private static void file(TarWriter tar, String name, String content) throws IOException {
        tar.putFile(name, content.getBytes(StandardCharsets.UTF_8));
    }

    private static TarEntry entry(TarEntry.Type type, String name, String link) {
        return TarEntry.plain(type, name, 0755, 0).renamed(name, link);
    }

    @ParameterizedTest
    @EnumSource(names = {"NONE", "GZIP", "BZIP2", "XZ", "LZMA", "ZSTD"})
    void readsUnifiedImages(Compression compression) throws IOException {
        byte[] tar =
                tar(t -> {
                    metadata(t);
                    t.put(entry(TarEntry.Type.DIRECTORY, "rootfs", ""));
                    file(t, "rootfs/etc/hostname", "x");
                });
        ImageFile image = ImageFile.unified(packed(compression, tar));
        assertEquals(compression, image.compression());
        assertEquals("x86_64", image.readMetadata().architecture());
        assertTrue(image.squashfs().isEmpty());
        image.unpackMetadata(directory);
        assertEquals(METADATA, Files.readString(directory.resolve("metadata.yaml")));
        assertEquals("a", Files.readString(directory.resolve("templates/a.tpl")));
        assertEquals(List.of(".", "etc/hostname"), rootfsNames(image));
    }

    private static List<String> rootfsNames(ImageFile image) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        image.streamRootfs(out);
        List<String> names = new ArrayList<>();
        try (TarReader reader = new TarReader(new ByteArrayInputStream(out.toByteArray()))) {
            for (Optional<TarEntry> next = reader.next(); next.isPresent(); next = reader.next()) {
                names.add(ImageArchives.clean(next.get().name()));
            }
        }
        return names;
    }

    @Test
    void readsSplitImagesAndTheirFingerprint() throws Exception {
        Path meta = packed(Compression.XZ, tar(ImageFileTest::metadata));
        Path rootfs = packed(Compression.GZIP, tar(t -> file(t, "./etc/x", "x")));
        ImageFile image = ImageFile.split(meta, rootfs);
        assertEquals(List.of("etc/x"), rootfsNames(image));
        MessageDigest digest = MessageDigest.getInstance("SHA-256");
        digest.update(Files.readAllBytes(meta));
        digest.update(Files.readAllBytes(rootfs));
        assertEquals(HexFormat.of().formatHex(digest.digest()), image.fingerprint().value());
        assertEquals(Files.size(meta) + Files.size(rootfs), image.size());
    }

    @Test
    void saysWhatIsWrongInLxdsWords() throws IOException {
        assertEquals(
                "Metadata tarball is missing metadata.yaml",
                fault(tar(t -> file(t, "rootfs/x", ""))));
        assertEquals(
                "Missing creation date",
                fault(tar(t -> file(t, "metadata.yaml", "architecture: x86_64\n"))));
        assertEquals("The image has no rootfs", fault(tar(ImageFileTest::metadata)));
        Files.write(directory.resolve("garbage"), new byte[1000]);
        ImageFile garbage = ImageFile.unified(directory.resolve("garbage"));
        assertEquals(
                "Unsupported compression",
                assertThrows(InvalidConfigException.class, garbage::readMetadata).getMessage());
    }

    private String fault(byte[] tar) throws IOException {
        ImageFile image = ImageFile.unified(packed(Compression.NONE, tar));
        return assertThrows(InvalidConfigException.class, image::readMetadata).getMessage();
    }

    @ParameterizedTest
    @CsvSource({
        "FILE, rootfs/../../escape, ''",
        "FILE, rootfs/a/../../../escape, ''",
        "HARD_LINK, rootfs/x, /etc/shadow",
        "HARD_LINK, rootfs/x, ../../etc/shadow",
        "HARD_LINK, rootfs/x, templates/a.tpl",
    })
    void refusesNamesThatLeadOut(TarEntry.Type type, String name, String link) throws IOException {
        assertRefused(t -> t.put(entry(type, name, link)));
    }

    private void assertRefused(Members members) throws IOException {
        byte[] tar =
                tar(t -> {
                    metadata(t);
                    members.addTo(t);
                });
        ImageFile image = ImageFile.unified(packed(Compression.NONE, tar));
        Exception e =
                assertThrows(
                        InvalidConfigException.class,
                        () -> image.streamRootfs(OutputStream.nullOutputStream()));
        assertTrue(e.getMessage().startsWith("Refused to unpack"), e.getMessage());
    }

    @Test
    void refusesToGoThroughLinksOfTheArchive() throws IOException {
        assertRefused(t -> {
            t.put(entry(TarEntry.Type.SYMLINK, "rootfs/out", "/etc"));
            file(t, "rootfs/out/passwd", "x");
        });
        assertRefused(t -> {
            t.put(entry(TarEntry.Type.SYMLINK, "rootfs/out", "/etc"));
            t.put(entry(TarEntry.Type.HARD_LINK, "rootfs/y", "rootfs/out/shadow"));
        });
    }

    @Test
    void takesAbsoluteNamesAsRelative() throws IOException {
        byte[] tar = tar(t -> file(t, "//etc//./x", "x"));
        assertEquals(
                List.of("etc/x"),
                rootfsNames(
                        ImageFile.split(
                                packed(Compression.XZ, tar(ImageFileTest::metadata)),
                                packed(Compression.NONE, tar))));
    }

    @Test
    void leavesOutDevicesAndOverlayAttributes() throws IOException {
        TarEntry device =
                new TarEntry(
                        TarEntry.Type.BLOCK_DEVICE,
                        "dev/sda",
                        "",
                        0666,
                        0,
                        0,
                        Instant.EPOCH,
                        0,
                        8,
                        0,
                        Map.of());
        Map<String, byte[]> xattrs =
                Map.of(
                        "trusted.overlay.redirect",
                        new byte[] {'/'},
                        "security.capability",
                        new byte[] {1, 0, 0, 2, (byte) 0x80, (byte) 0xff, '\n', '='});
        TarEntry attributed =
                TarEntry.plain(TarEntry.Type.FILE, "usr/bin/x", 0755, 0).withXattrs(xattrs);
        byte[] tar =
                tar(t -> {
                    t.put(device);
                    t.put(attributed);
                });
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ImageFile.split(
                        packed(Compression.XZ, tar(ImageFileTest::metadata)),
                        packed(Compression.NONE, tar))
                .streamRootfs(out);
        try (TarReader reader = new TarReader(new ByteArrayInputStream(out.toByteArray()))) {
            TarEntry read = reader.next().orElseThrow();
            assertEquals("usr/bin/x", read.name());
            assertEquals(java.util.Set.of("security.capability"), read.xattrs().keySet());
            assertArrayEquals(
                    xattrs.get("security.capability"), read.xattrs().get("security.capability"));
            assertTrue(reader.next().isEmpty());
        }
    }

    @Test
    void writesNoTemplateElsewhere() throws IOException {
        byte[] tar =
                tar(t -> {
                    metadata(t);
                    file(t, "templates/sub/dir.tpl", "x");
                    t.put(entry(TarEntry.Type.SYMLINK, "templates/link", "/etc/passwd"));
                });
        ImageFile.unified(packed(Compression.NONE, tar)).unpackMetadata(directory);
        assertFalse(Files.exists(directory.resolve("templates/sub")));
        assertFalse(Files.exists(directory.resolve("templates/link")));
    }

    @Test
    void refusesAbsurdSizes() throws IOException {
        byte[] tar =
                tar(t -> {
                    metadata(t);
                    file(t, "rootfs/x", "x");
                });
        // The size field of rootfs/x, the last member: 8 EiB in base 256.
        int header = tar.length - 20 * 512 + 6 * 512;
        for (int at = 0; at + 512 <= tar.length; at += 512) {
            if (new String(tar, at, 8, StandardCharsets.US_ASCII).equals("rootfs/x")) {
                header = at;
            }
        }
        tar[header + 124] = (byte) 0x80;
        tar[header + 124 + 4] = 0x7f;
        checksum(tar, header);
        ImageFile image = ImageFile.unified(packed(Compression.NONE, tar));
        assertThrows(
                InvalidConfigException.class,
                () -> image.streamRootfs(OutputStream.nullOutputStream()));
    }

    /// No kernel takes such a name, and what is done for each of its parts would take hours.
    @Test
    void refusesEndlessNames() throws IOException {
        String name = "rootfs/" + "a/".repeat(100_000) + "x";
        for (TarEntry member :
                List.of(
                        entry(TarEntry.Type.FILE, name, ""),
                        entry(TarEntry.Type.SYMLINK, "rootfs/link", name))) {
            byte[] tar =
                    tar(t -> {
                        metadata(t);
                        t.put(entry(TarEntry.Type.SYMLINK, "rootfs/first", "x"));
                        t.put(member);
                    });
            ImageFile image = ImageFile.unified(packed(Compression.NONE, tar));
            assertThrows(
                    InvalidConfigException.class,
                    () -> image.streamRootfs(OutputStream.nullOutputStream()));
        }
    }

    @Test
    void refusesNamesWithANul() throws IOException {
        String name = "rootfs/" + "d".repeat(120) + "\1/x";
        byte[] tar =
                tar(t -> {
                    metadata(t);
                    t.put(entry(TarEntry.Type.FILE, name, ""));
                });
        for (int i = 0; i < tar.length; i++) {
            tar[i] = tar[i] == 1 ? 0 : tar[i];
        }
        ImageFile image = ImageFile.unified(packed(Compression.NONE, tar));
        assertThrows(
                InvalidConfigException.class,
                () -> image.streamRootfs(OutputStream.nullOutputStream()));
    }

    private static void checksum(byte[] tar, int header) {
        int sum = 0;
        for (int i = 0; i < 512; i++) {
            sum += i >= 148 && i < 156 ? ' ' : tar[header + i] & 0xff;
        }
        byte[] text = String.format("%06o\0 ", sum).getBytes(StandardCharsets.US_ASCII);
        System.arraycopy(text, 0, tar, header + 148, 8);
    }

    @Test
    void keepsLongNamesAndBigNumbers() throws IOException {
        String name = "d".repeat(90) + "/" + "ü\udcff".repeat(60);
        TarEntry big =
                new TarEntry(
                        TarEntry.Type.SYMLINK,
                        name,
                        "l".repeat(200),
                        0777,
                        3_000_000_000L,
                        1_000_000_000L,
                        Instant.ofEpochSecond(-5),
                        0,
                        0,
                        0,
                        Map.of());
        byte[] tar = tar(t -> t.put(big));
        try (TarReader reader = new TarReader(new ByteArrayInputStream(tar))) {
            assertEquals(big, reader.next().orElseThrow());
        }
    }

    @Test
    void survivesDamagedArchives() throws IOException {
        byte[] good =
                tar(t -> {
                    metadata(t);
                    t.put(entry(TarEntry.Type.DIRECTORY, "rootfs", ""));
                    t.put(
                            TarEntry.plain(TarEntry.Type.FILE, "rootfs/" + "n".repeat(120), 0644, 0)
                                    .withXattrs(Map.of("user.a", new byte[] {1})));
                    file(t, "rootfs/etc/hostname", "x");
                });
        long seed = 20261121;
        RandomGenerator random = RandomGeneratorFactory.of("L64X128MixRandom").create(seed);
        for (int round = 0; round < 3000; round++) {
            byte[] bad = good.clone();
            int header = random.nextInt(good.length / 512) * 512;
            for (int i = random.nextInt(1, 6); i > 0; i--) {
                bad[header + random.nextInt(512)] = (byte) random.nextInt();
            }
            if (random.nextBoolean()) {
                checksum(bad, header);
            }
            read(bad, seed + "/" + round);
        }
    }

    /// Anything but these two exceptions is a fault of ours.
    private void read(byte[] tar, String round) {
        try (TarReader reader = new TarReader(new ByteArrayInputStream(tar))) {
            while (reader.next().isPresent()) {
                reader.data().skipNBytes(0);
            }
        } catch (InvalidConfigException | IOException _) {
            // Refused in words.
        } catch (RuntimeException e) {
            throw new AssertionError("round " + round, e);
        }
    }
}
