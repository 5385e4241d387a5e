package io.atoll.runtime;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.atoll.base.InvalidConfigException;
import io.atoll.linux.Fd;
import io.atoll.linux.FdIo;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/// Commands in a running busybox container.
@Tag("privileged")
class ExecIT {
    private static final long BYTES = 100L << 20;

    private static BusyboxHost host;
    private static Container container;

    @BeforeAll
    static void open() {
        host = new BusyboxHost();
        container = host.containers().start(host.spec("exec"));
    }

    @AfterAll
    static void close() {
        host.close();
    }

    private static int exit(String command) {
        try (Shell shell = Shell.start(container, command)) {
            return shell.waitExit();
        }
    }

    @Test
    void tellsExitStatusAndSignals() {
        assertEquals(0, exit("true"));
        assertEquals(42, exit("exit 42"));
        assertEquals(128 + 15, exit("kill -TERM $$"));
        try (Shell shell =
                Shell.start(
                        container,
                        "trap 'exit 9' USR1; echo ready; while :; do sleep 0.01; done")) {
            byte[] chunk = new byte[10];
            FdIo.read(shell.out(), chunk, 0, chunk.length);
            assertTrue(shell.execution.waitExit(Duration.ofMillis(1)).isEmpty());
            shell.execution.signal(10);
            assertEquals(9, shell.waitExit());
            shell.execution.signal(9);
        }
    }

    @Test
    void isInsideEverything() {
        assertEquals("1", host.run(container, "readlink /proc/self/ns/cgroup | wc -l"));
        assertEquals("started 1".length(), host.run(container, "echo started 1").length());
        for (String kind : List.of("mnt", "pid", "net", "uts", "ipc", "user", "cgroup")) {
            assertEquals(
                    host.run(container, "readlink /proc/1/ns/" + kind),
                    host.run(container, "readlink /proc/self/ns/" + kind),
                    kind);
        }
        for (String line : host.run(container, "cat /proc/self/cgroup").lines().toList()) {
            assertTrue(line.endsWith(":/") || line.endsWith("0::/.lxc"), line);
        }
        // Nothing of the supervisor is left open.
        assertEquals(
                "0 1 2 3",
                host.run(container, "ls /proc/self/fd | while read n; do echo -n \"$n \"; done"));
    }

    @Test
    void usesTheEnvironmentUserAndDirectoryItIsGiven() {
        ExecSpec spec =
                ExecSpec.of(
                                List.of("sh", "-c", "echo $GREETING $(id -u) $(id -g) $(pwd)"),
                                new ExecSpec.Stdio.None())
                        .withEnv(Map.of("GREETING", "hello", "PATH", "/bin"))
                        .as(1000, 100)
                        .in("/tmp");
        try (Shell shell = Shell.start(container, spec)) {
            assertEquals("hello 1000 100 /tmp", shell.output().strip());
        }
    }

    @Test
    void saysThatThereIsNoSuchProgram() {
        ExecSpec spec = ExecSpec.of(List.of("/no/such/program"), new ExecSpec.Stdio.None());
        String message =
                assertThrows(InvalidConfigException.class, () -> container.exec(spec)).getMessage();
        assertTrue(message.contains("/no/such/program"), message);
    }

    @Test
    void passesBytesExactlyBothWays() throws Exception {
        MessageDigest sent = MessageDigest.getInstance("SHA-256");
        MessageDigest received = MessageDigest.getInstance("SHA-256");
        try (Shell shell = Shell.start(container, "cat")) {
            Thread writer =
                    Thread.ofPlatform()
                            .start(() -> {
                                Random random = new Random(7);
                                byte[] chunk = new byte[1 << 16];
                                for (long done = 0; done < BYTES; done += chunk.length) {
                                    random.nextBytes(chunk);
                                    sent.update(chunk);
                                    FdIo.write(shell.in, chunk);
                                }
                                shell.in.close();
                            });
            byte[] chunk = new byte[1 << 16];
            long total = 0;
            for (int n = FdIo.read(shell.out(), chunk, 0, chunk.length);
                    n > 0;
                    n = FdIo.read(shell.out(), chunk, 0, chunk.length)) {
                received.update(chunk, 0, n);
                total += n;
            }
            writer.join();
            assertEquals(BYTES, total);
            assertEquals(0, shell.waitExit());
        }
        assertEquals(
                HexFormat.of().formatHex(sent.digest()),
                HexFormat.of().formatHex(received.digest()));
    }

    @Test
    void cve_2016_10124_hasATerminalOfTheContainer() {
        ExecSpec spec =
                ExecSpec.of(
                        List.of("/bin/sh", "-c", "tty; stty size; read x; stty size; exit 3"),
                        new ExecSpec.Stdio.Terminal(80, 25));
        try (Execution execution = container.exec(spec)) {
            Fd terminal = execution.terminal().orElseThrow();
            StringBuilder seen = new StringBuilder();
            byte[] chunk = new byte[200];
            while (!seen.toString().contains("25 80")) {
                int n = FdIo.read(terminal, chunk, 0, chunk.length);
                seen.append(new String(chunk, 0, n, java.nio.charset.StandardCharsets.UTF_8));
            }
            assertTrue(seen.toString().contains("/dev/pts/"), seen.toString());
            execution.resize(132, 50);
            FdIo.write(terminal, new byte[] {'\n'});
            assertTrue(Shell.readTerminal(terminal).contains("50 132"));
            assertEquals(3, execution.waitExit());
        }
    }

    @Test
    void diesWithItsRequesterIfAsked() {
        Shell shell = Shell.start(container, "echo in; sleep 1000");
        byte[] chunk = new byte[10];
        FdIo.read(shell.out(), chunk, 0, chunk.length);
        int pid = shell.execution.pid();
        assertTrue(io.atoll.linux.Processes.identity(pid).isPresent());
        shell.execution.close();
        Traces.until(
                () -> io.atoll.linux.Processes.identity(pid).isEmpty(), () -> "command lives on");
        shell.close();
    }

    @Test
    void manyAtOnce() throws Exception {
        int descriptors = Traces.descriptors();
        try (var executor = java.util.concurrent.Executors.newVirtualThreadPerTaskExecutor()) {
            var all = new java.util.ArrayList<java.util.concurrent.Future<?>>();
            for (int i = 0; i < 100; i++) {
                int status = i;
                all.add(executor.submit(() -> assertEquals(status, exit("exit " + status))));
            }
            for (var one : all) {
                one.get();
            }
        }
        Traces.until(() -> Traces.descriptors() <= descriptors + 4, () -> "descriptors leak");
        assertFalse(container.isOrphaned());
    }
}
