package io.atoll.runtime.lxc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.atoll.base.InvalidConfigException;
import io.atoll.runtime.spec.SeccompSpec;
import io.atoll.runtime.spec.SeccompSpec.Action;
import io.atoll.runtime.spec.SeccompSpec.Argument;
import io.atoll.runtime.spec.SeccompSpec.Comparison;
import io.atoll.runtime.spec.SeccompSpec.Rule;
import io.atoll.runtime.spec.Supervisor;
import java.util.List;
import org.junit.jupiter.api.Test;

class LxcSeccompTest {
    private static SeccompSpec parse(String text) {
        return LxcSeccomp.parse(text, "profile");
    }

    private static Rule rule(String call, Action action) {
        return new Rule(call, action, List.of());
    }

    private static String refusal(String text) {
        return assertThrows(InvalidConfigException.class, () -> parse(text)).getMessage();
    }

    @Test
    void readsTheProfileThatLxcShips() {
        SeccompSpec spec =
                parse(
                        """
                        2
                        denylist
                        reject_force_umount  # comment this to allow umount -f;  not recommended
                        [all]
                        kexec_load errno 1
                        open_by_handle_at errno 1
                        """);
        assertEquals(new Action.Allow(), spec.otherwise());
        assertEquals(
                List.of(
                        new Rule(
                                "umount2",
                                new Action.Errno(13),
                                List.of(new Argument(1, Comparison.MASKED_EQ, 1, 1))),
                        Rule.errno("kexec_load", 1),
                        Rule.errno("open_by_handle_at", 1)),
                spec.rules());
    }

    @Test
    void rulesOfADenyListKillAndThoseOfAnAllowListAllow() {
        assertEquals(
                List.of(
                        rule("mknod", new Action.KillProcess()),
                        rule("ioctl", new Action.Notify())),
                parse("2\nblacklist\nmknod\nioctl notify\n").rules());
        SeccompSpec allowed = parse("2\nwhitelist\nread\n");
        assertEquals(List.of(rule("read", new Action.Allow())), allowed.rules());
        assertEquals(new Action.KillProcess(), allowed.otherwise());
        assertTrue(allowed.isAllowList());
    }

    @Test
    void theWordOfThePolicyIsForCallsWithoutARule() {
        assertEquals(new Action.Errno(38), parse("2\nallowlist errno 38\nread\n").otherwise());
        SeccompSpec trap = parse("2\ndenylist trap\nmknod\n");
        assertEquals(new Action.Trap(), trap.otherwise());
        assertEquals(List.of(rule("mknod", new Action.KillProcess())), trap.rules());
        assertFalse(parse("2\ndenylist allow\n").isAllowList());
    }

    @Test
    void versionOneAllowsNumbersAndKillsTheRest() {
        SeccompSpec spec = parse("1\nallowlist\n0\n1 # write\n\n231\n");
        assertEquals(new Action.KillProcess(), spec.otherwise());
        assertEquals(List.of("0", "1", "231"), spec.rules().stream().map(Rule::syscall).toList());
        assertEquals(
                "profile:3: not the number of a system call: read", refusal("1\nallowlist\nread"));
        assertTrue(refusal("1\ndenylist\n0").contains("allowlist"));
    }

    @Test
    void saysWhereItIsWrong() {
        assertTrue(refusal("3\nallowlist\n").contains("version"));
        assertTrue(refusal("2\nsomelist\n").startsWith("profile:2:"));
        assertTrue(refusal("2\ndenylist\nmknod maybe").startsWith("profile:3:"));
        assertTrue(refusal("2\ndenylist\nmknod errno x").startsWith("profile:3:"));
        assertTrue(refusal("2\ndenylist\nioctl notify [1,2").startsWith("profile:3:"));
        assertTrue(refusal("2\ndenylist\nioctl notify [1,2,~]").startsWith("profile:3:"));
    }

    @Test
    void aSupervisorIsAskedOnlyWhereARuleSaysSo() {
        assertTrue(parse("2\ndenylist\nmknod notify\n").asksAnybody());
        assertTrue(parse("2\nallowlist notify\nread\n").asksAnybody());
        assertFalse(parse("2\ndenylist\nmknod\n").asksAnybody());
        assertEquals("@a", Supervisor.parse("unix:@a", "").socket());
        for (String wrong :
                List.of("/a", "unix:a", "unix:", "unix:/", "unix:/" + "a".repeat(107))) {
            assertThrows(InvalidConfigException.class, () -> Supervisor.parse(wrong, ""), wrong);
        }
    }
}
