package io.atoll.image;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.atoll.base.DomainException;
import io.atoll.linux.Command;
import io.atoll.linux.Commands;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Archives that are meant to do harm leave nothing outside of where they are unpacked, and nothing
/// inside that can do harm. Needs root, as unpacking does.
@Tag("privileged")
class HostileArchivesIT {
    private static final String MARKER = "atoll-hostile";

    @TempDir Path directory;
    private Path target;
    private Path victim;
    private Path victimDirectory;
    private Map<String, String> before;

    @BeforeEach
    void prepare() throws IOException {
        target = Files.createDirectories(directory.resolve("in/target"));
        victim = Files.writeString(directory.resolve("victim"), "as it was");
        victimDirectory = Files.createDirectory(directory.resolve("victims"));
        Files.writeString(victimDirectory.resolve("file"), "as it was");
        before = outside();
    }

    /// Everything that is not the target: names, content, modes.
    private Map<String, String> outside() throws IOException {
        Map<String, String> out = new TreeMap<>();
        try (Stream<Path> files = Files.walk(directory)) {
            for (Path file : files.filter(f -> !f.startsWith(target)).toList()) {
                if (file.toString().endsWith(".tar")) {
                    continue;
                }
                String content = Files.isRegularFile(file) ? Files.readString(file) : "";
                out.put(
                        file.toString(),
                        content
                                + " "
                                + Files.getAttribute(file, "unix:mode", LinkOption.NOFOLLOW_LINKS));
            }
        }
        return out;
    }

    private interface Members {
        void addTo(TarWriter tar) throws IOException;
    }

    private ImageFile image(Members members) throws IOException {
        Path meta = directory.resolve("meta.tar");
        try (TarWriter tar = new TarWriter(Files.newOutputStream(meta))) {
            tar.putFile(
                    "metadata.yaml",
                    "architecture: x86_64\ncreation_date: 1\n".getBytes(StandardCharsets.UTF_8));
        }
        Path root = directory.resolve("root.tar");
        try (TarWriter tar = new TarWriter(Files.newOutputStream(root))) {
            members.addTo(tar);
        }
        return ImageFile.split(meta, root);
    }

    private static TarEntry link(TarEntry.Type type, String name, String where) {
        return TarEntry.plain(type, name, 0777, 0).renamed(name, where);
    }

    private void refused(Members members) throws IOException {
        ImageFile image = image(members);
        assertThrows(DomainException.class, () -> image.unpackRootfs(target));
        assertEquals(before, outside());
    }

    private void harmless(Members members) throws IOException {
        image(members).unpackRootfs(target);
        assertEquals(before, outside());
    }

    @Test
    void namesThatClimb() throws IOException {
        refused(tar -> tar.putFile("../../victim", new byte[1]));
        refused(tar -> tar.putFile("a/../../../victim", new byte[1]));
        refused(tar -> tar.put(TarEntry.plain(TarEntry.Type.DIRECTORY, "../../made", 0755, 0)));
    }

    /// What the kernel does not take is refused, not told of as an error of ours.
    @Test
    void linksAndAttributesThatCannotBe() throws IOException {
        TarEntry file = TarEntry.plain(TarEntry.Type.FILE, "x", 0644, 0);
        byte[] one = {1};
        refused(tar -> tar.put(link(TarEntry.Type.SYMLINK, "empty", "")));
        refused(tar -> tar.put(file.withXattrs(Map.of("user." + "a".repeat(300), one))));
        refused(tar -> tar.put(file.withXattrs(Map.of("user.a", new byte[100_000]))));
        refused(tar -> tar.put(file.withXattrs(Map.of("system.posix_acl_access", one))));
    }

    @Test
    void absoluteNamesStayInside() throws IOException {
        harmless(tar -> tar.putFile(victim.toString(), new byte[1]));
        assertTrue(Files.exists(target.resolve(victim.toString().substring(1))));
    }

    @Test
    void filesThroughASymlink() throws IOException {
        refused(tar -> {
            tar.put(link(TarEntry.Type.SYMLINK, "x", victimDirectory.toString()));
            tar.putFile("x/file", new byte[1]);
        });
    }

    @Test
    void filesThroughASymlinkThatClimbs() throws IOException {
        refused(tar -> {
            tar.put(link(TarEntry.Type.SYMLINK, "x", "../.."));
            tar.putFile("x/victim", new byte[1]);
        });
    }

