package io.atoll.plan;

import java.util.EnumSet;
import java.util.List;
import java.util.Set;

/// One thing the shim does, as data. A step holds no policy: which steps there are, in which order
/// and with which numbers, is decided by whoever compiles the plan. Steps run in order; the first
/// that fails ends the run, and everything the run made that lives in a process (namespaces,
/// detached mounts, descriptors) goes with it. Section *gone* undoes the rest.
///
/// Owners and groups are ids as the process that runs the step sees them. Modes are not reduced by
/// a umask.
public sealed interface Step {
    /// Makes a directory. With `existsOk` an existing one is left as it is.
    record Mkdir(Place at, int mode, boolean existsOk) implements Step {}

    /// Writes text with one `write` call, as files of /proc, /sys and cgroups want it. [Tokens] are
    /// replaced. A slot's own descriptor ([Place.InSlot]) is written to as it is: `0` into the
    /// `tasks` of a cgroup makes the process enter it.
    record WriteFile(Place at, String content, WriteMode how) implements Step {}

    /// How `WriteFile` opens its file.
    enum WriteMode {
        /// The file must exist and keeps its other content.
        EXISTING,
        /// Made with mode 0644 if absent, emptied otherwise.
        REPLACE,
        /// Made with mode 0644 if absent, else added to.
        APPEND
    }

    /// Makes a symbolic link `at` that points to `target`. With `existsOk` whatever has that name
    /// is left as it is.
    record Symlink(String target, Place at, boolean existsOk) implements Step {}

    /// Makes a device, a fifo or an empty file. With `existsOk` whatever has that name is left as
    /// it is.
    record MakeNode(Place at, NodeType type, int mode, int major, int minor, boolean existsOk)
            implements Step {}

    /// What `MakeNode` makes.
    enum NodeType {
        FILE,
        CHARACTER,
        BLOCK,
        FIFO
    }

    /// Changes owner and group without following a link at the end.
    record Chown(Place at, long uid, long gid) implements Step {}

    /// Changes the mode bits.
    record Chmod(Place at, int mode) implements Step {}

    /// Opens a file or directory into a slot.
    record Open(Slot slot, Place at, OpenMode mode) implements Step {}

    /// How `Open` opens.
    enum OpenMode {
        /// `O_PATH`: a reference only.
        REFERENCE,
        /// `O_PATH|O_DIRECTORY`: a directory to resolve other places from.
        DIRECTORY,
        READ,
        WRITE,
        READ_WRITE,
        /// `O_RDWR|O_APPEND|O_CREAT`, mode 0644.
        APPEND
    }

    /// Closes what is in a slot.
    record Close(Slot slot) implements Step {}

    /// Removes a file, or an empty directory. What is not there counts as removed.
    record Remove(Place at, boolean directory) implements Step {}

    /// Removes a tree of directories and nothing else, deepest first: a cgroup. Waits up to the
    /// time given while the kernel says busy. What is not there counts as removed.
    record RemoveTree(Place at, int timeoutMillis) implements Step {}

    /// `open_tree`: a detached copy of a mount if `copy`, with everything mounted below it if
    /// `recursive`; else a reference to the mount itself.
    record OpenTree(Slot slot, Place from, boolean copy, boolean recursive) implements Step {}

    /// `mount_setattr` on a mount. With an `idmap` slot (a user namespace) the mount becomes
    /// idmapped, which works once and only while detached.
    record SetMountAttributes(
            Place at,
            boolean recursive,
            Set<MountAttribute> set,
            Set<MountAttribute> clear,
            Propagation propagation,
            Slot idmap)
            implements Step {
        public SetMountAttributes {
            set = copy(set, MountAttribute.class);
            clear = copy(clear, MountAttribute.class);
        }
    }

    /// `fsopen`, `fsconfig`, `fsmount`: a new, detached mount in a slot. With an owner the
    /// superblock is created with that file system user and group and full capabilities, which
    /// overlayfs needs when upper and lower are idmapped: otherwise it is mounted read-only without
    /// a word. `mustBeWritable` turns exactly that silence into the error EROFS.
    record NewMount(
            Slot slot,
            String type,
            List<FsOption> options,
            Set<MountAttribute> attributes,
            Owner owner,
            boolean mustBeWritable)
            implements Step {
        public NewMount {
            options = List.copyOf(options);
            attributes = copy(attributes, MountAttribute.class);
        }
    }

    /// A user and a group, or [#CALLER].
    record Owner(long uid, long gid) {
        private static final long UNSET = 0xFFFF_FFFFL;

        /// Leaves the ids of the process as they are.
        public static final Owner CALLER = new Owner(UNSET, UNSET);
    }

    /// `move_mount`: attaches the mount in the slot at a place. The slot stays filled and is then a
    /// reference to the attached mount.
    record AttachMount(Slot slot, Place at) implements Step {}

    /// The old mount(2), for what the new interface cannot do. [Tokens] are replaced in source and
    /// data. `flags` are `MS_*`.
    record Mount(String source, Place at, String type, long flags, String data) implements Step {}

