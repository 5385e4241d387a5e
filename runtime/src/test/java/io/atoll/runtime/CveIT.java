package io.atoll.runtime;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.atoll.base.Idmap;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/// Holes that other runtimes had, each under its number; `SECURITY.md` lists them all. What a test
/// writes would do no harm if it got through.
@Tag("privileged")
class CveIT {
    private static final String REFUSED = "2>/dev/null && echo done || echo refused";

    private Traces before;
    private BusyboxHost host;

    @BeforeEach
    void open() {
        before = Traces.now();
        host = new BusyboxHost();
    }

    @AfterEach
    void close() {
        host.close();
        before.assertNothingNew();
    }

    /// Locks and sockets that others could put links in the way of.
    @Test
    void cve_2015_1331_nothingOfTheRuntimeIsInADirectoryOfOthers() throws Exception {
        Container container = host.containers().start(host.spec("locks"));
        try (Stream<Path> files = Files.walk(host.base().resolve("run"))) {
            for (Path file : files.filter(Files::isDirectory).toList()) {
                Set<PosixFilePermission> mode =
                        Files.getPosixFilePermissions(file, LinkOption.NOFOLLOW_LINKS);
                assertFalse(mode.contains(PosixFilePermission.OTHERS_WRITE), file.toString());
                assertFalse(mode.contains(PosixFilePermission.GROUP_WRITE), file.toString());
            }
        }
        container.kill();
    }

    /// A descriptor of the host's `/proc` or cgroups that a command inherits opens the host.
    @Test
    void cve_2016_8649_commandsInheritNothing() {
        Container container = host.containers().start(host.spec("fds"));
        String fds = host.run(container, "for f in /proc/self/fd/*; do readlink $f; done; true");
        for (String target : fds.lines().toList()) {
            assertFalse(target.contains("cgroup"), fds);
            assertFalse(target.contains(host.base().toString()), fds);
        }
        String others = host.run(container, "for f in /proc/1/fd/*; do readlink $f; done; true");
        assertFalse(others.contains(host.base().toString()), others);
    }

    /// The program that enters a container is seen inside, and its file could be overwritten.
    @Test
    void cve_2019_5736_whoEntersCannotBeOverwritten() throws Exception {
        Path shim = Path.of(System.getProperty("atoll.shim"));
        byte[] program = Files.readAllBytes(shim);
        for (Idmap idmap : List.of(Idmap.NONE, host.spec("x").idmap())) {
            Container container =
                    host.containers()
                            .start(host.spec("exe" + (idmap.isPrivileged() ? "p" : "u"), idmap));
            host.run(
                    container,
                    "(while :; do for p in /proc/[0-9]*; do"
                            + " [ $p = /proc/1 ] || { echo x >$p/exe; } 2>/dev/null;"
                            + " done; done >/dev/null 2>&1 </dev/null &)");
            for (int i = 0; i < 40; i++) {
                assertEquals("here", host.run(container, "echo here"));
            }
            assertArrayEquals(program, Files.readAllBytes(shim));
            container.kill();
        }
    }

    /// Root of a user namespace that mounts a cgroup hierarchy must not name the kernel's agent.
    @Test
    void cve_2022_0492_noReleaseAgent() {
        Container container = host.containers().start(host.spec("agent"));
        String attempt =
                "mkdir -p /tmp/g; mount -t cgroup -o %s none /tmp/g 2>/dev/null"
                        + " || { echo refused; exit 0; };"
                        + " [ -e /tmp/g/release_agent ] || { echo refused; exit 0; };"
                        + " { cat /tmp/g/release_agent >/tmp/g/release_agent; } "
                        + REFUSED;
        for (String controller : List.of("rdma", "memory", "none,name=systemd")) {
            assertEquals("refused", host.run(container, attempt.formatted(controller)));
        }
        assertEquals(
                "0",
                host.run(
                        container,
                        "n=0; for f in $(find /sys/fs/cgroup -name release_agent 2>/dev/null); do"
                                + " { cat $f >$f; } 2>/dev/null && n=$((n+1)); done; echo $n"));
    }

    /// Kernel parameters and triggers that are the whole host's, also for root that is the host's.
    @Test
    void theHostsKernelParametersAreOutOfReach() {
        List<String> files =
                List.of(
                        "/proc/sys/kernel/core_pattern",
                        "/proc/sys/kernel/modprobe",
                        "/proc/sys/vm/overcommit_memory",
                        "/proc/sys/fs/file-max",
                        "/sys/kernel/uevent_helper",
                        "/sys/kernel/mm/transparent_hugepage/enabled",
                        "/sys/module/kernel/parameters/panic");
        for (Idmap idmap : List.of(Idmap.NONE, host.spec("x").idmap())) {
            Container container =
                    host.containers()
                            .start(host.spec("masks" + (idmap.isPrivileged() ? "p" : "u"), idmap));
            for (String file : files) {
                String text =
                        host.run(
                                container,
                                "[ -e %s ] || exit 0; { v=$(cat %s) && echo \"$v\" >%s; } %s"
                                        .formatted(file, file, file, REFUSED));
                assertTrue(text.isEmpty() || text.equals("refused"), file + ": " + text);
            }
            assertEquals(
                    "refused", host.run(container, "{ true >/proc/sysrq-trigger; } " + REFUSED));
            container.kill();
        }
    }
}
