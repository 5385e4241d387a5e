package io.atoll.lxctools;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/// What each key of a configuration does to the container, seen from inside or on the host.
/// Networks are in NetworkRowsIT, cgroups and the console in KeysIT and ConsoleAndMonitorIT too.
@Tag("privileged")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class KeyEffectsIT {
    private LxcHostFixture host;

    @BeforeAll
    void open() {
        host = new LxcHostFixture();
    }

    @AfterAll
    void close() {
        host.close();
    }

    private String start(String shortName, String... lines) {
        String name = host.define(shortName, lines);
        host.must("lxc-start", "-n", name);
        return name;
    }

    private void kill(String name) {
        host.must("lxc-stop", "-n", name, "-k");
    }

    private String pid(String name) {
        return host.must("lxc-info", "-n", name, "-pH").strip();
    }

    /// What the host sees of init.
    private String ofInit(String name, String command) {
        return LxcHostFixture.sh(command.replace("PID", pid(name))).strip();
    }

    private static Path script(Path file, String text) throws IOException {
        Files.writeString(file, text);
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
        return file;
    }

    @Test
    void initIsWhatIsConfigured() {
        String name =
                start(
                        "init",
                        "lxc.init.cmd = /bin/sh -c 'sleep 1000; true'",
                        "lxc.init.uid = 1000",
                        "lxc.init.gid = 1001",
                        "lxc.init.groups = 5,6",
                        "lxc.init.cwd = /tmp",
                        "lxc.arch = linux32");
        String status = host.inside(name, "cat /proc/1/status");
        assertTrue(status.contains("\nUid:\t1000\t1000\t1000\t1000\n"), status);
        assertTrue(status.contains("\nGid:\t1001\t1001\t1001\t1001\n"), status);
        assertTrue(status.contains("\nGroups:\t5 6"), status);
        assertEquals("/tmp", ofInit(name, "readlink /proc/PID/cwd"));
        assertEquals(
                "/bin/sh\n-c\nsleep 1000; true", ofInit(name, "tr '\\0' '\\n' </proc/PID/cmdline"));
        assertEquals("00000008", ofInit(name, "cat /proc/PID/personality"));
        kill(name);
    }

    @Test
    void lxcExecuteHasACommandOfItsOwn() {
        String name =
                host.define("execute", "lxc.execute.cmd = sh -c 'echo by \"key\" $$; exit 3'");
        ToolRun run = host.run("lxc-execute", "-n", name);
        assertEquals("by key 2\n", run.out());
        assertEquals(3, run.status());
        ToolRun given = host.run("lxc-execute", "-n", name, "--", "echo", "given");
        assertEquals("given\n", given.out());
        String without = host.define("noexecute");
        ToolRun none = host.run("lxc-execute", "-n", without);
        assertEquals(1, none.status());
        assertTrue(none.err().contains("lxc.execute.cmd"), none.err());
    }

    @Test
    void initGetsTheSignalsThatAreConfigured() throws IOException {
        String name =
                host.define(
                        "signals",
                        "lxc.init.cmd = /init.sh",
                        "lxc.signal.halt = SIGUSR1",
                        "lxc.signal.reboot = USR2",
                        "lxc.signal.stop = 15");
        script(
                host.rootOf(name).resolve("init.sh"),
                """
                #!/bin/sh
                trap 'echo halt >>/got; exit 0' USR1
                trap 'echo reboot >>/got; reboot -f' USR2
                trap 'echo stop >>/got; exit 0' TERM
                echo ready >>/got
                while :; do sleep 0.1; done
                """);
        Path got = host.rootOf(name).resolve("got");
        host.must("lxc-start", "-n", name);
        awaitText(got, "ready\n");
        String before = pid(name);
        host.must("lxc-stop", "-n", name, "-r", "-t", "20");
        awaitText(got, "ready\nreboot\nready\n");
        assertNotEquals(before, pid(name));
        host.must("lxc-stop", "-n", name, "-t", "20");
        assertEquals("ready\nreboot\nready\nhalt\n", Files.readString(got));
        host.must("lxc-start", "-n", name);
        awaitText(got, "ready\nreboot\nready\nhalt\nready\n");
        host.must("lxc-stop", "-n", name, "-k");
        assertEquals("ready\nreboot\nready\nhalt\nready\nstop\n", Files.readString(got));
    }

    /// LXC would wait for ever.
    @Test
    void aStopSignalThatIsIgnoredIsFollowedByTheEnd() throws IOException {
        String name = host.define("deaf", "lxc.init.cmd = /init.sh", "lxc.signal.stop = SIGTERM");
        script(
                host.rootOf(name).resolve("init.sh"),
                """
                #!/bin/sh
                trap 'echo deaf >>/got' TERM
                echo ready >>/got
                while :; do sleep 0.1; done
                """);
        Path got = host.rootOf(name).resolve("got");
        host.must("lxc-start", "-n", name);
        awaitText(got, "ready\n");
        host.must("lxc-freeze", "-n", name);
        kill(name);
        assertEquals("STOPPED", host.state(name));
        assertTrue(Files.readString(got).startsWith("ready\ndeaf\n"));
    }

    private static void awaitText(Path file, String text) {
        LxcHostFixture.until(
                () -> LxcHostFixture.sh("cat " + file + " 2>/dev/null; :").equals(text),
                "what " + file + " has is " + text);
    }

    @Test
    void theRootIsMountedAsConfigured() throws IOException {
        Path place = Files.createDirectory(host.base.resolve("place"));
        Path seen = host.base.resolve("seen");
        String name =
                start(
                        "ro",
                        "lxc.rootfs.options = ro,nosuid",
                        "lxc.rootfs.mount = " + place,
                        "lxc.hook.mount = echo $LXC_ROOTFS_MOUNT >"
                                + seen
                                + "; ls $LXC_ROOTFS_MOUNT/etc/inittab >>"
                                + seen
                                + "; :");
        assertEquals("ro", host.inside(name, "touch /x 2>/dev/null || echo ro"));
        String options = host.inside(name, "grep ' / ' /proc/mounts");
        assertTrue(options.contains(" ro,") && options.contains("nosuid"), options);
        assertEquals(place + "\n" + place + "/etc/inittab\n", Files.readString(seen));
        kill(name);
    }

    @Test
    void anUnmanagedRootOutlivesItsContainer() throws IOException {
        String name = host.define("unmanaged", "lxc.rootfs.managed = 0");
        Path root = host.base.resolve("elsewhere");
        Files.move(host.rootOf(name), root);
        Path config = host.lxcPath.resolve(name).resolve("config");
        Files.writeString(
                config,
                Files.readString(config).replace(host.rootOf(name).toString(), root.toString()));
        host.must("lxc-start", "-n", name);
        kill(name);
        host.must("lxc-destroy", "-n", name);
        assertFalse(Files.exists(config));
        assertTrue(Files.exists(root.resolve("etc/inittab")));
    }

    @Test
    void mountsComeFromAFileAndFromLines() throws IOException {
        Path source = Files.createDirectory(host.base.resolve("source"));
        Files.writeString(source.resolve("file"), "text\n");
        Path table = host.base.resolve("fstab");
        Files.writeString(
                table,
                "# a comment\n\n"
                        + source
                        + " srv none bind,ro,create=dir 0 0\n"
                        + "/nowhere mnt none bind,optional,create=dir 0 0\n");
        String name =
                start(
                        "fstab",
                        "lxc.mount.fstab = " + table,
                        "lxc.mount.entry = tmpfs var tmpfs size=64k,mode=700 0 0",
                        "lxc.mount.entry = " + source + "/file etc/file none bind,create=file 0 0");
        assertEquals("text", host.inside(name, "cat /srv/file"));
        assertEquals("ro", host.inside(name, "touch /srv/x 2>/dev/null || echo ro"));
        assertEquals("text", host.inside(name, "cat /etc/file"));
        assertTrue(host.inside(name, "grep ' /var ' /proc/mounts").contains("size=64k,mode=700"));
        kill(name);
        String missing = host.define("nofstab", "lxc.mount.fstab = /nonexistent/fstab");
        ToolRun run = host.run("lxc-start", "-n", missing);
        assertEquals(1, run.status());
        assertTrue(run.err().contains("/nonexistent/fstab"), run.err());
    }

    @Test
    void kernelFileSystemsAreProtectedAsConfigured() throws IOException {
        String writes = "echo x >/proc/sys/kernel/domainname 2>/dev/null && echo w || echo r; ";
        String sys = "mkdir /sys/class 2>/dev/null; grep ' /sys ' /proc/mounts | cut -d' ' -f4";
        assertProtected("mixed", "lxc.mount.auto = proc:mixed sys:ro", writes, "r");
        assertProtected("rw", "lxc.mount.auto = proc:rw sys:rw", writes, "w");
        assertProtected("sysro", "lxc.mount.auto = proc sys:ro", sys, "ro,");
        assertProtected("sysrw", "lxc.mount.auto = proc sys:rw", sys, "rw,");
        assertProtected(
                "forced",
                "lxc.mount.auto = proc sys cgroup:ro:force",
                "ls -d /sys/fs/cgroup/*; touch /sys/fs/cgroup/*/x 2>/dev/null || echo denied",
                "denied");
        Path shared = Files.createDirectory(host.base.resolve("shmounts"));
        String name =
                start("shmounts", "lxc.mount.auto = proc shmounts:" + shared + ":/srv/shared");
        assertTrue(
                host.inside(name, "grep ' /srv/shared ' /proc/self/mountinfo").contains("master:")
                        || host.inside(name, "grep ' /srv/shared ' /proc/self/mountinfo")
                                .contains("shared:"));
        kill(name);
    }

    private void assertProtected(String name, String line, String command, String end) {
        String container = start("auto" + name, "lxc.mount.auto =", line);
        String said = host.inside(container, command);
        assertTrue(
                end.endsWith(",") ? said.startsWith(end) : said.endsWith(end), line + ": " + said);
        kill(container);
    }

    @Test
    void devIsOurOwnOrTheRoots() {
        String own = start("dev", "lxc.autodev.tmpfs.size = 1048576");
        assertTrue(host.inside(own, "grep ' /dev ' /proc/mounts").contains("size=1024k"));
        kill(own);
        String root = start("nodev", "lxc.autodev = 0");
        assertEquals("0", host.inside(root, "grep -c ' /dev tmpfs' /proc/mounts; :"));
        kill(root);
    }

    @Test
    void theConsolesLogIsRotated() throws IOException {
        Path log = host.base.resolve("rotated.log");
        String name =
                start(
                        "rotate",
                        "lxc.console.logfile = " + log,
                        "lxc.console.rotate = 1",
                        "lxc.console.size = 4KB",
                        "lxc.console.buffer.size = 4KB");
        String line = "echo 0123456789012345678901234567890123456789";
        host.inside(name, "for i in $(seq 300); do " + line + "; done >/dev/console");
        LxcHostFixture.until(
                () -> Files.exists(log) && Files.exists(Path.of(log + ".1")),
                "there is an older log beside it");
        assertTrue(Files.size(log) <= 8192, "the log is small: " + Files.size(log));
        try (var path = host.open()) {
            int kept = path.container(name).mustRun().consoleLog().length;
            assertTrue(kept > 1000 && kept <= 4096, "the buffer has " + kept);
        }
        kill(name);
    }

    @Test
    void idsAreMapped() throws IOException {
        String name =
                host.define(
                        "idmap",
                        "lxc.idmap = u 0 100000 1000",
                        "lxc.idmap = u 1000 200000 10",
                        "lxc.idmap = g 0 100000 1000");
        LxcHostFixture.sh("chown -R -h 100000:100000 " + host.rootOf(name));
        LxcHostFixture.sh("chmod 755 " + host.base + " " + host.lxcPath.resolve(name));
        host.must("lxc-start", "-n", name);
        assertEquals(
                "0 100000 1000 1000 200000 10",
                host.inside(name, "echo $(cat /proc/self/uid_map)"));
        host.inside(name, "touch /made");
        assertEquals(100_000, Files.getAttribute(host.rootOf(name).resolve("made"), "unix:uid"));
        assertTrue(host.must("lxc-ls", "-f").matches("(?s).*" + name + " .* true +\n.*"));
        kill(name);
    }

    @Test
    void capabilitiesAreThoseThatAreLeft() {
        assertBounding("drop", 1L << 25 | 1L << 16, 0, "lxc.cap.drop = sys_time sys_module");
        assertBounding("keep", ~0x21L, 0x21, "lxc.cap.keep = chown", "lxc.cap.keep = kill");
        assertBounding("none", ~0L, 0, "lxc.cap.keep = none");
        String both = host.define("both", "lxc.cap.drop = chown", "lxc.cap.keep = kill");
        ToolRun run = host.run("lxc-start", "-n", both);
        assertEquals(1, run.status());
        assertTrue(run.err().contains("lxc.cap."), run.err());
    }

    private void assertBounding(String name, long absent, long there, String... lines) {
        String[] all = java.util.Arrays.copyOf(lines, lines.length + 1);
        all[lines.length] = "lxc.init.cmd = /bin/sleep 1000";
        String container = start(name, all);
        String text = ofInit(container, "grep CapBnd /proc/PID/status");
        long bounding = Long.parseUnsignedLong(text.replaceFirst(".*\\s", ""), 16);
        assertEquals(0, bounding & absent, text);
        assertEquals(there, bounding & there, text);
        assertEquals(text, host.inside(container, "grep CapBnd /proc/self/status"));
        kill(container);
    }

    @Test
    void theProcessIsLimited() {
        String name =
                start(
                        "process",
                        "lxc.no_new_privs = 1",
                        "lxc.prlimit.nofile = 100:200",
                        "lxc.prlimit.stack = 1048576",
                        "lxc.sysctl.net.ipv4.ip_forward = 1",
                        "lxc.mount.auto = proc:rw",
                        "lxc.sysctl.kernel.msgmax = 4242",
                        "lxc.proc.oom_score_adj = 10",
                        "lxc.net.0.type = empty");
        String limits = ofInit(name, "cat /proc/PID/limits");
        assertTrue(limits.matches("(?s).*Max open files +100 +200 .*"), limits);
        assertTrue(limits.matches("(?s).*Max stack size +1048576 +1048576 .*"), limits);
        assertEquals("NoNewPrivs:\t1", ofInit(name, "grep NoNewPrivs /proc/PID/status"));
        assertEquals("10", ofInit(name, "cat /proc/PID/oom_score_adj"));
        String both = "cat /proc/sys/net/ipv4/ip_forward /proc/sys/kernel/msgmax";
        assertEquals("1\n4242", host.inside(name, both));
        String attached =
                "ulimit -n; cat /proc/self/oom_score_adj; grep NoNewPrivs /proc/self/status";
        assertEquals("100\n10\nNoNewPrivs:\t1", host.inside(name, attached));
        kill(name);
    }

    private String namespace(String process, String kind) {
        return LxcHostFixture.sh("readlink /proc/" + process + "/ns/" + kind).strip();
    }

    @Test
    void namespacesAreNewKeptOrOfOthers() {
        String kept = start("kept", "lxc.namespace.keep = net uts");
        assertNamespaces(pid(kept), "self", List.of("net", "uts"), List.of("pid", "mnt", "ipc"));
        kill(kept);
        String cloned = start("cloned", "lxc.namespace.clone = mnt pid");
        assertNamespaces(pid(cloned), "self", List.of("net", "uts", "ipc"), List.of("pid", "mnt"));
        kill(cloned);
        String other = start("other", "lxc.net.0.type = empty");
        String sharing =
                start(
                        "sharing",
                        "lxc.namespace.share.net = " + other,
                        "lxc.namespace.share.uts = " + pid(other),
                        "lxc.namespace.share.ipc = " + host.lxcPath.resolve(other));
        assertNamespaces(
                pid(sharing), pid(other), List.of("net", "uts", "ipc"), List.of("pid", "mnt"));
        kill(sharing);
        kill(other);
        String both =
                host.define("keepclone", "lxc.namespace.keep = net", "lxc.namespace.clone = pid");
        assertEquals(1, host.run("lxc-start", "-n", both).status());
        String gone = host.define("sharegone", "lxc.namespace.share.net = " + other);
        ToolRun run = host.run("lxc-start", "-n", gone);
        assertEquals(1, run.status());
        assertTrue(run.err().contains(other), run.err());
    }

    private void assertNamespaces(String a, String b, List<String> same, List<String> own) {
        same.forEach(kind -> assertEquals(namespace(a, kind), namespace(b, kind), kind));
        own.forEach(kind -> assertNotEquals(namespace(a, kind), namespace(b, kind), kind));
    }

    @Test
    void clocksHaveOffsets() {
        String name =
                start("clocks", "lxc.time.offset.boot = 100h", "lxc.time.offset.monotonic = 5s");
        String up = host.inside(name, "cut -d. -f1 /proc/uptime");
        long host = Long.parseLong(LxcHostFixture.sh("cut -d. -f1 /proc/uptime").strip());
        long ahead = Long.parseLong(up) - host;
        assertTrue(ahead > 359_900 && ahead < 360_100, up + " against " + host);
        String offsets = ofInit(name, "cat /proc/PID/timens_offsets");
        assertTrue(offsets.matches("(?s).*monotonic +5 +0.*boottime +360000 +0.*"), offsets);
        kill(name);
    }

    @Test
    void cgroupsAreWhereTheyAreNamed() {
        String place = host.name("place");
        String name = start("cgdir", "lxc.cgroup.dir = " + place + "/one");
        String memory = "grep ':memory:\\|^0::' /proc/PID/cgroup | head -n 1 | cut -d: -f3";
        assertEquals("/" + place + "/one/lxc.payload", ofInit(name, memory));
        kill(name);
        String inner =
                start(
                        "inner",
                        "lxc.cgroup.dir.container = " + place + "/two",
                        "lxc.cgroup.dir.monitor = " + place + "/monitor",
                        "lxc.cgroup.dir.container.inner = in",
                        LxcHostFixture.cgroupPrefix() + LxcHostFixture.memoryLimit() + " = 64M");
        assertEquals("/" + place + "/two/in", ofInit(inner, memory));
        assertEquals(
                "67108864",
                host.must("lxc-cgroup", "-n", inner, LxcHostFixture.memoryLimit()).strip());
        kill(inner);
        LxcHostFixture.sh(
                "find /sys/fs/cgroup -depth -type d -path '*/" + place + "*' -exec rmdir {} + ;:");
    }

    @Test
    void hooksOfBothVersionsInAnyLanguage() throws IOException {
        Path out = host.base.resolve("said");
        Path python =
                script(
                        host.base.resolve("hook.py"),
                        """
                        #!/usr/bin/env python3
                        import os, sys
                        names = ["LXC_HOOK_TYPE", "LXC_HOOK_SECTION", "LXC_HOOK_VERSION"]
                        words = sys.argv[1:] + [os.environ.get(n, "-") for n in names]
                        open("%s", "a").write(" ".join(words) + "\\n")
                        """
                                .formatted(out));
        String name =
                start(
                        "hooks1",
                        "lxc.hook.version = 1",
                        "lxc.hook.pre-start = " + python,
                        "lxc.hook.start-host = " + python + " given words",
                        "lxc.hook.destroy = " + python);
        kill(name);
        host.must("lxc-destroy", "-n", name);
        assertEquals(
                "pre-start lxc 1\ngiven words start-host lxc 1\ndestroy lxc 1\n",
                Files.readString(out));
        Files.delete(out);
        String old = host.define("hooks0", "lxc.hook.pre-start = " + python + " 'one word'");
        host.must("lxc-start", "-n", old);
        kill(old);
        assertEquals("one word " + old + " lxc pre-start pre-start lxc 0\n", Files.readString(out));
        String inside = host.define("hookin", "lxc.hook.start = /hook");
        script(
                host.rootOf(inside).resolve("hook"),
                "#!/bin/sh\necho \"$LXC_NAME $*\" >/hooked; test -d /proc/1\n");
        host.must("lxc-start", "-n", inside);
        assertEquals(inside + " " + inside + " lxc start", host.inside(inside, "cat /hooked"));
        kill(inside);
    }

    /// On the host's root, where there is a program that can ask for it.
    @Test
    void aSessionKeyringIsNewUnlessKept() throws IOException {
        String ask =
                "import ctypes, os; print(ctypes.CDLL(None).syscall("
                        + "250 if os.uname().machine == 'x86_64' else 219, 0, -3, 0))";
        Path program = Files.writeString(host.base.resolve("keyring.py"), ask);
        String here = LxcHostFixture.sh("python3 " + program).strip();
        Path conf = host.base.resolve("keyring.conf");
        for (String kept : List.of("1", "0")) {
            Files.writeString(conf, "lxc.keyring.session = " + kept + "\n");
            String inside =
                    host.must(
                                    "lxc-execute",
                                    "-n",
                                    host.name("keys" + kept),
                                    "-f",
                                    conf.toString(),
                                    "--",
                                    "python3",
                                    program.toString())
                            .strip();
            assertTrue(inside.matches("\\d+"), inside);
            assertEquals(kept.equals("0"), inside.equals(here), kept + ": " + inside);
        }
    }

    @Test
    void networksBehindAContainerAreRouted() {
        String name =
                start(
                        "routes",
                        "lxc.net.0.type = veth",
                        "lxc.net.0.veth.mode = router",
                        "lxc.net.0.flags = up",
                        "lxc.net.0.veth.pair = lxkroute0",
                        "lxc.net.0.ipv4.address = 10.218.7.7/32",
                        "lxc.net.0.veth.ipv4.route = 10.218.8.0/24",
                        "lxc.net.0.veth.ipv4.route = 10.218.9.0/28",
                        "lxc.net.0.veth.ipv6.route = fd42:218::/64");
        for (String route : List.of("10.218.8.0/24", "10.218.9.0/28", "fd42:218::/64")) {
            String family = route.contains(":") ? "-6" : "-4";
            String shown = LxcHostFixture.sh("ip " + family + " route show " + route);
            assertTrue(shown.contains("dev lxkroute0"), route + ": " + shown);
        }
        kill(name);
        assertEquals("", LxcHostFixture.sh("ip route show 10.218.8.0/24").strip());
    }

    @Test
    void portsOfABridgeAreInTheirVlans() {
        assumeTrue(
                LxcHostFixture.sh(
                                "ip link add lxkvlan0 type bridge vlan_filtering 1 && ip link set"
                                        + " lxkvlan0 up && echo made || :")
                        .contains("made"),
                "the kernel has no VLANs on bridges");
        try {
            String name =
                    start(
                            "vlans",
                            "lxc.net.0.type = veth",
                            "lxc.net.0.link = lxkvlan0",
                            "lxc.net.0.flags = up",
                            "lxc.net.0.veth.pair = lxkport0",
                            "lxc.net.0.veth.vlan.id = 7",
                            "lxc.net.0.veth.vlan.tagged.id = 8",
                            "lxc.net.0.veth.vlan.tagged.id = 9");
            String shown = LxcHostFixture.sh("bridge vlan show dev lxkport0");
            assertTrue(shown.matches("(?s).*\\b7 PVID Egress Untagged.*\\b8\\s.*\\b9\\s.*"), shown);
            assertFalse(shown.matches("(?s).*\\b1 PVID.*"), shown);
            kill(name);
        } finally {
            LxcHostFixture.sh("ip link del lxkvlan0");
        }
    }
}
