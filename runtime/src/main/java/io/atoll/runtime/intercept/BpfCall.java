package io.atoll.runtime.intercept;

import io.atoll.linux.DevicePrograms;
import io.atoll.linux.Errno;
import io.atoll.linux.ErrnoException;
import io.atoll.linux.Fd;
import io.atoll.linux.ThreadPowers;
import io.atoll.linux.ThreadPowers.Power;
import io.atoll.linux.cgroup.CgroupById;
import io.atoll.linux.cgroup.CgroupFiles;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/// `bpf(2)` for programs that decide which devices the processes of a cgroup may open: loading,
/// attaching and detaching. Below a container's cgroup they can only take away, because the kernel
/// asks the container's own program too.
final class BpfCall {
    private static final int PROG_LOAD = 5;
    private static final int PROG_ATTACH = 8;
    private static final int PROG_DETACH = 9;

    /// The part of `union bpf_attr` that the three use, and what the kernel takes at most.
    private static final int ATTR_BYTES = 128;

    private static final int ATTR_BYTES_MAX = 4096;

    /// Instructions. What container managers write has a few hundred.
    private static final int INSTRUCTIONS_MAX = 2048;

    private static final int INSTRUCTION_BYTES = 8;

    /// `BPF_F_ALLOW_OVERRIDE`, `BPF_F_ALLOW_MULTI` and `BPF_F_REPLACE`.
    private static final int FLAGS = 7;

    private static final int REPLACE = 4;

    private BpfCall() {}

    static Answer answer(Caller caller, Guest guest) {
        if (!guest.filtersDevices()
                || !(caller.has(Caller.CAP_SYS_ADMIN) || caller.has(Caller.CAP_BPF))) {
            return Answer.BY_KERNEL;
        }
        long size = caller.argument(2);
        if (size < 0 || size > ATTR_BYTES_MAX) {
            return new Answer.Refused(Errno.E2BIG);
        }
        byte[] given = caller.bytes(caller.argument(1), (int) Math.min(size, ATTR_BYTES));
        ByteBuffer attr = ByteBuffer.allocate(ATTR_BYTES).order(ByteOrder.LITTLE_ENDIAN);
        attr.put(0, given);
        return switch (caller.intArgument(0)) {
            case PROG_LOAD -> load(caller, attr);
            case PROG_ATTACH -> attach(caller, guest, attr);
            case PROG_DETACH -> detach(caller, guest, attr);
            default -> Answer.BY_KERNEL;
        };
    }

    // ---- load

    /// Names, logs and types are not taken over: they would only describe the program.
    private static Answer load(Caller caller, ByteBuffer attr) {
        if (attr.getInt(0) != DevicePrograms.TYPE) {
            return Answer.BY_KERNEL;
        }
        int count = attr.getInt(4);
        if (count < 1 || count > INSTRUCTIONS_MAX) {
            return new Answer.Refused(Errno.E2BIG);
        }
        byte[] program = caller.bytes(attr.getLong(8), count * INSTRUCTION_BYTES);
        if (!isPlain(program)) {
            return new Answer.Refused(Errno.EACCES);
        }
        caller.requireWaiting();
        // As for anybody without power over the kernel, which checks the program: no pointers get
        // out, and nothing is guessed ahead.
        return new Answer.Descriptor(
                ThreadPowers.as(
                        0,
                        0,
                        Set.of(Power.BPF, Power.NET_ADMIN),
                        () -> DevicePrograms.load(program)));
    }

    /// True if it only computes and jumps. A call could ask the kernel for anything, and a map
    /// would be named by the number of a descriptor of ours.
    static boolean isPlain(byte[] program) {
        for (int at = 0; at < program.length; at += INSTRUCTION_BYTES) {
            int code = program[at] & 0xff;
            boolean isJump = (code & 7) == 5 || (code & 7) == 6;
            boolean isCall = isJump && (code & 0xf0) == 0x80;
            boolean isWide = code == 0x18;
            boolean namesSomething = (program[at + 1] & 0xf0) != 0;
            if (isCall || (isWide && namesSomething)) {
                return false;
            }
            if (isWide) {
                // The second half holds no code.
                at += INSTRUCTION_BYTES;
            }
        }
        return true;
    }

    // ---- attach and detach

    private static Answer attach(Caller caller, Guest guest, ByteBuffer attr) {
        if (attr.getInt(8) != DevicePrograms.ATTACH_TYPE) {
            return Answer.BY_KERNEL;
        }
        int flags = attr.getInt(12);
        if ((flags & ~FLAGS) != 0) {
            return new Answer.Refused(Errno.EINVAL);
        }
        try (Fd cgroup = cgroup(caller, guest, attr.getInt(0));
                Fd program = program(caller, attr.getInt(4))) {
            if ((flags & REPLACE) == 0) {
                caller.requireWaiting();
                DevicePrograms.attach(cgroup, program, flags, Optional.empty());
                return Answer.DONE;
            }
            try (Fd replaced = program(caller, attr.getInt(16))) {
                caller.requireWaiting();
                DevicePrograms.attach(cgroup, program, flags, Optional.of(replaced));
                return Answer.DONE;
            }
        }
    }

    private static Answer detach(Caller caller, Guest guest, ByteBuffer attr) {
        if (attr.getInt(8) != DevicePrograms.ATTACH_TYPE) {
            return Answer.BY_KERNEL;
        }
        int number = attr.getInt(4);
        try (Fd cgroup = cgroup(caller, guest, attr.getInt(0))) {
            if (number <= 0) {
                caller.requireWaiting();
                DevicePrograms.detach(cgroup, Optional.empty());
                return Answer.DONE;
            }
            try (Fd program = program(caller, number)) {
                caller.requireWaiting();
                DevicePrograms.detach(cgroup, Optional.of(program));
                return Answer.DONE;
            }
        }
    }

    /// Below the container's own one, whose program is the host's.
    private static Fd cgroup(Caller caller, Guest guest, int descriptor) {
        Optional<CgroupFiles> own = guest.container().unifiedCgroup();
        try (Fd theirs = caller.directory(descriptor)) {
            return own.flatMap(top -> CgroupById.below(theirs, top.directory()))
                    .orElseThrow(() ->
                            new ErrnoException("bpf", Errno.EPERM, "descriptor " + descriptor));
        } catch (ErrnoException e) {
            throw e.is(Errno.ENOENT)
                    ? new ErrnoException("bpf", Errno.EBADF, "descriptor " + descriptor)
                    : e;
        }
    }

    /// The same program, by its number. Their descriptor is not copied: what it is could change
    /// under us, and closing a file may wait for whoever serves it.
    private static Fd program(Caller caller, int descriptor) {
        Map<String, String> info = caller.descriptorInfo(descriptor);
        if (!info.getOrDefault("prog_type", "").equals(Integer.toString(DevicePrograms.TYPE))) {
            throw new ErrnoException("bpf", Errno.EINVAL, "descriptor " + descriptor);
        }
        return DevicePrograms.byId(Integer.parseInt(info.getOrDefault("prog_id", "0")));
    }
}
