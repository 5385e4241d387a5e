package io.atoll.lxcfs;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.Timeout;

/// Containers that others made: Debian's LXC by our mount hook, and an OCI runtime by the bind
/// mounts that Docker's `-v` comes down to.
@Tag("privileged")
@Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class OtherEnginesIT {
    /// Read by busybox, whose `cat` is sendfile(2).
    private static final String SHOW =
            "cat /proc/meminfo | head -n 1; cat /proc/uptime; cat /sys/devices/system/cpu/online";

    private final String name = "atoll-lxcfs-oe-" + ProcessHandle.current().pid();
    private final Path directory = Path.of("/tmp", name);
    private final Path mountPoint = directory.resolve("lxcfs");
    private LxcfsProcess lxcfs;

    @BeforeEach
    void start() throws IOException {
        assumeTrue(Files.isExecutable(Path.of("/usr/bin/busybox")), "needs busybox-static");
        Files.createDirectories(directory);
        lxcfs = LxcfsProcess.ours(mountPoint, "-l");
    }

    @AfterEach
    void stop() {
        if (lxcfs != null) {
            lxcfs.close();
        }
        Box.shell("rm -rf " + directory);
        assertEquals("", Box.shell("grep -h " + name + " /proc/self/mountinfo"), "mounts left");
    }

    private static void assertLimited(String shown, long kibibytes) {
        List<String> lines = shown.lines().toList();
        assertEquals(3, lines.size(), shown);
        assertTrue(lines.get(0).matches("MemTotal: +" + kibibytes + " kB"), shown);
        assertTrue(Double.parseDouble(lines.get(1).split(" ")[0]) < 60, shown);
        assertEquals("0", lines.get(2), shown);
    }

    /// Left out where Debian's lxc is not installed: its service would make a bridge on the host.
    @TestFactory
    List<DynamicTest> debiansLxc() {
        return Files.isExecutable(Path.of("/usr/bin/lxc-start"))
                ? List.of(DynamicTest.dynamicTest("by the mount hook", this::byTheMountHook))
                : List.of();
    }

    private void byTheMountHook() throws IOException {
        String at = " -P " + directory + " -n " + name;
        String made = Box.shell("/usr/bin/lxc-create" + at + " -t busybox");
        Path config = directory.resolve(name + "/config");
        assertTrue(Files.exists(config), made);
        Path hook = Path.of("src/main/dist/lxc.mount.hook").toAbsolutePath();
        String text =
                Files.readString(config)
                        .replaceAll("(?m)^lxc\\.(net|apparmor).*\n", "")
                        .concat(
                                """
                                lxc.net.0.type = empty
                                lxc.hook.mount = %s
                                lxc.cgroup.memory.limit_in_bytes = 100M
                                lxc.cgroup.cpuset.cpus = 0
                                lxc.cgroup2.memory.max = 100M
                                lxc.cgroup2.cpuset.cpus = 0
                                """
                                        .formatted(hook));
        Files.writeString(config, text);
        try {
            String started =
                    Box.shell("LXCFS=" + mountPoint + " timeout 60 /usr/bin/lxc-start" + at);
            String attach = "/usr/bin/lxc-attach" + at + " -- sh -c '";
            assertLimited(Box.shell(attach + SHOW + "'"), 100 * 1024);

            lxcfs.kill();
            assertTrue(
                    Box.shell(attach + "head -n 1 /proc/meminfo'").contains("not connected"),
                    started);
            lxcfs = LxcfsProcess.ours(mountPoint, "-l");
            LxcfsProcess.await(
                    () -> Box.shell(attach + "cat /proc/meminfo'").startsWith("MemTotal"),
                    "upstream's container is healed");
            assertLimited(Box.shell(attach + SHOW + "'"), 100 * 1024);
        } finally {
            Box.shell("/usr/bin/lxc-stop -k" + at + "; /usr/bin/lxc-destroy" + at);
        }
    }

    @Test
    void anOciRuntimeByBindMounts() throws IOException {
        Path runtime = Path.of("/usr/sbin/runc");
        assumeTrue(Files.isExecutable(runtime), "needs Debian's runc");
        Path bundle = Files.createDirectories(directory.resolve("bundle"));
        Path bin = Files.createDirectories(bundle.resolve("rootfs/bin"));
        Files.copy(Path.of("/usr/bin/busybox"), bin.resolve("busybox"));
        for (String applet : List.of("sh", "cat", "head")) {
            Files.createSymbolicLink(bin.resolve(applet), Path.of("busybox"));
        }
        Files.writeString(bundle.resolve("config.json"), bundleConfig());
        String root = runtime + " --root " + directory + "/runc";
        String shown = Box.shell(root + " run -b " + bundle + " " + name + " </dev/null");
        assertLimited(shown, 80 * 1024);
    }

    private String bundleConfig() {
        StringBuilder binds = new StringBuilder();
        for (String file : List.of("proc/meminfo", "proc/uptime", "sys/devices/system/cpu")) {
            binds.append(
                    """
                    , {"destination": "/%s", "type": "bind", "source": "%s/%s", "options": ["bind", "ro"]}
                    """
                            .formatted(file, mountPoint, file));
        }
        return """
        {"ociVersion": "1.0.0",
         "process": {"user": {"uid": 0, "gid": 0}, "cwd": "/", "env": ["PATH=/bin"],
                     "args": ["/bin/sh", "-c", "%s"]},
         "root": {"path": "rootfs"},
         "mounts": [{"destination": "/proc", "type": "proc", "source": "proc"},
                    {"destination": "/sys", "type": "sysfs", "source": "sysfs", "options": ["ro"]}%s],
         "linux": {"cgroupsPath": "/%s",
                   "resources": {"memory": {"limit": 83886080}, "cpu": {"cpus": "0"}},
                   "namespaces": [{"type": "pid"}, {"type": "mount"}, {"type": "ipc"}, {"type": "uts"}]}}
        """
                .formatted(SHOW, binds, name);
    }
}
