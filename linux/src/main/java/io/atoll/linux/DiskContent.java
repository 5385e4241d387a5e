package io.atoll.linux;

import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;

/// The content of disks of virtual machines, which are files with holes or devices.
public final class DiskContent {
    private static final int CHUNK = 1 << 16;
    private static final int SEEK_END = 2;

    private DiskContent() {}

    /// The size of a file or device.
    ///
    /// @param disk open; afterwards it stands at its beginning
    public static long size(Fd disk) {
        long end = Syscalls.call(Sys.LSEEK, disk.what(), disk.number(), 0, SEEK_END);
        FdIo.seek(disk, 0);
        return end;
    }

    /// As [#write], but writes no part again that is there already, so that snapshots go on having
    /// it in common with the disk. Everything is on disk afterwards.
    ///
    /// @return how many bytes were written
    public static long update(InputStream data, Fd disk) throws IOException {
        byte[] chunk = new byte[CHUNK];
        byte[] there = new byte[CHUNK];
        long position = 0;
        long written = 0;
        for (int n = fill(data, chunk); n > 0; n = fill(data, chunk)) {
            if (!holds(disk, chunk, n, position, there)) {
                FdIo.seek(disk, position);
                FdIo.write(disk, chunk, 0, n);
                written += n;
            }
            position += n;
        }
        end(disk, position, there);
        FdIo.sync(disk);
        return written;
    }

    private static boolean holds(Fd disk, byte[] chunk, int count, long position, byte[] there) {
        int done = 0;
        while (done < count) {
            int n = FdIo.pread(disk, there, done, count - done, position + done);
            if (n <= 0) {
                // Behind the end of a file are zeros, once it is longer.
                Arrays.fill(there, done, count, (byte) 0);
                break;
            }
            done += n;
        }
        return Arrays.equals(there, 0, count, chunk, 0, count);
    }

    /// Writes all of a disk, whatever was there. What reads as zeros already is left alone, so that
    /// holes stay holes; a file gets the size of what comes, a device has to be as large, and is
    /// filled up with zeros.
    ///
    /// @param disk open for reading and writing
    public static void write(InputStream data, Fd disk) throws IOException {
        byte[] chunk = new byte[CHUNK];
        byte[] there = new byte[CHUNK];
        long position = 0;
        for (int n = fill(data, chunk); n > 0; n = fill(data, chunk)) {
            put(disk, chunk, n, position, there);
            position += n;
        }
        end(disk, position, there);
    }

    /// Nothing is left behind what came.
    private static void end(Fd disk, long bytes, byte[] there) {
        if (FileStat.of(disk).type() == FileStat.Type.FILE) {
            FdIo.truncate(disk, bytes);
            return;
        }
        long size = size(disk);
        byte[] zeros = new byte[CHUNK];
        for (long position = bytes; position < size; ) {
            int n = (int) Math.min(CHUNK, size - position);
            put(disk, zeros, n, position, there);
            position += n;
        }
    }

    private static int fill(InputStream data, byte[] chunk) throws IOException {
        return data.readNBytes(chunk, 0, chunk.length);
    }

    private static void put(Fd disk, byte[] chunk, int count, long position, byte[] there) {
        if (isZero(chunk, count) && readsAsZeros(disk, count, position, there)) {
            return;
        }
        FdIo.seek(disk, position);
        FdIo.write(disk, chunk, 0, count);
    }

    private static boolean isZero(byte[] chunk, int count) {
        for (int i = 0; i < count; i++) {
            if (chunk[i] != 0) {
                return false;
            }
        }
        return true;
    }

    /// Behind the end of a file, too.
    private static boolean readsAsZeros(Fd disk, int count, long position, byte[] there) {
        int done = 0;
        while (done < count) {
            int n = FdIo.pread(disk, there, 0, count - done, position + done);
            if (n <= 0) {
                return true;
            }
            if (!isZero(there, n)) {
                return false;
            }
            done += n;
        }
        return true;
    }
}
