package io.atoll.linux;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// On a btrfs in a file. Needs root.
@Tag("privileged")
class SubvolumesIT {
    private static final int MANY = 300;

    @TempDir Path folder;
    private Path top;

    @BeforeEach
    void mount() throws IOException {
        boolean isThere =
                ProcFiles.readIfPresent("/proc/filesystems").orElse("").contains("\tbtrfs\n");
        Assumptions.assumeTrue(isThere, "this kernel has no btrfs");
        Assumptions.assumeTrue(Commands.find("mkfs.btrfs").isPresent(), "no btrfs-progs");
        Path disk = folder.resolve("disk");
        try (RandomAccessFile file = new RandomAccessFile(disk.toFile(), "rw")) {
            file.setLength(128 << 20);
        }
        Commands.Result _ = Commands.run(Command.of("mkfs.btrfs", "-q", disk.toString()));
        top = Files.createDirectory(folder.resolve("top"));
        PlatformThreads.run(() -> {
            try (Loop.Device loop = Loop.attach(disk, false);
                    FsContext context = FsContext.open("btrfs")) {
                context.set("source", loop.path());
                try (Fd mount = context.mount(Set.of())) {
                    Mounts.move(mount, top.toString());
                }
            }
        });
    }

    @AfterEach
    void unmount() {
        if (Mounts.isMountPoint(String.valueOf(top))) {
            PlatformThreads.run(() -> Mounts.umount(top.toString(), true));
        }
    }

    private static Fd open(Path path) {
        return Opens.open(path.toString(), Fcntl.O_RDONLY | Fcntl.O_DIRECTORY, 0);
    }

    private static void create(Path path) {
        try (Fd parent = open(path.getParent())) {
            Subvolumes.create(parent, path.getFileName().toString());
        }
    }

    private static List<String> within(Path path) {
        try (Fd fd = open(path)) {
            return Subvolumes.within(fd);
        }
    }

    @Test
    void findsThoseWithinOthers() throws IOException {
        create(top.resolve("v"));
        Path v = top.resolve("v");
        assertEquals(List.of(), within(v));
        Files.createDirectories(v.resolve("a/b"));
        create(v.resolve("a/b/späße"));
        create(v.resolve("a/b/späße/in it"));
        create(v.resolve("plain"));
        create(top.resolve("beside"));
        assertEquals(List.of("a/b/späße", "a/b/späße/in it", "plain"), within(v));
        assertEquals(List.of("beside", "v", "v/a/b/späße"), within(top).subList(0, 3));
        for (int i = 0; i < MANY; i++) {
            create(top.resolve("beside/" + i));
        }
        assertEquals(
                IntStream.range(0, MANY).mapToObj(Integer::toString).sorted().toList(),
                within(top.resolve("beside")));
    }

    @Test
    void copiesProtectsAndDeletes() throws IOException {
        Path v = top.resolve("v");
        create(v);
        create(v.resolve("in"));
        Files.writeString(v.resolve("f"), "text");
        try (Fd parent = open(top);
                Fd from = open(v)) {
            Subvolumes.snapshot(from, parent, "copy");
            try (Fd copy = open(top.resolve("copy"))) {
                assertFalse(Subvolumes.uuid(from).equals(Subvolumes.uuid(copy)));
                Subvolumes.setReadOnly(copy, true);
                assertTrue(Subvolumes.isReadOnly(copy));
                assertFalse(Subvolumes.isReadOnly(from));
                assertEquals(List.of(), Subvolumes.within(copy));
            }
            assertThrows(
                    IOException.class, () -> Files.writeString(top.resolve("copy/f"), "other"));
            assertEquals("text", Files.readString(top.resolve("copy/f")));
            Subvolumes.delete(parent, "copy");
            assertFalse(Files.exists(top.resolve("copy")));
            ErrnoException full =
                    assertThrows(ErrnoException.class, () -> Subvolumes.delete(parent, "v"));
            assertEquals(Errno.ENOTEMPTY, full.errno());
            Files.createDirectory(top.resolve("plain"));
            assertThrows(ErrnoException.class, () -> Subvolumes.delete(parent, "plain"));
            assertThrows(ErrnoException.class, () -> Subvolumes.create(parent, "x".repeat(256)));
        }
    }

    /// The way to one may become another.
    @Test
    void neverLeavesTheTop() throws IOException {
        Path v = top.resolve("v");
        create(v);
        create(top.resolve("other"));
        Files.createSymbolicLink(v.resolve("link"), top.resolve("other"));
        try (Fd fd = open(v)) {
            assertThrows(ErrnoException.class, () -> Subvolumes.open(fd, "link"));
            assertThrows(ErrnoException.class, () -> Subvolumes.open(fd, "../other"));
            try (Fd same = Subvolumes.open(fd, "")) {
                assertTrue(FileStat.of(same).isSameInode(FileStat.of(fd)));
            }
        }
    }
}