    /// `umount2`; `detach` is `MNT_DETACH`. Never follows a link at the end.
    record Umount(Place at, boolean detach) implements Step {}

    /// Makes the mount in the slot the root of the process and lets go of the old one: fchdir,
    /// `pivot_root(".", ".")`, `umount2(".", MNT_DETACH)`, `chdir("/")`.
    record PivotRoot(Slot root) implements Step {}

    /// fchdir to the place, then `chroot(".")`.
    record Chroot(Place at) implements Step {}

    /// Changes the working directory.
    record Chdir(Place at) implements Step {}

    /// Attaches a file to a free loop device that frees itself with its last user
    /// (`LO_FLAGS_AUTOCLEAR`); the device goes into the slot. A size of 0 means to the end of the
    /// file.
    record AttachLoop(Slot slot, Place file, boolean readOnly, long offset, long size)
            implements Step {}

    /// Makes a user namespace with these maps into a slot, for idmapped mounts.
    record NewUserNamespace(Slot slot, String uidMap, String gidMap) implements Step {}

    /// `setns` to namespaces of the descriptor in the slot: one of `/proc/PID/ns`, or a pidfd for
    /// several at once.
    record EnterNamespaces(Slot from, Set<Namespace> namespaces) implements Step {
        public EnterNamespaces {
            namespaces = copy(namespaces, Namespace.class);
        }
    }

    /// `unshare`. A pid or time namespace applies to the child, as the kernel has it.
    record Unshare(Set<Namespace> namespaces) implements Step {
        public Unshare {
            namespaces = copy(namespaces, Namespace.class);
        }
    }

    /// `sethostname`.
    record SetHostname(String name) implements Step {}

    /// `setdomainname`.
    record SetDomainname(String name) implements Step {}

    /// `prlimit` of the process itself or, in section *gate*, of the child. Resources are the
    /// kernel's `RLIMIT_*` numbers; -1 is infinity.
    record SetResourceLimit(boolean ofChild, int resource, long soft, long hard) implements Step {}

    /// Loads a `BPF_PROG_TYPE_CGROUP_DEVICE` program and attaches it to the cgroup2 directory in
    /// the slot.
    record FilterDevices(Slot cgroup, Blob program) implements Step {}

    /// Drops every capability from the bounding set whose bit is not in the mask, and from the
    /// inheritable and ambient sets.
    record BoundCapabilities(long keep) implements Step {}

    /// `PR_SET_NO_NEW_PRIVS`.
    record ForbidNewPrivileges() implements Step {}

    /// Loads a seccomp filter. With a listener slot, the notification descriptor goes there; `Keep`
    /// it to hand it out.
    record FilterSystemCalls(Blob program, Slot listener) implements Step {
        private static final int INSTRUCTION_BYTES = 8;

        public FilterSystemCalls {
            int count = program.size() / INSTRUCTION_BYTES;
            if (program.size() % INSTRUCTION_BYTES != 0
                    || count < 1
                    || count > PlanLimits.SECCOMP_INSTRUCTIONS_MAX) {
                throw new InvalidPlanException(
                        "a seccomp program cannot have " + program.size() + " bytes");
            }
        }
    }

    /// `personality`, the kernel's number.
    record SetPersonality(long persona) implements Step {}

    /// Gives the process and what descends from it a core scheduling cookie: no process without it
    /// runs on a sibling thread of a core at the same time. prctl(2), `PR_SCHED_CORE`.
    record ShareCores() implements Step {}

    /// Joins a fresh session keyring.
    record NewSessionKeyring() implements Step {}

    /// The signal the process gets when its parent dies; 0 for none. Cleared by the kernel at exec
    /// of a program with privileges and at changes of ids, so it belongs to the end. In section
    /// *child* the parent is the monitor.
    record SetParentDeathSignal(int signal) implements Step {}

    /// Shows a process in lists under a name, of which the kernel keeps 15 bytes, and a title,
    /// `[KIND] NAME`, as much of it as there is room for.
    record ShowTitle(String process, String kind, String name) implements Step {}

    /// Opens a pseudo terminal by the multiplexer at a place (always one of the container's own
    /// devpts), gives its master to the monitor under a number (0 is the console), puts the slave
    /// into a slot, and, unless `bindOn` is [Place#NONE], binds it there.
    record OpenTerminal(int number, Place multiplexer, Place bindOn, Slot slave) implements Step {
        public OpenTerminal {
            if (number < 0 || number >= PlanLimits.TERMINALS_MAX) {
                throw new InvalidPlanException("no such terminal: " + number);
            }
        }
    }

    /// Tells a terminal its size, so that a program that asks at once is not told 0 by 0.
    ///
    /// @param columns 0 to 65535
    /// @param rows 0 to 65535
    record SizeTerminal(Slot terminal, int columns, int rows) implements Step {
        public SizeTerminal {
            if (columns < 0 || columns > 0xFFFF || rows < 0 || rows > 0xFFFF) {
                throw new InvalidPlanException(
                        "no such size of a terminal: " + columns + " by " + rows);
            }
        }
    }

