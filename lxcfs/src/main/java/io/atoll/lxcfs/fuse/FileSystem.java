package io.atoll.lxcfs.fuse;

import java.util.List;

/// A read-only file system served over [FuseServer]. Nodes are numbers that the file system hands
/// out; 1 is the root. Methods are called from several threads at once.
public interface FileSystem {
    /// The root's node number, fixed by the protocol.
    long ROOT = 1;

    /// What `stat` shows of a node; the owner is always root.
    ///
    /// @param mode type and permission bits as in inode(7)
    record Attributes(long node, int mode, long sizeBytes) {
        /// S_IFMT.
        public static final int TYPE_MASK = 0xF000;

        /// S_IFREG.
        public static final int REGULAR = 0x8000;

        /// S_IFDIR.
        public static final int DIRECTORY = 0x4000;

        /// S_IFLNK.
        public static final int SYMLINK = 0xA000;

        boolean isDirectory() {
            return (mode & TYPE_MASK) == DIRECTORY;
        }
    }

    /// A name in a directory.
    record Entry(String name, Attributes attributes) {}

    /// The node called `name` in the directory `parent`.
    ///
    /// @throws FuseException ENOENT
    Attributes lookup(long parent, String name);

    /// @throws FuseException ENOENT
    Attributes attributes(long node);

    /// All names in a directory, without `.` and `..`.
    List<Entry> list(long node);

    /// Where a symbolic link points, as text.
    String readLink(long node);

    /// The whole content of a file, made at the moment it is opened.
    ///
    /// @param readerPid the thread that opens it, in the server's pid namespace; 0 if it is not
    ///   visible from there
    byte[] open(long node, int readerPid);
}
