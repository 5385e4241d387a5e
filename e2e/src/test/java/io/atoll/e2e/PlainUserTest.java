package io.atoll.e2e;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.atoll.testkit.Leaks;
import io.atoll.testkit.LxcHost;
import io.atoll.testkit.Program;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
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

    /// The second command enters the namespaces of the first, and is where its caller is.
    @Test
    void filesAreNamedFromWhereTheCallerIs() {
        must("mkdir work; cd work; printf 'lxc.net.0.type = empty\\n' >e.conf");
        assertEquals("", must("cd work; lxc-create -n u1 -t busybox -f e.conf"));
        assertEquals("", must("cd work; lxc-create -n u2 -t busybox -f e.conf"));
        assertEquals("", must("lxc-destroy -n u1; lxc-destroy -n u2"));
    }

    @Test
    void namespacesOfTheirOwn() {
        assertEquals(
                "0 2000000 65536\n0",
                must("lxc-usernsexec -- sh -c 'echo $(cat /proc/self/uid_map); id -u'"));
        assertEquals(
                "0 2000000 65536 65536 54321 1",
                must("lxc-usernsexec -s -- sh -c 'echo $(cat /proc/self/uid_map)'"));
        assertEquals(
                "0 54321 1 1 2000000 1",
                must(
                        "lxc-usernsexec -m b:0:54321:1 -m b:1:2000000:1 -- sh -c"
                                + " 'echo $(cat /proc/self/gid_map)'"));
        // What a user without root wants it for: to be rid of what a container has left.
        must("mkdir left; lxc-usernsexec -m b:0:54321:1 -m b:1:2000000:1 -- chown 1:1 left");
        assertEquals("2000000", must("stat -c %u left"));
        must("lxc-usernsexec -m b:0:54321:1 -m b:1:2000000:1 -- rmdir left");
        assertEquals("5", must("lxc-usernsexec -- sh -c 'exit 5'; echo $?"));
        assertEquals("127", must("lxc-usernsexec -- /nonexistent 2>/dev/null; echo $?"));
        assertEquals("script 0", must("echo 'echo script $(id -u)' | lxc-usernsexec"));
        assertEquals("1", must("lxc-usernsexec -m b:0:0:1 -- true 2>/dev/null; echo $?"));
        assertEquals("1", must("lxc-usernsexec -m x:0:0:1 -- true 2>/dev/null; echo $?"));
        assertTrue(must("lxc-usernsexec --help 2>&1").contains("-s, --self"));
        assertEquals("1 0", must("lxc-unshare -s 'USER|PID' -- sh -c 'echo $$ $(id -u)'"));
        // No ids are not of the caller.
        assertNotEquals(0, as("bob", "lxc-usernsexec -- true").exit());
    }

    /// They have the ids of the user's commands, among which there is no group of terminals.
    @Test
    void containersWithoutIdsOfTheirOwn() {
        must("printf 'lxc.net.0.type = empty\\n' >e.conf");
        assertEquals(
                "0 7",
                must("lxc-execute -n x1 -f e.conf -- sh -c 'id -u; exit 7'; echo $?")
                        .replace('\n', ' '));
        assertEquals("0", must("lxc-unshare -s MOUNT -- id -u"));
        assertEquals("own", must("lxc-unshare -s UTSNAME -H own -- hostname"));
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
        // Cgroups of the user's own, below.
        must(enter + "cgm create memory own/deep");
        must(enter + "cgm setvalue memory own memory.limit_in_bytes 8M");
        assertEquals("8388608", must(enter + "cgm getvalue memory own memory.limit_in_bytes"));
        assertEquals("deep", must(enter + "cgm listchildren memory own"));
        assertTrue(must(enter + "cgm listkeys memory own").contains("memory.limit_in_bytes"));
        assertNotEquals(0, as("ann", enter + "cgm remove memory own").exit(), "it is not empty");
        must(enter + "cgm remove memory own 1");
        // What root did not give.
        assertNotEquals(0, as("ann", "cgm create memory /other").exit());
        assertNotEquals(
                0, as("ann", enter + "cgm setvalue memory . memory.limit_in_bytes 1G").exit());
        // CVE-2014-1425.
        assertNotEquals(0, as("ann", "cgm create memory ../other").exit());
        assertNotEquals(0, as("bob", "cgm create memory " + GROUP + "/bob").exit());
        // Where they are is remembered: another shell of the user's needs not be there.
        must("lxc-freeze -n g1");
        assertEquals("State:          FROZEN", must("lxc-info -n g1 -s"));
        must("lxc-destroy -f -n g1");
        assertEquals("", must(enter + "cgm listchildren memory ."));
        assertEquals("", must(enter + "cgm listchildren freezer ."));
    }

    /// A tree of version 2 as systemd delegates one: the user's shell leaves it for the leaf, so
    /// that its controllers can be passed on to containers.
    @Test
    void x3_02_limitsBelowADelegatedTreeOfVersion2() {
        String limit = "hugetlb.2MB.max";
        Assumptions.assumeTrue(
                host.sh("grep -qw hugetlb /sys/fs/cgroup/unified/cgroup.subtree_control").exit()
                        == 0,
                "no controller of this host is on version 2");
        String script =
                """
                set -e
                cd /tmp/ann
                lxc-create -n v1 -t busybox
                echo 'lxc.cgroup2.hugetlb.2MB.max = 4194304' >>.local/share/lxc/v1/config
                lxc-copy -n v1 -N v2
                lxc-start -n v1
                cat /proc/self/cgroup | grep ^0:: | sed 's,.*/,,'
                cat /sys/fs/cgroup%1$s/lxc.payload.v1/hugetlb.2MB.max
                lxc-attach -n v1 -- echo attached
                lxc-cgroup -n v1 hugetlb.2MB.max 2097152
                lxc-cgroup -n v1 hugetlb.2MB.max
                lxc-freeze -n v1
                lxc-info -n v1 -sH
                lxc-unfreeze -n v1
                # A second one finds the shell in the leaf.
                lxc-start -n v2
                cat /sys/fs/cgroup%1$s/lxc.payload.v2/hugetlb.2MB.max
                lxc-stop -k -n v1
                lxc-stop -k -n v2
                ls /sys/fs/cgroup%1$s | grep payload || echo none
                """
                        .formatted(GROUP);
        String told =
                host.must(
                        """
                        cat >/tmp/ann/life.sh <<'EOF'
                        %2$sEOF
                        unshare --mount --propagation=private sh -ec '
                            mkdir /tmp/unified
                            mount --bind /sys/fs/cgroup/unified /tmp/unified
                            # The machine has two of these above one another.
                            umount --lazy --recursive /sys
                            umount --lazy --recursive /sys/fs/cgroup
                            mount --bind /tmp/unified /sys/fs/cgroup
                            umount /tmp/unified
                            cd /sys/fs/cgroup%1$s 2>/dev/null || { mkdir /sys/fs/cgroup%1$s; cd /sys/fs/cgroup%1$s; }
                            chown 54321:54321 . cgroup.procs cgroup.threads cgroup.subtree_control
                            echo $$ >cgroup.procs
                            exec setpriv --reuid=ann --regid=ann --clear-groups env -u XDG_RUNTIME_DIR \\
                                HOME=/tmp/ann USER=ann sh /tmp/ann/life.sh
                        '
                        """
                                .formatted(GROUP, script));
        assertEquals(
                List.of(
                        "lxc.commands",
                        "4194304",
                        "attached",
                        "2097152",
                        "FROZEN",
                        "4194304",
                        "none"),
                told.lines().filter(line -> !line.isBlank()).toList(),
                limit);
    }

    private void configureNet(String name, String... lines) {
        must(
                "cd .local/share/lxc/"
                        + name
                        + " && sed -i '/^lxc.net/d' config && cat >>config <<'EOF'\n"
                        + String.join("\n", lines)
                        + "\nEOF");
    }

    private String failure(String user, String script) {
        Program.Output run = as(user, script);
        assertNotEquals(0, run.exit(), run.toString());
        return run.err();
    }

    private void startNics() {
        host.must(
                "ATOLL_WARM=0 setsid lxc-nics </dev/null >/tmp/nics.log 2>&1 & echo $! >/tmp/nics");
        host.until("test -S /run/atoll/nics.sock");
    }

    /// lxc-usernet(5), with a service in the place of a setuid program.
    @Test
    void x3_20_interfacesThatRootAllows() {
        host.must("lxc-net start; echo 'ann veth lxcbr0 1' >/etc/lxc/lxc-usernet");
        for (String name : List.of("n1", "n2")) {
            must("lxc-create -n " + name + " -t busybox");
            configureNet(
                    name,
                    "lxc.net.0.type = veth",
                    "lxc.net.0.link = lxcbr0",
                    "lxc.net.0.flags = up",
                    "lxc.net.0.hwaddr = 00:16:3e:00:00:0" + name.charAt(1),
                    "lxc.net.0.ipv4.address = 10.0.3.5" + name.charAt(1) + "/24",
                    "lxc.net.0.ipv4.gateway = auto");
        }
        assertTrue(failure("ann", "lxc-start -n n1").contains("lxc-nics"));
        startNics();
        must("lxc-start -n n1");
        String ask = "lxc-attach -n n1 -- ip -4 address show eth0";
        assertTrue(must(ask).contains("10.0.3.51/24"));
        assertTrue(must("lxc-attach -n n1 -- ip link show eth0").contains("00:16:3e:00:00:01"));
        host.must("ping -c 1 -W 5 10.0.3.51");
        String links = "ls /sys/class/net | grep ^veth54321_ | wc -l";
        assertEquals("1", host.must(links));
        assertEquals("10.0.3.51", must("lxc-info -n n1 -iH"));

        // What is not allowed.
        String full = failure("ann", "lxc-start -n n2");
        assertTrue(full.contains("has all interfaces of type veth on lxcbr0"), full);
        configureNet("n2", "lxc.net.0.type = veth", "lxc.net.0.link = eth0");
        assertTrue(failure("ann", "lxc-start -n n2").contains("may have no interfaces"));
        configureNet("n2", "lxc.net.0.type = phys", "lxc.net.0.link = eth0");
        assertTrue(failure("ann", "lxc-start -n n2").contains("only root"));
        String init = must("lxc-info -n n1 -pH");
        for (String pid : List.of("1", init)) {
            String refused = failure("bob", "lxc-user-nic create / x " + pid + " veth lxcbr0 e9");
            assertTrue(refused.contains("ns/net"), refused);
        }
        assertTrue(
                failure("ann", "lxc-user-nic create / x " + init + " veth lxcbr0 averylongname000")
                        .contains("15 characters"));
        assertEquals(
                "",
                as("bob", "lxc-user-nic delete /tmp/ann/.local/share/lxc n1 x veth lxcbr0")
                        .ok()
                        .out());
        assertEquals("1", host.must(links));

        // A reboot from inside asks again.
        must("lxc-attach -n n1 -- reboot");
        host.until("test \"$(cat /proc/" + init + "/comm 2>/dev/null)\" = ''");
        host.until("ping -c 1 -W 1 10.0.3.51");
        assertEquals("1", host.must(links));

        // At the end it is free at once, after a crash when the kernel has cleaned up.
        configureNet("n2", "lxc.net.0.type = veth", "lxc.net.0.link = lxcbr0");
        must("lxc-stop -k -n n1; lxc-start -n n2");
        String second = must("lxc-info -n n2 -pH");
        host.must("kill -9 $(ps -o ppid= -p " + second + ") " + second);
        host.until("test $(" + links + ") = 0");
        must("lxc-start -n n1; lxc-stop -k -n n1");
        host.until("test $(" + links + ") = 0");
        host.must("kill $(cat /tmp/nics)");
    }

    /// Where it listens, what it reads, when it ends, and a socket that somebody else opened.
    @Test
    void x3_20_theServiceOfInterfacesHasOptions() {
        host.must("lxc-net start; echo 'ann veth lxcbr0 1' >/tmp/allowed");
        must("lxc-create -n n1 -t busybox");
        configureNet("n1", "lxc.net.0.type = veth", "lxc.net.0.link = lxcbr0");
        String life =
                "ATOLL_NICS_SOCKET=/tmp/own.sock ATOLL_WARM=0 lxc-start -n n1 && lxc-stop -k -n n1";
        host.must(
                "(ATOLL_WARM=0 setsid lxc-nics --socket /tmp/own.sock --usernet=/tmp/allowed"
                        + " --idle 4; echo $? >/tmp/ended) </dev/null >/tmp/nics.log 2>&1 &");
        host.until("test -S /tmp/own.sock");
        assertTrue(
                failure("ann", "lxc-start -n n1").contains("lxc-nics"),
                "nobody at the usual place");
        must(life);
        assertTrue(host.must("cat /tmp/nics.log").contains("create uid=54321 bridge=lxcbr0"));
        host.must("test ! -e /tmp/ended");
        host.until("test \"$(cat /tmp/ended)\" = 0");
        host.must("test ! -e /tmp/own.sock");

        // As systemd starts it: the first caller opens nothing but has it started.
        host.must(
                "echo 'ann veth lxcbr0 0' >/tmp/allowed; rm /tmp/ended;"
                        + " (ATOLL_WARM=0 setsid systemd-socket-activate --seqpacket --inetd -l /tmp/own.sock"
                        + " $(command -v lxc-nics) --activated --usernet=/tmp/allowed --idle 4;"
                        + " echo $? >/tmp/ended) </dev/null >/tmp/nics.log 2>&1 &");
        host.until("test -S /tmp/own.sock");
        host.must("chmod 666 /tmp/own.sock");
        String none = failure("ann", life);
        assertTrue(none.contains("/tmp/allowed has no line for that"), none);
        host.must("echo 'ann veth lxcbr0 1' >/tmp/allowed");
        must(life);
        host.until("test \"$(cat /tmp/ended)\" = 0");
        assertTrue(
                as("ann", "lxc-nics --socket /tmp/ann/s").err().contains("only root"),
                "users cannot serve");
    }

    /// An image of a server's, unpacked with the user's ids.
    @Test
    void l1_16_anImageFromAServer() {
        host.must(
                """
                lxc-create -n source -t busybox -f /dev/null
                mkdir -p /tmp/site/images /tmp/site/streams/v1 /tmp/meta
                printf 'lxc.arch = x86_64\nlxc.signal.halt = SIGUSR1\n' >/tmp/meta/config
                cp /tmp/meta/config /tmp/meta/config-user
                echo /etc/hostname >/tmp/meta/templates
                echo LXC_NAME >/var/lib/lxc/source/rootfs/etc/hostname
                tar -C /tmp/meta -cJf /tmp/site/images/meta.tar.xz .
                tar -C /var/lib/lxc/source/rootfs -cJf /tmp/site/images/rootfs.tar.xz .
                cd /tmp/site
                cat >streams/v1/index.json <<'EOF'
                {"index": {"images": {"datatype": "image-downloads", "path": "streams/v1/images.json",
                  "products": ["busybox:1:amd64:default"]}}}
                EOF
                sum() { sha256sum images/$1 | cut -c 1-64; }
                cat >streams/v1/images.json <<EOF
                {"products": {"busybox:1:amd64:default": {
                  "os": "busybox", "release": "1", "arch": "amd64", "variant": "default",
                  "versions": {"20260101": {"items": {
                    "m": {"ftype": "lxc.tar.xz", "path": "images/meta.tar.xz", "sha256": "$(sum meta.tar.xz)"},
                    "r": {"ftype": "root.tar.xz", "path": "images/rootfs.tar.xz", "sha256": "$(sum rootfs.tar.xz)"}}}}}}}
                EOF
                busybox httpd -p 127.0.0.1:8099 -h /tmp/site
                """);
        String create =
                "lxc-create -n NAME -t download -- -d busybox -r 1 -a amd64 --server http://127.0.0.1:8099";
        assertTrue(failure("ann", create.replace("NAME", "i1")).contains("is not signed"));
        assertEquals("", must("ls .local/share/lxc"), "nothing is left");
        assertTrue(
                must(create.replace("NAME", "i1") + " --no-validate")
                        .contains("Downloading rootfs.tar.xz"));
        assertTrue(
                must(create.replace("NAME", "i2") + " --no-validate").contains("from the cache"));
        assertEquals("2000000", must("stat -c %u .cache/lxc/download/busybox/1/amd64/default"));
        assertEquals(
                "2000000 54321",
                must("cd .local/share/lxc/i2; echo $(stat -c %u rootfs/etc/passwd config)"));
        must("lxc-start -n i1");
        assertEquals("0 i1", must("lxc-attach -n i1 -- sh -c 'echo $(id -u) $(hostname)'"));
        must("lxc-stop -k -n i1; lxc-destroy -n i1; lxc-destroy -n i2");
        assertEquals("", must("ls .local/share/lxc"));
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