    /// Sends one rtnetlink request, after writing the patches into it, and waits for the
    /// acknowledgement. In section *host* and *gate* it goes to the host's network namespace even
    /// if the process entered another one since; in the child and in *gone* to the one the process
    /// is in.
    record SendNetlink(Blob message, List<Patch> patches) implements Step {
        public SendNetlink {
            patches = List.copyOf(patches);
            if (patches.size() > PlanLimits.PATCHES_MAX) {
                throw new InvalidPlanException(
                        "a netlink message has more than " + PlanLimits.PATCHES_MAX + " patches");
            }
            for (Patch patch : patches) {
                if (patch.offset() < 0 || patch.offset() > message.size() - Integer.BYTES) {
                    throw new InvalidPlanException("a netlink patch lies outside its message");
                }
            }
        }
    }

    /// Runs a program and waits. It fails if the program exits with another status than 0 or takes
    /// longer; what it printed last is then part of the error. The environment is only what is
    /// given; the working directory is `/`.
    ///
    /// @param input its standard input; [Slot#NONE] for `/dev/null`
    record RunHook(List<String> argv, List<String> environment, int timeoutMillis, Slot input)
            implements Step {
        public RunHook {
            argv = List.copyOf(argv);
            environment = List.copyOf(environment);
            if (argv.isEmpty()) {
                throw new InvalidPlanException("a hook needs a program");
            }
        }

        /// With no input.
        public RunHook(List<String> argv, List<String> environment, int timeoutMillis) {
            this(argv, environment, timeoutMillis, Slot.NONE);
        }
    }

    /// Gives the descriptor in the slot to the monitor, which holds it until the container is gone,
    /// fills the same slot of section *gone* with it, and hands it out on request.
    record Keep(Slot slot) implements Step {}

    /// As [Keep] for the listener of [FilterSystemCalls]. While nobody who asked for it holds the
    /// connection open by which they asked, and some time has passed, the monitor answers the calls
    /// with `ENOSYS`.
    ///
    /// @param patienceMillis that time, from the start or since the last one hung up
    /// @param note absolute path of the file in which they wrote the numbers of calls that they
    ///   have taken and not answered, eight bytes each, the first one first
    record KeepCalls(Slot listener, int patienceMillis, String note) implements Step {
        public KeepCalls {
            if (patienceMillis < 1 || patienceMillis > PlanLimits.TIMEOUT_MILLIS_MAX) {
                throw new InvalidPlanException("no such patience: " + patienceMillis);
            }
        }
    }

    /// As [Keep] for the listener of [FilterSystemCalls]. A program of the host answers the calls:
    /// the monitor tells it of each as liblxc does for `lxc.seccomp.notify.proxy`, and answers
    /// `ENOSYS` where it cannot be reached, hangs up, is late or makes no sense.
    ///
    /// @param socket absolute path of the program's `SOCK_SEQPACKET` socket, or `@` and its
    ///   abstract name
    /// @param cookie sent along with each
    record ForwardCalls(Slot listener, String socket, String cookie) implements Step {
        public ForwardCalls {
            if (!socket.startsWith("/") && !socket.startsWith("@")) {
                throw new InvalidPlanException("no such socket: " + socket);
            }
        }
    }

    /// Only in section *child*: waits until section *gate* has run and, if the plan wants it, the
    /// requester opened the gate. What comes before runs while the gate's steps run. Without it the
    /// child waits before it runs its init.
    record AwaitGate() implements Step {}

    /// Only in section *gate*: waits until the child is at [AwaitGate], so that all its mounts are
    /// made.
    record AwaitChild() implements Step {}

    /// Only in section *restore*: makes the process the container's first one whose number is in
    /// the file. It has become a child of the monitor, because who made it has ended.
    record TakeChild(Place pidFile) implements Step {}

    /// Only in section *gone*: a step for the next life of a container that reboots in its monitor,
    /// as taking away what would be in its way. At the end it is left out.
    record AtReboot(Step step) implements Step {
        public AtReboot {
            if (step instanceof AtReboot) {
                throw new InvalidPlanException("a step for reboots inside of one");
            }
        }
    }

    /// Runs a step whose failure does not matter.
    record IfPossible(Step step) implements Step {
        public IfPossible {
            if (step instanceof IfPossible
                    || step instanceof AtReboot
                    || step instanceof AwaitGate
                    || step instanceof AwaitChild
                    || step instanceof TakeChild) {
                throw new InvalidPlanException("this step cannot be optional");
            }
        }
    }

    private static <E extends Enum<E>> Set<E> copy(Set<E> set, Class<E> type) {
        EnumSet<E> all = EnumSet.noneOf(type);
        all.addAll(set);
        return java.util.Collections.unmodifiableSet(all);
    }
}
