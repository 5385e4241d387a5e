package io.atoll.runtime.compiler;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.atoll.runtime.spec.DeviceRule;
import io.atoll.runtime.spec.DeviceSpec;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import org.junit.jupiter.api.Test;

/// Runs compiled filters in a small interpreter of the instructions they use.
class DeviceFilterTest {
    private static final int BLOCK = 1;
    private static final int CHARACTER = 2;
    private static final int MKNOD = 1;
    private static final int READ = 2;
    private static final int WRITE = 4;

    @Test
    void defaultRulesAllowTheHarmlessOnly() {
        byte[] program = DeviceFilter.compile(DeviceSpec.defaultRules());
        assertTrue(allows(program, CHARACTER, 1, 3, READ | WRITE));
        assertTrue(allows(program, CHARACTER, 136, 7, READ | WRITE));
        assertTrue(allows(program, BLOCK, 8, 0, MKNOD));
        assertFalse(allows(program, BLOCK, 8, 0, READ));
        assertFalse(allows(program, CHARACTER, 1, 1, READ));
        assertFalse(allows(program, BLOCK, 1, 3, READ));
    }

    @Test
    void readOnlyRuleDoesNotAllowWriting() {
        byte[] program =
                DeviceFilter.compile(
                        List.of(DeviceRule.DENY_ALL, DeviceRule.parse(true, "b 8:* r")));
        assertTrue(allows(program, BLOCK, 8, 3, READ));
        assertFalse(allows(program, BLOCK, 8, 3, READ | WRITE));
    }

    @Test
    void denyingOneAfterAllowingAll() {
        byte[] program =
                DeviceFilter.compile(
                        List.of(DeviceRule.ALLOW_ALL, DeviceRule.parse(false, "c 10:200 w")));
        assertTrue(allows(program, CHARACTER, 10, 200, READ));
        assertFalse(allows(program, CHARACTER, 10, 200, WRITE));
        assertFalse(allows(program, CHARACTER, 10, 200, READ | WRITE));
        assertTrue(allows(program, CHARACTER, 10, 201, WRITE));
    }

    @Test
    void takingAnExceptionBack() {
        byte[] program =
                DeviceFilter.compile(
                        List.of(
                                DeviceRule.DENY_ALL,
                                DeviceRule.parse(true, "c 1:3 rwm"),
                                DeviceRule.parse(false, "c 1:* rwm")));
        assertFalse(allows(program, CHARACTER, 1, 3, READ));
    }

    @Test
    void noRulesAllowAll() {
        assertTrue(allows(DeviceFilter.compile(List.of()), BLOCK, 8, 0, WRITE));
    }

    @Test
    void rendersWhatItParses() {
        for (String text : List.of("c 1:3 rwm", "b *:* m", "c 136:* rw")) {
            assertEquals(text, DeviceRule.parse(true, text).render());
        }
        assertEquals("a", DeviceRule.parse(false, "a *:* rwm").render());
    }

    private static boolean allows(byte[] program, int type, int major, int minor, int access) {
        long[] registers = new long[6];
        int[] context = {access << 16 | type, major, minor};
        ByteBuffer code = ByteBuffer.wrap(program).order(ByteOrder.nativeOrder());
        int at = 0;
        while (true) {
            int opcode = code.get(at * 8) & 0xFF;
            int destination = code.get(at * 8 + 1) & 0xF;
            int source = code.get(at * 8 + 1) >> 4 & 0xF;
            int offset = code.getShort(at * 8 + 2);
            int constant = code.getInt(at * 8 + 4);
            at++;
            switch (opcode) {
                case 0x61 -> registers[destination] = context[offset / 4];
                case 0xBC -> registers[destination] = registers[source] & 0xFFFF_FFFFL;
                case 0xB7 -> registers[destination] = constant;
                case 0x54 -> registers[destination] &= constant;
                case 0x74 ->
                        registers[destination] =
                                (registers[destination] & 0xFFFF_FFFFL) >>> constant;
                case 0x55 -> at += registers[destination] != constant ? offset : 0;
                case 0x15 -> at += registers[destination] == constant ? offset : 0;
                case 0x5D -> at += registers[destination] != registers[source] ? offset : 0;
                case 0x95 -> {
                    return registers[0] == 1;
                }
                default -> throw new IllegalStateException("opcode " + opcode);
            }
        }
    }
}
