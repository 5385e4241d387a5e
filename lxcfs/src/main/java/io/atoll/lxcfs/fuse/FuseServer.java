package io.atoll.lxcfs.fuse;

import static io.atoll.lxcfs.fuse.FuseException.EACCES;
import static io.atoll.lxcfs.fuse.FuseException.EINVAL;
import static io.atoll.lxcfs.fuse.FuseException.EIO;
import static io.atoll.lxcfs.fuse.FuseException.ENFILE;
import static io.atoll.lxcfs.fuse.FuseException.ENOSYS;

import io.atoll.lxcfs.fuse.FileSystem.Attributes;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

/// Serves one [FileSystem] on the channels of one mount. A file's content is made once, at open,
/// and all reads of that open see the same bytes whatever their offset and size.
///
/// No request can end the server: whatever goes wrong while answering becomes EIO for that caller
/// alone.
public final class FuseServer {
    /// Open files at a time; beyond that open fails with ENFILE.
    static final int OPEN_FILES_MAX = 65_536;

    /// Bytes held by open files; beyond that open fails with ENFILE.
    static final long OPEN_BYTES_MAX = 256L << 20;

    /// The kernel demands room for its largest write; ours is one page, and 8 KiB is its floor
    /// (FUSE_MIN_READ_BUFFER).
    private static final int REQUEST_BYTES_MAX = 16 << 10;

    /// The largest answer: one read of READ_BYTES_MAX and its header.
    private static final int READ_BYTES_MAX = 128 << 10;

    private static final int BLOCK_BYTES = 4096;
    private static final int IN_HEADER = 40;
    private static final int OUT_HEADER = 16;
    private static final int PROTOCOL_MAJOR = 7;
    private static final int PROTOCOL_MINOR = 31;
    private static final int FOPEN_DIRECT_IO = 1;
    private static final int FOPEN_CACHE_DIR = 8;
    private static final int FUSE_ASYNC_READ = 1;
    private static final int FUSE_PARALLEL_DIROPS = 1 << 18;
    private static final int FUSE_READ_LOCKOWNER = 1 << 1;
    private static final int O_ACCMODE = 3;
    private static final int SECONDS_VALID = 60;

    private static final Logger LOG = System.getLogger(FuseServer.class.getName());

    private final FileSystem files;
    private final Map<Long, byte[]> open = new ConcurrentHashMap<>();
    private final Map<Long, byte[]> openDirectories = new ConcurrentHashMap<>();
    private final AtomicInteger openCount = new AtomicInteger();
    private final AtomicLong openBytes = new AtomicLong();
    private final AtomicLong nextHandle = new AtomicLong(1);

    public FuseServer(FileSystem files) {
        this.files = files;
    }

    /// Answers requests of one channel until the file system is unmounted. Blocks: one platform
    /// thread per channel.
    public void serve(FuseChannel channel) {
        ByteBuffer in = ByteBuffer.allocateDirect(REQUEST_BYTES_MAX).order(ByteOrder.nativeOrder());
        ByteBuffer out =
                ByteBuffer.allocateDirect(OUT_HEADER + READ_BYTES_MAX)
                        .order(ByteOrder.nativeOrder());
        while (true) {
            int length = channel.read(in);
            if (length < 0) {
                return;
            }
            if (length >= IN_HEADER) {
                int answered = answer(in, length, out);
                if (answered > 0) {
                    channel.write(out, answered);
                }
            }
        }
    }

    /// Answers one request.
    ///
    /// @return the answer's length; 0 for requests that take none
    int answer(ByteBuffer in, int length, ByteBuffer out) {
        int bytes;
        int errno = 0;
        try {
            bytes = dispatch(in, length, out.clear());
        } catch (FuseException e) {
            bytes = OUT_HEADER;
            errno = e.errno();
        } catch (Throwable t) {
            LOG.log(
                    Level.ERROR,
                    "request failed opcode=" + in.getInt(4) + " node=" + in.getLong(16),
                    t);
            bytes = OUT_HEADER;
            errno = EIO;
        }
        if (bytes > 0) {
            out.putInt(0, bytes).putInt(4, -errno).putLong(8, in.getLong(8));
        }
        return bytes;
    }

