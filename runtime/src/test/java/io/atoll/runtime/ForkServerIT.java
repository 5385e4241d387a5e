package io.atoll.runtime;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.atoll.linux.Command;
import io.atoll.linux.Commands;
import io.atoll.linux.UnixSockets;
import io.atoll.plan.ShimMessage;
import io.atoll.runtime.compiler.HostFacts;
import io.atoll.runtime.compiler.HostProbe;
import io.atoll.runtime.spec.ContainerSpec;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// When the fork server ends by itself, and how little it is asked who it is.
@Tag("privileged")
class ForkServerIT {
    private static final Duration SOON = Duration.ofSeconds(20);

    @TempDir private Path directory;

    private static void await(String what, java.util.function.BooleanSupplier condition) {
        Instant deadline = Instant.now().plus(SOON);
        while (!condition.getAsBoolean()) {
            assertTrue(Instant.now().isBefore(deadline), what);
            LockSupport.parkNanos(10_000_000);
        }
    }

    private static int serve(Path shim, Path socket) {
        Commands.Result unused =
                Commands.run(
                        Command.of(
                                shim.toString(),
                                "serve",
                                "--socket",
                                socket.toString(),
                                "--idle",
                                "1"));
        try (var connection = UnixSockets.connect(UnixSockets.Type.SEQPACKET, socket)) {
            return UnixSockets.peerCredentials(connection).pid();
        }
    }

    @Test
    void anIdleOneEndsAndLeavesNoSocket() {
        Path socket = directory.resolve("idle.sock");
        int pid = serve(RuntimePaths.under(directory).shim(), socket);
        await("the idle server does not end", () -> !Files.exists(socket));
        await(
                "the idle server's process stays",
                () -> io.atoll.linux.Processes.identity(pid).isEmpty());
    }

    @Test
    void oneThatIsSentAwayHasASuccessorAtOnce() {
        RuntimePaths paths = RuntimePaths.under(directory);
        for (int round = 0; round < 30; round++) {
            ForkServer server = new ForkServer(paths);
            server.connect().close();
            server.retire();
            try (ShimConnection connection = new ForkServer(paths).connect()) {
                connection.send(new ShimMessage.Hello());
                assertTrue(connection.receive(SOON).isPresent(), "round " + round);
            }
        }
        new ForkServer(paths).retire();
        await("the last one does not end", () -> !Files.exists(paths.serverSocket()));
    }

    @Test
    void oneWithAContainerStaysAndTheNextStartsAnother() throws IOException {
        HostFacts facts = HostProbe.probe();
        try (BusyboxHost host = new BusyboxHost(facts)) {
            RuntimePaths paths = host.paths();
            int pid = serve(paths.shim(), paths.serverSocket());
            ContainerSpec spec = host.spec("idle1");
            Container container = host.containers().start(spec);
            // Longer than it may be idle.
            host.run(container, "sleep 2");
            host.run(container, "sleep 2");
            assertEquals(pid, serve(paths.shim(), paths.serverSocket()));
            container.kill();
            await("the server stays", () -> !Files.exists(paths.serverSocket()));
            Container again = host.containers().start(spec);
            assertEquals(ContainerState.RUNNING, again.state());
            again.kill();
            // Who the shim is was asked once, and is asked again when the file is another.
            Path note = paths.runDir().resolve("shim.build");
            String first = Files.readString(note);
            assertEquals(2, first.lines().count());
            Files.writeString(note, first.replaceFirst("^\\S+", "0"));
            try (Containers others = Containers.open(paths)) {
                others.start(spec).kill();
            }
            assertEquals(first, Files.readString(note));
            assertFalse(first.isBlank());
            // The server has told its build to this process now, and is not asked again.
            String changed = first.replaceFirst("^\\S+", "0");
            Files.writeString(note, changed);
            try (Containers others = Containers.open(paths)) {
                others.start(spec).kill();
            }
            assertEquals(changed, Files.readString(note));
        }
    }
}
