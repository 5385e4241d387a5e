package io.atoll.lxctools;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.atoll.linux.Fd;
import io.atoll.linux.FileStat;
import io.atoll.linux.MountAttribute;
import io.atoll.runtime.lxc.LxcContainer;
import io.atoll.runtime.lxc.LxcPath;
import io.atoll.runtime.lxc.LxcStart;
import io.atoll.runtime.lxc.LxcState;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// What the seeds show of running containers, one test a row; the number stands in front.
@Tag("privileged")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class RowsIT {
    private LxcHostFixture host;

    @BeforeAll
    void open() {
        host = new LxcHostFixture();
    }

    @AfterAll
    void close() {
        host.close();
    }

    @Test
    void l1_01_executesOneProgramBelowASmallInit() throws IOException {
        Path conf = host.base.resolve("execute.conf");
        Files.writeString(conf, "lxc.rootfs.path = " + host.rootfs + "\n");
        String name = host.name("exec");
        ToolRun run =
                host.run(
                        "lxc-execute",
                        "-n",
                        name,
                        "-f",
                        conf.toString(),
                        "--",
                        "sh",
                        "-c",
                        "echo pid $$; exit 7");
        assertEquals(7, run.status(), run.err());
        assertEquals("pid 2\n", run.out());
        assertEquals(
                137,
                host.run(
                                "lxc-execute",
                                "-n",
                                name,
                                "-f",
                                conf.toString(),
                                "--",
                                "sh",
                                "-c",
                                "kill -9 $$")
                        .status());
    }

    @Test
    void l1_03_limitsByCgroupKeysAndByLxcCgroup() {
        String limit = LxcHostFixture.memoryLimit();
        String name = host.define("limit", LxcHostFixture.cgroupPrefix() + limit + " = 64M");
        host.must("lxc-start", "-n", name);
        assertEquals("67108864", host.must("lxc-cgroup", "-n", name, limit).strip());
        host.must("lxc-cgroup", "-n", name, limit, "32M");
        assertEquals("33554432", host.must("lxc-cgroup", "-n", name, limit).strip());
        host.must("lxc-cgroup", "-n", name, "pids.max", "20");
        ToolRun bomb =
                host.run(
                        "lxc-attach",
                        "-n",
                        name,
                        "--",
                        "sh",
                        "-c",
                        "for i in $(seq 60); do sleep 1000 & done; echo survived");
        assertTrue(bomb.err().contains("fork") || bomb.out().isEmpty(), bomb.toString());
        assertEquals(1, host.run("lxc-cgroup", "-n", name, "memory.nonsense").status());
        host.must("lxc-stop", "-n", name, "-k");
    }

    @Test
    void l1_04_theLibraryWorksWithoutTheTools() throws IOException {
        String name = host.define("lib");
        try (LxcPath path = host.open()) {
            LxcContainer container = path.container(name);
            assertTrue(container.isDefined());
            container.set("lxc.uts.name", "changed");
            container.save();
            assertEquals("changed", path.container(name).item("lxc.uts.name").getFirst());
            container.start(LxcStart.DEFAULT);
            assertEquals(LxcState.RUNNING, container.state());
            container.set("lxc.uts.name", "later");
            assertEquals(List.of("changed"), container.runningItem("lxc.uts.name"));
            Files.writeString(host.base.resolve("given"), "from the host");
            container.mount(
                    host.base.resolve("given"), "/etc/group", Set.of(MountAttribute.RDONLY));
            assertEquals("from the host", host.inside(name, "cat /etc/group"));
            assertEquals("ro", host.inside(name, "echo x >>/etc/group || echo ro"));
            assertTrue(container.unmount("/etc/group"));
            assertEquals("root:x:0:", host.inside(name, "cat /etc/group"));
            assertFalse(container.unmount("/etc/group"));
            try (Fd terminals = container.devpts()) {
                assertTrue(FileStat.of(terminals).isDirectory());
            }
            container.freeze();
            assertEquals(LxcState.FROZEN, container.state());
            assertTrue(container.await(Set.of(LxcState.FROZEN), Optional.of(Duration.ZERO)));
            container.unfreeze();
            int before = container.mustRun().initPid();
            assertTrue(container.reboot(Duration.ofSeconds(30)));
            assertNotEquals(before, container.mustRun().initPid());
            container.addDeviceNode(Path.of("/dev/null"), "/dev/nothing");
            assertEquals("1,3", host.inside(name, "stat -c '%t,%T' /dev/nothing"));
            container.stop();
            assertEquals(LxcState.STOPPED, container.state());
        }
    }

    @Test
    void l1_08_startsInTheBackgroundAndTellsWhenItRuns() {
        String name = host.define("back");
        host.must("lxc-start", "-n", name, "-d");
        assertEquals("RUNNING", host.state(name));
        ToolRun again = host.run("lxc-start", "-n", name);
        assertEquals(0, again.status());
        assertTrue(again.err().contains("already running"), again.err());
        host.must("lxc-stop", "-n", name, "-k");
    }

    @Test
    void l1_10_attachIsInAllNamespaces() {
        String name = host.define("ns");
        host.must("lxc-start", "-n", name);
        for (String kind : new String[] {"mnt", "pid", "uts", "ipc", "net", "cgroup"}) {
            assertEquals(
                    host.inside(name, "readlink /proc/1/ns/" + kind),
                    host.inside(name, "readlink /proc/self/ns/" + kind),
                    kind);
        }
        assertEquals("ns", host.inside(name, "hostname"));
        assertEquals("lxc", host.inside(name, "echo $container"));
        host.must("lxc-stop", "-n", name, "-k");
    }

    @Test
    void l1_12_poweroffFromInsideStopsIt() {
        String name = host.define("off");
        host.must("lxc-start", "-n", name);
        host.run("lxc-attach", "-n", name, "--", "poweroff", "-f");
        LxcHostFixture.until(() -> host.state(name).equals("STOPPED"), "stopped from inside");
    }

    @Test
    void l1_13_stopsCleanly() throws IOException {
        String name = host.define("clean");
        Path tab = host.rootOf(name).resolve("etc/inittab");
        Files.writeString(tab, Files.readString(tab) + "::shutdown:/bin/touch /clean\n");
        host.must("lxc-start", "-n", name);
        host.must("lxc-stop", "-n", name);
        assertTrue(Files.exists(host.rootOf(name).resolve("clean")));
        assertEquals(2, host.run("lxc-stop", "-n", name).status());
        assertEquals(2, host.run("lxc-stop", "-n", host.name("unknown")).status());
    }

    @Test
    void l1_14_killsAtOnce() {
        String name = host.define("kill");
        host.must("lxc-start", "-n", name);
        host.must("lxc-stop", "-n", name, "-k");
        assertEquals("STOPPED", host.state(name));
        for (String other : new String[] {"--nokill", "-r", "-t5"}) {
            assertEquals(1, host.run("lxc-stop", "-n", name, "-k", other).status(), other);
        }
        assertEquals(1, host.run("lxc-stop", "-n", name, "--nolock").status());
    }

    @Test
    void l1_20_a32BitContainerShowsItself() {
        String name = host.define("i386", "lxc.arch = i686");
        host.must("lxc-start", "-n", name);
        assertEquals("i686", host.inside(name, "uname -m"));
        host.must("lxc-stop", "-n", name, "-k");
    }

    @Test
    void l1_31_groupsAreSeparatedByCommasBlanksAndLines() {
        String name = host.define("groups", "lxc.group = one,two", "lxc.group = three four");
        String line =
                host.must("lxc-ls", "-f", "-F", "NAME,GROUPS")
                        .lines()
                        .filter(l -> l.startsWith(name))
                        .findFirst()
                        .orElseThrow();
        assertTrue(line.contains("one, two, three, four"), line);
        assertTrue(host.must("lxc-ls", "-1", "-g", "two,four").contains(name));
        assertFalse(host.must("lxc-ls", "-1", "-g", "two,five").contains(name));
    }

    @Test
    void l1_34_listsWithTodaysColumnsAndThoseOf1_0() {
        String name = host.define("columns", "lxc.start.auto = 1", "lxc.group = Ubuntu");
        assertTrue(host.must("lxc-ls", "-f").startsWith("NAME" + " ".repeat(name.length() - 4)));
        assertEquals(
                "NAME STATE AUTOSTART GROUPS IPV4 IPV6 UNPRIVILEGED",
                String.join(
                        " ",
                        host.must("lxc-ls", "--fancy")
                                .lines()
                                .findFirst()
                                .orElseThrow()
                                .split(" +")));
        ToolRun old =
                ToolRun.of(
                        java.util.Map.of(
                                "LXC_LS_STYLE",
                                "1.0",
                                "ATOLL_RUN_DIR",
                                host.env().get("ATOLL_RUN_DIR")),
                        "lxc-ls",
                        "-P",
                        host.lxcPath.toString(),
                        "--fancy");
        assertTrue(old.out().contains("YES (Ubuntu)"), old.out());
        ToolRun wrong = host.run("lxc-ls", "-f", "-F", "NAME,NONSENSE");
        assertEquals(1, wrong.status());
        assertTrue(wrong.err().contains("Invalid key: NONSENSE"), wrong.err());
    }

    @Test
    void l1_40_41_freezesAndGoesOn() {
        String name = host.define("freeze");
        host.must("lxc-start", "-n", name);
        host.must("lxc-freeze", "-n", name);
        assertEquals("FROZEN", host.state(name));
        assertTrue(host.must("lxc-ls", "--frozen", "-1").contains(name));
        assertTrue(host.must("lxc-ls", "--active", "-1").contains(name));
        ToolRun attach = host.run("lxc-attach", "-n", name, "--", "true");
        assertEquals(1, attach.status());
        assertTrue(attach.err().contains("lxc-unfreeze"), attach.err());
        host.must("lxc-unfreeze", "-n", name);
        assertEquals("RUNNING", host.state(name));
        host.must("lxc-freeze", "-n", name);
        host.must("lxc-stop", "-n", name, "-k");
        assertEquals(1, host.run("lxc-freeze", "-n", name).status());
    }

    @Test
    void l1_48_attachPassesTheStatusOn() {
        String name = host.define("status");
        host.must("lxc-start", "-n", name);
        assertEquals(5, attach(name, "sh", "-c", "exit 5").status());
        assertEquals(137, attach(name, "sh", "-c", "kill -9 $$").status());
        ToolRun missing = attach(name, "nonexistent");
        assertEquals(127, missing.status());
        assertTrue(
                missing.err()
                        .contains("No such file or directory - Failed to exec \"nonexistent\""),
                missing.err());
        assertEquals(126, attach(name, "/etc/passwd").status());
        ToolRun script = host.reading("echo from stdin\nexit 9\n", "lxc-attach", "-n", name);
        assertEquals("from stdin\n", script.out());
        assertEquals(9, script.status());
        host.must("lxc-stop", "-n", name, "-k");
        assertEquals(1, attach(name, "true").status());
    }

    private ToolRun attach(String name, String... command) {
        String[] args = new String[command.length + 3];
        args[0] = "-n";
        args[1] = name;
        args[2] = "--";
        System.arraycopy(command, 0, args, 3, command.length);
        return host.run("lxc-attach", args);
    }

    @Test
    void l1_49_50_attachesToSomeNamespacesOnly() {
        String name = host.define("some", "lxc.net.0.type = empty");
        host.must("lxc-start", "-n", name);
        String out =
                host.must(
                        "lxc-attach",
                        "-n",
                        name,
                        "-e",
                        "-sNETWORK|UTSNAME",
                        "--",
                        "/bin/sh",
                        "-c",
                        "hostname; readlink /proc/self/ns/net /proc/self/ns/pid; test -d "
                                + host.base
                                + " && echo host");
        assertTrue(out.startsWith("some\n") && out.endsWith("host\n"), out);
        assertTrue(out.contains(host.inside(name, "readlink /proc/1/ns/net")), out);
        assertFalse(out.contains(host.inside(name, "readlink /proc/1/ns/pid")), out);
        String processes =
                host.must(
                        "lxc-attach",
                        "-n",
                        name,
                        "-s",
                        "PID|NETWORK",
                        "-R",
                        "--",
                        "/bin/sh",
                        "-c",
                        "cat /proc/1/comm");
        assertTrue(processes.startsWith("init") || processes.startsWith("busybox"), processes);
        assertEquals(1, host.run("lxc-attach", "-n", name, "-s", "NONSENSE").status());
        host.must("lxc-stop", "-n", name, "-k");
    }

    /// Without -e a command has the container's limits, with it the caller's; `-s` is -e too.
    @Test
    void l1_49_elevatedRightsLeaveTheLimits() throws IOException {
        Path filter = host.base.resolve("filter");
        Files.writeString(filter, "2\ndenylist\nchroot errno 1\n");
        String name =
                host.define(
                        "limits",
                        "lxc.net.0.type = empty",
                        "lxc.cap.drop = sys_time",
                        "lxc.seccomp.profile = " + filter,
                        "lxc.cgroup.memory.limit_in_bytes = 64M",
                        "lxc.cgroup.devices.deny = a",
                        "lxc.cgroup.devices.allow = c *:* m",
                        "lxc.cgroup.devices.allow = c 1:3 rwm",
                        "lxc.cgroup.devices.allow = c 5:* rwm",
                        "lxc.cgroup.devices.allow = c 136:* rwm");
        host.must("lxc-start", "-n", name);
        host.inside(name, "mknod /zero c 1 5");
        String shown =
                "grep ^Cap[EB] /proc/self/status; grep ^Seccomp: /proc/self/status;"
                        + " head -c 1 ROOT/zero 2>/dev/null | wc -c";
        String inside = shown.replace("ROOT", "");
        String fromHost =
                shown.replace("ROOT", host.rootOf(name).toString()) + "; cat /proc/self/cgroup";
        String own = LxcHostFixture.sh(fromHost);
        assertTrue(own.contains("Seccomp:\t0\n1\n"), own);
        String limited = attach(name, "sh", "-c", inside).out();
        assertTrue(limited.endsWith("Seccomp:\t2\n0\n"), limited);
        assertFalse(own.startsWith(limited.substring(0, limited.indexOf("Seccomp"))), limited);
        String free = host.must("lxc-attach", "-n", name, "-e", "--", "sh", "-c", inside);
        assertTrue(own.startsWith(free), free);
        assertEquals(
                own,
                host.must(
                        "lxc-attach",
                        "-n",
                        name,
                        "-e",
                        "-sNETWORK|UTSNAME",
                        "--",
                        "sh",
                        "-c",
                        fromHost));
        // Each alone.
        String unlimited =
                host.must("lxc-attach", "-n", name, "-eCGROUP", "--", "sh", "-c", inside);
        assertEquals(limited.replaceFirst("0\n$", "1\n"), unlimited);
        String capable = host.must("lxc-attach", "-n", name, "-eCAP", "--", "sh", "-c", inside);
        assertEquals(free.replaceFirst("1\n$", "0\n"), capable);
        host.must("lxc-stop", "-n", name, "-k");
    }

    @Test
    void attachChoosesTheEnvironment() {
        String name = host.define("env", "lxc.environment = CONFIGURED=yes");
        host.must("lxc-start", "-n", name);
        String cleared =
                host.must(
                        "lxc-attach", "-n", name, "--clear-env", "-v", "SET=it works", "--", "env");
        assertTrue(cleared.contains("SET=it works\n") && cleared.contains("CONFIGURED=yes\n"));
        assertTrue(cleared.contains("container=lxc\n") && cleared.contains("HOME=/root\n"));
        assertFalse(cleared.contains("ATOLL_RUN_DIR"), cleared);
        assertTrue(host.must("lxc-attach", "-n", name, "--", "env").contains("ATOLL_RUN_DIR="));
        assertTrue(
                host.must(
                                "lxc-attach",
                                "-n",
                                name,
                                "--clear-env",
                                "--keep-var",
                                "ATOLL_RUN_DIR",
                                "--",
                                "env")
                        .contains("ATOLL_RUN_DIR="));
        assertEquals(
                "1000:1001",
                host.must(
                                "lxc-attach",
                                "-n",
                                name,
                                "-u",
                                "1000",
                                "-g",
                                "1001",
                                "--",
                                "sh",
                                "-c",
                                "echo $(id -u):$(id -g)")
                        .strip());
        host.must("lxc-stop", "-n", name, "-k");
    }

    @Test
    void l1_51_52_devicesAreFilteredAndAddedLater() throws IOException {
        String name =
                host.define(
                        "dev",
                        "lxc.cgroup.devices.deny = a",
                        "lxc.cgroup.devices.allow = c *:* m",
                        "lxc.cgroup.devices.allow = c 1:3 rwm",
                        "lxc.cgroup.devices.allow = c 5:* rwm",
                        "lxc.cgroup.devices.allow = c 136:* rwm");
        host.must("lxc-start", "-n", name);
        assertEquals(1, attach(name, "sh", "-c", "head -c1 /dev/zero").status());
        host.must("lxc-device", "add", "-n", name, "/dev/zero", "/dev/other");
        assertEquals("1,5", host.inside(name, "stat -c %t,%T /dev/other"));
        assertEquals("1", host.inside(name, "head -c1 /dev/other | wc -c"));
        host.must("lxc-device", "-n", name, "del", "/dev/other", "/dev/zero");
        assertEquals(1, attach(name, "test", "-e", "/dev/other").status());
        assertEquals(1, attach(name, "sh", "-c", "head -c1 /dev/zero").status());
        ToolRun missing = host.run("lxc-device", "-n", name, "add", "/dev/nonexistent");
        assertEquals(1, missing.status());
        assertTrue(missing.err().contains("/dev/nonexistent"), missing.err());
        host.must("lxc-stop", "-n", name, "-k");

        // A line more and a restart allow it.
        Files.writeString(
                host.lxcPath.resolve(name).resolve("config"),
                "lxc.cgroup.devices.allow = c 1:5 r\n",
                java.nio.file.StandardOpenOption.APPEND);
        host.must("lxc-start", "-n", name);
        assertEquals("1", host.inside(name, "head -c1 /dev/zero | wc -c"));
        assertEquals(1, attach(name, "sh", "-c", "echo >/dev/zero").status());
        host.must("lxc-stop", "-n", name, "-k");
    }

    @Test
    void l2_08_15_16_cgroupsHoldItsProcessesAndNothingElse() {
        String name = host.define("cg");
        host.must("lxc-start", "-n", name);
        String init = host.must("lxc-info", "-n", name, "-pH").strip();
        Path cgroup =
                Path.of("/sys/fs/cgroup", LxcHostFixture.hasOnlyCgroup2() ? "" : "memory")
                        .resolve("lxc.payload." + name);
        // Where init has made cgroups below, all of them.
        String tasks = LxcHostFixture.sh("find " + cgroup + " -name cgroup.procs -exec cat {} +");
        assertTrue(tasks.lines().anyMatch(init::equals), tasks + " lacks " + init);
        long inside = Long.parseLong(host.inside(name, "ls /proc | grep -c '^[0-9]'"));
        assertTrue(tasks.lines().count() <= inside, tasks);
        host.must("lxc-stop", "-n", name, "-k");
        assertFalse(Files.exists(cgroup));
    }

    /// A system configuration that nobody else reads.
    private java.util.Map<String, String> withSystemConfig(String text) throws IOException {
        Path home = Files.createTempDirectory(host.base, "home");
        Path directory = Files.createDirectories(home.resolve("conf"));
        Files.writeString(directory.resolve("lxc.conf"), text);
        java.util.Map<String, String> env = new java.util.TreeMap<>(host.env());
        env.put("ATOLL_LXC_CONFIG_DIR", directory.toString());
        return env;
    }

    @Test
    void l1_06_pathsComeFromLxcConf() throws IOException {
        String name = host.define("paths");
        java.util.Map<String, String> env =
                withSystemConfig("lxc.lxcpath = " + host.lxcPath + "\n");
        assertEquals(host.lxcPath + "\n", ToolRun.of(env, "lxc-config", "lxc.lxcpath").out());
        assertTrue(ToolRun.of(env, "lxc-ls", "-1").out().contains(name));
    }

    @Test
    void l2_08_aPatternGivesTheOldDirectories() throws IOException {
        String name = host.define("pattern");
        java.util.Map<String, String> env = withSystemConfig("lxc.cgroup.pattern = lxc/%n\n");
        String path = host.lxcPath.toString();
        assertEquals(0, ToolRun.of(env, "lxc-start", "-P", path, "-n", name).status());
        List<String> controllers =
                LxcHostFixture.hasOnlyCgroup2()
                        ? List.of("")
                        : List.of("blkio", "cpu", "cpuset", "devices", "freezer", "memory");
        for (String controller : controllers) {
            assertTrue(
                    Files.exists(
                            Path.of("/sys/fs/cgroup", controller, "lxc", name, "cgroup.procs")),
                    controller);
        }
        assertEquals(0, ToolRun.of(env, "lxc-stop", "-P", path, "-n", name, "-k").status());
        for (String controller : controllers) {
            assertFalse(Files.exists(Path.of("/sys/fs/cgroup", controller, "lxc", name)));
        }
    }

    @Test
    void l2_14_initIsTheMonitorsChild() {
        String name = host.define("tree");
        Path pidFile = host.base.resolve("monitor.pid");
        host.must("lxc-start", "-n", name, "-p", pidFile.toString());
        String init = host.must("lxc-info", "-n", name, "-pH").strip();
        String parent =
                LxcHostFixture.sh("sed -n 's/^PPid:\\t//p' /proc/" + init + "/status").strip();
        assertEquals(parent, LxcHostFixture.sh("cat " + pidFile).strip());
        host.must("lxc-stop", "-n", name, "-k");
        assertFalse(Files.exists(pidFile));
    }

    @Test
    void l2_17_otherSettingsAreTheDefaults() {
        String name = host.define("defaults");
        host.must("lxc-start", "-n", name);
        boolean isNew = LxcHostFixture.hasOnlyCgroup2();
        assertEquals(
                isNew ? "100" : "1024",
                host.must("lxc-cgroup", "-n", name, isNew ? "cpu.weight" : "cpu.shares").strip());
        host.must("lxc-stop", "-n", name, "-k");
    }

    @Test
    void l2_20_21_hasTerminalsInADirectory() {
        String name = host.define("ttys", "lxc.tty.dir = lxc");
        host.must("lxc-start", "-n", name);
        assertEquals("lxc/tty1", host.inside(name, "readlink /dev/tty1"));
        assertEquals("lxc/console", host.inside(name, "readlink /dev/console"));
        assertEquals("/dev/lxc/console", host.inside(name, "tty < /dev/console"));
        host.must("lxc-stop", "-n", name, "-k");
    }

    @Test
    void b0_01_everyToolExplainsItself() {
        for (String tool : Tools.names()) {
            ToolSpec spec = Tools.find(tool).orElseThrow().spec();
            for (String asked : new String[] {"--help", "-?"}) {
                ToolRun run = host.run(tool, asked);
                assertEquals(0, run.status(), tool);
                assertTrue(run.err().startsWith("Usage: " + tool + " "), run.err());
                assertTrue(run.err().contains("\n\n" + spec.about() + "\n"), run.err());
                assertEquals("", run.out());
                for (ToolOption option : spec.allOptions()) {
                    if (option.letter() != 'h' || !option.about().isEmpty()) {
                        explains(run.err(), option);
                    }
                }
            }
        }
    }

    /// A line with its letter, its name and what it is for.
    private static void explains(String help, ToolOption option) {
        String letter = option.letter() == 0 ? "      " : "  -" + option.letter() + ", ";
        assertFalse(option.about().isBlank(), option.name());
        assertTrue(
                help.replaceAll("\n {30}", " ")
                        .lines()
                        .anyMatch(line ->
                                line.startsWith(letter + "--" + option.name())
                                        && line.endsWith(" " + option.about())),
                option.name() + " in " + help);
    }

    /// None of the options is missing that LXC 5.0.2 has.
    @Test
    void b0_01_optionsAreThoseOfLxc() throws IOException {
        for (String line : Files.readAllLines(Path.of("src/test/resources/lxc-options.txt"))) {
            String[] words = line.split(" ");
            String help = host.run(words[0], "--help").err();
            for (String option : java.util.Arrays.asList(words).subList(1, words.length)) {
                assertTrue(
                        help.matches("(?s).*[ ,]" + option + "[ ,=\\[\n].*"),
                        words[0] + " " + option + " in " + help);
            }
        }
    }

    @Test
    void b0_12_oneDirectoryInTwoContainers() throws IOException {
        Path shared = Files.createDirectory(host.base.resolve("shared"));
        // Busybox has no flock(1): the host's, read-only.
        String entry =
                """
                lxc.mount.entry = SHARED srv none bind,create=dir 0 0
                lxc.mount.entry = /usr usr none bind,ro,create=dir 0 0
                lxc.mount.entry = /usr/lib lib none bind,ro,create=dir 0 0
                lxc.mount.entry = /usr/lib64 lib64 none bind,ro,create=dir 0 0
                """
                        .replace("SHARED", shared.toString());
        String one = host.define("one", entry);
        String two = host.define("two", entry);
        host.must("lxc-start", "-n", one);
        host.must("lxc-start", "-n", two);
        host.inside(one, "echo text > /srv/file");
        assertEquals("text", host.inside(two, "cat /srv/file"));
        host.inside(one, "/usr/bin/flock /srv/file sleep 100 >/dev/null 2>&1 & sleep 0.3");
        assertEquals(1, attach(two, "/usr/bin/flock", "-n", "/srv/file", "true").status());
        host.must("lxc-stop", "-n", one, "-k");
        host.must("lxc-stop", "-n", two, "-k");
    }

    @Test
    void x3_24_theHostsTerminalsStayWritable() {
        String name = host.define("pts");
        host.must("lxc-start", "-n", name);
        host.run("lxc-attach", "-n", name, "--", "mount", "-o", "remount,ro", "/dev/pts");
        assertFalse(
                LxcHostFixture.sh("grep ' /dev/pts ' /proc/self/mounts").contains(" ro,"),
                "the host's /dev/pts is read-only");
        host.must("lxc-stop", "-n", name, "-k");
    }

    @Test
    void rebootsInTheSameMonitor() {
        // Its name on the host is the same in the next life.
        String name = host.define("again", "lxc.net.0.type = veth");
        Path pidFile = host.base.resolve("again.pid");
        host.must("lxc-start", "-n", name, "-p", pidFile.toString());
        String before = host.must("lxc-info", "-n", name, "-pH");
        String monitor = LxcHostFixture.sh("cat " + pidFile);
        host.must("lxc-stop", "-n", name, "-r");
        assertNotEquals(before, host.must("lxc-info", "-n", name, "-pH"));
        assertEquals(monitor, LxcHostFixture.sh("cat " + pidFile));
        assertEquals("RUNNING", host.state(name));
        host.inside(name, "test -e /sys/class/net/eth0");
        String peer = host.must("lxc-info", "-n", name).replaceAll("(?s).*Link: *(\\S+).*", "$1");
        assertTrue(Files.exists(Path.of("/sys/class/net", peer)), peer);
        host.must("lxc-stop", "-n", name, "-k");
        LxcHostFixture.until(
                () -> !Files.exists(Path.of("/sys/class/net", peer)), "the kernel removes " + peer);
    }

    @Test
    void waitsForStates() {
        String name = host.define("wait");
        assertEquals(1, host.run("lxc-wait", "-n", name, "-s", "RUNNING", "-t", "0").status());
        host.must("lxc-start", "-n", name);
        host.must("lxc-wait", "-n", name, "-s", "RUNNING|FROZEN", "-t", "5");
        host.must("lxc-stop", "-n", name, "-k");
        host.must("lxc-wait", "-n", name, "-s", "STOPPED", "-t", "5");
        host.must("lxc-wait", "-n", host.name("unknown"), "-s", "STOPPED");
        ToolRun wrong = host.run("lxc-wait", "-n", name, "-s", "DANCING");
        assertEquals(1, wrong.status());
        assertTrue(wrong.err().contains("invalid state 'DANCING'"), wrong.err());
    }

    @Test
    void logsTheConsole() throws IOException {
        Path log = host.base.resolve("console.log");
        String name = host.define("log", "lxc.console.logfile = " + log);
        host.must("lxc-start", "-n", name);
        LxcHostFixture.until(
                () -> LxcHostFixture.sh("cat " + log).contains("started"), "the log has it");
        host.must("lxc-stop", "-n", name, "-k");
    }

    /// Of another user, too, for whom the kernel forgets such signals.
    @ParameterizedTest
    @ValueSource(strings = {"0", "65534"})
    void diesWithItsMonitorIfConfigured(String uid) {
        String name =
                host.define(
                        "pdeath" + uid,
                        "lxc.monitor.signal.pdeath = SIGKILL",
                        "lxc.init.uid = " + uid,
                        "lxc.init.cmd = /bin/sleep 1000");
        Path pidFile = host.base.resolve("pdeath.pid");
        host.must("lxc-start", "-n", name, "-p", pidFile.toString());
        String init = host.must("lxc-info", "-n", name, "-pH").strip();
        LxcHostFixture.sh("kill -9 $(cat " + pidFile + ")");
        LxcHostFixture.until(
                () ->
                        LxcHostFixture.sh("grep ^State: /proc/" + init + "/status 2>&1 || true")
                                .matches("(?s).*(Z|No such).*"),
                "init is dead");
        LxcHostFixture.until(() -> host.state(name).equals("STOPPED"), "stopped");
    }

    @Test
    void writesTheLogThatIsConfigured() throws IOException {
        Path log = host.base.resolve("configured.log");
        String name = host.define("logged", "lxc.log.file = " + log, "lxc.log.level = INFO");
        host.must("lxc-start", "-n", name);
        host.must("lxc-stop", "-n", name, "-k");
        assertEquals(2, host.run("lxc-stop", "-n", name).status());
        String text = Files.readString(log);
        String line =
                "lxc-start " + name + " \\d{14}\\.\\d{3} INFO +lxctools - started, init has pid";
        assertTrue(text.matches("(?s)" + line + ".*"), text);
        assertTrue(text.contains("ERROR    lxctools - " + name + " is not running"), text);
        assertFalse(text.contains("DEBUG"), text);

        Path asked = host.base.resolve("asked.log");
        host.must("lxc-start", "-n", name, "-o", asked.toString(), "-l", "DEBUG");
        host.must("lxc-stop", "-n", name, "-k");
        assertTrue(Files.readString(asked).contains("DEBUG    lxctools - "));
        assertEquals(text, Files.readString(log), "the call's own log goes before");
        assertEquals(1, host.run("lxc-start", "-n", name, "-l", "LOUD").status());

        Path defined = host.base.resolve("defined.log");
        host.must("lxc-start", "-n", name, "-s", "lxc.log.file=" + defined);
        host.must("lxc-stop", "-n", name, "-k");
        assertTrue(Files.readString(defined).contains("started, init has pid"));
    }

    @Test
    void logsLimitsThatTheHostHasNoUseFor() throws IOException {
        Path log = host.base.resolve("limits.log");
        // Of the version that this host has not.
        boolean isNew = LxcHostFixture.hasOnlyCgroup2();
        String key = isNew ? "lxc.cgroup.pids.max" : "lxc.cgroup2.pids.max";
        String name = host.define("unused", key + " = 20");
        host.must("lxc-start", "-n", name, "-o", log.toString(), "-l", "WARN");
        assertEquals("max", host.must("lxc-cgroup", "-n", name, "pids.max").strip());
        host.must("lxc-stop", "-n", name, "-k");
        String line =
                "lxc-start " + name + " \\d{14}\\.\\d{3} WARN +lxctools - " + key + " is not used:";
        assertTrue(Files.readString(log).matches("(?s)" + line + ".*"), Files.readString(log));
        Files.delete(log);
        host.must("lxc-execute", "-n", name, "-o", log.toString(), "-l", "WARN", "--", "true");
        assertTrue(Files.readString(log).contains(key), Files.readString(log));

        String wrong =
                host.define("memroy", LxcHostFixture.cgroupPrefix() + "memroy.limit_in_bytes = 1M");
        ToolRun run = host.run("lxc-start", "-n", wrong);
        assertEquals(1, run.status());
        assertTrue(run.err().contains("no cgroup controller memroy"), run.err());
        assertEquals("STOPPED", host.state(wrong));
    }

    @Test
    void anEphemeralContainerIsDestroyedByTheInstalledTools() throws IOException {
        Path tools = Files.createDirectory(host.base.resolve("tools"));
        Path said = host.base.resolve("tools.said");
        for (String tool : new String[] {"lxc-wait", "lxc-destroy"}) {
            Path file = tools.resolve(tool);
            Files.writeString(file, "#!/bin/sh\necho " + tool + " \"$@\" >>" + said + "\n");
            assertTrue(file.toFile().setExecutable(true));
        }
        String name = host.define("shortlived", "lxc.ephemeral = 1");
        LxcStart any = LxcStart.DEFAULT;
        try (LxcPath path = host.open()) {
            LxcContainer container = path.container(name);
            container.start(
                    new LxcStart(
                            any.command(),
                            false,
                            any.env(),
                            any.shared(),
                            any.uid(),
                            any.gid(),
                            any.pidFile(),
                            Optional.of(tools),
                            any.stdio(),
                            any.caller()));
            container.stop();
        }
        String place = " -P " + host.lxcPath + " -n " + name;
        String expected = "lxc-wait" + place + " -s STOPPED -t 60\nlxc-destroy" + place + "\n";
        LxcHostFixture.until(
                () -> LxcHostFixture.sh("cat " + said + " 2>/dev/null || true").equals(expected),
                "it is destroyed");
    }

    @Test
    void hooksSeeTheirVariables() throws IOException {
        Path out = host.base.resolve("hooks");
        StringBuilder lines = new StringBuilder();
        for (String kind :
                new String[] {
                    "pre-start", "pre-mount", "mount", "autodev", "start-host", "stop", "post-stop"
                }) {
            lines.append("lxc.hook.")
                    .append(kind)
                    .append(" = echo $LXC_HOOK_TYPE $LXC_NAME \"$@\" ${LXC_TARGET:-none} >> ")
                    .append(out)
                    .append(" ;:\n");
        }
        String name = host.define("hooks", lines.toString());
        host.must("lxc-start", "-n", name);
        host.must("lxc-stop", "-n", name, "-k");
        assertEquals(
                """
                pre-start NAME NAME lxc pre-start none
                pre-mount NAME NAME lxc pre-mount none
                mount NAME NAME lxc mount none
                autodev NAME NAME lxc autodev none
                start-host NAME NAME lxc start-host none
                stop NAME NAME lxc stop stop
                post-stop NAME NAME lxc post-stop stop
                """
                        .replace("NAME", name),
                Files.readString(out));
    }

    @Test
    void aFailingHookFailsTheStartAndLeavesNothing() {
        String name = host.define("badhook", "lxc.hook.start-host = false");
        ToolRun run = host.run("lxc-start", "-n", name);
        assertEquals(1, run.status());
        assertTrue(run.err().contains("status 1"), run.err());
        assertEquals("STOPPED", host.state(name));
    }

    @Test
    void refusesWhatCannotWork() throws IOException {
        ToolRun unknown = host.run("lxc-start", "-n", host.name("nobody"));
        assertEquals(1, unknown.status());
        assertTrue(unknown.err().contains("is not defined"), unknown.err());
        ToolRun info = host.run("lxc-info", "-n", host.name("nobody"));
        assertEquals(1, info.status());
        assertTrue(info.err().contains(host.name("nobody") + " doesn't exist"), info.err());

        String key = host.define("badkey", "lxc.uts.nam = x");
        ToolRun nearest = host.run("lxc-start", "-n", key);
        assertEquals(1, nearest.status());
        assertTrue(nearest.err().contains("did you mean lxc.uts.name?"), nearest.err());
        assertTrue(host.run("lxc-ls", "-1").err().contains("Failed to load config for " + key));

        String root = host.define("noroot", "lxc.rootfs.path = dir:/nonexistent/rootfs");
        ToolRun noRoot = host.run("lxc-start", "-n", root);
        assertEquals(1, noRoot.status());
        assertTrue(noRoot.err().contains("/nonexistent/rootfs"), noRoot.err());

        String bridge =
                host.define("nobridge", "lxc.net.0.type = veth", "lxc.net.0.link = nobridge0");
        ToolRun noBridge = host.run("lxc-start", "-n", bridge);
        assertEquals(1, noBridge.status());
        assertTrue(
                noBridge.err().contains("the host has no interface nobridge0; make the bridge"),
                noBridge.err());

        String init = host.define("noinit", "lxc.init.cmd = /sbin/nonexistent");
        ToolRun noInit = host.run("lxc-start", "-n", init);
        assertEquals(1, noInit.status());
        assertTrue(noInit.err().contains("/sbin/nonexistent"), noInit.err());
        Files.delete(host.lxcPath.resolve(key).resolve("config"));
    }

    /// Only explained: what it refuses must not happen where the refusal is broken.
    @Test
    void doesNotBootTheHostsInitOnTheHostsRoot() throws IOException {
        String name = host.define("hostroot");
        for (String root : new String[] {"", "lxc.rootfs.path = dir:/\n"}) {
            Files.writeString(host.lxcPath.resolve(name).resolve("config"), root);
            ToolRun run = host.run("lxc-start", "-n", name, "--explain");
            assertEquals(1, run.status(), run.out());
            assertTrue(run.err().contains("would take the host over"), run.err());
            host.must("lxc-start", "-n", name, "--explain", "--", "/bin/true");
        }
    }

    @Test
    void setsKeysForOneStart() {
        String name = host.define("define");
        host.must("lxc-start", "-n", name, "-s", "lxc.uts.name=other");
        assertEquals("other", host.inside(name, "hostname"));
        host.must("lxc-stop", "-n", name, "-k");
        assertEquals(
                "lxc.uts.name = define\n", host.must("lxc-info", "-n", name, "-c", "lxc.uts.name"));
    }

    @Test
    void explainsWithoutDoing() {
        String name = host.define("explain");
        String text = host.must("lxc-start", "-n", name, "--explain");
        assertTrue(text.contains("mount proc on /proc") || text.contains("/sbin/init"), text);
        assertEquals("STOPPED", host.state(name));
    }

    @Test
    void monitorTellsWhatHappens() throws Exception {
        String name = host.define("monitor");
        java.util.concurrent.CompletableFuture<ToolRun> run =
                new java.util.concurrent.CompletableFuture<>();
        Thread thread =
                Thread.ofPlatform()
                        .start(() -> run.complete(host.run("lxc-monitor", "-n", "nobody|" + name)));
        LxcHostFixture.until(
                () ->
                        java.util.Arrays.stream(thread.getStackTrace())
                                .anyMatch(frame ->
                                        frame.getClassName().endsWith(".LxcEvents")
                                                && frame.getMethodName().equals("next")),
                "it watches");
        host.must("lxc-start", "-n", name);
        host.must("lxc-freeze", "-n", name);
        host.must("lxc-unfreeze", "-n", name);
        host.must("lxc-stop", "-n", name, "-k");
        host.settle(300);
        thread.interrupt();
        String states = "STARTING RUNNING FREEZING FROZEN THAWED RUNNING exited STOPPING STOPPED";
        StringBuilder expected = new StringBuilder();
        for (String state : states.split(" ")) {
            expected.append("'").append(name).append("' ");
            expected.append(
                    state.equals("exited")
                            ? "exited with status [137]\n"
                            : "changed state to [" + state + "]\n");
        }
        assertEquals(expected.toString(), run.get().out());
    }

    @Test
    void listsByStateAsIn1_0() {
        String name = host.define("list", "lxc.start.auto = 1");
        String text = host.must("lxc-list");
        assertTrue(text.startsWith("RUNNING\n") && text.contains("\nFROZEN\n"), text);
        assertTrue(text.substring(text.indexOf("STOPPED")).contains("  " + name + " (auto)"));
    }

    @Test
    void checkpointNamesWhatIsMissing() {
        String name = host.define("criu");
        assertEquals(1, host.run("lxc-checkpoint", "-n", name).status());
        host.must("lxc-start", "-n", name);
        ToolRun run =
                host.run("lxc-checkpoint", "-n", name, "-D", host.base.resolve("dump").toString());
        assertEquals(1, run.status());
        assertTrue(run.err().contains("criu"), run.err());
        host.must("lxc-stop", "-n", name, "-k");
    }

    @Test
    void l1_09_consoleWithoutATerminalSaysSo() {
        ToolRun stopped = host.run("lxc-console", "-n", host.name("any"));
        assertEquals(1, stopped.status());
        assertTrue(stopped.err().contains("any is not running"), stopped.err());
        String name = host.define("notty");
        host.must("lxc-start", "-n", name);
        ToolRun run = host.run("lxc-console", "-n", name);
        assertEquals(1, run.status());
        assertTrue(run.err().contains("not a tty"), run.err());
        host.must("lxc-stop", "-n", name, "-k");
    }

    @Test
    void l1_09_theConsoleOfATerminal() {
        String name = host.define("console");
        host.must("lxc-start", "-n", name);
        try (TypedRun run =
                TypedRun.start(
                        host.env(), "lxc-console", "-P", host.lxcPath.toString(), "-n", name)) {
            run.awaitText("Connected to tty 1");
            run.awaitText("Type <Ctrl+a q> to exit the console, <Ctrl+a Ctrl+a> to enter Ctrl+a");
            run.type("\r");
            run.type("echo terminal=$((6*7))\r");
            run.awaitText("terminal=42");
            ToolRun second =
                    TypedRun.once(
                            host.env(),
                            "lxc-console",
                            "-P",
                            host.lxcPath.toString(),
                            "-n",
                            name,
                            "-t",
                            "1");
            assertEquals(1, second.status());
            assertTrue(second.err().contains("Denied access to tty"), second.err());
            run.type("\u0001q");
            assertEquals(0, run.awaitEnd());
        }
        assertEquals("RUNNING", host.state(name));
        host.must("lxc-stop", "-n", name, "-k");
    }

    @Test
    void l1_10_attachHasATerminalOfItsOwn() {
        String name = host.define("pty");
        host.must("lxc-start", "-n", name);
        try (TypedRun run =
                TypedRun.start(
                        host.env(),
                        "lxc-attach",
                        "-P",
                        host.lxcPath.toString(),
                        "-n",
                        name,
                        "-L",
                        host.base.resolve("pty.log").toString())) {
            run.type("tty; stty size; hostname\r");
            run.awaitText("/dev/pts/");
            run.awaitText("50 132");
            run.awaitText("pty");
            run.type("exit 6\r");
            assertEquals(6, run.awaitEnd());
        }
        Path log = host.base.resolve("pty.log");
        assertTrue(LxcHostFixture.sh("cat " + log).contains("50 132"), "what was printed is kept");
        assertEquals("600", LxcHostFixture.sh("stat -c %a " + log).strip());
        ToolRun context = host.run("lxc-attach", "-n", name, "-c", "a:b:c", "--", "true");
        assertTrue(context.err().contains("does not run SELinux"), context.err());
        host.must("lxc-stop", "-n", name, "-k");
    }

    @Test
    void l1_23_24_foregroundShowsTheConsole() {
        String name = host.define("fore");
        try (TypedRun run =
                TypedRun.start(
                        host.env(), "lxc-start", "-P", host.lxcPath.toString(), "-n", name, "-F")) {
            run.awaitText("started");
            assertEquals("RUNNING", host.state(name));
            host.must("lxc-stop", "-n", name, "-k");
            assertEquals(0, run.awaitEnd());
        }
    }
}
