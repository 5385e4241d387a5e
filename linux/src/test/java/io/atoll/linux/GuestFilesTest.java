package io.atoll.linux;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class GuestFilesTest {
    private static final byte[] TEXT = "text".getBytes(StandardCharsets.UTF_8);

    @TempDir Path outside;
    private Fd root;
    private GuestFiles files;

    @BeforeEach
    void open() throws Exception {
        Files.createDirectory(outside.resolve("root"));
        root = Opens.open(outside.resolve("root").toString(), Fcntl.O_PATH | Fcntl.O_DIRECTORY, 0);
        files = new GuestFiles(root);
    }

    @AfterEach
    void close() {
        root.close();
    }

    @Test
    void keepsHostileLinksInside() throws Exception {
        Files.writeString(outside.resolve("secret"), "secret");
        files.symlink("../secret", "up");
        files.symlink(outside.resolve("secret").toString(), "absolute");
        files.symlink("/", "top");
        for (String path :
                new String[] {"up", "absolute", "../secret", "/../secret", "top/../../secret"}) {
            ErrnoException e =
                    assertThrows(ErrnoException.class, () -> files.read(path, 100), path);
            assertEquals(Errno.ENOENT, e.errno(), path);
        }
        files.write("up", TEXT, 0644);
        assertEquals("secret", Files.readString(outside.resolve("secret")));
        assertArrayEquals(TEXT, files.read("/secret", 100));
    }

    @Test
    void changesNothingOfTheKernels() throws Exception {
        try (Fd host = Opens.open("/", Fcntl.O_PATH | Fcntl.O_DIRECTORY, 0)) {
            GuestFiles all = new GuestFiles(host);
            String own = "/proc/" + ProcessHandle.current().pid() + "/comm";
            String before = Files.readString(Path.of(own));
            for (Runnable change :
                    new Runnable[] {
                        () -> all.write(own, TEXT, 0644),
                        () -> all.open(own, Fcntl.O_RDWR, 0).close(),
                        () -> all.chmod(own, 0666),
                        () -> all.chown(own, 0, 0),
                        () -> all.mkdir("/proc/nothing", 0755),
                        () -> all.unlink(own)
                    }) {
                ErrnoException e = assertThrows(ErrnoException.class, change::run);
                assertEquals(Errno.EACCES, e.errno());
            }
            assertEquals(before, Files.readString(Path.of(own)));
            assertEquals(before, new String(all.read(own, 100), StandardCharsets.UTF_8));
        }
    }

    @Test
    void staysInOneMountIfToldSo() {
        try (Fd host = Opens.open("/", Fcntl.O_PATH | Fcntl.O_DIRECTORY, 0)) {
            GuestFiles one = GuestFiles.ofOneMount(host);
            assertTrue(one.exists("/etc/passwd"));
            for (Runnable look :
                    new Runnable[] {
                        () -> one.exists("/proc/version"), () -> one.read("/proc/version", 1000)
                    }) {
                assertEquals(Errno.EXDEV, assertThrows(ErrnoException.class, look::run).errno());
            }
        }
    }

    @Test
    void refusesMagicLinks() throws Exception {
        try (Fd proc = Opens.open("/proc/self", Fcntl.O_PATH | Fcntl.O_DIRECTORY, 0)) {
            ErrnoException e =
                    assertThrows(ErrnoException.class, () -> new GuestFiles(proc).list("root/etc"));
            assertEquals(Errno.ELOOP, e.errno());
        }
    }

    @Test
    void writesOnlyRegularFiles() {
        files.mknod("fifo", FileStat.Type.FIFO, 0644, 0);
        assertThrows(ErrnoException.class, () -> files.write("fifo", TEXT, 0644));
        assertThrows(ErrnoException.class, () -> files.read("fifo", 100));
        files.write("file", TEXT, 0640);
        assertEquals(0640, files.stat("file").mode());
        assertThrows(ErrnoException.class, () -> files.read("file", 3));
    }

    @Test
    void makesAndRemovesTrees() {
        files.mkdirs("/a/b/../c/d", 0755, -1, -1);
        assertTrue(files.exists("a/c/d"));
        files.write("a/c/d/f", TEXT, 0644);
        files.symlink("/a", "a/c/loop");
        assertEquals("/a", files.readlink("a/c/loop"));
        assertEquals(FileStat.Type.SYMLINK, files.lstat("a/c/loop").type());
        assertEquals(FileStat.Type.DIRECTORY, files.stat("a/c/loop").type());
        assertThrows(ErrnoException.class, () -> files.rmdir("a"));
        files.rename("a/c", "a/e/");
        files.deleteTree("a/");
        assertFalse(files.exists("a"));
        files.deleteTree("a");
    }

    @Test
    void keepsNamesThatAreNotText() {
        String name = KernelText.decode(new byte[] {'n', (byte) 0xff, (byte) 0xc3});
        files.write(name, TEXT, 0644);
        assertEquals(name, files.list("/").getFirst().name());
        assertArrayEquals(TEXT, files.read(name, 100));
    }

    @Test
    void refusesRootAndDotsAsNames() {
        for (String path : new String[] {"", "/", ".", "..", "a/..", "//"}) {
            assertThrows(ErrnoException.class, () -> files.mkdir(path, 0755), path);
        }
    }

    @Test
    void removesAVeryDeepTree() {
        StringBuilder path = new StringBuilder();
        for (int i = 0; i < 400; i++) {
            path.append("/d");
            files.mkdir(path.toString(), 0755);
            files.write(path + "/f", TEXT, 0644);
        }
        files.deleteTree("d");
        assertTrue(files.list("/").isEmpty());
    }
}
