package io.atoll.bench;

import io.atoll.base.Architecture;
import io.atoll.image.ImageBuilder;
import io.atoll.image.ImageFile;
import io.atoll.testkit.Program;
import io.atoll.testkit.TestDaemon;
import io.atoll.testkit.UpstreamDaemon;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/// One of the two daemons that are compared, with a pool, a bridge and the images of the tests.
/// Both are driven by the distribution's `lxc`.
sealed interface Subject extends AutoCloseable {
    /// Where built images are kept from run to run.
    Path IMAGES = Path.of("/var/cache/atoll/bench-images");

    /// The head of its column.
    String name();

    /// The distribution's client, told where this daemon is.
    Program lxc();

    /// The daemon's process.
    long pid();

    /// Its state directory.
    Path state();

    /// Its bridge.
    String bridge();

    /// SIGTERM and wait for its end; instances go on.
    void stop();

    /// Starts it again.
    void startWithoutWaiting();

    /// Whether a process with this command line is the monitor of one of its containers.
    boolean isMonitor(String commandLine);

    @Override
    void close();

    /// Atoll from `dist/`.
    record Atoll(TestDaemon daemon) implements Subject {
        private static final String BRIDGE = "atlbench0";

        static Atoll launch() {
            Atoll subject = new Atoll(TestDaemon.launch("atoll-bench"));
            subject.prepare("overlay", BRIDGE, "10.231.78.1/22");
            return subject;
        }

        @Override
        public String name() {
            return "Atoll";
        }

        @Override
        public Program lxc() {
            return daemon.lxc();
        }

        @Override
        public long pid() {
            return daemon.pid();
        }

        @Override
        public Path state() {
            return daemon.state();
        }

        @Override
        public String bridge() {
            return BRIDGE;
        }

        @Override
        public void stop() {
            daemon.stop();
        }

        @Override
        public void startWithoutWaiting() {
            daemon.startWithoutWaiting();
        }

        @Override
        public boolean isMonitor(String commandLine) {
            return commandLine.startsWith("[atoll monitor] ");
        }

        @Override
        public void close() {
            daemon.close();
        }
    }

    /// Debian's package `lxd`.
    record Lxd(UpstreamDaemon daemon) implements Subject {
        private static final String BRIDGE = "lxdbench0";

        static Lxd launch() {
            Lxd subject = new Lxd(UpstreamDaemon.launch("lxd-bench"));
            subject.prepare("dir", BRIDGE, "10.231.84.1/22");
            return subject;
        }

        @Override
        public String name() {
            return "LXD 5.0.2";
        }

        @Override
        public Program lxc() {
            return daemon.lxc();
        }

        @Override
        public long pid() {
            return daemon.pid();
        }

        @Override
        public Path state() {
            return daemon.state();
        }

        @Override
        public String bridge() {
            return BRIDGE;
        }

        @Override
        public void stop() {
            daemon.stop();
        }

        @Override
        public void startWithoutWaiting() {
            daemon.startWithoutWaiting();
        }

        @Override
        public boolean isMonitor(String commandLine) {
            return commandLine.startsWith("[lxc monitor] " + state());
        }

        @Override
        public void close() {
            for (String instance : instances()) {
                lxc().run("delete", "--force", instance);
            }
            for (String device : List.of("root", "eth0")) {
                lxc().run("profile", "device", "remove", "default", device);
            }
            lxc().run("network", "delete", BRIDGE);
            daemon.close();
        }
    }

    /// Pool, bridge, profile and images.
    default void prepare(String driver, String bridge, String subnet) {
        run("storage", "create", "default", driver);
        run("network", "create", bridge, "ipv6.address=none", "ipv4.address=" + subnet);
        run("profile", "device", "add", "default", "root", "disk", "path=/", "pool=default");
        run("profile", "device", "add", "default", "eth0", "nic", "network=" + bridge, "name=eth0");
        importImage("busybox", "busybox");
        importImage("debian/12", "debian");
    }

    /// An image as `atoll image build` makes it: two files, the second a squashfs.
    private void importImage(String name, String alias) {
        ImageFile image =
                new ImageBuilder(IMAGES, System.err::println)
                        .build(name, Architecture.host(), false);
        run(
                "image",
                "import",
                image.metadata().toString(),
                image.rootfs().orElseThrow().toString(),
                "--alias",
                alias);
    }

    /// Runs a command of the client.
    ///
    /// @throws AssertionError if it fails
    default Program.Output run(String... command) {
        return lxc().run(command).ok();
    }

    /// The names of all instances.
    default List<String> instances() {
        return run("list", "--format=csv", "--columns=n")
                .out()
                .lines()
                .filter(line -> !line.isBlank())
                .toList();
    }

    /// Memory of a process in bytes by a field of `smaps_rollup`: `Rss` or `Pss`.
    static long memory(long pid, String field) {
        try {
            for (String line :
                    Files.readAllLines(Path.of("/proc", Long.toString(pid), "smaps_rollup"))) {
                if (line.startsWith(field + ":")) {
                    return Long.parseLong(line.replaceAll("\\D", "")) * 1024;
                }
            }
            return 0;
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }
}
