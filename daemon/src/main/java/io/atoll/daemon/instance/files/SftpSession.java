package io.atoll.daemon.instance.files;

import io.atoll.base.IdmapEntry;
import io.atoll.base.InvalidConfigException;
import io.atoll.linux.Directories;
import io.atoll.linux.Errno;
import io.atoll.linux.ErrnoException;
import io.atoll.linux.Fd;
import io.atoll.linux.FdIo;
import io.atoll.linux.FileStat;
import io.atoll.linux.FileSystemStat;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/// Answers a client of SFTP, version 3 of `draft-ietf-secsh-filexfer-02` with the extensions of
/// OpenSSH that LXD has too: one request after the other until the client goes. Paths are the
/// instance's and lead nowhere else.
final class SftpSession implements AutoCloseable {
    /// The longest message that is read, in bytes, as in OpenSSH.
    static final int MESSAGE_MAX = 256 << 10;

    /// How many files and directories may be open at a time.
    static final int HANDLES_MAX = 1024;

    private static final int READ_MAX = MESSAGE_MAX - 1024;
    private static final int NAMES_MAX = 128;
    private static final int VERSION = 3;
    private static final int NAME_BYTES_MAX = 255;

    private static final DateTimeFormatter DATE =
            DateTimeFormatter.ofPattern("MMM dd HH:mm", Locale.ROOT).withZone(ZoneOffset.UTC);

    private static final int INIT = 1;
    private static final int REPLY_VERSION = 2;
    private static final int REPLY_STATUS = 101;
    private static final int REPLY_HANDLE = 102;
    private static final int REPLY_DATA = 103;
    private static final int REPLY_NAME = 104;
    private static final int REPLY_ATTRIBUTES = 105;
    private static final int REPLY_EXTENDED = 201;

    /// What a handle stands for.
    private sealed interface Open {}

    private record OpenFile(Fd fd) implements Open {}

    private record OpenDirectory(String path, Iterator<Directories.Entry> left) implements Open {}

    private final SftpTree tree;
    private final DataInputStream in;
    private final OutputStream out;
    private final Map<String, Open> handles = new HashMap<>();
    private long made;

    SftpSession(RootAccess root, InputStream in, OutputStream out) {
        this.tree = new SftpTree(root);
        this.in = new DataInputStream(in);
        this.out = out;
    }

    /// Serves until the client goes. Blocks.
    ///
    /// @throws IOException if the client breaks the protocol or the connection breaks
    void run() throws IOException {
        greet();
        while (true) {
            byte[] message;
            try {
                message = next();
            } catch (EOFException e) {
                return;
            }
            out.write(answer(new SftpReader(message)));
            out.flush();
        }
    }

    private byte[] next() throws IOException {
        int length = in.readInt();
        if (length < 1 || length > MESSAGE_MAX) {
            throw new IOException("a message of " + Integer.toUnsignedString(length) + " bytes");
        }
        byte[] message = new byte[length];
        in.readFully(message);
        return message;
    }

    private void greet() throws IOException {
        SftpReader first = new SftpReader(next());
        if (first.type() != INIT || first.number() < VERSION) {
            throw new IOException("no client of version " + VERSION);
        }
        out.write(
                new SftpWriter(REPLY_VERSION)
                        .number(VERSION)
                        .text("hardlink@openssh.com")
                        .text("1")
                        .text("posix-rename@openssh.com")
                        .text("1")
                        .text("statvfs@openssh.com")
                        .text("2")
                        .finish());
        out.flush();
    }

    private byte[] answer(SftpReader message) throws IOException {
        int type = message.type();
        int id = message.number();
        try {
            return answer(type, id, message);
        } catch (ErrnoException e) {
            return status(id, SftpStatus.of(e), Errno.text(e.errno()));
        } catch (InvalidConfigException e) {
            return status(id, SftpStatus.FAILURE, String.valueOf(e.getMessage()));
        }
    }

