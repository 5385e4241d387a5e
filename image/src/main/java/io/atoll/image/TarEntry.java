package io.atoll.image;

import java.time.Instant;
import java.util.Collections;
import java.util.Map;
import java.util.TreeMap;

/// One member of a tar archive. Names are as [io.atoll.linux.KernelText] has them, so that any
/// bytes survive.
///
/// @param name as in the archive, not checked
/// @param link the target of a symbolic or hard link, else empty
/// @param mode permission bits, 0 to 07777
/// @param size bytes of content, only for files
/// @param xattrs extended attributes by name, sorted
record TarEntry(
        Type type,
        String name,
        String link,
        int mode,
        long uid,
        long gid,
        Instant modified,
        long size,
        int major,
        int minor,
        Map<String, byte[]> xattrs) {
    /// Kinds of members by their type flag.
    enum Type {
        FILE('0'),
        HARD_LINK('1'),
        SYMLINK('2'),
        CHAR_DEVICE('3'),
        BLOCK_DEVICE('4'),
        DIRECTORY('5'),
        FIFO('6'),
        /// Anything else, which readers skip.
        OTHER('?');

        private final char flag;

        Type(char flag) {
            this.flag = flag;
        }

        char flag() {
            return flag;
        }

        static Type of(char flag) {
            if (flag == '\0' || flag == '7' || flag == 'S') {
                return FILE;
            }
            for (Type type : values()) {
                if (type.flag == flag) {
                    return type;
                }
            }
            return OTHER;
        }
    }

    TarEntry {
        xattrs = Collections.unmodifiableMap(new TreeMap<>(xattrs));
    }

    /// A file or directory of root with the given mode, as of 1970.
    static TarEntry plain(Type type, String name, int mode, long size) {
        return new TarEntry(type, name, "", mode, 0, 0, Instant.EPOCH, size, 0, 0, Map.of());
    }

    TarEntry renamed(String newName, String newLink) {
        return new TarEntry(
                type, newName, newLink, mode, uid, gid, modified, size, major, minor, xattrs);
    }

    TarEntry owned(long newUid, long newGid) {
        return new TarEntry(
                type, name, link, mode, newUid, newGid, modified, size, major, minor, xattrs);
    }

    TarEntry withXattrs(Map<String, byte[]> newXattrs) {
        return new TarEntry(
                type, name, link, mode, uid, gid, modified, size, major, minor, newXattrs);
    }
}
