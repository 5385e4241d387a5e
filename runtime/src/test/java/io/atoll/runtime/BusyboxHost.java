package io.atoll.runtime;

import io.atoll.base.Idmap;
import io.atoll.runtime.compiler.HostFacts;
import io.atoll.runtime.compiler.HostProbe;
import io.atoll.runtime.spec.ContainerSpec;
import io.atoll.runtime.spec.RootfsSpec;
import io.atoll.runtime.spec.RootfsSpec.Layer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/// A runtime directory of its own and a busybox root to make containers from. Closing kills what
/// still runs.
final class BusyboxHost implements AutoCloseable {
    static final Idmap IDMAP = Idmap.range(1_000_000, 65_536);

    private static final List<String> APPLETS =
            List.of(
                    "sh",
                    "ls",
                    "cat",
                    "echo",
                    "sleep",
                    "true",
                    "false",
                    "id",
                    "mount",
                    "umount",
                    "ps",
                    "kill",
                    "ip",
                    "stat",
                    "readlink",
                    "dd",
                    "tty",
                    "stty",
                    "hostname",
                    "mknod",
                    "touch",
                    "rm",
                    "mv",
                    "chmod",
                    "mkdir",
                    "grep",
                    "wc",
                    "head",
                    "poweroff",
                    "reboot",
                    "halt",
                    "sha256sum",
                    "test",
                    "env",
                    "pwd",
                    "seq",
                    "ulimit",
                    "yes");

    private final Path base;
    private final Path lower;
    private Containers containers;

    private final HostFacts facts;

    BusyboxHost() {
        this(HostProbe.probe());
    }

    /// A host of which only some facts are to be known.
    BusyboxHost(HostFacts facts) {
        this.facts = facts;
        try {
            base = Files.createTempDirectory(Traces.MARK);
            lower = base.resolve("busybox");
            makeRoot();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        containers = open();
    }

    private Containers open() {
        return new ShimContainers(paths(), facts);
    }

    RuntimePaths paths() {
        return RuntimePaths.under(base.resolve("run"));
    }

    private void makeRoot() throws IOException {
        for (String name :
                List.of("bin", "sbin", "dev", "proc", "sys", "tmp", "etc", "root", "run", "var")) {
            Files.createDirectories(lower.resolve(name));
        }
        Files.setPosixFilePermissions(lower, PosixFilePermissions.fromString("rwxr-xr-x"));
        Files.setPosixFilePermissions(
                lower.resolve("tmp"), PosixFilePermissions.fromString("rwxrwxrwx"));
        Files.copy(
                Path.of("/bin/busybox"),
                lower.resolve("bin/busybox"),
                StandardCopyOption.REPLACE_EXISTING);
        Files.setPosixFilePermissions(
                lower.resolve("bin/busybox"), PosixFilePermissions.fromString("rwxr-xr-x"));
        for (String applet : APPLETS) {
            Files.createSymbolicLink(lower.resolve("bin").resolve(applet), Path.of("busybox"));
        }
        Files.createSymbolicLink(lower.resolve("sbin/init"), Path.of("../bin/busybox"));
        Files.writeString(
                lower.resolve("etc/inittab"),
                "::sysinit:/bin/echo started\n"
                        + "::respawn:/bin/sleep 1000000\n"
                        + "::ctrlaltdel:/bin/reboot\n");
        Files.writeString(lower.resolve("etc/passwd"), "root:x:0:0:root:/root:/bin/sh\n");
        Files.writeString(lower.resolve("etc/group"), "root:x:0:\n");
    }

    Containers containers() {
        return containers;
    }

    Path base() {
        return base;
    }

    Path lower() {
        return lower;
    }

    /// As after a restart of the daemon.
    Containers reopen() {
        containers.close();
        containers = open();
        return containers;
    }

    /// An overlay container of that id.
    ContainerSpec spec(String id) {
        return spec(id, IDMAP);
    }

    ContainerSpec spec(String id, Idmap idmap) {
        Path writable = base.resolve("instances").resolve(id);
        try {
            Files.createDirectories(writable.resolve("upper"));
            Files.createDirectories(writable.resolve("work"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        boolean isShifted = !idmap.isPrivileged();
        RootfsSpec root =
                new RootfsSpec.Overlay(
                        List.of(new Layer(lower, isShifted)),
                        new Layer(writable, isShifted),
                        "upper",
                        "work",
                        List.of(),
                        false);
        return ContainerSpec.of(Traces.MARK + id, root, idmap);
    }

    /// What a shell command inside prints; its exit status must be 0.
    String run(Container container, String command) {
        try (Shell shell = Shell.start(container, command)) {
            String out = shell.output();
            int status = shell.waitExit();
            if (status != 0) {
                throw new AssertionError(
                        "exit " + status + " of `" + command + "`: " + out + shell.errors());
            }
            return out.strip();
        }
    }

    @Override
    public void close() {
        List<Throwable> failures = new ArrayList<>();
        for (String id : containers.ids()) {
            try {
                containers.find(id).ifPresent(Container::kill);
            } catch (RuntimeException e) {
                failures.add(e);
            }
        }
        containers.close();
        retire();
        delete(base);
        if (!failures.isEmpty()) {
            throw new AssertionError("containers are left: " + failures);
        }
    }

    private void retire() {
        Path socket = base.resolve("run/shim.sock");
        if (Files.exists(socket)) {
            try (ShimConnection connection = ShimConnection.open(socket)) {
                connection.send(new io.atoll.plan.ShimMessage.Retire());
                connection.receive(Duration.ofSeconds(5)).ifPresent(ShimConnection.Received::close);
            }
        }
    }

    /// The fork server removes its socket in its own time: what vanishes meanwhile is looked at
    /// again.
    static void delete(Path tree) {
        try (Stream<Path> all = Files.walk(tree)) {
            for (Path path : all.sorted(Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(path);
            }
        } catch (UncheckedIOException e) {
            if (e.getCause() instanceof java.nio.file.NoSuchFileException) {
                delete(tree);
                return;
            }
            throw e;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
