package io.atoll.daemon.instance.files;

import io.atoll.base.IdmapEntry;
import io.atoll.linux.FileStat;
import java.io.IOException;
import java.time.Instant;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;

/// What SFTP says about a file, or wants changed of it. Ids are those inside.
///
/// @param mode permission bits
record SftpAttributes(
        OptionalLong size,
        OptionalLong uid,
        OptionalLong gid,
        OptionalInt mode,
        Optional<Instant> modified) {
    private static final int SIZE = 1;
    private static final int OWNER = 2;
    private static final int PERMISSIONS = 4;
    private static final int TIMES = 8;
    private static final int EXTENDED = 0x8000_0000;
    private static final int EXTENDED_MAX = 16;

    static SftpAttributes read(SftpReader in) throws IOException {
        int flags = in.number();
        OptionalLong size =
                (flags & SIZE) != 0 ? OptionalLong.of(in.longNumber()) : OptionalLong.empty();
        OptionalLong uid = OptionalLong.empty();
        OptionalLong gid = OptionalLong.empty();
        if ((flags & OWNER) != 0) {
            uid = OptionalLong.of(Integer.toUnsignedLong(in.number()));
            gid = OptionalLong.of(Integer.toUnsignedLong(in.number()));
        }
        OptionalInt mode =
                (flags & PERMISSIONS) != 0
                        ? OptionalInt.of(in.number() & 07777)
                        : OptionalInt.empty();
        Optional<Instant> modified = Optional.empty();
        if ((flags & TIMES) != 0) {
            int unused = in.number();
            modified = Optional.of(Instant.ofEpochSecond(Integer.toUnsignedLong(in.number())));
        }
        if ((flags & EXTENDED) != 0) {
            int count = in.number();
            if (count < 0 || count > EXTENDED_MAX) {
                throw new IOException(count + " attributes of other versions");
            }
            for (int i = 0; i < 2 * count; i++) {
                byte[] unused = in.data();
            }
        }
        return new SftpAttributes(size, uid, gid, mode, modified);
    }

    /// Adds what the kernel says of a file.
    static SftpWriter write(SftpWriter out, FileStat stat, RootAccess root) {
        return out.number(SIZE | OWNER | PERMISSIONS | TIMES)
                .longNumber(stat.sizeBytes())
                .number(root.toGuest(IdmapEntry.Kind.UID, stat.uid()))
                .number(root.toGuest(IdmapEntry.Kind.GID, stat.gid()))
                .number(stat.type().bits() | stat.mode())
                .number(stat.modified().getEpochSecond())
                .number(stat.modified().getEpochSecond());
    }
}
