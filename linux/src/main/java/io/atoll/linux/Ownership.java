package io.atoll.linux;

import io.atoll.base.HostId;
import io.atoll.base.Idmap;
import io.atoll.base.IdmapEntry;
import io.atoll.base.NsId;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/// Rewrites the owners of a whole tree from one id map to another, where idmapped mounts cannot do
/// it on the fly. What chown(2) takes away comes back: set-id bits and file capabilities; ids in
/// access control lists move too.
///
/// An inode with several names is moved once. Ids outside of the old map are left as they are.
public final class Ownership {
    private static final String CAPABILITY = "security.capability";
    private static final String[] ACLS = {"system.posix_acl_access", "system.posix_acl_default"};
    private static final int VFS_CAP_REVISION_2 = 0x02000000;
    private static final int VFS_CAP_REVISION_3 = 0x03000000;
    private static final int VFS_CAP_REVISION_MASK = 0xFF000000;
    private static final int CAP_2_SIZE = 20;
    private static final int CAP_3_SIZE = 24;
    private static final int ACL_USER = 2;
    private static final int ACL_GROUP = 8;

    private final Idmap from;
    private final Idmap to;
    private final Set<FileStat.Identity> movedLinks = new HashSet<>();
    private final Map<Long, Long> users = new HashMap<>();
    private final Map<Long, Long> groups = new HashMap<>();

    private Ownership(Idmap from, Idmap to) {
        this.from = from;
        this.to = to;
    }

    /// Moves a directory and all below it. Blocks long on big trees; never follows links or enters
    /// mounts. Must not be interrupted half-way: ids of the part that was done would be taken for
    /// others the next time.
    ///
    /// @param root open for reading
    /// @param from how ids on disk are meant now; the empty map: as inside
    /// @param to how they shall be meant
    public static void shift(Fd root, Idmap from, Idmap to) {
        Ownership work = new Ownership(from, to);
        work.move(root);
        work.descend(root, 0);
    }

    private void descend(Fd directory, int depth) {
        if (depth > Inodes.DEPTH_MAX) {
            throw new ErrnoException("chown", Errno.ELOOP, directory.what());
        }
        for (Directories.Entry entry : Directories.list(directory)) {
            try (Fd inode = openInside(directory, entry.name(), Fcntl.O_PATH)) {
                FileStat stat = FileStat.of(inode);
                if (stat.links() == 1 || stat.isDirectory() || movedLinks.add(stat.identity())) {
                    move(inode);
                }
                if (stat.isDirectory()) {
                    try (Fd child =
                            openInside(
                                    directory, entry.name(), Fcntl.O_RDONLY | Fcntl.O_DIRECTORY)) {
                        descend(child, depth + 1);
                    }
                }
            } catch (ErrnoException e) {
                // A mount point is someone else's tree; a vanished name needs nothing.
                if (!e.is(Errno.EXDEV, Errno.ENOENT)) {
                    throw e;
                }
            }
        }
    }

    private static Fd openInside(Fd directory, String name, int flags) {
        return Opens.openAt2(directory, name, flags | Fcntl.O_NOFOLLOW, 0, Opens.RESOLVE_NO_XDEV);
    }

    private void move(Fd inode) {
        FileStat stat = FileStat.of(inode);
        long uid = user(stat.uid());
        long gid = group(stat.gid());
        boolean isLink = stat.type() == FileStat.Type.SYMLINK;
        Optional<byte[]> capability =
                stat.type() == FileStat.Type.FILE
                        ? Xattrs.get(inode, CAPABILITY)
                        : Optional.empty();
        if (uid != stat.uid() || gid != stat.gid()) {
            Directories.chown(inode, uid, gid);
            if (!isLink) {
                Directories.chmod(inode, stat.mode());
            }
        }
        capability.ifPresent(old -> Xattrs.set(inode, CAPABILITY, capability(old)));
        if (!isLink) {
            for (String name : ACLS) {
                Xattrs.get(inode, name).ifPresent(old -> Xattrs.set(inode, name, acl(old)));
            }
        }
    }

    private long user(long id) {
        return users.computeIfAbsent(id, old -> map(IdmapEntry.Kind.UID, old));
    }

    private long group(long id) {
        return groups.computeIfAbsent(id, old -> map(IdmapEntry.Kind.GID, old));
    }

    private long map(IdmapEntry.Kind kind, long id) {
        return from.toNs(kind, new HostId(id))
                .flatMap(inside -> to.toHost(kind, inside))
                .map(HostId::value)
                .orElse(id);
    }

    /// Capabilities count only in user namespaces whose root is the id they name; version 2 names
    /// none, the host's root. capabilities(7).
    private byte[] capability(byte[] old) {
        ByteBuffer value =
                ByteBuffer.wrap(Arrays.copyOf(old, CAP_3_SIZE)).order(ByteOrder.LITTLE_ENDIAN);
        int magic = value.getInt(0);
        int revision = magic & VFS_CAP_REVISION_MASK;
        if (revision != VFS_CAP_REVISION_2 && revision != VFS_CAP_REVISION_3) {
            return old;
        }
        long root = revision == VFS_CAP_REVISION_3 ? value.getInt(20) & 0xFFFF_FFFFL : 0;
        long moved =
                from.isPrivileged() && root == 0 || revision == VFS_CAP_REVISION_3
                        ? user(root)
                        : hostRoot();
        boolean isHostRoot = moved == 0;
        value.putInt(
                0,
                magic & ~VFS_CAP_REVISION_MASK
                        | (isHostRoot ? VFS_CAP_REVISION_2 : VFS_CAP_REVISION_3));
        value.putInt(20, (int) moved);
        return Arrays.copyOf(value.array(), isHostRoot ? CAP_2_SIZE : CAP_3_SIZE);
    }

    private long hostRoot() {
        return to.toHost(IdmapEntry.Kind.UID, new NsId(0)).map(HostId::value).orElse(0L);
    }

    /// `struct posix_acl_xattr_header` and entries of tag, permissions and id;
    /// `linux/posix_acl_xattr.h`.
    private byte[] acl(byte[] old) {
        ByteBuffer value = ByteBuffer.wrap(old.clone()).order(ByteOrder.LITTLE_ENDIAN);
        for (int at = 4; at + 8 <= old.length; at += 8) {
            int tag = value.getShort(at);
            long id = value.getInt(at + 4) & 0xFFFF_FFFFL;
            if (tag == ACL_USER) {
                value.putInt(at + 4, (int) user(id));
            } else if (tag == ACL_GROUP) {
                value.putInt(at + 4, (int) group(id));
            }
        }
        return value.array();
    }
}
