package io.atoll.runtime.lxc;

import io.atoll.base.InvalidConfigException;
import io.atoll.runtime.spec.AutoMounts;
import io.atoll.runtime.spec.GuestPath;
import io.atoll.runtime.spec.MountFlag;
import io.atoll.runtime.spec.MountSpec;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/// `lxc.mount.*`: lines as in fstab(5), and the kernel's file systems by name. Pure.
final class LxcMounts {
    private static final Set<String> IGNORED =
            Set.of(
                    "defaults",
                    "rw",
                    "suid",
                    "dev",
                    "exec",
                    "async",
                    "sync",
                    "atime",
                    "diratime",
                    "relatime",
                    "norelatime",
                    "mand",
                    "nomand",
                    "remount",
                    "auto",
                    "noauto",
                    "nofail",
                    "user",
                    "nouser",
                    "_netdev");

    private final Optional<Path> rootfs;

    /// @param rootfs targets that begin with it are meant below it
    LxcMounts(Optional<Path> rootfs) {
        this.rootfs = rootfs;
    }

    /// The lines of a file, in order.
    List<MountSpec> parseFile(String text, String name) {
        List<MountSpec> out = new ArrayList<>();
        int number = 0;
        for (String line : text.split("\n")) {
            number++;
            String trimmed = line.strip();
            if (!trimmed.isEmpty() && !trimmed.startsWith("#")) {
                out.add(parse(trimmed, name + ":" + number));
            }
        }
        return out;
    }

    /// One line.
    ///
    /// @param where file and line, for messages
    /// @throws InvalidConfigException if it is none
    MountSpec parse(String line, String where) {
        requireNoNul(line, where);
        String[] words = line.strip().split("[ \t]+");
        if (words.length < 3) {
            throw new InvalidConfigException(
                    where + ": a mount needs source, target, type and options: " + line);
        }
        Options options = new Options(words.length > 3 ? unescape(words[3], where) : "", where);
        String source = unescape(words[0], where);
        GuestPath target = target(unescape(words[1], where));
        return options.isBind
                ? options.bind(source, target)
                : new MountSpec.FileSystem(
                        words[2],
                        source,
                        target,
                        options.flags,
                        options.rest,
                        options.create,
                        options.isOptional);
    }

    /// An escape may stand for any byte.
    private static String unescape(String word, String where) {
        String text = LxcText.unescape(word);
        requireNoNul(text, where);
        return text;
    }

    private static void requireNoNul(String text, String where) {
        if (text.indexOf('\0') >= 0) {
            throw new InvalidConfigException(where + ": a mount has a NUL byte in it");
        }
    }

    private GuestPath target(String text) {
        if (rootfs.isPresent() && text.startsWith(rootfs.get() + "/")) {
            return GuestPath.of(text.substring(rootfs.get().toString().length()));
        }
        return GuestPath.of(text);
    }

    private static final class Options {
        private final Set<MountFlag> flags = EnumSet.noneOf(MountFlag.class);
        private final List<String> rest = new ArrayList<>();
        private final String where;
        private boolean isBind;
        private boolean isRecursive;
        private boolean isShifted;
        private boolean isRelative;
        private boolean isOptional;
        private MountSpec.Create create = MountSpec.Create.NOTHING;
        private Optional<MountSpec.Propagation> propagation = Optional.empty();

        Options(String text, String where) {
            this.where = where;
            for (String word : text.split(",")) {
                if (!word.isEmpty() && !IGNORED.contains(word) && !take(word)) {
                    rest.add(word);
                }
            }
        }

        private boolean take(String word) {
            switch (word) {
                case "bind" -> isBind = true;
                case "rbind" -> isBind = isRecursive = true;
                case "relative" -> isRelative = true;
                case "optional" -> isOptional = true;
                case "create=dir" -> create = MountSpec.Create.DIR;
                case "create=file" -> create = MountSpec.Create.FILE;
                case "idmap=container" -> isShifted = true;
                default -> {
                    return takeFlag(word) || takePropagation(word) || refuse(word);
                }
            }
            return true;
        }

        private boolean takeFlag(String word) {
            for (MountFlag flag : MountFlag.values()) {
                if (flag.name().equalsIgnoreCase(word)) {
                    return flags.add(flag);
                }
            }
            return false;
        }

        private boolean takePropagation(String word) {
            boolean isTree = word.startsWith("r") && !word.equals("ro");
            for (MountSpec.Propagation kind : MountSpec.Propagation.values()) {
                if (kind.name().equalsIgnoreCase(isTree ? word.substring(1) : word)) {
                    propagation = Optional.of(kind);
                    isRecursive |= isTree;
                    return true;
                }
            }
            return false;
        }

        private boolean refuse(String word) {
            if (word.startsWith("create=") || word.startsWith("idmap=")) {
                throw new InvalidConfigException(
                        where
                                + ": mount option "
                                + word
                                + ": expected create=dir, create=file or idmap=container");
            }
            return false;
        }

        MountSpec bind(String source, GuestPath target) {
            if (!isRelative && !source.startsWith("/")) {
                throw new InvalidConfigException(
                        where + ": the source of a bind mount is not absolute: " + source);
            }
            return new MountSpec.Bind(
                    Path.of(source.startsWith("/") ? source : "/" + source),
                    target,
                    flags,
                    isRecursive,
                    isShifted,
                    isRelative,
                    propagation,
                    create,
                    isOptional);
        }
    }

    // ---- lxc.mount.auto

    /// What the words of `lxc.mount.auto` ask for; a later word of a kind replaces an earlier one.
    ///
    /// @param isNestable see [AutoMounts]
    static AutoMounts auto(List<String> values, boolean isNestable) {
        AutoMounts.Proc proc = AutoMounts.Proc.NONE;
        AutoMounts.Sys sys = AutoMounts.Sys.NONE;
        AutoMounts.Cgroup cgroup = AutoMounts.Cgroup.NONE;
        for (String value : values) {
            for (String word : value.split("\\s+")) {
                if (word.startsWith("proc")) {
                    proc = word.endsWith(":rw") ? AutoMounts.Proc.RW : AutoMounts.Proc.MIXED;
                } else if (word.startsWith("sys")) {
                    sys = sys(word);
                } else if (word.startsWith("cgroup")) {
                    cgroup =
                            word.endsWith(":force")
                                    ? AutoMounts.Cgroup.FORCE
                                    : AutoMounts.Cgroup.AUTO;
                }
            }
        }
        boolean hasProc = proc != AutoMounts.Proc.NONE;
        return new AutoMounts(proc, sys, cgroup, isNestable, hasProc);
    }

    private static AutoMounts.Sys sys(String word) {
        return switch (word) {
            case "sys:rw" -> AutoMounts.Sys.RW;
            case "sys:ro" -> AutoMounts.Sys.RO;
            default -> AutoMounts.Sys.MIXED;
        };
    }

    /// The directory shared with the host by `shmounts:HOST[:CONTAINER]`.
    static List<MountSpec> shared(List<String> values) {
        List<MountSpec> out = new ArrayList<>();
        for (String value : values) {
            for (String word : value.split("\\s+")) {
                if (word.startsWith("shmounts:")) {
                    String[] parts = word.split(":");
                    out.add(
                            new MountSpec.Bind(
                                    Path.of(parts[1]),
                                    GuestPath.of(parts.length > 2 ? parts[2] : "/dev/.lxc-mounts"),
                                    Set.of(),
                                    true,
                                    false,
                                    false,
                                    Optional.of(MountSpec.Propagation.SLAVE),
                                    MountSpec.Create.DIR,
                                    false));
                }
            }
        }
        return out;
    }
}
