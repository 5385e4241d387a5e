package io.atoll.linux;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;

/// Subvolumes of a btrfs by the calls of `linux/btrfs.h`. Those within others are found by the file
/// system's own index, not by walking its files.
///
/// What is in a subvolume may be changed by someone hostile meanwhile: names are single components
/// below directories that are open, and ways down to them never follow links or leave the top.
public final class Subvolumes {
    private static final long SUBVOL_CREATE = 0x5000940EL;
    private static final long SNAP_DESTROY = 0x5000940FL;
    private static final long SNAP_CREATE_V2 = 0x50009417L;
    private static final long SUBVOL_GETFLAGS = 0x80089419L;
    private static final long SUBVOL_SETFLAGS = 0x4008941AL;
    private static final long SET_RECEIVED_SUBVOL = 0xC0C89425L;
    private static final long GET_SUBVOL_INFO = 0x81F8943CL;
    private static final long GET_SUBVOL_ROOTREF = 0xD000943DL;
    private static final long INO_LOOKUP_USER = 0xD000943EL;

    /// Most arguments are a page.
    private static final int ARGUMENTS = 4096;

    /// `struct btrfs_ioctl_received_subvol_args`, which begins with the uuid.
    private static final int RECEIVED_SIZE = 200;

    private static final int INFO_SIZE = 504;
    private static final int INFO_UUID = 296;
    private static final int INFO_RECEIVED_UUID = 328;

    /// Names in `struct btrfs_ioctl_vol_args` and `_v2`.
    private static final int NAME = 8;

    private static final int NAME_V2 = 56;
    private static final int NAME_MAX = 255;

    /// `struct btrfs_ioctl_get_subvol_rootref_args`: where to begin, pairs of a subvolume and the
    /// directory that it is in, how many.
    private static final int REFS = 8;

    private static final int REF_SIZE = 16;
    private static final int REFS_COUNT = 4088;

    /// `struct btrfs_ioctl_ino_lookup_user_args`: directory, subvolume, name, way to the directory.
    private static final int LOOKUP_NAME = 16;

    private static final int LOOKUP_PATH = 272;

    private static final long READ_ONLY = 2;

    /// `BTRFS_FIRST_FREE_OBJECTID`, the inode of a subvolume's top.
    private static final long TOP = 256;

    /// A guest may nest as deep as it likes; more than this has no use.
    private static final int DEPTH_MAX = 64;

    private Subvolumes() {}

    /// Whether a directory of a btrfs is the top of a subvolume.
    public static boolean isTop(FileStat stat) {
        return stat.isDirectory() && stat.inode() == TOP;
    }

    /// Makes an empty one.
    public static void create(Fd parent, String name) {
        named(SUBVOL_CREATE, parent, name);
    }

    /// Deletes one that has no others within. It may be one that cannot be written and it may have
    /// any files.
    public static void delete(Fd parent, String name) {
        named(SNAP_DESTROY, parent, name);
    }