    private byte[] answer(int type, int id, SftpReader in) throws IOException {
        return switch (type) {
            case 3 -> open(id, in.text(), in.number(), SftpAttributes.read(in));
            case 4 -> close(id, in.text());
            case 5 -> read(id, in.text(), in.longNumber(), in.number());
            case 6 -> write(id, in.text(), in.longNumber(), in.data());
            case 7 -> attributes(id, tree.files().lstat(path(in.text())));
            case 8 -> attributes(id, FileStat.of(file(in.text())));
            case 9 -> {
                tree.change(path(in.text()), SftpAttributes.read(in));
                yield ok(id);
            }
            case 10 -> {
                tree.change(file(in.text()), SftpAttributes.read(in));
                yield ok(id);
            }
            case 11 -> openDirectory(id, path(in.text()));
            case 12 -> list(id, in.text());
            case 13 -> {
                tree.files().unlink(path(in.text()));
                yield ok(id);
            }
            case 14 -> {
                tree.mkdir(path(in.text()), SftpAttributes.read(in));
                yield ok(id);
            }
            case 15 -> {
                tree.files().rmdir(path(in.text()));
                yield ok(id);
            }
            case 16 -> name(id, path(in.text()));
            case 17 -> attributes(id, tree.files().stat(path(in.text())));
            case 18 -> {
                tree.files().rename(path(in.text()), path(in.text()), false);
                yield ok(id);
            }
            case 19 -> name(id, tree.files().readlink(path(in.text())));
            case 20 -> {
                // The target comes first, as in OpenSSH and unlike in the draft.
                String target = in.text();
                tree.symlink(target, path(in.text()));
                yield ok(id);
            }
            case 200 -> extended(id, in.text(), in);
            default -> status(id, SftpStatus.UNSUPPORTED, "no request of this version: " + type);
        };
    }

    private byte[] extended(int id, String request, SftpReader in) throws IOException {
        return switch (request) {
            case "posix-rename@openssh.com" -> {
                tree.files().rename(path(in.text()), path(in.text()), true);
                yield ok(id);
            }
            case "hardlink@openssh.com" -> {
                tree.files().link(path(in.text()), path(in.text()));
                yield ok(id);
            }
            case "statvfs@openssh.com" -> fileSystem(id, tree.fileSystem(path(in.text())));
            default -> status(id, SftpStatus.UNSUPPORTED, "no extension " + request);
        };
    }

    /// As seen from the root, without `..`: those who ask for the real path of one want it so.
    private static String path(String text) {
        return FileRoutes.absolute("/", text);
    }

    private Fd file(String handle) {
        if (handles.get(handle) instanceof OpenFile(Fd fd)) {
            return fd;
        }
        throw new ErrnoException("handle", Errno.EBADF, handle);
    }

    private byte[] handle(int id, Open open) {
        String name = Long.toString(++made);
        handles.put(name, open);
        return new SftpWriter(REPLY_HANDLE).number(id).text(name).finish();
    }

    private void checkRoom() {
        if (handles.size() >= HANDLES_MAX) {
            throw new ErrnoException("open", Errno.EMFILE, HANDLES_MAX + " handles");
        }
    }

    private byte[] open(int id, String path, int flags, SftpAttributes wanted) {
        checkRoom();
        return handle(id, new OpenFile(tree.open(path(path), flags, wanted)));
    }

    private byte[] openDirectory(int id, String path) {
        checkRoom();
        List<Directories.Entry> entries = tree.files().list(path);
        return handle(id, new OpenDirectory(path, entries.iterator()));
    }

    private byte[] close(int id, String handle) {
        Open open = handles.remove(handle);
        if (open == null) {
            return status(id, SftpStatus.FAILURE, "no such handle");
        }
        release(open);
        return ok(id);
    }

    private static void release(Open open) {
        switch (open) {
            case OpenFile(Fd fd) -> fd.close();
            case OpenDirectory _ -> {}
        }
    }

    private byte[] read(int id, String handle, long offset, int length) {
        byte[] bytes = new byte[length < 0 || length > READ_MAX ? READ_MAX : length];
        Fd file = file(handle);
        int count = 0;
        int more = 1;
        while (more > 0 && count < bytes.length) {
            more = FdIo.pread(file, bytes, count, bytes.length - count, offset + count);
            count += more;
        }
        return count == 0 && bytes.length > 0
                ? status(id, SftpStatus.END, "end of file")
                : new SftpWriter(REPLY_DATA).number(id).data(bytes, count).finish();
    }

