package io.atoll.runtime;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.atoll.base.Idmap;
import io.atoll.runtime.spec.AutoMounts;
import io.atoll.runtime.spec.ContainerSpec;
import io.atoll.runtime.spec.RootfsSpec;
import io.atoll.runtime.spec.RootfsSpec.Layer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/// A whole Debian with systemd. Its root is made once by whoever wants this test, with `mmdebstrap
/// --variant=minbase --include=systemd-sysv,dbus,iproute2,procps bookworm DIRECTORY`, and named by
/// the system property `atoll.debian`.
@Tag("privileged")
class DebianIT {
    private static final Path DEBIAN =
            Path.of(System.getProperty("atoll.debian", "/tmp/atoll-runtime-debian"));

    private BusyboxHost host;

    @BeforeEach
    void open() {
        Assumptions.assumeTrue(
                Files.isDirectory(DEBIAN.resolve("usr")), "no Debian root at " + DEBIAN);
        host = new BusyboxHost();
    }

    @AfterEach
    void close() {
        if (host != null) {
            host.close();
        }
    }

    private ContainerSpec spec(String name, Idmap idmap) {
        RootfsSpec.Overlay like = (RootfsSpec.Overlay) host.spec(name, idmap).rootfs();
        RootfsSpec root =
                new RootfsSpec.Overlay(
                        List.of(new Layer(DEBIAN, like.writable().isShifted())),
                        like.writable(),
                        like.upper(),
                        like.work(),
                        List.of("index=on", "redirect_dir=on", "xino=on"),
                        false);
        return ContainerSpec.of(Traces.MARK + name, root, idmap);
    }

    @Test
    void systemdRunsUnprivileged() throws Exception {
        bootAndHalt(host.containers().start(spec("debian", BusyboxHost.IDMAP)));
    }

    @Test
    void systemdRunsPrivileged() throws Exception {
        bootAndHalt(host.containers().start(spec("debianp", Idmap.NONE)));
    }

    @Test
    void systemdRunsWhereContainersMayNest() throws Exception {
        bootAndHalt(
                host.containers()
                        .start(
                                spec("debiann", BusyboxHost.IDMAP)
                                        .withAutoMounts(AutoMounts.DEFAULT.nestable())));
    }

    private void bootAndHalt(Container container) throws Exception {
        Traces.until(
                () -> state(container).matches("running|degraded"),
                () -> "state " + state(container));
        assertEquals(
                "running",
                state(container),
                () -> host.run(container, "systemctl --failed --no-legend || true"));
        assertEquals("lxc", host.run(container, "systemd-detect-virt"));
        assertEquals("1", host.run(container, "grep -c ^systemd /proc/1/comm"));
        CompletableFuture<ExitReason> end = new CompletableFuture<>();
        container.onGone(end::complete);
        assertTrue(container.stop(Duration.ofSeconds(20)));
        assertEquals(ExitReason.Kind.HALTED, end.get(5, TimeUnit.SECONDS).kind());
    }

    private static String state(Container container) {
        try (Shell shell = Shell.start(container, "systemctl is-system-running")) {
            return shell.output().strip();
        }
    }
}