    private int dispatch(ByteBuffer in, int length, ByteBuffer out) {
        long node = in.getLong(16);
        return switch (in.getInt(4)) {
            case Opcode.INIT -> init(in, out);
            case Opcode.LOOKUP -> entry(files.lookup(node, name(in, length)), out);
            case Opcode.GETATTR -> attributes(files.attributes(node), out);
            case Opcode.READLINK ->
                    bytes(files.readLink(node).getBytes(StandardCharsets.UTF_8), out);
            case Opcode.OPEN -> open(in, node, out);
            case Opcode.READ -> read(in, open, out);
            // Only SEEK_DATA and SEEK_HOLE get here: without them cp takes the size for true.
            case Opcode.LSEEK -> throw new FuseException(EINVAL);
            case Opcode.RELEASE -> release(in, open);
            case Opcode.OPENDIR -> openDirectory(node, out);
            case Opcode.READDIR -> readDirectory(in, out);
            case Opcode.RELEASEDIR -> release(in, openDirectories);
            case Opcode.STATFS -> statfs(out);
            case Opcode.FORGET, Opcode.BATCH_FORGET, Opcode.INTERRUPT -> 0;
            case Opcode.DESTROY -> OUT_HEADER;
            case Opcode.SETATTR, Opcode.WRITE, Opcode.CREATE, Opcode.MKNOD, Opcode.MKDIR ->
                    throw new FuseException(EACCES);
            case Opcode.UNLINK,
                    Opcode.RMDIR,
                    Opcode.RENAME,
                    Opcode.LINK,
                    Opcode.SYMLINK,
                    Opcode.RENAME2 ->
                    throw new FuseException(EACCES);
            default -> throw new FuseException(ENOSYS);
        };
    }

    private static int init(ByteBuffer in, ByteBuffer out) {
        out.position(OUT_HEADER);
        out.putInt(PROTOCOL_MAJOR).putInt(Math.min(PROTOCOL_MINOR, in.getInt(IN_HEADER + 4)));
        out.putInt(READ_BYTES_MAX).putInt(FUSE_ASYNC_READ | FUSE_PARALLEL_DIROPS);
        out.putShort((short) 64).putShort((short) 48);
        out.putInt(4096).putInt(1);
        zero(out, OUT_HEADER + 64 - out.position());
        return OUT_HEADER + 64;
    }

    private static String name(ByteBuffer in, int length) {
        byte[] name = new byte[length - IN_HEADER - 1];
        in.get(IN_HEADER, name);
        return new String(name, StandardCharsets.UTF_8);
    }

    private static int entry(Attributes attributes, ByteBuffer out) {
        out.position(OUT_HEADER);
        out.putLong(attributes.node()).putLong(0);
        out.putLong(SECONDS_VALID).putLong(SECONDS_VALID).putInt(0).putInt(0);
        putAttributes(attributes, out);
        return out.position();
    }

    private static int attributes(Attributes attributes, ByteBuffer out) {
        out.position(OUT_HEADER);
        out.putLong(SECONDS_VALID).putInt(0).putInt(0);
        putAttributes(attributes, out);
        return out.position();
    }

    private static void putAttributes(Attributes attributes, ByteBuffer out) {
        out.putLong(attributes.node()).putLong(attributes.sizeBytes()).putLong(0);
        zero(out, 3 * Long.BYTES + 3 * Integer.BYTES);
        out.putInt(attributes.mode()).putInt(attributes.isDirectory() ? 2 : 1);
        // No tool trusts the size of a file that is no longer than its block.
        int block = Math.clamp(attributes.sizeBytes(), BLOCK_BYTES, READ_BYTES_MAX);
        out.putInt(0).putInt(0).putInt(0).putInt(Integer.highestOneBit(block)).putInt(0);
    }

    private int open(ByteBuffer in, long node, ByteBuffer out) {
        if ((in.getInt(IN_HEADER) & O_ACCMODE) != 0) {
            // Upstream passed writes to /sys/devices/system/cpu through to the host until 2024;
            // nothing here is writable.
            throw new FuseException(EACCES);
        }
        byte[] content = files.open(node, in.getInt(32));
        return opened(open, content, FOPEN_DIRECT_IO, out);
    }

    private int opened(Map<Long, byte[]> table, byte[] content, int flags, ByteBuffer out) {
        int count = openCount.incrementAndGet();
        if (openBytes.addAndGet(content.length) > OPEN_BYTES_MAX || count > OPEN_FILES_MAX) {
            forget(content);
            throw new FuseException(ENFILE);
        }
        long handle = nextHandle.getAndIncrement();
        table.put(handle, content);
        out.position(OUT_HEADER);
        out.putLong(handle).putInt(flags).putInt(0);
        return out.position();
    }

