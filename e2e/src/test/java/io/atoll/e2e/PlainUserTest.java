package io.atoll.e2e;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.atoll.testkit.Leaks;
import io.atoll.testkit.LxcHost;
import io.atoll.testkit.Program;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/// Containers of a plain user: rows X3-02, X3-06 and X3-20. The user's ids come from subuid(5) by
/// newuidmap(1), its cgroups from root by `cgm`. Homes are in `/tmp`: the machine's `/var` is an
/// overlay.
@Tag("privileged")
@Tag("e2e")
class PlainUserTest {
    private static final String MARKER = "atoll-plain";
    private static final String GROUP = "/" + MARKER + ProcessHandle.current().pid();

    private static final String REMOVE =
            """
            for d in /sys/fs/cgroup/*%s /sys/fs/cgroup%s; do
                [ -d "$d" ] || continue
                for p in $(cat "$d/cgroup.procs"); do echo "$p" >"$d/../cgroup.procs"; done
                find "$d" -depth -type d -exec rmdir {} + || exit 1
            done
            """;

    @RegisterExtension private final Leaks leaks = Leaks.of(MARKER);

    private LxcHost host;

    @BeforeEach
    void addUsers() {
        host = LxcHost.launch(LxcHost.Kind.ATOLL, MARKER);
        host.must(
                """
                useradd --create-home --home-dir /tmp/ann --uid 54321 --shell /bin/sh ann
                useradd --create-home --home-dir /tmp/bob --uid 54322 --shell /bin/sh bob
                printf 'root:100000:65536\\nann:2000000:65536\\n' | tee /etc/subuid >/etc/subgid
                cgm create all %s
                cgm chown all %s 54321 54321
                """
                        .formatted(GROUP, GROUP));
    }

    @AfterEach
    void close() {
        Program.Output unused =
                as("ann", "for c in $(lxc-ls -1); do lxc-destroy -f -s -n $c; done");
        host.close();
        // What the users' shells left in their cgroups goes up, to the machine's own.
        Program.Output removed = Program.of("sh", "-c").run(REMOVE.formatted(GROUP, GROUP));
        assertEquals(0, removed.exit(), removed.toString());
    }

    private Program.Output as(String user, String script) {
        return host.run(
                "setpriv",
                "--reuid=" + user,
                "--regid=" + user,
                "--clear-groups",
                "env",
                "-u",
                "XDG_RUNTIME_DIR",
                "HOME=/tmp/" + user,
                "USER=" + user,
                "sh",
                "-c",
                "cd; " + script);
    }

    private String must(String script) {
        return as("ann", script).ok().out().strip();
    }

    @Test
    void x3_06_20_aLifeInTheUsersOwnDirectory() {
        assertEquals("", must("lxc-create -n u1 -t busybox"));
        assertEquals("/tmp/ann/.local/share/lxc", must("lxc-config lxc.lxcpath"));
        // Files belong to the container's root, the configuration to the user.
        assertEquals(
                "2000000 54321",
                must("cd .local/share/lxc/u1; echo $(stat -c %u rootfs/etc/passwd config)"));
        assertEquals("", must("lxc-start -n u1"));
        String pid = must("lxc-info -n u1 -pH");
        assertEquals("2000000", host.must("stat -c %u /proc/" + pid));
        assertEquals("0", must("lxc-attach -n u1 -- id -u"));
        assertEquals("7", must("lxc-attach -n u1 -- sh -c 'exit 7'; echo $?"));
        assertEquals(
                "", must("lxc-attach -n u1 -- sh -c 'echo hi >/dev/null; echo kept >/root/x'"));
        assertTrue(must("lxc-ls -f").contains("u1   RUNNING"));
        assertEquals("", must("lxc-stop -n u1 -t 20"));
        assertEquals("", must("lxc-copy -n u1 -N u2"));
        assertEquals("", must("lxc-copy -s -n u1 -N u3"));
        assertEquals("", must("lxc-start -n u3"));
        assertEquals("kept", must("lxc-attach -n u3 -- cat /root/x"));
        assertEquals("", must("lxc-snapshot -n u2"));
        assertEquals("", must("lxc-snapshot -n u2 -r snap0"));
        assertEquals("hello", must("lxc-copy -e -n u2 -N e1 -- /bin/echo hello | tail -n 1"));
        assertEquals("", must("lxc-destroy -f -n u3; lxc-destroy -s -n u2; lxc-destroy -n u1"));
        assertEquals("", must("ls .local/share/lxc"));
    }

    @Test
    void x3_02_cgroupsThatRootDelegates() {
        must("lxc-create -n g1 -t busybox");
        // Without any a container has no limits, and says so.
        must("lxc-start -n g1");
        assertNotEquals(0, as("ann", "lxc-freeze -n g1").exit());
        must("lxc-stop -k -n g1");
        String enter = "cgm movepid all " + GROUP + " $$ && ";
        must(enter + "lxc-start -n g1");
        assertEquals("lxc.payload.g1", must(enter + "cgm listchildren memory ."));
        must(enter + "lxc-cgroup -n g1 memory.limit_in_bytes 64M");
        assertEquals(
                "67108864",
                must(enter + "cgm getvalue memory lxc.payload.g1 memory.limit_in_bytes"));
        must(enter + "lxc-freeze -n g1");
        assertEquals("State:          FROZEN", must(enter + "lxc-info -n g1 -s"));
        must(enter + "lxc-unfreeze -n g1");
        assertTrue(
                must(enter + "cgm gettasks pids lxc.payload.g1")
                        .contains(must("lxc-info -n g1 -pH")));
        // What root did not give.
        assertNotEquals(0, as("ann", "cgm create memory /other").exit());
        assertNotEquals(
                0, as("ann", enter + "cgm setvalue memory . memory.limit_in_bytes 1G").exit());
        assertNotEquals(0, as("ann", "cgm create memory ../other").exit());
        assertNotEquals(0, as("bob", "cgm create memory " + GROUP + "/bob").exit());
        must(enter + "lxc-stop -k -n g1; lxc-destroy -n g1");
        assertEquals("", must(enter + "cgm listchildren memory ."));
    }

    @Test
    void aUserWithoutIdsIsTold() {
        Program.Output run = as("bob", "lxc-create -n b1 -t busybox");
        assertNotEquals(0, run.exit());
        assertTrue(run.err().contains("/etc/subuid"), run.toString());
        assertEquals(
                "0",
                as("bob", "lxc-ls; ls .local/share/lxc 2>/dev/null | wc -l").ok().out().strip());
    }

    @Test
    void anotherUsersContainersAreOutOfReach() {
        must("lxc-create -n p1 -t busybox && lxc-start -n p1");
        String path = "-P /tmp/ann/.local/share/lxc -n p1";
        assertNotEquals(0, as("bob", "lxc-attach " + path + " -- id").exit());
        assertNotEquals(0, as("bob", "lxc-stop -k " + path).exit());
        assertEquals("RUNNING", must("lxc-info -n p1 -sH"));
        must("lxc-stop -k -n p1; lxc-destroy -n p1");
    }
}
