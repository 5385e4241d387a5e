package io.atoll.lxctools;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/// What options of the commands do that no row of the seeds shows.
@Tag("privileged")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ToolEffectsIT {
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

    private List<String> listed(String... options) {
        String[] all = new String[options.length + 1];
        all[0] = "-1";
        System.arraycopy(options, 0, all, 1, options.length);
        return host.must("lxc-ls", all).lines().map(String::strip).toList();
    }

    @Test
    void lsChoosesByStateAndName() {
        String runs = start("lsruns");
        String frozen = start("lsfrozen");
        host.must("lxc-freeze", "-n", frozen);
        String stopped = host.define("lsstopped");
        String[] pattern = {"--filter", "ls[[:alpha:]]+$"};
        assertEquals(List.of(frozen, runs), listed("--running", pattern[0], pattern[1]));
        assertEquals(List.of(frozen), listed("--frozen", "--filter", "lsf"));
        assertEquals(List.of(stopped), listed("--stopped", "--filter=lsstop|lsruns"));
        assertEquals(List.of(frozen, runs, stopped), listed("--defined", pattern[0], pattern[1]));
        assertEquals(List.of(), listed("--filter", "^ls"));
        kill(frozen);
        kill(runs);
    }

    @Test
    void attachShowsAnotherMachineAndKeepsTheEnvironment() {
        String name = start("attach");
        assertEquals(
                "i686",
                host.must("lxc-attach", "-n", name, "-a", "i686", "--", "uname", "-m").strip());
        assertEquals(1, host.run("lxc-attach", "-n", name, "-a", "vax", "--", "true").status());
        String env = host.must("lxc-attach", "-n", name, "--keep-env", "-v", "A=b", "--", "env");
        assertTrue(env.contains("ATOLL_RUN_DIR=") && env.contains("A=b\n"), env);
        String ids = "echo $(id -u):$(id -g)";
        assertEquals(
                "12:34",
                host.must("lxc-attach", "-n", name, "-u", "12", "-g", "34", "--", "sh", "-c", ids)
                        .strip());
        kill(name);
    }

    @Test
    void executeRunsAsOthersAndInTheBackground() {
        String name = host.define("execute");
        String ids = "echo $(id -u):$(id -g)";
        assertEquals(
                "12:34",
                host.must("lxc-execute", "-n", name, "-u", "12", "-g", "34", "--", "sh", "-c", ids)
                        .strip());
        ToolRun run = host.run("lxc-execute", "-n", name, "-d", "--", "sleep", "1000");
        assertEquals(0, run.status(), run.err());
        assertEquals("RUNNING", host.state(name));
        kill(name);
        assertEquals("STOPPED", host.state(name));
    }

    @Test
    void consoleIsLeftByTheKeyThatWasAskedFor() {
        String name = start("escape");
        for (String escape : List.of("^x", "x")) {
            try (TypedRun run =
                    TypedRun.start(
                            host.env(),
                            "lxc-console",
                            "-P",
                            host.lxcPath.toString(),
                            "-n",
                            name,
                            "-t",
                            "2",
                            "-e",
                            escape)) {
                run.awaitText("Connected to tty 2");
                run.awaitText("Type <Ctrl+x q> to exit");
                run.type("\u0018q");
                assertEquals(0, run.awaitEnd(), escape);
            }
        }
        kill(name);
    }

    @Test
    void stopNeedNotWait() {
        String name =
                start("nowait", "lxc.init.cmd = /bin/sleep 1000", "lxc.signal.halt = SIGCONT");
        host.must("lxc-stop", "-n", name, "-W");
        assertEquals("RUNNING", host.state(name));
        assertEquals(1, host.run("lxc-stop", "-n", name, "--nokill", "-t", "1").status());
        assertEquals("RUNNING", host.state(name));
        host.must("lxc-stop", "-n", name, "-t", "1");
        assertEquals("STOPPED", host.state(name));
    }

    @Test
    void startSharesNamespacesAndWritesItsFiles() throws Exception {
        String other = start("shareother", "lxc.net.0.type = empty");
        String name = host.define("share");
        Path pid = host.base.resolve("share.pid");
        Path log = host.base.resolve("share.log");
        host.must(
                "lxc-start",
                "-n",
                name,
                "--share-net",
                other,
                "--share-uts=" + other,
                "-C",
                "-p",
                pid.toString(),
                "-L",
                log.toString());
        for (String kind : List.of("net", "uts")) {
            String link = "readlink /proc/1/ns/" + kind;
            assertEquals(host.inside(other, link), host.inside(name, link), kind);
        }
        assertNotEquals(
                host.inside(other, "readlink /proc/1/ns/ipc"),
                host.inside(name, "readlink /proc/1/ns/ipc"));
        assertTrue(Files.readString(pid).matches("\\d+"), "without a newline");
        LxcHostFixture.until(
                () -> LxcHostFixture.sh("cat " + log).contains("started"), "the console's log");
        kill(name);
        LxcHostFixture.until(() -> !Files.exists(pid), "the file is removed");
        kill(other);
        ToolRun gone = host.run("lxc-start", "-n", name, "--share-net", other);
        assertEquals(1, gone.status());
        assertTrue(gone.err().contains(other), gone.err());
    }

    @Test
    void unshareGoesToTheBackground() {
        Path made = host.base.resolve("made");
        host.must(
                "lxc-unshare",
                "-s",
                "UTSNAME",
                "-d",
                "--",
                "sh",
                "-c",
                "sleep 0.3; hostname elsewhere; hostname >" + made);
        assertFalse(Files.exists(made));
        LxcHostFixture.until(
                () -> LxcHostFixture.sh("cat " + made + " 2>/dev/null; :").equals("elsewhere\n"),
                "it is done later");
    }

    @Test
    void monitorNeedsNoHelperToQuit() {
        assertEquals(0, host.run("lxc-monitor", "-Q").status());
        assertEquals(1, host.run("lxc-monitor", "-n", "[").status());
    }

    @Test
    void ephemeralCopiesMayKeepTheirDataAndStandAlone() throws Exception {
        String name = host.define("orig");
        String kept = host.name("kept");
        host.must("lxc-copy", "-n", name, "-e", "-N", kept, "-D");
        host.inside(kept, "touch /mine");
        kill(kept);
        assertEquals("STOPPED", host.state(kept));
        host.must("lxc-start", "-n", kept);
        assertEquals("/mine", host.inside(kept, "ls /mine"));
        kill(kept);
        host.must("lxc-destroy", "-n", kept);
        String full = host.name("full");
        host.must("lxc-copy", "-n", name, "-N", full, "-B", "dir");
        assertTrue(
                host.must("lxc-info", "-n", full, "-c", "lxc.rootfs.path")
                        .endsWith("/" + full + "/rootfs\n"));
        host.must("lxc-destroy", "-n", name);
        host.must("lxc-start", "-n", full);
        kill(full);
    }

    @Test
    void snapshotsHaveComments() throws Exception {
        String name = host.define("comments");
        Path comment = Files.writeString(host.base.resolve("comment"), "before the upgrade\n");
        host.must("lxc-snapshot", "-n", name, "-c", comment.toString());
        host.must("lxc-snapshot", "-n", name);
        String list = host.must("lxc-snapshot", "-n", name, "-L", "-C");
        assertTrue(
                list.matches(
                        "snap0 \\(.*/snaps\\) \\d{4}:\\d\\d:\\d\\d \\d\\d:\\d\\d:\\d\\d\n"
                                + "before the upgrade\n\\s*snap1 (?s).*"),
                list);
        assertFalse(host.must("lxc-snapshot", "-n", name, "-L").contains("upgrade"));
        host.must("lxc-snapshot", "-n", name, "-d", "ALL");
        assertTrue(host.must("lxc-snapshot", "-n", name, "-L").contains("No snapshots"));
    }

    @Test
    void theOldNamesHaveTheirOptions() throws Exception {
        String name =
                host.define("old", "lxc.net.0.type = veth", "lxc.net.0.hwaddr = 00:16:3e:00:00:01");
        String clone = host.name("oldclone");
        clone("-o", name, "-n", clone, "-K", "-M");
        String text = Files.readString(host.lxcPath.resolve(clone).resolve("config"));
        assertTrue(text.contains("00:16:3e:00:00:01") && text.contains("lxc.uts.name = old"), text);
        String fresh = host.name("oldfresh");
        clone(name, fresh);
        text = Files.readString(host.lxcPath.resolve(fresh).resolve("config"));
        assertFalse(text.contains("00:16:3e:00:00:01"), text);
        assertTrue(text.contains("lxc.uts.name = " + fresh), text);
        String renamed = host.name("oldrenamed");
        clone("-R", "-o", fresh, "-n", renamed);
        assertEquals(List.of(renamed), listed("--filter", "oldrenamed|oldfresh"));
        Path shared = Files.createDirectory(host.base.resolve("shared"));
        String still = host.define("oldstill");
        ToolRun run =
                host.run(
                        "lxc-start-ephemeral",
                        "-o",
                        still,
                        "-n",
                        host.name("oldeph"),
                        "-b",
                        shared.toString(),
                        "--",
                        "touch",
                        shared + "/by");
        assertEquals(0, run.status(), run.err());
        assertTrue(Files.exists(shared.resolve("by")));
        assertEquals(List.of(), listed("--filter", "oldeph"));
    }

    /// Of lxc-start-ephemeral: what stays, who runs the command, and a key that nobody needs.
    @Test
    void ephemeralCopiesOfTheOldKind() throws Exception {
        String name = host.define("oldorig");
        Files.writeString(
                host.rootOf(name).resolve("etc/passwd"),
                "root:x:0:0:root:/root:/bin/sh\nann:x:1000:1001:Ann:/home/ann:/bin/sh\n");
        String kept = host.name("oldkept");
        host.must("lxc-start-ephemeral", "-o", name, "-n", kept, "-k", "--", "touch", "/mine");
        assertEquals("STOPPED", host.state(kept));
        host.must("lxc-start", "-n", kept);
        assertEquals("/mine", host.inside(kept, "ls /mine"));
        kill(kept);
        host.must("lxc-destroy", "-n", kept);

        String who = "echo $(id -u):$(id -g):$HOME";
        for (String[] options :
                new String[][] {
                    {"", "0:0:" + host.env().get("HOME")},
                    {"-Skey", "0:0:" + host.env().get("HOME")},
                    {"-uann", "1000:1001:/home/ann"},
                    {"-u1000", "1000:0:" + host.env().get("HOME")}
                }) {
            ToolRun run =
                    options[0].isEmpty()
                            ? host.run("lxc-start-ephemeral", "-o", name, "--", "sh", "-c", who)
                            : host.run(
                                    "lxc-start-ephemeral",
                                    "-o",
                                    name,
                                    options[0],
                                    "--",
                                    "sh",
                                    "-c",
                                    who);
            assertEquals(0, run.status(), run.err());
            assertEquals(options[1], run.out().lines().toList().getLast(), options[0]);
        }
        ToolRun nobody = host.run("lxc-start-ephemeral", "-o", name, "-u", "nobody", "--", "true");
        assertEquals(1, nobody.status());
        assertTrue(nobody.err().contains("-u nobody: there is no such user"), nobody.err());
        assertEquals(List.of(), listed("--filter", "oldorig_|oldkept"));
    }

    /// Its -P is where the copy goes.
    private void clone(String... words) {
        String[] all = new String[words.length + 2];
        all[0] = "-p";
        all[1] = host.lxcPath.toString();
        System.arraycopy(words, 0, all, 2, words.length);
        ToolRun run = ToolRun.of(host.env(), "lxc-clone", all);
        assertEquals(0, run.status(), run.err());
    }

    @Test
    void autostartHasItsOwnChoice() {
        String auto = host.define("auto", "lxc.start.auto = 1", "lxc.group = farm");
        String manual = host.define("manual", "lxc.group = farm");
        host.must("lxc-autostart", "-g", "farm");
        assertEquals("RUNNING STOPPED", host.state(auto) + " " + host.state(manual));
        host.must("lxc-autostart", "-g", "farm", "-A");
        assertEquals("RUNNING", host.state(manual));
        host.must("lxc-autostart", "-g", "farm", "-A", "-k");
        assertEquals("STOPPED STOPPED", host.state(auto) + " " + host.state(manual));
    }

    @Test
    void everyToolSaysItsVersionWherePeopleAsk() {
        for (String tool : List.of("lxc-start", "lxc-ls", "lxc-attach", "lxc-usernsexec")) {
            assertEquals("5.0.2\n", ToolRun.of(Map.of(), tool, "--version").out());
        }
    }
}