    /// Reads of a process name its lock owner. Others fill the page cache, for sendfile, splice and
    /// mmap: pages belong to the file, so readers in different containers would see each other's
    /// numbers. Refused, programs read instead.
    private static int read(ByteBuffer in, Map<Long, byte[]> table, ByteBuffer out) {
        if ((in.getInt(IN_HEADER + 20) & FUSE_READ_LOCKOWNER) == 0) {
            throw new FuseException(EIO);
        }
        byte[] content = table.get(in.getLong(IN_HEADER));
        long offset = in.getLong(IN_HEADER + 8);
        if (content == null || offset < 0 || offset >= content.length) {
            return OUT_HEADER;
        }
        int wanted =
                Math.clamp(Integer.toUnsignedLong(in.getInt(IN_HEADER + 16)), 0, READ_BYTES_MAX);
        int count = Math.min(wanted, content.length - (int) offset);
        out.put(OUT_HEADER, content, (int) offset, count);
        return OUT_HEADER + count;
    }

    private int release(ByteBuffer in, Map<Long, byte[]> table) {
        byte[] content = table.remove(in.getLong(IN_HEADER));
        if (content != null) {
            forget(content);
        }
        return OUT_HEADER;
    }

    private void forget(byte[] content) {
        openCount.decrementAndGet();
        openBytes.addAndGet(-content.length);
    }

    /// A listing is made once at opendir, as the bytes that readdir will hand out; offsets are byte
    /// offsets into it.
    private int openDirectory(long node, ByteBuffer out) {
        return opened(
                openDirectories, DirectoryBytes.of(node, files.list(node)), FOPEN_CACHE_DIR, out);
    }

    private int readDirectory(ByteBuffer in, ByteBuffer out) {
        byte[] content = openDirectories.get(in.getLong(IN_HEADER));
        long offset = in.getLong(IN_HEADER + 8);
        if (content == null || offset < 0 || offset >= content.length) {
            return OUT_HEADER;
        }
        int wanted =
                Math.clamp(Integer.toUnsignedLong(in.getInt(IN_HEADER + 16)), 0, READ_BYTES_MAX);
        int count = DirectoryBytes.wholeEntries(content, (int) offset, wanted);
        out.put(OUT_HEADER, content, (int) offset, count);
        return OUT_HEADER + count;
    }

    private static int bytes(byte[] content, ByteBuffer out) {
        out.put(OUT_HEADER, content);
        return OUT_HEADER + content.length;
    }

    private static int statfs(ByteBuffer out) {
        out.position(OUT_HEADER);
        zero(out, 5 * Long.BYTES);
        out.putInt(4096).putInt(255).putInt(4096);
        zero(out, 7 * Integer.BYTES);
        return out.position();
    }

    private static void zero(ByteBuffer out, int count) {
        for (int i = 0; i < count; i++) {
            out.put((byte) 0);
        }
    }

    /// The directory bytes of readdir: `struct fuse_dirent` records, each padded to 8 bytes.
    static final class DirectoryBytes {
        private static final int HEADER = 24;

        private DirectoryBytes() {}

        static byte[] of(long node, List<FileSystem.Entry> entries) {
            int size = 2 * (HEADER + 8);
            for (FileSystem.Entry entry : entries) {
                size += padded(HEADER + entry.name().getBytes(StandardCharsets.UTF_8).length);
            }
            ByteBuffer out = ByteBuffer.allocate(size).order(ByteOrder.nativeOrder());
            put(out, node, Attributes.DIRECTORY, ".");
            put(out, FileSystem.ROOT, Attributes.DIRECTORY, "..");
            for (FileSystem.Entry entry : entries) {
                put(out, entry.attributes().node(), entry.attributes().mode(), entry.name());
            }
            return out.array();
        }

        private static void put(ByteBuffer out, long node, int mode, String name) {
            byte[] bytes = name.getBytes(StandardCharsets.UTF_8);
            int end = out.position() + padded(HEADER + bytes.length);
            out.putLong(node).putLong(end).putInt(bytes.length);
            out.putInt((mode & Attributes.TYPE_MASK) >> 12).put(bytes);
            zero(out, end - out.position());
        }

        /// How many bytes from `offset` make whole records and fit into `wanted`.
        static int wholeEntries(byte[] content, int offset, int wanted) {
            ByteBuffer in = ByteBuffer.wrap(content).order(ByteOrder.nativeOrder());
            int count = 0;
            while (offset + count + HEADER <= content.length) {
                int size = padded(HEADER + in.getInt(offset + count + 16));
                if (size <= 0 || count + size > wanted || offset + count + size > content.length) {
                    return count;
                }
                count += size;
            }
            return count;
        }

        private static int padded(int size) {
            return (size + 7) & ~7;
        }
    }
}
