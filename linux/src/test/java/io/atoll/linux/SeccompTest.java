package io.atoll.linux;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.atoll.base.InvalidConfigException;
import io.atoll.linux.Seccomp.Action;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

final class SeccompTest {
    @BeforeEach
    void needsLibrary() {
        assumeTrue(Seccomp.isAvailable(), "libseccomp2");
    }

    private static Seccomp.Filter denying(Seccomp.Rule... rules) {
        return new Seccomp.Filter(new Action.Allow(), List.of(rules));
    }

    @Test
    void makesWholeInstructionsThatAreTheSameEachTime() {
        Seccomp.Filter filter =
                denying(
                        new Seccomp.Rule("kexec_load", new Action.Refuse(Errno.EPERM), List.of()),
                        new Seccomp.Rule(
                                "umount2",
                                new Action.Refuse(Errno.EACCES),
                                List.of(
                                        new Seccomp.Argument(
                                                1, Seccomp.Comparison.MASKED_EQUAL, 1, 1))),
                        new Seccomp.Rule("delete_module", new Action.Allow(), List.of()));
        byte[] program = Seccomp.compile(filter);
        assertEquals(0, program.length % 8);
        assertEquals(0x20, program[0], "begins by loading a word");
        assertArrayEquals(program, Seccomp.compile(filter));
    }

    @Test
    void aNumberMeansTheCallOfThisMachine() {
        boolean isArm = "aarch64".equals(System.getProperty("os.arch"));
        assertArrayEquals(
                Seccomp.compile(denying(new Seccomp.Rule("read", new Action.Refuse(1), List.of()))),
                Seccomp.compile(
                        denying(
                                new Seccomp.Rule(
                                        isArm ? "63" : "0", new Action.Refuse(1), List.of()))));
    }

    @Test
    void refusesUnknownCalls() {
        InvalidConfigException e =
                assertThrows(
                        InvalidConfigException.class,
                        () ->
                                Seccomp.compile(
                                        denying(
                                                new Seccomp.Rule(
                                                        "no_such_call",
                                                        new Action.Kill(),
                                                        List.of()))));
        assertEquals("there is no system call \"no_such_call\"", e.getMessage());
    }
}
