package io.atoll.lxcfs.fuse;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class FuseServerTest {
    /// A root with one file `a` (node 2) of ten bytes, and a file (node 3) whose reading fails.
    private static final FileSystem FILES =
            new FileSystem() {
                @Override
                public Attributes lookup(long parent, String name) {
                    if (parent == ROOT && name.equals("a")) {
                        return attributes(2);
                    }
                    throw new FuseException(FuseException.ENOENT);
                }

                @Override
                public Attributes attributes(long node) {
                    int mode =
                            node == ROOT ? Attributes.DIRECTORY | 0555 : Attributes.REGULAR | 0444;
                    return new Attributes(node, mode, 0);
                }

                @Override
                public List<Entry> list(long node) {
                    return List.of(
                            new Entry("a", attributes(2)),
                            new Entry("a-longer-name", attributes(3)));
                }

                @Override
                public String readLink(long node) {
                    throw new FuseException(FuseException.ENOENT);
                }

                @Override
                public byte[] open(long node, int readerPid) {
                    if (node == 3) {
                        throw new IllegalStateException("planted");
                    }
                    return "0123456789".getBytes(StandardCharsets.UTF_8);
                }
            };

    /// FUSE_READ_LOCKOWNER, in the word after the size.
    private static final long LOCK_OWNER = 2L << 32;

    private final FuseServer server = new FuseServer(FILES);
    private final ByteBuffer out =
            ByteBuffer.allocateDirect(16 + (128 << 10)).order(ByteOrder.nativeOrder());

    private final ByteBuffer in =
            ByteBuffer.allocateDirect(16 << 10).order(ByteOrder.nativeOrder());

    private int request(int opcode, long node, byte[] body) {
        in.clear()
                .putInt(40 + body.length)
                .putInt(opcode)
                .putLong(77)
                .putLong(node)
                .putInt(0)
                .putInt(0)
                .putInt(1)
                .putInt(0);
        in.put(body);
        return server.answer(in, 40 + body.length, out);
    }

    private static byte[] words(long... words) {
        ByteBuffer b = ByteBuffer.allocate(words.length * 8).order(ByteOrder.nativeOrder());
        for (long word : words) {
            b.putLong(word);
        }
        return b.array();
    }

    private String read(long handle, long offset, int size) {
        int length = request(Opcode.READ, 2, words(handle, offset, size | LOCK_OWNER, 0, 0));
        byte[] bytes = new byte[length - 16];
        out.get(16, bytes);
        return new String(bytes, StandardCharsets.UTF_8);
    }

    @Test
    void readsAtAnyOffsetOfWhatWasOpened() {
        assertEquals(32, request(Opcode.OPEN, 2, words(0)));
        long handle = out.getLong(16);
        assertEquals("0123456789", read(handle, 0, 4096));
        assertEquals("345", read(handle, 3, 3));
        assertEquals("9", read(handle, 9, 7));
        assertEquals("", read(handle, 10, 7));
        assertEquals("", read(handle, -1, 7));
        assertEquals("", read(handle, Long.MAX_VALUE, 7));
        request(Opcode.RELEASE, 2, words(handle, 0, 0));
        assertEquals("", read(handle, 0, 4096));
    }

    /// Pages would be shared by readers of different containers.
    @Test
    void fillsNoPageCache() {
        request(Opcode.OPEN, 2, words(0));
        long handle = out.getLong(16);
        assertEquals(16, request(Opcode.READ, 2, words(handle, 0, 4096, 0, 0)));
        assertEquals(-FuseException.EIO, out.getInt(4));
        assertEquals("0123456789", read(handle, 0, 4096));
    }

    /// Writing was the way out of lxcfs' cgroups in 2015, and to the host's
    /// `/sys/devices/system/cpu` in 2024.
    @Test
    void cve_2015_1342_1344_lxcfs_25a3cb0_refusesWriting() {
        request(Opcode.OPEN, 2, words(1));
        assertEquals(-FuseException.EACCES, out.getInt(4));
        request(Opcode.OPEN, 2, words(2));
        assertEquals(-FuseException.EACCES, out.getInt(4));
        request(Opcode.SETATTR, 2, new byte[88]);
        assertEquals(-FuseException.EACCES, out.getInt(4));
    }

    @Test
    void answersAFaultWithEio() {
        assertEquals(16, request(Opcode.OPEN, 3, words(0)));
        assertEquals(-FuseException.EIO, out.getInt(4));
        assertEquals(77, out.getLong(8));
    }

    @Test
    void listsWholeEntriesOnly() {
        request(Opcode.OPENDIR, 1, words(0));
        long handle = out.getLong(16);
        int all = request(Opcode.READDIR, 1, words(handle, 0, 4096, 0, 0)) - 16;
        assertEquals(32 + 32 + 32 + 40, all);
        assertEquals(32, request(Opcode.READDIR, 1, words(handle, 0, 63, 0, 0)) - 16);
        assertEquals(40, request(Opcode.READDIR, 1, words(handle, 96, 4096, 0, 0)) - 16);
        assertEquals(0, request(Opcode.READDIR, 1, words(handle, all, 4096, 0, 0)) - 16);
    }

    @Test
    void limitsOpenFiles() {
        for (int i = 0; i < FuseServer.OPEN_FILES_MAX; i++) {
            assertEquals(32, request(Opcode.OPEN, 2, words(0)));
        }
        long last = out.getLong(16);
        request(Opcode.OPEN, 2, words(0));
        assertEquals(-FuseException.ENFILE, out.getInt(4));
        request(Opcode.RELEASE, 2, words(last, 0, 0));
        assertEquals(32, request(Opcode.OPEN, 2, words(0)));
    }

    /// Whatever bytes arrive, each request gets a whole answer or none.
    @Test
    void survivesRandomRequests() {
        long seed = System.nanoTime();
        SplittableRandom random = new SplittableRandom(seed);
        for (int i = 0; i < 50_000; i++) {
            byte[] body = new byte[random.nextInt(200)];
            random.nextBytes(body);
            int length = request(random.nextInt(60), random.nextInt(6), body);
            assertTrue(length == 0 || (length >= 16 && length == out.getInt(0)), "seed " + seed);
        }
    }
}