    private static void named(long call, Fd parent, String name) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment arguments = arena.allocate(ARGUMENTS, 8);
            put(arguments, NAME, name);
            Syscalls.call(
                    Sys.IOCTL,
                    Directories.what(parent, name),
                    parent.number(),
                    call,
                    arguments.address());
        }
    }

    private static void put(MemorySegment arguments, int at, String name) {
        byte[] bytes = KernelText.encode(name);
        if (bytes.length > NAME_MAX) {
            throw new ErrnoException("ioctl", Errno.ENAMETOOLONG, name);
        }
        MemorySegment.copy(bytes, 0, arguments, JAVA_BYTE, at, bytes.length);
    }

    /// Makes a copy of a subvolume that shares all data with it and can be written. Where others
    /// are within, the copy has empty directories.
    public static void snapshot(Fd subvolume, Fd parent, String name) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment arguments = arena.allocate(ARGUMENTS, 8);
            arguments.set(JAVA_LONG, 0, subvolume.number());
            put(arguments, NAME_V2, name);
            Syscalls.call(
                    Sys.IOCTL,
                    subvolume.what() + " to " + Directories.what(parent, name),
                    parent.number(),
                    SNAP_CREATE_V2,
                    arguments.address());
        }
    }

    public static boolean isReadOnly(Fd top) {
        return (flags(top) & READ_ONLY) != 0;
    }

    /// Lets nobody, not even root, write what is in a subvolume, or lets them again.
    public static void setReadOnly(Fd top, boolean isReadOnly) {
        long old = flags(top);
        long wanted = isReadOnly ? old | READ_ONLY : old & ~READ_ONLY;
        if (wanted == old) {
            return;
        }
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment flags = arena.allocateFrom(JAVA_LONG, wanted);
            Syscalls.call(Sys.IOCTL, top.what(), top.number(), SUBVOL_SETFLAGS, flags.address());
        }
    }

    private static long flags(Fd top) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment flags = arena.allocate(8, 8);
            Syscalls.call(Sys.IOCTL, top.what(), top.number(), SUBVOL_GETFLAGS, flags.address());
            return flags.get(JAVA_LONG, 0);
        }
    }

    public static UUID uuid(Fd top) {
        return uuid(top, INFO_UUID);
    }

    /// What [#setReceived] or btrfs-receive(8) said; zeros if neither did.
    public static UUID receivedUuid(Fd top) {
        return uuid(top, INFO_RECEIVED_UUID);
    }

    private static UUID uuid(Fd top, int at) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment info = arena.allocate(INFO_SIZE, 8);
            Syscalls.call(Sys.IOCTL, top.what(), top.number(), GET_SUBVOL_INFO, info.address());
            ByteBuffer uuid = info.asSlice(at, 16).asByteBuffer();
            return new UUID(uuid.getLong(), uuid.getLong());
        }
    }

    /// Says that a subvolume, which can be written, is what another one was when it was sent.
    /// Streams of it name it so, and streams that begin with that one find it by this.
    public static void setReceived(Fd top, UUID uuid) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment arguments = arena.allocate(RECEIVED_SIZE, 8);
            ByteBuffer bytes = arguments.asByteBuffer();
            bytes.putLong(uuid.getMostSignificantBits()).putLong(uuid.getLeastSignificantBits());
            Syscalls.call(
                    Sys.IOCTL, top.what(), top.number(), SET_RECEIVED_SUBVOL, arguments.address());
        }
    }

    /// The paths of all subvolumes within one, relative to it, those that hold others before them.
    ///
    /// @param top of a subvolume, open for reading
    public static List<String> within(Fd top) {
        List<String> out = new ArrayList<>();
        within(top, "", 0, out);
        return out;
    }

    private static void within(Fd top, String prefix, int depth, List<String> out) {
        if (depth > DEPTH_MAX) {
            throw new ErrnoException("ioctl", Errno.ELOOP, top.what());
        }
        for (String path : children(top).stream().sorted().toList()) {
            try (Fd child = open(top, path)) {
                if (isTop(FileStat.of(child))) {
                    out.add(prefix + path);
                    within(child, prefix + path + "/", depth + 1, out);
                }
            } catch (ErrnoException e) {
                // It went, or the way to it changed.
                if (!e.is(Errno.ENOENT, Errno.ENOTDIR, Errno.ELOOP, Errno.EXDEV)) {
                    throw e;
                }
            }
        }
    }

    /// Opens a directory within another one.
    ///
    /// @param path as of [#within]; empty for the top itself
    /// @throws ErrnoException also if there is a link or a mount on the way
    public static Fd open(Fd top, String path) {
        return Opens.openAt2(
                top,
                path.isEmpty() ? "." : path,
                Fcntl.O_RDONLY | Fcntl.O_DIRECTORY | Fcntl.O_NOFOLLOW,
                0,
                Opens.RESOLVE_BENEATH | Opens.RESOLVE_NO_SYMLINKS | Opens.RESOLVE_NO_XDEV);
    }

    /// The paths of those that are directly in one.
    private static List<String> children(Fd top) {
        List<String> out = new ArrayList<>();
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment refs = arena.allocate(ARGUMENTS, 8);
            MemorySegment lookup = arena.allocate(ARGUMENTS, 8);
            boolean isMore = true;
            while (isMore) {
                long result =
                        Syscalls.raw(Sys.IOCTL, top.number(), GET_SUBVOL_ROOTREF, refs.address());
                // It goes on behind the last one with the next call.
                isMore = result == -Errno.EOVERFLOW;
                if (!isMore) {
                    Syscalls.check(Sys.IOCTL, top.what(), result);
                }
                int count = Byte.toUnsignedInt(refs.get(JAVA_BYTE, REFS_COUNT));
                for (int i = 0; i < count; i++) {
                    int at = REFS + i * REF_SIZE;
                    // The kernel leaves the way alone where there is none to go.
                    MemorySegment _ = lookup.fill((byte) 0);
                    lookup.set(JAVA_LONG, 0, refs.get(JAVA_LONG, at + 8));
                    lookup.set(JAVA_LONG, 8, refs.get(JAVA_LONG, at));
                    path(top, lookup).ifPresent(out::add);
                }
            }
        }
        return out;
    }

    private static Optional<String> path(Fd top, MemorySegment lookup) {
        long result = Syscalls.raw(Sys.IOCTL, top.number(), INO_LOOKUP_USER, lookup.address());
        if (result == -Errno.ENOENT) {
            return Optional.empty();
        }
        Syscalls.check(Sys.IOCTL, top.what(), result);
        return Optional.of(
                KernelText.decode(KernelText.bytesAt(lookup, LOOKUP_PATH))
                        + KernelText.decode(KernelText.bytesAt(lookup, LOOKUP_NAME)));
    }
}
