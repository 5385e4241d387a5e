package io.atoll.runtime;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.atoll.linux.Command;
import io.atoll.linux.Commands;
import io.atoll.linux.Mounts;
import io.atoll.linux.Namespaces;
import io.atoll.runtime.compiler.HostProbe;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/// Containers started by a fork server that lives in a plain chroot, where the kernel refuses user
/// namespaces and pivot_root.
@Tag("privileged")
class ChrootIT {
    @Test
    void startsInsideOfAChroot() throws Exception {
        Path java = Path.of(System.getProperty("java.home"));
        Path root = Files.createTempDirectory(Traces.MARK + "chroot-");
        try {
            // A second JVM inside of the chroot runs the whole runtime.
            String out =
                    Namespaces.withOwnMounts(() -> {
                        for (String name :
                                List.of(
                                        "proc", "sys", "dev", "tmp", "usr", "etc", "work", "jdk",
                                        "root")) {
                            Files.createDirectories(root.resolve(name));
                        }
                        for (String link : List.of("bin", "sbin", "lib", "lib64")) {
                            Files.createSymbolicLink(root.resolve(link), Path.of("usr/" + link));
                        }
                        for (String shared : List.of("/proc", "/sys", "/dev", "/usr", "/etc")) {
                            Mounts.move(Mounts.cloneTree(shared, true), root + shared);
                        }
                        Mounts.move(Mounts.cloneTree(java.toString(), false), root + "/jdk");
                        Mounts.move(
                                Mounts.cloneTree(System.getProperty("atoll.root"), false),
                                root + "/work");
                        return Commands.run(
                                        Command.of(
                                                        "chroot",
                                                        root.toString(),
                                                        "/jdk/bin/java",
                                                        "--enable-native-access=ALL-UNNAMED",
                                                        "-Datoll.shim=/work/shim/target/atoll-shim",
                                                        "-XX:+UseSerialGC",
                                                        "-cp",
                                                        classPath(),
                                                        Inside.class.getName())
                                                .timeout(Duration.ofMinutes(1)))
                                .text();
                    });
            assertTrue(
                    out.contains("chrooted: true") && out.contains("inside: atoll-runtime-"), out);
        } finally {
            BusyboxHost.delete(root);
        }
    }

    private static String classPath() {
        String base = "/work/";
        return String.join(
                ":",
                List.of(
                        base + "runtime/target/classes",
                        base + "runtime/target/test-classes",
                        base + "linux/target/classes",
                        base + "plan/target/classes",
                        base + "base/target/classes"));
    }

    @Test
    void thisHostIsNoChroot() {
        assertFalse(HostProbe.probe().isChrooted());
    }

    /// Runs in the chroot.
    static final class Inside {
        private Inside() {}

        public static void main(String[] arguments) {
            System.out.println("chrooted: " + HostProbe.probe().isChrooted());
            try (BusyboxHost host = new BusyboxHost()) {
                Container container = host.containers().start(host.spec("c"));
                System.out.println("inside: " + host.run(container, "hostname"));
                container.kill();
            }
        }
    }
}