    private byte[] write(int id, String handle, long offset, byte[] bytes) {
        Fd file = file(handle);
        FdIo.seek(file, offset);
        FdIo.write(file, bytes, 0, bytes.length);
        return ok(id);
    }

    private byte[] list(int id, String handle) {
        if (!(handles.get(handle) instanceof OpenDirectory directory)) {
            throw new ErrnoException("handle", Errno.EBADF, handle);
        }
        SftpWriter names = new SftpWriter(0);
        int count = 0;
        while (count < NAMES_MAX && directory.left.hasNext()) {
            String name = directory.left.next().name();
            try {
                FileStat stat = tree.files().lstat(directory.path + "/" + name);
                SftpAttributes.write(
                        names.text(name).text(longName(name, stat)), stat, tree.root());
                count++;
            } catch (ErrnoException e) {
                // Gone since the directory was read.
                if (!e.is(Errno.ENOENT)) {
                    throw e;
                }
            }
        }
        if (count == 0) {
            return status(id, SftpStatus.END, "end of directory");
        }
        return new SftpWriter(REPLY_NAME).number(id).number(count).append(names).finish();
    }

    /// A line for people, which clients print as it is: ids inside, and a mode as ls(1) shows it.
    private String longName(String name, FileStat stat) {
        return String.format(
                Locale.ROOT,
                "%s %3d %-8d %-8d %8d %s %s",
                mode(stat),
                stat.links(),
                tree.root().toGuest(IdmapEntry.Kind.UID, stat.uid()),
                tree.root().toGuest(IdmapEntry.Kind.GID, stat.gid()),
                stat.sizeBytes(),
                DATE.format(stat.modified()),
                name);
    }

    private static String mode(FileStat stat) {
        StringBuilder out = new StringBuilder();
        out.append(
                switch (stat.type()) {
                    case FIFO -> 'p';
                    case CHAR_DEVICE -> 'c';
                    case DIRECTORY -> 'd';
                    case BLOCK_DEVICE -> 'b';
                    case FILE -> '-';
                    case SYMLINK -> 'l';
                    case SOCKET -> 's';
                });
        for (int bit = 8; bit >= 0; bit--) {
            out.append((stat.mode() >> bit & 1) == 0 ? '-' : "xwr".charAt(bit % 3));
        }
        return out.toString();
    }

    private byte[] attributes(int id, FileStat stat) {
        SftpWriter reply = new SftpWriter(REPLY_ATTRIBUTES).number(id);
        return SftpAttributes.write(reply, stat, tree.root()).finish();
    }

    private static byte[] name(int id, String name) {
        return new SftpWriter(REPLY_NAME)
                .number(id)
                .number(1)
                .text(name)
                .text(name)
                .number(0)
                .finish();
    }

    private static byte[] fileSystem(int id, FileSystemStat stat) {
        // Blocks of one size; what else statvfs(3) tells is not known of a guest's root.
        long block = 4096;
        return new SftpWriter(REPLY_EXTENDED)
                .number(id)
                .longNumber(block)
                .longNumber(block)
                .longNumber(stat.totalBytes() / block)
                .longNumber(stat.freeBytes() / block)
                .longNumber(stat.availableBytes() / block)
                .longNumber(stat.totalInodes())
                .longNumber(stat.freeInodes())
                .longNumber(stat.freeInodes())
                .longNumber(stat.magic())
                .longNumber(0)
                .longNumber(NAME_BYTES_MAX)
                .finish();
    }

    private static byte[] ok(int id) {
        return status(id, SftpStatus.OK, "done");
    }

    private static byte[] status(int id, SftpStatus status, String text) {
        return new SftpWriter(REPLY_STATUS)
                .number(id)
                .number(status.code())
                .text(text)
                .text("en")
                .finish();
    }

    /// Closes what the client left open.
    @Override
    public void close() {
        handles.values().forEach(SftpSession::release);
        handles.clear();
    }
}
