package io.atoll.image;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.atoll.base.Idmap;
import io.atoll.base.InvalidConfigException;
import io.atoll.linux.Command;
import io.atoll.linux.Commands;
import io.atoll.linux.Fcntl;
import io.atoll.linux.Fd;
import io.atoll.linux.Opens;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@Tag("privileged")
class ImageWriterIT {
    private static final ImageMetadata METADATA =
            ImageMetadata.parse("architecture: x86_64\ncreation_date: 7\n");

    @TempDir Path directory;
    private Path volume;

    private static String run(String... argv) {
        return Commands.run(Command.of(argv).outputMax(1 << 24)).text();
    }

    @BeforeEach
    void makeTree() throws IOException {
        volume = Files.createDirectory(directory.resolve("volume"));
        Path root = Files.createDirectories(volume.resolve("rootfs/etc"));
        Files.writeString(root.resolve("b"), "content");
        Files.createLink(root.resolve("a"), root.resolve("b"));
        Files.createSymbolicLink(root.resolve("l"), Path.of("../nowhere"));
        Object unused =
                run(
                        "chown",
                        "-h",
                        "100033:100033",
                        root.resolve("b").toString(),
                        root.resolve("l").toString());
        unused = run("chmod", "2750", root.resolve("b").toString());
        Files.createDirectory(volume.resolve("templates"));
        Files.writeString(volume.resolve("templates/t.tpl"), "{{ path }}");
        Files.writeString(volume.resolve("metadata.yaml"), METADATA.render());
        Files.writeString(volume.resolve("backup.yaml"), "x: 1\n");
    }

    private Fd root() {
        return Opens.open(
                volume.resolve("rootfs").toString(), Fcntl.O_RDONLY | Fcntl.O_DIRECTORY, 0);
    }

    private String listing(Path tree) {
        return run(
                "sh",
                "-c",
                "cd " + tree + " && find . -printf '%P %y %m %U %G %n %Ts %l\\n' | LC_ALL=C sort");
    }

    @Test
    void publishesAnImageThatReadsBack() throws IOException {
        ByteArrayOutputStream first = new ByteArrayOutputStream();
        ByteArrayOutputStream second = new ByteArrayOutputStream();
        try (Fd root = root()) {
            ImageWriter.writeUnified(
                    first, Compression.GZIP, METADATA, volume.resolve("templates"), root);
            ImageWriter.writeUnified(
                    second, Compression.GZIP, METADATA, volume.resolve("templates"), root);
        }
        assertArrayEquals(first.toByteArray(), second.toByteArray());
        Path file = Files.write(directory.resolve("image"), first.toByteArray());
        String names = run("tar", "-tzf", file.toString());
        assertEquals(
                "metadata.yaml\ntemplates/\ntemplates/t.tpl\nrootfs/\nrootfs/etc/\nrootfs/etc/a\nrootfs/etc/b\nrootfs/etc/l\n",
                names);
        ImageFile image = ImageFile.unified(file);
        assertEquals(METADATA, image.readMetadata());
        Path target = Files.createDirectory(directory.resolve("target"));
        image.unpackRootfs(target);
        assertEquals(listing(volume.resolve("rootfs")), listing(target));
    }

    @Test
    void backsUpAndRestoresInLxdsLayout() throws IOException {
        Path file = directory.resolve("backup.tar.zst");
        try (Fd root = root();
                BackupWriter backup =
                        new BackupWriter(
                                Files.newOutputStream(file), Compression.ZSTD, "name: c1\n")) {
            backup.putInstance(BackupPart.snapshot("s0"), volume, "x: 0\n", root);
            backup.putInstance(BackupPart.INSTANCE, volume, "x: 1\n", root);
        }
        Path snapshot = Files.createDirectories(directory.resolve("s0/rootfs"));
        Path target = Files.createDirectories(directory.resolve("target/rootfs"));
        Path directoryTarget = directory.resolve("target");
        try (BackupReader reader = new BackupReader(Files.newInputStream(file))) {
            assertEquals("name: c1\n", reader.readIndex());
            reader.unpack(BackupPart.snapshot("s0"), directory.resolve("s0"), snapshot, Idmap.NONE);
            reader.unpack(
                    BackupPart.INSTANCE, directoryTarget, target, Idmap.range(100_000, 65_536));
        }
        assertEquals("33", run("stat", "-c", "%u", target.resolve("etc/b").toString()).strip());
        assertEquals("x: 1\n", Files.readString(directoryTarget.resolve("backup.yaml")));
        assertEquals("{{ path }}", Files.readString(directoryTarget.resolve("templates/t.tpl")));
        assertEquals(listing(volume.resolve("rootfs")), listing(snapshot));
    }

    @Test
    void aBackupHasItsPartsInOrder() throws IOException {
        Path file = directory.resolve("backup.tar");
        try (Fd root = root();
                BackupWriter backup =
                        new BackupWriter(
                                Files.newOutputStream(file), Compression.NONE, "name: c1\n")) {
            backup.putInstance(BackupPart.INSTANCE, volume, "x: 1\n", root);
        }
        Path none = Files.createDirectories(directory.resolve("s1/rootfs"));
        try (BackupReader reader = new BackupReader(Files.newInputStream(file))) {
            assertEquals("name: c1\n", reader.readIndex());
            assertThrows(
                    InvalidConfigException.class,
                    () ->
                            reader.unpack(
                                    BackupPart.snapshot("s1"),
                                    directory.resolve("s1"),
                                    none,
                                    Idmap.NONE));
        }
    }

    @Test
    void refusesWhatIsNoBackup() throws IOException {
        Path file = directory.resolve("x.tar");
        try (TarWriter tar = new TarWriter(Files.newOutputStream(file))) {
            tar.putFile("rootfs/x", new byte[3]);
        }
        try (BackupReader reader = new BackupReader(Files.newInputStream(file))) {
            assertThrows(InvalidConfigException.class, reader::readIndex);
        }
    }
}
