package io.atoll.runtime.compiler;

import io.atoll.runtime.spec.DeviceRule;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;

/// Compiles device rules into a program of type `BPF_PROG_TYPE_CGROUP_DEVICE`, which does on cgroup
/// v2 what `devices.allow` does on v1: linux/bpf.h, struct bpf_cgroup_dev_ctx.
///
/// The rules are first reduced as v1 would: `a` forgets what was before and sets what happens to
/// everything without a rule; then a rule of the same kind as that default says nothing new and
/// takes exceptions back, one of the other kind is an exception.
public final class DeviceFilter {
    private static final int INSTRUCTION_BYTES = 8;

    private static final int LOAD_WORD = 0x61; // BPF_LDX | BPF_MEM | BPF_W
    private static final int MOVE_REGISTER = 0xBC; // BPF_ALU | BPF_MOV | BPF_X, 32 bits
    private static final int MOVE_CONSTANT = 0xB7; // BPF_ALU64 | BPF_MOV | BPF_K
    private static final int AND_CONSTANT = 0x54; // BPF_ALU | BPF_AND | BPF_K
    private static final int SHIFT_RIGHT = 0x74; // BPF_ALU | BPF_RSH | BPF_K
    private static final int JUMP_UNEQUAL = 0x55; // BPF_JMP | BPF_JNE | BPF_K
    private static final int JUMP_UNEQUAL_REGISTER = 0x5D; // BPF_JMP | BPF_JNE | BPF_X
    private static final int EXIT = 0x95;

    private static final int RESULT = 0;
    private static final int CONTEXT = 1;
    private static final int TYPE = 2;
    private static final int ACCESS = 3;
    private static final int MAJOR = 4;
    private static final int MINOR = 5;

    private static final int ACCESS_MKNOD = 1;
    private static final int ACCESS_READ = 2;
    private static final int ACCESS_WRITE = 4;
    private static final int TYPE_BLOCK = 1;
    private static final int TYPE_CHAR = 2;

    private final ByteBuffer code;

    private DeviceFilter(int instructionsMax) {
        code =
                ByteBuffer.allocate(instructionsMax * INSTRUCTION_BYTES)
                        .order(ByteOrder.nativeOrder());
    }

    /// The program for these rules. Without any rule everything is allowed.
    public static byte[] compile(List<DeviceRule> rules) {
        boolean defaultAllows = rules.isEmpty();
        List<DeviceRule> exceptions = new ArrayList<>();
        for (DeviceRule rule : rules) {
            if (rule.isReset()) {
                defaultAllows = rule.isAllowed();
                exceptions.clear();
            } else if (rule.isAllowed() == defaultAllows) {
                exceptions.removeIf(e -> covers(rule, e));
            } else {
                exceptions.add(rule);
            }
        }
        DeviceFilter filter = new DeviceFilter(8 + 10 * exceptions.size());
        filter.prologue();
        for (DeviceRule rule : exceptions) {
            filter.exception(rule, !defaultAllows);
        }
        filter.answer(defaultAllows);
        byte[] program = new byte[filter.code.position()];
        filter.code.flip().get(program);
        return program;
    }

    private static boolean covers(DeviceRule wide, DeviceRule narrow) {
        return wide.type() == narrow.type()
                && (wide.major() == DeviceRule.ANY || wide.major() == narrow.major())
                && (wide.minor() == DeviceRule.ANY || wide.minor() == narrow.minor())
                && (accessBits(narrow) & ~accessBits(wide)) == 0;
    }

    /// The type is the low half of the first word, the access the high half.
    private void prologue() {
        emit(LOAD_WORD, TYPE, CONTEXT, 0, 0);
        emit(MOVE_REGISTER, ACCESS, TYPE, 0, 0);
        emit(AND_CONSTANT, TYPE, 0, 0, 0xFFFF);
        emit(SHIFT_RIGHT, ACCESS, 0, 0, 16);
        emit(LOAD_WORD, MAJOR, CONTEXT, 4, 0);
        emit(LOAD_WORD, MINOR, CONTEXT, 8, 0);
    }

    /// Answers if all of the rule's conditions hold, else falls through to the next rule. An
    /// allowed exception must cover all of the asked access; a denied one any of it.
    private void exception(DeviceRule rule, boolean isAllowed) {
        int bits = accessBits(rule);
        int all = ACCESS_MKNOD | ACCESS_READ | ACCESS_WRITE;
        List<int[]> conditions = new ArrayList<>();
        conditions.add(
                new int[] {JUMP_UNEQUAL, TYPE, 0, rule.type() == 'c' ? TYPE_CHAR : TYPE_BLOCK});
        if (isAllowed && bits != all) {
            conditions.add(new int[] {MOVE_REGISTER, RESULT, ACCESS, 0});
            conditions.add(new int[] {AND_CONSTANT, RESULT, 0, bits});
            conditions.add(new int[] {JUMP_UNEQUAL_REGISTER, RESULT, ACCESS, 0});
        } else if (!isAllowed && bits != all) {
            conditions.add(new int[] {MOVE_REGISTER, RESULT, ACCESS, 0});
            conditions.add(new int[] {AND_CONSTANT, RESULT, 0, bits});
            conditions.add(
                    new int[] {
                        0x15, RESULT, 0, 0
                    }); // BPF_JMP | BPF_JEQ | BPF_K: none of the denied bits
        }
        if (rule.major() != DeviceRule.ANY) {
            conditions.add(new int[] {JUMP_UNEQUAL, MAJOR, 0, rule.major()});
        }
        if (rule.minor() != DeviceRule.ANY) {
            conditions.add(new int[] {JUMP_UNEQUAL, MINOR, 0, rule.minor()});
        }
        int size = conditions.size() + 2;
        for (int i = 0; i < conditions.size(); i++) {
            int[] c = conditions.get(i);
            boolean isJump = (c[0] & 7) == 5;
            emit(c[0], c[1], c[2], isJump ? size - i - 1 : 0, c[3]);
        }
        answer(isAllowed);
    }

    private void answer(boolean isAllowed) {
        emit(MOVE_CONSTANT, RESULT, 0, 0, isAllowed ? 1 : 0);
        emit(EXIT, 0, 0, 0, 0);
    }

    private void emit(int opcode, int destination, int source, int offset, int constant) {
        code.put((byte) opcode)
                .put((byte) (source << 4 | destination))
                .putShort((short) offset)
                .putInt(constant);
    }

    private static int accessBits(DeviceRule rule) {
        int bits = 0;
        for (int i = 0; i < rule.access().length(); i++) {
            bits |=
                    switch (rule.access().charAt(i)) {
                        case 'm' -> ACCESS_MKNOD;
                        case 'r' -> ACCESS_READ;
                        default -> ACCESS_WRITE;
                    };
        }
        return bits;
    }
}
