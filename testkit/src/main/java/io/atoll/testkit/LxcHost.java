package io.atoll.testkit;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.atoll.linux.Pty.WindowSize;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/// A machine for the `lxc-*` commands within this one: mount and network namespaces of its own, in
/// which `/etc`, `/run` and `/var` may be written to without anybody noticing, and an `eth0` that
/// leads to a neighbour. What a manual shows can be typed there word for word, by several tests at
/// once. Cgroups and process ids are the real machine's.
///
/// `eth0` is 10.1.1.10/24; the neighbour is 10.1.1.1, and 10.1.1.4 where it answers for names.
public final class LxcHost implements AutoCloseable {
    /// Whose commands are used.
    public enum Kind {
        /// Those of `dist/atoll`.
        ATOLL,
        /// Those of the distribution's package `lxc`.
        DEBIAN
    }

    private static final Duration SOON = Duration.ofSeconds(30);
    private static final WindowSize SCREEN = new WindowSize(100, 30);

    private static final String SETUP =
            """
            set -e
            base=$1 home=$2
            cd "$base"
            # In memory, as every machine has /run.
            mkdir -p upper/run work/run memory
            mount -t tmpfs -o mode=755 run memory
            mkdir memory/upper memory/work
            mount -t overlay overlay -o "lowerdir=/run,upperdir=$base/memory/upper,workdir=$base/memory/work" /run
            for d in etc var; do
                mkdir -p "upper/$d" "work/$d"
                mount -t overlay overlay -o "lowerdir=/$d,upperdir=$base/upper/$d,workdir=$base/work/$d" "/$d"
            done
            for d in lib cache; do
                mkdir -p "$d" "/var/$d/lxc"
                mount --bind "$d" "/var/$d/lxc"
            done
            mkdir -p cgroup /etc/lxc /var/lib/misc
            mount --rbind /sys/fs/cgroup cgroup
            mount -t sysfs -o nosuid,nodev,noexec sysfs /sys
            mount --rbind cgroup /sys/fs/cgroup
            umount --lazy cgroup
            # Whatever runs here by mistake on this machine's root must not find everybody's /tmp.
            mkdir -p tmp
            chmod 1777 tmp
            case $home in
                /tmp/*)
                    mkdir -p "tmp${home#/tmp}"
                    mount --bind "$home" "tmp${home#/tmp}"
            esac
            mount --rbind tmp /tmp
            rm -f /etc/resolv.conf
            echo 'nameserver 10.1.1.4' >/etc/resolv.conf
            if [ -n "$home" ]; then
                cp "$home/share/lxc/default.conf" /etc/lxc/default.conf
                rm -f /etc/default/lxc /etc/default/lxc-net
            fi
            unshare --net sleep infinity &
            neighbour=$!
            until [ "$(readlink /proc/$neighbour/ns/net)" != "$(readlink /proc/self/ns/net)" ]; do sleep 0.05; done
            ip link set lo up
            ip link add eth0 type veth peer name up0 netns $neighbour
            ip address add 10.1.1.10/24 dev eth0
            ip link set eth0 up
            nsenter --target=$neighbour --net sh -ec '
                ip link set lo up
                ip address add 10.1.1.1/24 dev up0
                ip address add 10.1.1.4/24 dev up0
                ip link set up0 up
                dnsmasq --conf-file=/dev/null --pid-file= --no-hosts --no-resolv --listen-address=10.1.1.4 \\
                    --bind-interfaces --except-interface=lo --address=/neighbour.example/10.1.1.1 --user=root
            '
            ip route add default via 10.1.1.1
            echo $neighbour >neighbour
            exec sleep infinity
            """;

    private final Kind kind;
    private final Path base;
    private final Process holder;
    private final String neighbour;
    private final boolean isWarm;

    private LxcHost(Kind kind, Path base, Process holder, String neighbour, boolean isWarm) {
        this.kind = kind;
        this.base = base;
        this.holder = holder;
        this.neighbour = neighbour;
        this.isWarm = isWarm;
    }

    /// A fresh machine without containers, bridge or running service.
    ///
    /// @param marker part of the directory's name, for [Leaks]
    public static LxcHost launch(Kind kind, String marker) {
        return launch(kind, marker, false);
    }

    /// The same, whose commands find a warm process as those of most users do.
    public static LxcHost launchWarm(Kind kind, String marker) {
        return launch(kind, marker, true);
    }