    @Test
    void aFileOverASymlink() throws IOException {
        ImageFile image =
                image(tar -> {
                    tar.put(link(TarEntry.Type.SYMLINK, "x", victim.toString()));
                    tar.putFile("x", "overwritten".getBytes(StandardCharsets.UTF_8));
                });
        try {
            image.unpackRootfs(target);
        } catch (DomainException _) {
            // As good.
        }
        assertEquals(before, outside());
    }

    @Test
    void aHardLinkToTheHost() throws IOException {
        refused(tar -> {
            tar.put(link(TarEntry.Type.HARD_LINK, "x", "../../victim"));
            tar.putFile("x", "overwritten".getBytes(StandardCharsets.UTF_8));
        });
    }

    @Test
    void aHardLinkThroughASymlink() throws IOException {
        refused(tar -> {
            tar.put(link(TarEntry.Type.SYMLINK, "d", victimDirectory.toString()));
            tar.put(link(TarEntry.Type.HARD_LINK, "x", "d/file"));
            tar.putFile("x", "overwritten".getBytes(StandardCharsets.UTF_8));
        });
    }

    @Test
    void aHugeSparseFileTakesNoSpace() throws IOException {
        Path huge = Files.createFile(directory.resolve("huge.tar"));
        Path tree = Files.createDirectory(directory.resolve("tree.tar"));
        run("truncate", "--size=2G", tree.resolve("huge").toString());
        run("tar", "--sparse", "-C", tree.toString(), "-cf", huge.toString(), "huge");
        ImageFile image = ImageFile.split(image(_ -> {}).metadata(), huge);
        image.unpackRootfs(target);
        assertEquals(2L << 30, Files.size(target.resolve("huge")));
        String blocks =
                Commands.run(Command.of("stat", "-c", "%b", target.resolve("huge").toString()))
                        .text();
        assertTrue(Long.parseLong(blocks.strip()) < 1000, blocks);
    }

    @Test
    void devicesAreLeftOut() throws IOException {
        harmless(tar -> {
            tar.putFile("file", new byte[1]);
            tar.put(TarEntry.plain(TarEntry.Type.BLOCK_DEVICE, "disk", 0666, 0));
            tar.put(TarEntry.plain(TarEntry.Type.CHAR_DEVICE, "mem", 0666, 0));
        });
        assertEquals(1, inside());
    }

    /// Small when it is packed; there is no room for what comes out.
    @Test
    void aBombFillsNothingButItsPlace() throws IOException {
        Path packed = Files.createFile(directory.resolve("bomb.tar"));
        try (TarWriter tar =
                new TarWriter(Compression.ZSTD.compress(Files.newOutputStream(packed)))) {
            // Not zeros: those would become holes.
            byte[] ones = new byte[8 << 20];
            java.util.Arrays.fill(ones, (byte) 1);
            for (int i = 0; i < 8; i++) {
                tar.putFile("ones" + i, ones);
            }
        }
        assertTrue(Files.size(packed) < 1 << 20, "a bomb is small");
        ImageFile image = ImageFile.split(image(_ -> {}).metadata(), packed);
        run("mount", "-t", "tmpfs", "-o", "size=16m", MARKER, target.toString());
        try {
            Map<String, String> outside = outside();
            assertThrows(Exception.class, () -> image.unpackRootfs(target));
            assertEquals(outside, outside());
        } finally {
            run("umount", target.toString());
        }
    }

    @Test
    void aFileLargerThanAnyDisk() throws IOException {
        byte[] header = new byte[1024];
        var bytes = new java.io.ByteArrayOutputStream();
        try (TarWriter tar = new TarWriter(bytes)) {
            tar.put(TarEntry.plain(TarEntry.Type.DIRECTORY, "d", 0755, 0));
        }
        System.arraycopy(bytes.toByteArray(), 0, header, 0, 512);
        header[156] = '0';
        header[124] = (byte) 0x80;
        header[128] = 0x7f;
        java.util.Arrays.fill(header, 148, 156, (byte) ' ');
        int sum = 0;
        for (int i = 0; i < 512; i++) {
            sum += header[i] & 0xff;
        }
        byte[] text = String.format("%06o", sum).getBytes(StandardCharsets.US_ASCII);
        System.arraycopy(text, 0, header, 148, 6);
        header[154] = 0;
        Path huge = Files.write(directory.resolve("larger.tar"), header);
        ImageFile image = ImageFile.split(image(_ -> {}).metadata(), huge);
        assertThrows(DomainException.class, () -> image.unpackRootfs(target));
        assertEquals(before, outside());
    }

    private long inside() throws IOException {
        try (Stream<Path> files = Files.list(target)) {
            return files.count();
        }
    }

    private static void run(String... argv) {
        Commands.Result _ = Commands.run(Command.of(argv));
    }
}
