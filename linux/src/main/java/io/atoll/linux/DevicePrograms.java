package io.atoll.linux;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Optional;

/// Programs of version 2 cgroups that decide which device nodes may be opened; bpf(2),
/// `BPF_PROG_TYPE_CGROUP_DEVICE`.
public final class DevicePrograms {
    private static final int BPF_PROG_LOAD = 5;
    private static final int BPF_PROG_ATTACH = 8;
    private static final int BPF_PROG_DETACH = 9;
    private static final int BPF_PROG_GET_FD_BY_ID = 13;
    private static final int BPF_PROG_QUERY = 16;

    /// `BPF_PROG_TYPE_CGROUP_DEVICE`.
    public static final int TYPE = 15;

    /// `BPF_CGROUP_DEVICE`, how they are attached.
    public static final int ATTACH_TYPE = 6;

    private static final int BPF_F_ALLOW_MULTI = 2;
    private static final int BPF_F_REPLACE = 4;
    private static final int ATTR_BYTES = 128;
    private static final int INSTRUCTION_BYTES = 8;
    private static final int PROGRAMS_MAX = 64;

    private DevicePrograms() {}

    /// Puts a program in place of the one that the cgroup has, without a moment in between; adds it
    /// if there is none.
    ///
    /// @param cgroup a directory of the version 2 hierarchy
    /// @param program instructions
    /// @throws ErrnoException with `EBUSY` if the cgroup has several programs, which are not ours
    public static void replace(Fd cgroup, byte[] program) {
        int[] present = ids(cgroup);
        if (present.length > 1) {
            throw new ErrnoException("bpf", Errno.EBUSY, "device programs of " + cgroup.what());
        }
        try (Fd loaded = load(program)) {
            if (present.length == 0) {
                attach(cgroup, loaded, BPF_F_ALLOW_MULTI, 0);
                return;
            }
            try (Fd old = byId(present[0])) {
                attach(cgroup, loaded, BPF_F_ALLOW_MULTI | BPF_F_REPLACE, old.number());
            }
        }
    }

    /// The numbers of the programs that a cgroup itself has.
    static int[] ids(Fd cgroup) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment found = arena.allocate(4L * PROGRAMS_MAX, 8);
            MemorySegment attr = arena.allocate(ATTR_BYTES, 8);
            attr.set(JAVA_INT, 0, cgroup.number());
            attr.set(JAVA_INT, 4, ATTACH_TYPE);
            attr.set(JAVA_LONG, 16, found.address());
            attr.set(JAVA_INT, 24, PROGRAMS_MAX);
            call(BPF_PROG_QUERY, attr, "device programs of " + cgroup.what());
            int count = attr.get(JAVA_INT, 24);
            return found.asSlice(0, 4L * count).toArray(JAVA_INT);
        }
    }

    /// Loads a program, to be attached afterwards. The kernel checks it by the capabilities of the
    /// calling thread, which needs `CAP_BPF` and `CAP_NET_ADMIN`; without `CAP_PERFMON` the program
    /// sees nothing of the kernel's memory.
    ///
    /// @param program instructions
    public static Fd load(byte[] program) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment code = arena.allocate(program.length, 8);
            MemorySegment.copy(program, 0, code, JAVA_BYTE, 0, program.length);
            MemorySegment attr = arena.allocate(ATTR_BYTES, 8);
            attr.set(JAVA_INT, 0, TYPE);
            attr.set(JAVA_INT, 4, program.length / INSTRUCTION_BYTES);
            attr.set(JAVA_LONG, 8, code.address());
            attr.set(JAVA_LONG, 16, arena.allocateFrom("GPL").address());
            return Fd.own(call(BPF_PROG_LOAD, attr, "device filter"), "device filter");
        }
    }

    /// A program by its number.
    ///
    /// @throws ErrnoException with `ENOENT` if there is none
    public static Fd byId(int id) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment attr = arena.allocate(ATTR_BYTES, 8);
            attr.set(JAVA_INT, 0, id);
            return Fd.own(call(BPF_PROG_GET_FD_BY_ID, attr, "program " + id), "program " + id);
        }
    }

    /// Attaches a program to a cgroup.
    ///
    /// @param flags `BPF_F_ALLOW_OVERRIDE`, `BPF_F_ALLOW_MULTI`, `BPF_F_REPLACE`
    /// @param replaced with `BPF_F_REPLACE`
    public static void attach(Fd cgroup, Fd program, int flags, Optional<Fd> replaced) {
        attach(cgroup, program, flags, replaced.map(Fd::number).orElse(0));
    }

    /// Takes a program away from a cgroup.
    ///
    /// @param program empty for the only one, where no others are allowed
    public static void detach(Fd cgroup, Optional<Fd> program) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment attr = arena.allocate(ATTR_BYTES, 8);
            attr.set(JAVA_INT, 0, cgroup.number());
            attr.set(JAVA_INT, 4, program.map(Fd::number).orElse(0));
            attr.set(JAVA_INT, 8, ATTACH_TYPE);
            call(BPF_PROG_DETACH, attr, "device filter of " + cgroup.what());
        }
    }

    private static void attach(Fd cgroup, Fd program, int flags, int replaced) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment attr = arena.allocate(ATTR_BYTES, 8);
            attr.set(JAVA_INT, 0, cgroup.number());
            attr.set(JAVA_INT, 4, program.number());
            attr.set(JAVA_INT, 8, ATTACH_TYPE);
            attr.set(JAVA_INT, 12, flags);
            attr.set(JAVA_INT, 16, replaced);
            call(BPF_PROG_ATTACH, attr, "device filter of " + cgroup.what());
        }
    }

    private static long call(int command, MemorySegment attr, String what) {
        return Syscalls.call(Sys.BPF, what, command, attr.address(), attr.byteSize());
    }
}
