package io.atoll.warm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.atoll.warm.Installation.Outcome;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// The launcher and a warm process, without a terminal; [TerminalIT] has one.
@Tag("privileged")
@Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class WarmIT {
    private static final Outcome COLD = new Outcome(99, "cold\n");

    /// Not one of a user's own, which other users cannot reach.
    private static final String PYTHON = "/usr/bin/python3";

    private Installation it;

    @BeforeEach
    void open() {
        it = new Installation();
    }

    @AfterEach
    void close() {
        it.close();
    }

    // ---- what is handed over

    @Test
    void handsOverWordsEnvironmentDirectoryAndStatus() throws IOException {
        it.warmUp();
        Path directory = Files.createDirectories(it.home.resolve("a b"));
        ProcessBuilder builder =
                it.builder(it.program("lxc-warm-show").toString(), "", "two words", "ü", "-x");
        builder.directory(directory.toFile()).environment().put("VALUE", "a=b\nc");
        assertEquals(
                new Outcome(
                        4,
                        directory
                                + "\n<>\n<two words>\n<ü>\n<-x>\nVALUE=a=b\nc\n"
                                + "file file file Optional.empty\n"),
                it.run(builder));
    }

    @Test
    void handsOverInputAndBothOutputs() {
        it.warmUp();
        assertEquals("abc\n", it.shell("printf 'abc\\n' | ${bin}cat", "cat").out());
        assertEquals("", it.shell("${bin}err 2>/dev/null", "err").out());
        assertEquals("to stderr\n", it.shell("${bin}err >/dev/null", "err").out());
        assertEquals(
                "3000000\n",
                it.shell("head -c 3000000 /dev/zero | ${bin}cat | wc -c", "cat").out());
    }

    /// A command takes no more of a pipe than it reads, as a process of its own would.
    @Test
    void leavesInputForTheNextCommand() {
        it.warmUp();
        assertEquals(
                "one\ntwo\n",
                it.shell(
                                "printf 'one\\ntwo\\n' | { read a; ${bin}pid >/dev/null; echo $a; cat; }",
                                "pid")
                        .out());
    }

    @Test
    void closedStreamsAreEmpty() {
        it.warmUp();
        assertEquals(new Outcome(0, "|end\n"), it.shell("${bin}line <&-", "line"));
        assertEquals(new Outcome(0, ""), it.shell("${bin}cat <<<x >&- 2>&-", "cat"));
    }

    @Test
    void hugeWordsAndEnvironmentArrive() {
        it.warmUp();
        Outcome outcome =
                it.shell(
                        "export BIG1=$(head -c 120000 /dev/zero | tr '\\0' x);"
                                + " export BIG2=$BIG1 BIG3=$BIG1 BIG4=$BIG1;"
                                + " ${bin}lengths $BIG1 $BIG1 $BIG1 $BIG1 $BIG1",
                        "lengths");
        assertEquals(0, outcome.status(), outcome.out());
        assertEquals("600000", outcome.out().split(" ")[0]);
        assertTrue(Long.parseLong(outcome.out().split(" ")[1].strip()) > 480_000, outcome.out());
    }

    @Test
    void realCommandsRun() {
        program("lxc-ls");
        it.warmUp();
        Outcome version = it.run(it.builder(program("lxc-ls"), "--version"));
        assertEquals(new Outcome(0, "5.0.2\n"), version);
        Outcome help = it.run(it.builder(program("atoll"), "list", "--help"));
        assertEquals(0, help.status());
        assertTrue(help.out().contains("--format"), help.out());
        assertEquals(1, it.run(it.builder(program("atoll"), "no-such-verb")).status());
    }

    private String program(String name) {
        return it.program(name).toString();
    }

    // ---- when there is none, or it is another

    @Test
    void theFirstCallIsColdAndASecondStartsOne() {
        ProcessBuilder builder = it.builder(program("lxc-warm-pid"));
        builder.environment().remove("ATOLL_WARM");
        assertEquals(COLD, it.run(builder));
        assertTrue(it.servers().isEmpty(), "one call is no reason");
        assertEquals(COLD, it.run(builder));
        Installation.await(() -> it.run(builder).status() == 0, "warm");
        assertEquals(1, it.servers().size());
    }

    @Test
    void canBeSwitchedOff() {
        it.warmUp();
        ProcessBuilder builder = it.builder(program("lxc-warm-pid"));
        builder.environment().put("ATOLL_WARM", "0");
        assertEquals(COLD, it.run(builder));
    }

    @Test
    void anUpgradeNeverTalksToAnOldOne() {
        it.warmUp();
        long old = it.serverPid();
        it.setBuild("two");
        assertEquals(COLD, it.call("pid"));
        it.warmUp();
        assertNotEquals(old, it.serverPid());
        it.setBuild("one");
        assertEquals(old, it.serverPid());
    }

    /// Whatever a command could notice of its process: umask, limits, priority, cgroup, namespaces.
    @Test
    void aCallerThatDiffersGetsAnother() {
        it.warmUp();
        it.program("lxc-warm-pid");
        for (String change :
                List.of(
                        "umask 077;",
                        "ulimit -n 500;",
                        "renice -n 3 $$ >/dev/null;",
                        "export TZ=Asia/Tokyo;",
                        "exec unshare --uts",
                        "exec unshare --net",
                        "exec setpriv --no-new-privs",
                        "exec setpriv --bounding-set -sys_time",
                        "exec taskset 1")) {
            assertEquals(COLD, it.shell(change + " ${bin}pid"), change);
        }
        assertEquals(0, it.call("pid").status());
    }

    @Test
    void leavesWhenNobodyCalls() throws IOException {
        Path options = it.home.resolve("lib/warm.jvm");
        Files.writeString(options, "-Datoll.warm.idle.seconds=1\n" + Files.readString(options));
        it.warmUp();
        ProcessHandle server = it.servers().getFirst();
        Installation.await(() -> Installation.ended(server), "idle exit");
        assertEquals(COLD, it.call("pid"));
    }

    // ---- attacks and accidents

    @Test
    void aStaleSocketIsNoObstacle() {
        it.warmUp();
        ProcessHandle first = it.servers().getFirst();
        first.destroyForcibly();
        Installation.await(() -> Installation.ended(first), "killed");
        assertEquals(COLD, it.call("pid"));
        it.warmUp();
        assertNotEquals(first.pid(), it.serverPid());
    }

    @Test
    void aServerThatDiesMidCommandIsReported() {
        it.warmUp();
        Outcome outcome = it.call("ends");
        assertEquals(1, outcome.status());
        assertTrue(outcome.out().contains("may be done or not"), outcome.out());
        assertEquals(COLD, it.call("pid"));
    }

    @Test
    void aServerThatHangsIsNotWaitedFor() throws IOException {
        it.warmUp();
        ProcessHandle server = it.servers().getFirst();
        assertEquals(0, it.run(it.builder("kill", "-STOP", "" + server.pid())).status());
        assertEquals(COLD, it.call("show"));
        assertEquals(0, it.run(it.builder("kill", "-CONT", "" + server.pid())).status());
        // What was given up is not done later.
        assertEquals(0, it.call("pid").status());
    }

    @Test
    void aDirectoryOfSomebodyElseIsNotUsed() throws IOException {
        Files.createDirectory(it.sockets);
        Files.setAttribute(it.sockets, "unix:uid", 12345);
        assertEquals(COLD, it.call("pid"));
        assertEquals(COLD, it.call("pid"));
        assertTrue(it.servers().isEmpty());
    }

    @Test
    void aDirectoryThatOthersMayWriteIsNotUsed() throws IOException {
        Files.createDirectory(it.sockets);
        Files.setPosixFilePermissions(it.sockets, PosixFilePermissions.fromString("rwxrwxrwx"));
        assertEquals(COLD, it.call("pid"));
        assertEquals(COLD, it.call("pid"));
        assertTrue(it.servers().isEmpty());
    }

    @Test
    void aLinkInsteadOfTheDirectoryIsNotFollowed() throws IOException {
        Path elsewhere = Files.createDirectory(it.home.resolve("elsewhere"));
        Files.createSymbolicLink(it.sockets, elsewhere);
        assertEquals(COLD, it.call("pid"));
        assertEquals(COLD, it.call("pid"));
        try (Stream<Path> files = Files.list(elsewhere)) {
            assertEquals(0, files.count());
        }
    }

    /// A process of another user who got hold of the socket.
    @Test
    void anotherUserIsRefused() throws IOException {
        assumeTrue(Files.isExecutable(Path.of(PYTHON)), "needs python3");
        it.warmUp();
        Path socket;
        try (Stream<Path> files = Files.list(it.sockets)) {
            socket = files.filter(f -> !f.toString().contains(".")).findFirst().orElseThrow();
        }
        Path open = it.home.resolve("open.sock");
        Files.createLink(open, socket);
        Files.setPosixFilePermissions(open, PosixFilePermissions.fromString("rwxrwxrwx"));
        String script =
                "import socket\n"
                        + "s=socket.socket(socket.AF_UNIX); s.settimeout(10)\n"
                        + "s.connect('"
                        + open
                        + "')\n"
                        + "try:\n"
                        + " b=b'\\0'*8+b'/\\0lxc-warm-pid\\0'\n"
                        + " s.sendall(len(b).to_bytes(4,'little')+b)\n"
                        + " print('answer', s.recv(1))\n"
                        + "except OSError as e: print('answer', b'')\n";
        assertEquals(
                "answer b''\n",
                it.run(
                                it.builder(
                                        "setpriv",
                                        "--reuid=12345",
                                        "--clear-groups",
                                        PYTHON,
                                        "-c",
                                        script))
                        .out());
        // The same words from the owner are understood, so it was the user that was refused.
        assertEquals("answer b'A'\n", it.run(it.builder(PYTHON, "-c", script)).out());
        // With fewer rights the owner is refused as well.
        assertEquals(
                "answer b''\n",
                it.run(it.builder("setpriv", "--no-new-privs", PYTHON, "-c", script)).out());
    }

    /// And a server of another user, where ours should be.
    @Test
    void aServerOfAnotherUserIsNotTrusted() throws Exception {
        assumeTrue(Files.isExecutable(Path.of(PYTHON)), "needs python3");
        it.warmUp();
        Path socket;
        try (Stream<Path> files = Files.list(it.sockets)) {
            socket = files.filter(f -> !f.toString().contains(".")).findFirst().orElseThrow();
        }
        Path evil = Files.createDirectory(it.home.resolve("evil"));
        Files.setAttribute(evil, "unix:uid", 12345);
        String script =
                "import socket,time\n"
                        + "s=socket.socket(socket.AF_UNIX); s.bind('evil.sock'); s.listen()\n"
                        + "print('up', flush=True)\n"
                        + "c=s.accept()[0]; print('got', c.recv(1), flush=True)\n";
        ProcessBuilder builder =
                it.builder("setpriv", "--reuid=12345", "--clear-groups", PYTHON, "-c", script);
        Process server = builder.directory(evil.toFile()).start();
        try {
            InputStream out = server.getInputStream();
            assertEquals("up\n", new String(out.readNBytes(3), StandardCharsets.UTF_8));
            ProcessHandle first = it.servers().getFirst();
            first.destroyForcibly();
            Installation.await(() -> Installation.ended(first), "killed");
            Files.delete(socket);
            Files.createLink(socket, evil.resolve("evil.sock"));
            assertEquals(COLD, it.call("pid"));
            server.waitFor();
            assertEquals("got b''\n", new String(out.readAllBytes(), StandardCharsets.UTF_8));
        } finally {
            server.destroyForcibly();
        }
    }

    @Test
    void twoUsersHaveTwo() throws IOException {
        it.warmUp();
        Path theirs = Files.createDirectory(it.home.resolve("theirs"));
        Files.setAttribute(theirs, "unix:uid", 12345);
        Files.setPosixFilePermissions(theirs, PosixFilePermissions.fromString("rwx------"));
        ProcessBuilder builder =
                it.builder(
                        "setpriv",
                        "--reuid=12345",
                        "--regid=12345",
                        "--clear-groups",
                        program("lxc-warm-pid"));
        builder.environment().put("ATOLL_WARM_DIR", theirs.toString());
        assertEquals(COLD.out(), it.run(builder).out());
        Installation.await(() -> it.run(builder).status() == 0, "theirs");
        assertNotEquals(it.serverPid(), Long.parseLong(it.run(builder).out().strip()));
        builder.environment().put("ATOLL_WARM_DIR", it.sockets.toString());
        assertEquals(COLD.out(), it.run(builder).out());
    }

    // ---- many, and their ends

    @Test
    void twoHundredAtOnceDoNotDisturbEachOther() {
        it.warmUp();
        long server = it.serverPid();
        Outcome all =
                it.shell(
                        "for i in $(seq 200); do (cd /proc/$$; echo in$i | VALUE=$i ${bin}show $i | "
                                + "tr '\\n' ' '; echo) & done; wait",
                        "show");
        Set<String> lines = new HashSet<>(all.out().lines().toList());
        for (int i = 1; i <= 200; i++) {
            String number = Integer.toString(i);
            List<String> own = lines.stream().filter(l -> l.contains("<" + number + ">")).toList();
            assertEquals(1, own.size(), all.out());
            assertTrue(own.getFirst().contains("VALUE=" + number + " "), own.getFirst());
        }
        assertEquals(server, it.serverPid());
    }

    @Test
    void nothingIsLeftOfManyCalls() throws IOException {
        it.warmUp();
        long server = it.serverPid();
        it.shell("for i in $(seq 20); do echo x | ${bin}cat; done", "cat");
        long before = descriptors(server);
        it.shell("for i in $(seq 100); do echo x | ${bin}cat; ${bin}throw; done", "cat", "throw");
        Installation.await(() -> descriptors(server) <= before, "descriptors are closed");
        assertEquals(server, it.serverPid());
    }

    private static long descriptors(long pid) {
        try (Stream<Path> files = Files.list(Path.of("/proc/" + pid + "/fd"))) {
            return files.count();
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    @Test
    void aFailureOfOneCommandIsItsOwn() {
        it.warmUp();
        long server = it.serverPid();
        Outcome outcome = it.call("throw");
        assertEquals(1, outcome.status());
        assertTrue(outcome.out().contains("IllegalStateException: on purpose"), outcome.out());
        assertEquals(server, it.serverPid());
    }

    @Test
    void aKilledCallerEndsItsCommand() throws IOException {
        it.warmUp();
        for (String signal : List.of("TERM", "INT", "KILL", "HUP")) {
            // Whoever runs the tests may have had signals ignored (nohup).
            Process process =
                    it.builder("env", "--default-signal", program("lxc-warm-sleep")).start();
            readUntil(process, "sleeping\n");
            it.run(it.builder("kill", "-" + signal, "" + process.pid()));
            int status = Installation.end(process).status();
            assertEquals(128 + number(signal), status, signal);
        }
        long server = it.serverPid();
        Installation.await(() -> threads(server, "command") == 0, "commands were interrupted");
    }

    /// Threads are used again, and what interrupted one command does not reach the next.
    @Test
    void aThreadDoesTheNextCommandAfterAnInterruptedOne() throws IOException {
        it.warmUp();
        long server = it.serverPid();
        Set<String> seen = new HashSet<>();
        for (int i = 0; i < 10; i++) {
            Process process =
                    it.builder("env", "--default-signal", program("lxc-warm-sleep")).start();
            readUntil(process, "sleeping\n");
            it.run(it.builder("kill", "-KILL", "" + process.pid()));
            Outcome unused = Installation.end(process);
            Installation.await(() -> threads(server, "command") == 0, "it was interrupted");
            for (int again = 0; again < 5; again++) {
                Outcome outcome = it.run(it.builder(program("lxc-warm-thread")));
                assertTrue(outcome.out().matches("\\d+\n"), outcome.out());
                seen.add(outcome.out());
            }
        }
        assertEquals(server, it.serverPid());
        assertTrue(seen.size() < 25, "50 commands had threads " + seen);
    }

    private static int number(String signal) {
        return switch (signal) {
            case "HUP" -> 1;
            case "INT" -> 2;
            case "KILL" -> 9;
            default -> 15;
        };
    }

    private static long threads(long pid, String name) {
        try (Stream<Path> tasks = Files.list(Path.of("/proc/" + pid + "/task"))) {
            return tasks.filter(
                            t -> {
                                try {
                                    return Files.readString(t.resolve("comm")).strip().equals(name);
                                } catch (IOException _) {
                                    return false;
                                }
                            })
                    .count();
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    /// A command that cannot be interrupted: the server makes place for another and ends.
    @Test
    void aStuckCommandEndsTheServerOnceTheOthersAreDone() throws IOException {
        it.warmUp();
        long server = it.serverPid();
        Process other = it.builder(program("lxc-warm-line")).start();
        Process process = it.builder(program("lxc-warm-stuck")).start();
        readUntil(process, "stuck\n");
        process.destroyForcibly();
        Installation.await(() -> it.call("pid").equals(COLD), "no more callers");
        it.warmUp();
        assertNotEquals(server, it.serverPid());
        assertTrue(ProcessHandle.of(server).isPresent(), "one command is still running");
        other.getOutputStream().write("bye\n".getBytes(StandardCharsets.UTF_8));
        other.getOutputStream().close();
        assertEquals(new Outcome(0, "bye|\n"), Installation.end(other));
        Installation.await(
                () -> !ProcessHandle.of(server).map(ProcessHandle::isAlive).orElse(false),
                "it ends");
    }

    @Test
    void signalsAreCarriedAndOthersKill() throws IOException {
        it.warmUp();
        // These tests may run in the background of a shell, which has its commands ignore both.
        String[] signals = {"env", "--default-signal=INT,QUIT", program("lxc-warm-signals")};
        Process process = it.builder(signals).start();
        readUntil(process, "ready\n");
        it.run(it.builder("kill", "-INT", "" + process.pid()));
        readUntil(process, "signal 2\n");
        it.run(it.builder("kill", "-TERM", "" + process.pid()));
        assertEquals(new Outcome(0, "signal 15\n"), Installation.end(process));
        Process second = it.builder(signals).start();
        readUntil(second, "ready\n");
        it.run(it.builder("kill", "-QUIT", "" + second.pid()));
        assertEquals(128 + 3, Installation.end(second).status());
    }

    @Test
    void whatTheCallerIgnoresStaysIgnored() throws IOException {
        it.warmUp();
        Process process =
                it.builder("sh", "-c", "trap '' HUP; exec " + program("lxc-warm-line")).start();
        Installation.await(() -> threads(it.serverPid(), "command") > 1, "it runs");
        it.run(it.builder("kill", "-HUP", "" + process.pid()));
        process.getOutputStream().write("still here\n".getBytes(StandardCharsets.UTF_8));
        process.getOutputStream().close();
        assertEquals(new Outcome(0, "still here|\n"), Installation.end(process));
    }

    @Test
    void aReaderThatLeavesEndsTheOutput() {
        it.warmUp();
        Outcome outcome = it.shell("${bin}ticks | head -n 2", "ticks");
        assertEquals("0\n1\n", outcome.out());
        long server = it.serverPid();
        Installation.await(() -> threads(server, "command") == 0, "it ended");
    }

    @Test
    void aProgramRunsInTheCallersPlace() throws IOException {
        it.warmUp();
        Path directory = Files.createDirectory(it.home.resolve("work"));
        ProcessBuilder builder = it.builder(program("lxc-warm-edit"));
        builder.directory(directory.toFile()).environment().put("VALUE", "mine");
        assertEquals(new Outcome(7, "mine\n" + directory + "\nnot a tty\n"), it.run(builder));
    }

    static void readUntil(Process process, String text) throws IOException {
        List<Byte> seen = new ArrayList<>();
        InputStream out = process.getInputStream();
        StringBuilder all = new StringBuilder();
        while (all.indexOf(text) < 0) {
            int letter = out.read();
            if (letter < 0) {
                throw new AssertionError("ended before \"" + text + "\": " + all);
            }
            seen.add((byte) letter);
            all.append((char) letter);
        }
        assertFalse(seen.isEmpty());
    }
}