    private static LxcHost launch(Kind kind, String marker, boolean isWarm) {
        String home = kind == Kind.ATOLL ? home().toString() : "";
        try {
            Path base = Files.createTempDirectory(marker + "-");
            Path log = base.resolve("setup.log");
            ProcessBuilder builder =
                    Program.of("unshare", "--mount", "--net", "--propagation=private")
                            .builder("sh", "-c", SETUP, "sh", base.toString(), home)
                            .redirectErrorStream(true)
                            .redirectOutput(log.toFile());
            Process holder = builder.start();
            Path ready = base.resolve("neighbour");
            Await.until(
                    "the machine for lxc",
                    SOON,
                    () -> {
                        if (!holder.isAlive()) {
                            throw new AssertionError("no machine for lxc: " + read(log));
                        }
                        return Files.exists(ready) && read(ready).endsWith("\n");
                    });
            return new LxcHost(kind, base, holder, read(ready).strip(), isWarm);
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }

    /// The folder of the programs under test.
    public static Path home() {
        Path home = Path.of(System.getProperty("atoll.root"), "dist", "atoll");
        if (!Files.isExecutable(home.resolve("dropin/lxc-start"))) {
            throw new AssertionError(home + " is missing: run ./mk dist first");
        }
        return home;
    }

    private static String read(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }

    /// Whose commands it has.
    public Kind kind() {
        return kind;
    }

    /// Runs a command on it.
    public Program.Output run(String... words) {
        return program().run(words);
    }

    /// Runs a shell script on it, as typed by root.
    public Program.Output sh(String script) {
        return program().run("sh", "-c", script);
    }

    /// What a script prints; it must end with 0.
    public String must(String script) {
        return sh(script).ok().out().strip();
    }

    /// What a script prints that may use the network of the real machine, to fetch packages; it
    /// must end with 0.
    public String mustOnline(String script) {
        String names = read(Path.of("/etc/resolv.conf"));
        Program online =
                new Program(
                        List.of(
                                "nsenter",
                                "--target=" + holder.pid(),
                                "--mount",
                                "--wdns=/root",
                                "--",
                                "sh",
                                "-c"),
                        Map.of("PATH", path(), "HOME", "/root"));
        String own = must("cat /etc/resolv.conf");
        Program.Output unused = program().runWith(names.getBytes(UTF_8), "tee", "/etc/resolv.conf");
        try {
            return online.run(script).ok().out().strip();
        } finally {
            unused = program().runWith((own + "\n").getBytes(UTF_8), "tee", "/etc/resolv.conf");
        }
    }

    /// What a script that the neighbour runs prints; it must end with 0.
    public String mustOutside(String script) {
        return Program.of("nsenter", "--target=" + neighbour, "--net", "sh", "-c")
                .run(script)
                .ok()
                .out()
                .strip();
    }

    /// What a script prints that runs with this machine's files and commands on the neighbour's
    /// network, as if it were another host; it must end with 0.
    public String mustNextDoor(String script) {
        return new Program(
                        List.of(
                                "nsenter",
                                "--target=" + holder.pid(),
                                "--mount",
                                "--net=/proc/" + neighbour + "/ns/net",
                                "--wdns=/root",
                                "--",
                                "sh",
                                "-c"),
                        Map.of("PATH", path(), "HOME", "/root"))
                .run(script)
                .ok()
                .out()
                .strip();
    }

    /// Starts a command on a terminal of it.
    public Terminal terminal(String... words) {
        return Terminal.start(program(), SCREEN, words);
    }

    /// The `nsenter` that commands are appended to.
    public Program program() {
        Program program =
                new Program(
                        List.of(
                                "nsenter",
                                "--target=" + holder.pid(),
                                "--mount",
                                "--net",
                                "--wdns=/root",
                                "--"),
                        Map.of("PATH", path(), "HOME", "/root"));
        return isWarm ? program.with("ATOLL_WARM", "1") : program;
    }

    private String path() {
        String system = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
        return switch (kind) {
            case ATOLL -> home().resolve("dropin") + ":" + home().resolve("libexec") + ":" + system;
            case DEBIAN -> "/usr/libexec/lxc:" + system;
        };
    }

    /// `/var/lib/lxc` as the real machine sees it.
    public Path lxcPath() {
        return base.resolve("lib");
    }

    /// Waits until a script of the machine ends with 0.
    public void until(String script) {
        Await.until(script, SOON, () -> sh(script).exit() == 0);
    }

    /// Stops all containers and everything else that runs on it, and forgets it.
    ///
    /// @throws AssertionError if something does not end
    @Override
    public void close() {
        sh("for c in $(lxc-ls -1 --active); do lxc-stop -k -n \"$c\"; done");
        Set<String> networks = new HashSet<>();
        network(holder.pid()).ifPresent(networks::add);
        network(Long.parseLong(neighbour)).ifPresent(networks::add);
        Await.until(
                "everything on the machine for lxc to end",
                SOON,
                () -> {
                    List<ProcessHandle> left =
                            ProcessHandle.allProcesses()
                                    .filter(process -> process.pid() != holder.pid())
                                    .filter(process ->
                                            network(process.pid())
                                                    .filter(networks::contains)
                                                    .isPresent())
                                    .toList();
                    left.forEach(ProcessHandle::destroyForcibly);
                    return left.isEmpty();
                });
        holder.destroyForcibly();
        try {
            holder.waitFor();
        } catch (InterruptedException failure) {
            throw new AssertionError(failure);
        }
        Program.of("rm", "-rf", "--one-file-system", base.toString()).run();
    }

    /// The network namespace of a process; empty if it has ended.
    private static Optional<String> network(long pid) {
        try {
            Path link = Path.of("/proc", Long.toString(pid), "ns/net");
            return Optional.of(Files.readSymbolicLink(link).toString());
        } catch (IOException _) {
            return Optional.empty();
        }
    }

    @Override
    public String toString() {
        return kind + " at " + base;
    }
}
