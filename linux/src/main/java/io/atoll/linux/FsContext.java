package io.atoll.linux;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Set;

/// A file system on its way to being mounted; fsopen(2), fsconfig(2), fsmount(2). Failures carry
/// the kernel's own sentence, which says more than the errno. Not thread-safe. May block: use a
/// platform thread.
public final class FsContext implements AutoCloseable {
    private static final int FSOPEN_CLOEXEC = 1;
    private static final int FSMOUNT_CLOEXEC = 1;
    private static final int FSCONFIG_SET_FLAG = 0;
    private static final int FSCONFIG_SET_STRING = 1;
    private static final int FSCONFIG_SET_FD = 5;
    private static final int FSCONFIG_CMD_CREATE = 6;

    private final Fd fd;

    private FsContext(Fd fd) {
        this.fd = fd;
    }

    /// Begins with a file system type.
    ///
    /// @throws ErrnoException with `ENODEV` if the kernel does not have it
    public static FsContext open(String fsType) {
        try (Arena arena = Arena.ofConfined()) {
            long name = KernelText.address(arena, fsType);
            return new FsContext(
                    Fd.own(Syscalls.call(Sys.FSOPEN, fsType, name, FSOPEN_CLOEXEC), fsType));
        }
    }

    /// An option without value, as `ro`.
    public FsContext flag(String key) {
        try (Arena arena = Arena.ofConfined()) {
            configure(FSCONFIG_SET_FLAG, key, KernelText.address(arena, key), 0, 0);
        }
        return this;
    }

    /// An option with a value. The device is the option `source`.
    public FsContext set(String key, String value) {
        try (Arena arena = Arena.ofConfined()) {
            long name = KernelText.address(arena, key);
            configure(
                    FSCONFIG_SET_STRING,
                    key + "=" + value,
                    name,
                    KernelText.address(arena, value),
                    0);
        }
        return this;
    }

    /// An option whose value is an open descriptor.
    public FsContext set(String key, Fd value) {
        try (Arena arena = Arena.ofConfined()) {
            long name = KernelText.address(arena, key);
            configure(FSCONFIG_SET_FD, key + "=" + value.what(), name, 0, value.number());
        }
        return this;
    }

    /// Makes the file system and a detached mount of it. The context can then only be closed.
    public Fd mount(Set<MountAttribute> attributes) {
        configure(FSCONFIG_CMD_CREATE, fd.what(), 0, 0, 0);
        long result =
                Syscalls.raw(
                        Sys.FSMOUNT, fd.number(), FSMOUNT_CLOEXEC, MountAttribute.bits(attributes));
        return Fd.own(explain(Sys.FSMOUNT, fd.what(), result), fd.what() + " mount");
    }

    private void configure(int command, String what, long key, long value, long aux) {
        explain(
                Sys.FSCONFIG,
                what,
                Syscalls.raw(Sys.FSCONFIG, fd.number(), command, key, value, aux, 0));
    }

    private long explain(Sys sys, String what, long result) {
        if (result >= 0) {
            return result;
        }
        String log = log();
        return Syscalls.check(sys, log.isEmpty() ? what : what + " (" + log + ")", result);
    }

    /// The messages that the kernel left in the context, without their level prefix.
    private String log() {
        StringBuilder all = new StringBuilder();
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment buffer = arena.allocate(1024);
            while (true) {
                long count = Syscalls.raw(Sys.READ, fd.number(), buffer.address(), 1024);
                if (count <= 0) {
                    return all.toString();
                }
                String line =
                        KernelText.decode(buffer.asSlice(0, count).toArray(JAVA_BYTE)).strip();
                all.append(all.isEmpty() ? "" : "; ").append(line.replaceFirst("^[ewi] ", ""));
            }
        }
    }

    @Override
    public void close() {
        fd.close();
    }
}
