package io.atoll.linux;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Files and a device. Needs root.
@Tag("privileged")
class DiskContentIT {
    private static final int SIZE = 1 << 20;

    @TempDir Path folder;

    private static byte[] content(int size) {
        byte[] out = new byte[size];
        out[0] = 7;
        out[size - 1] = 9;
        return out;
    }

    private static void write(Path path, byte[] data) throws IOException {
        try (Fd disk = Opens.open(path.toString(), Fcntl.O_RDWR, 0)) {
            DiskContent.write(new ByteArrayInputStream(data), disk);
        }
    }

    @Test
    void aFileBecomesWhatComesAndKeepsItsHoles() throws IOException {
        Path file = Files.write(folder.resolve("disk"), new byte[] {1, 2, 3});
        write(file, content(SIZE));
        assertArrayEquals(content(SIZE), Files.readAllBytes(file));
        try (Fd disk = Opens.open(file.toString(), Fcntl.O_RDONLY, 0)) {
            assertEquals(SIZE, DiskContent.size(disk));
        }
        assertTrue(used(file) < SIZE / 2, "no holes");
        write(file, new byte[] {5});
        assertArrayEquals(new byte[] {5}, Files.readAllBytes(file));
    }

    private static long update(Path path, byte[] data) throws IOException {
        try (Fd disk = Opens.open(path.toString(), Fcntl.O_RDWR, 0)) {
            return DiskContent.update(new ByteArrayInputStream(data), disk);
        }
    }

    @Test
    void anUpdateWritesOnlyWhatDiffers() throws IOException {
        byte[] old = new byte[SIZE];
        Arrays.fill(old, (byte) 3);
        Path file = Files.write(folder.resolve("disk"), old);
        assertEquals(0, update(file, old));
        byte[] next = old.clone();
        next[SIZE / 2] = 4;
        next[SIZE - 1] = 0;
        long written = update(file, next);
        assertTrue(written > 0 && written <= SIZE / 4, "wrote " + written);
        assertArrayEquals(next, Files.readAllBytes(file));
        byte[] longer = Arrays.copyOf(next, SIZE + SIZE / 2 + 1);
        assertEquals(0, update(file, longer));
        assertArrayEquals(longer, Files.readAllBytes(file));
        assertTrue(update(file, new byte[] {5}) <= 1);
        assertArrayEquals(new byte[] {5}, Files.readAllBytes(file));
    }

    private static long used(Path file) {
        String words = Commands.run(Command.of("du", "--block-size=1", file.toString())).text();
        return Long.parseLong(words.split("\\s")[0]);
    }

    /// What was there before is nowhere left.
    @Test
    void aDeviceIsOverwrittenToItsEnd() throws IOException {
        Path file = folder.resolve("disk");
        try (RandomAccessFile disk = new RandomAccessFile(file.toFile(), "rw")) {
            disk.setLength(SIZE);
        }
        byte[] full = new byte[SIZE];
        Arrays.fill(full, (byte) 1);
        try (Loop.Device loop = Loop.attach(file, false)) {
            Path device = Path.of(loop.path());
            write(device, full);
            write(device, content(SIZE / 2));
            try (Fd disk = Opens.open(device.toString(), Fcntl.O_RDWR, 0)) {
                assertEquals(SIZE, DiskContent.size(disk));
                FdIo.sync(disk);
            }
            assertArrayEquals(Arrays.copyOf(content(SIZE / 2), SIZE), Files.readAllBytes(file));
            assertThrows(ErrnoException.class, () -> write(device, content(SIZE + 8192)));
        }
    }
}
