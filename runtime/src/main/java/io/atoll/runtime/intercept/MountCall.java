package io.atoll.runtime.intercept;

import io.atoll.linux.Directories;
import io.atoll.linux.Errno;
import io.atoll.linux.ErrnoException;
import io.atoll.linux.Fcntl;
import io.atoll.linux.Fd;
import io.atoll.linux.FileStat;
import io.atoll.linux.FsContext;
import io.atoll.linux.GuestFiles;
import io.atoll.linux.GuestMounts;
import io.atoll.linux.MountAttribute;
import io.atoll.linux.Mounts;
import io.atoll.linux.Namespaces;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/// `mount(2)` of a file system on a block device of the container's. The kernel trusts whoever may
/// mount with what is on the disk, and asks for that right on the host: that it is given here is
/// the administrator's word.
final class MountCall {
    private static final String NODE = "device";

    private static final int MS_RDONLY = 1;

    /// Flags of mount(2) that concern the mount, not the file system.
    private static final Map<Integer, MountAttribute> ATTRIBUTES =
            Map.of(
                    MS_RDONLY,
                    MountAttribute.RDONLY,
                    2,
                    MountAttribute.NOSUID,
                    4,
                    MountAttribute.NODEV,
                    8,
                    MountAttribute.NOEXEC,
                    1024,
                    MountAttribute.NOATIME,
                    2048,
                    MountAttribute.NODIRATIME);

    /// `MS_SILENT`, `MS_RELATIME` and `MS_STRICTATIME` change nothing that matters here.
    private static final int IGNORED = 0x8000 | 1 << 21 | 1 << 24;

    /// The magic that old programs put in front.
    private static final int MAGIC = 0xC0ED_0000;

    /// Options of file systems that name nothing outside of the disk. Others do: the journal of
    /// ext4 may be any device of the host.
    private static final Set<String> OPTIONS =
            Set.of(
                    "acl",
                    "noacl",
                    "barrier",
                    "commit",
                    "compress",
                    "data",
                    "degraded",
                    "discard",
                    "dmask",
                    "errors",
                    "fmask",
                    "gid",
                    "iocharset",
                    "nobarrier",
                    "nodiscard",
                    "norecovery",
                    "nouuid",
                    "subvol",
                    "subvolid",
                    "uid",
                    "umask",
                    "user_xattr",
                    "utf8");

    private static final int OPTIONS_MAX = 32;

    private MountCall() {}

    static Answer answer(Caller caller, Guest guest) {
        MountPolicy policy = guest.mounts().get();
        if (!caller.has(Caller.CAP_SYS_ADMIN) || caller.argument(2) == 0 || !caller.isAtTop()) {
            return Answer.BY_KERNEL;
        }
        String type = caller.text(caller.argument(2));
        String program = policy.programs().get(type);
        if (program != null && caller.argument(0) != 0 && caller.isInMountsOf(guest)) {
            return FuseMount.answer(caller, guest, program);
        }
        if (!policy.types().contains(type) || caller.argument(0) == 0) {
            return Answer.BY_KERNEL;
        }
        int flags = flags(caller.intArgument(3));
        List<String[]> options =
                options(caller.argument(4) == 0 ? "" : caller.text(caller.argument(4)));
        String target = caller.path(Caller.AT_FDCWD, caller.argument(1));
        long device = device(caller, caller.path(Caller.AT_FDCWD, caller.argument(0)));
        if (!policy.devices().contains(device)) {
            return new Answer.Refused(Errno.EPERM);
        }
        try (Fd namespace = Namespaces.open(caller.tid(), "mnt");
                Fd ids = Namespaces.open(caller.tid(), "user")) {
            // Both are the caller's, if it is still the same one.
            caller.requireWaiting();
            try (Fd tree = make(type, device, flags, options, policy.isShifted())) {
                if (policy.isShifted()) {
                    Mounts.setIdmap(tree, ids, false);
                }
                GuestMounts.attach(namespace, tree, target);
            }
        }
        return Answer.DONE;
    }

    private static int flags(int given) {
        int flags = (given & 0xFFFF_0000) == MAGIC ? given & 0xFFFF : given;
        int known = ATTRIBUTES.keySet().stream().reduce(IGNORED, (a, b) -> a | b);
        if ((flags & ~known) != 0) {
            throw new ErrnoException("mount", Errno.EINVAL, "flags");
        }
        return flags;
    }

    /// Words and pairs.
    ///
    /// @throws ErrnoException with `EINVAL` for one that is not known to be harmless
    static List<String[]> options(String text) {
        List<String[]> out = new ArrayList<>();
        for (String word : text.split(",")) {
            String[] parts = word.split("=", 2);
            if (word.isEmpty()) {
                continue;
            }
            if (!OPTIONS.contains(parts[0]) || out.size() == OPTIONS_MAX) {
                throw new ErrnoException("mount", Errno.EINVAL, "option " + parts[0]);
            }
            out.add(parts);
        }
        return out;
    }

    private static long device(Caller caller, String path) {
        try (Fd node = new GuestFiles(caller.root()).open(path, Fcntl.O_PATH, 0)) {
            FileStat stat = FileStat.of(node);
            if (stat.type() != FileStat.Type.BLOCK_DEVICE) {
                throw new ErrnoException("mount", Errno.ENOTBLK, path);
            }
            return stat.rdev();
        }
    }

    /// The device by a node of our own: theirs could be another one by now.
    private static Fd make(
            String type, long device, int flags, List<String[]> options, boolean isShifted) {
        Set<MountAttribute> attributes = EnumSet.of(MountAttribute.NODEV);
        if (!isShifted) {
            attributes.add(MountAttribute.NOSUID);
        }
        ATTRIBUTES.forEach((bit, attribute) -> {
            if ((flags & bit) != 0) {
                attributes.add(attribute);
            }
        });
        try (FsContext tmpfs = FsContext.open("tmpfs");
                Fd nodes = tmpfs.mount(Set.of());
                FsContext context = FsContext.open(type)) {
            Directories.mknod(nodes, NODE, FileStat.Type.BLOCK_DEVICE, 0600, device);
            context.set("source", nodes.procPath() + "/" + NODE);
            if ((flags & MS_RDONLY) != 0) {
                context.flag("ro");
            }
            for (String[] option : options) {
                Optional<String> value =
                        option.length > 1 ? Optional.of(option[1]) : Optional.empty();
                if (value.isPresent()) {
                    context.set(option[0], value.get());
                } else {
                    context.flag(option[0]);
                }
            }
            return context.mount(attributes);
        }
    }
}
