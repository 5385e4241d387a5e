package io.atoll.lxctools;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.atoll.linux.Command;
import io.atoll.linux.Commands;
import io.atoll.runtime.lxc.LxcContainer;
import io.atoll.runtime.lxc.LxcPath;
import io.atoll.runtime.lxc.LxcSystemConfig;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;

/// A directory of containers of its own, made of busybox, and a runtime directory beside it.
/// Closing kills what still runs and fails if something is left on the host.
final class LxcHostFixture implements AutoCloseable {
    private static final Duration PATIENCE =
            Duration.ofSeconds(Integer.getInteger("atoll.patience", 30));
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
                    "mkdir",
                    "grep",
                    "wc",
                    "head",
                    "poweroff",
                    "reboot",
                    "halt",
                    "test",
                    "env",
                    "pwd",
                    "seq",
                    "ulimit",
                    "uname",
                    "date",
                    "flock",
                    "tail",
                    "sync",
                    "ping",
                    "cut",
                    "tr",
                    "printf");

    final Path base;
    final Path lxcPath;
    final Path rootfs;
    final String mark;
    private final Map<String, String> env;

    LxcHostFixture() {
        try {
            mark = "lxt" + ProcessHandle.current().pid();
            base = Files.createTempDirectory(mark + "-");
            lxcPath = Files.createDirectory(base.resolve("lxc"));
            rootfs = base.resolve("busybox");
            makeRoot(rootfs);
            env = Map.of("ATOLL_RUN_DIR", base.resolve("run").toString(), "HOME", base.toString());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void makeRoot(Path root) throws IOException {
        for (String name :
                List.of("bin", "sbin", "dev", "proc", "sys", "tmp", "etc", "root", "run", "var")) {
            Files.createDirectories(root.resolve(name));
        }
        Files.setPosixFilePermissions(
                root.resolve("tmp"), PosixFilePermissions.fromString("rwxrwxrwx"));
        Files.copy(Path.of("/bin/busybox"), root.resolve("bin/busybox"));
        for (String applet : APPLETS) {
            Files.createSymbolicLink(root.resolve("bin").resolve(applet), Path.of("busybox"));
        }
        Files.createSymbolicLink(root.resolve("sbin/init"), Path.of("../bin/busybox"));
        Files.writeString(
                root.resolve("etc/inittab"),
                """
                ::sysinit:/bin/echo started
                ::respawn:/bin/sleep 1000000
                tty1::respawn:/bin/sh
                ::ctrlaltdel:/bin/reboot
                """);
        Files.writeString(root.resolve("etc/passwd"), "root:x:0:0:root:/root:/bin/sh\n");
        Files.writeString(root.resolve("etc/group"), "root:x:0:\n");
    }

    /// A name that no other test run uses.
    String name(String name) {
        return mark + name;
    }

    /// Defines a busybox container with these lines besides the usual ones.
    String define(String shortName, String... lines) {
        String name = name(shortName);
        try {
            Path directory = Files.createDirectories(lxcPath.resolve(name));
            Path root = directory.resolve("rootfs");
            makeRoot(root);
            Files.writeString(
                    directory.resolve("config"),
                    "lxc.rootfs.path = dir:"
                            + root
                            + "\nlxc.uts.name = "
                            + shortName
                            + "\nlxc.tty.max = 2\nlxc.pty.max = 16\nlxc.mount.auto = proc sys\n"
                            + String.join("\n", lines)
                            + "\n");
            return name;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    Path rootOf(String name) {
        return lxcPath.resolve(name).resolve("rootfs");
    }

    Map<String, String> env() {
        return env;
    }

    /// Calls a tool on this directory of containers.
    ToolRun run(String tool, String... args) {
        return reading("", tool, args);
    }

    ToolRun reading(String input, String tool, String... args) {
        String[] all = new String[args.length + 2];
        all[0] = "-P";
        all[1] = lxcPath.toString();
        System.arraycopy(args, 0, all, 2, args.length);
        return ToolRun.reading(input, env, tool, all);
    }

    /// Calls a tool that must succeed, and returns what it printed.
    String must(String tool, String... args) {
        ToolRun run = run(tool, args);
        assertEquals(0, run.status(), tool + " " + String.join(" ", args) + ": " + run.err());
        return run.out();
    }

    /// What a shell command prints inside.
    String inside(String name, String command) {
        return must("lxc-attach", "-n", name, "--", "sh", "-c", command).strip();
    }

    String state(String name) {
        return must("lxc-info", "-n", name, "-sH").strip();
    }

    /// The library below the tools.
    LxcPath open() {
        return LxcPath.open(lxcPath, LxcSystemConfig.load(env, true));
    }

    static void until(BooleanSupplier condition, String what) {
        Instant deadline = Instant.now().plus(PATIENCE);
        while (!condition.getAsBoolean()) {
            if (Instant.now().isAfter(deadline)) {
                throw new AssertionError("not so within " + PATIENCE.toSeconds() + " s: " + what);
            }
            LockSupport.parkNanos(10_000_000);
        }
    }

    /// Lets others see what happened before the next thing does.
    void settle(long millis) {
        LockSupport.parkNanos(Duration.ofMillis(millis).toNanos());
    }

    /// Whether this host has version 2 of cgroups alone, where files have other names.
    static boolean hasOnlyCgroup2() {
        return Files.exists(Path.of("/sys/fs/cgroup/cgroup.controllers"));
    }

    /// The key of a limit to memory, without its prefix.
    static String memoryLimit() {
        return hasOnlyCgroup2() ? "memory.max" : "memory.limit_in_bytes";
    }

    /// `lxc.cgroup` or `lxc.cgroup2`, as this host's hierarchies take it.
    static String cgroupPrefix() {
        return hasOnlyCgroup2() ? "lxc.cgroup2." : "lxc.cgroup.";
    }

    static String sh(String command) {
        return Commands.run(Command.of("/bin/sh", "-c", command)).text();
    }

    /// Mounts, cgroups, links and processes of our containers.
    private TreeSet<String> traces() {
        TreeSet<String> found = new TreeSet<>();
        String text =
                sh(
                        "grep -F "
                                + mark
                                + " /proc/self/mountinfo;"
                                + "find /sys/fs/cgroup -type d -name '*"
                                + mark
                                + "*' 2>/dev/null;"
                                + "ls /sys/class/net | grep "
                                + mark
                                + ";true");
        text.lines().forEach(found::add);
        return found;
    }

    @Override
    public void close() {
        try (LxcPath path = open()) {
            for (String name : path.activeNames()) {
                LxcContainer container = path.container(name);
                container.running().ifPresent(io.atoll.runtime.Container::kill);
            }
            path.containers().retire();
        }
        until(() -> traces().isEmpty(), "nothing is left behind but " + traces());
        delete(base);
    }

    private static void delete(Path tree) {
        try (Stream<Path> all = Files.walk(tree)) {
            for (Path path : all.sorted(Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(path);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
