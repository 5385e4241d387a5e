package io.atoll.bench;

import io.atoll.testkit.LxcHost;
import io.atoll.testkit.Program;
import io.atoll.testkit.TestImages;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;

/// Measures the `lxc-*` commands of Atoll, with a warm process and without, and of Debian's package
/// `lxc` in turns, each on a machine of its own ([LxcHost]), as commands that a shell there starts
/// ([Shell]): what a script sees.
final class CompareLxc implements AutoCloseable {
    private static final String SYSTEM_CONFIG =
            """
            lxc.include = SHARE/config/common.conf
            lxc.rootfs.path = dir:/var/lib/lxc/NAME/rootfs
            lxc.uts.name = NAME
            lxc.mount.auto = proc:mixed sys:mixed cgroup:mixed
            lxc.net.0.type = veth
            lxc.net.0.link = lxcbr0
            lxc.net.0.flags = up
            """;

    private static final String WARM = "warm";
    private static final String COLD = "cold";
    private static final String THEIRS = "LXC 5.0.2";

    /// How often a warm process does a command before it counts: a JVM compiles what it does often.
    private static final int PRACTICE = 30;

    /// What stands in for the installer, so that the template `debian` fills its cache without a
    /// network; its last but one word is the directory.
    private static final String INSTALLER =
            """
            mkdir -p /var/stub && cat >/var/stub/mmdebstrap <<'EOF'
            #!/bin/sh
            for word; do before=$last last=$word; [ "$word" = - ] && root=$before; done
            mkdir -p "$root" && tar -xzf IMAGE --strip-components=1 -C "$root" rootfs
            EOF
            chmod 755 /var/stub/mmdebstrap
            """;

    private final Map<String, LxcHost> hosts = new LinkedHashMap<>();
    private final Map<String, Shell> shells = new LinkedHashMap<>();
    private final Table table = new Table(List.of(WARM, COLD, THEIRS));
    private final PrintStream progress;
    private final Random random = new Random(1);

    private CompareLxc(PrintStream progress) {
        this.progress = progress;
    }

    /// The rows, rendered.
    ///
    /// @param rounds how often each command is measured
    static String run(int rounds, PrintStream progress) throws IOException {
        Path debian = TestImages.debian();
        try (CompareLxc compare = new CompareLxc(progress)) {
            compare.open();
            compare.practise();
            compare.life(rounds);
            compare.copies(rounds);
            compare.system(debian, Math.max(1, rounds / 2));
            compare.fromCache(debian, Math.max(1, rounds / 2));
            return compare.table.render();
        }
    }

    private void open() {
        hosts.put(WARM, LxcHost.launch(LxcHost.Kind.ATOLL, "atoll-bench-lxc"));
        hosts.put(COLD, LxcHost.launch(LxcHost.Kind.ATOLL, "atoll-bench-lxc"));
        hosts.put(THEIRS, LxcHost.launch(LxcHost.Kind.DEBIAN, "atoll-bench-lxc"));
        for (LxcHost host : hosts.values()) {
            Program.Output unused = host.run("lxc-net", "start").ok();
        }
        hosts.keySet().forEach(subject -> shells.put(subject, new Shell(program(subject))));
    }

    private LxcHost host(String subject) {
        return Objects.requireNonNull(hosts.get(subject));
    }

    private Program program(String subject) {
        Program plain = host(subject).program();
        return switch (subject) {
            case WARM -> plain.with("ATOLL_WARM", "1");
            case COLD -> plain.with("ATOLL_WARM", "0");
            default -> plain;
        };
    }

    private void measure(String row, String... command) {
        // Nobody is always the one after the same other.
        List<String> order = new ArrayList<>(hosts.keySet());
        Collections.shuffle(order, random);
        order.forEach(subject -> measureOne(row, subject, command));
    }

    private void measureOne(String row, String subject, String... command) {
        table.addMillis(row, subject, shell(subject).millis(command));
    }

    private Shell shell(String subject) {
        return Objects.requireNonNull(shells.get(subject));
    }

    /// Lets the warm process do what will be measured.
    private void practise() {
        progress.println("practice");
        practise(
                List.of(
                        "lxc-create -n p -t busybox",
                        "lxc-start -n p",
                        "lxc-info -n p -s",
                        "lxc-ls -f",
                        "lxc-attach -n p -- true",
                        "lxc-info -n p -s",
                        "lxc-ls -f",
                        "lxc-attach -n p -- true",
                        "lxc-freeze -n p",
                        "lxc-unfreeze -n p",
                        "lxc-stop -n p -k",
                        "lxc-copy -n p -N q -s -B overlay",
                        "lxc-destroy -n q",
                        "lxc-destroy -n p"));
    }

    private void practise(List<String> commands) {
        for (int i = 0; i < PRACTICE; i++) {
            commands.forEach(command -> shell(WARM).millisOf(command));
        }
    }

    /// One container of busybox, from its making to its end.
    private void life(int rounds) {
        for (int round = 0; round < rounds; round++) {
            progress.println("busybox: round " + (round + 1) + " of " + rounds);
            measure("nothing (`true`, the cost of measuring)", "true");
            measure("lxc-create -t busybox", "lxc-create", "-n", "b", "-t", "busybox");
            measure("lxc-start", "lxc-start", "-n", "b");
            measure("lxc-info -s", "lxc-info", "-n", "b", "-s");
            measure("lxc-ls -f", "lxc-ls", "-f");
            measure("lxc-attach -- true", "lxc-attach", "-n", "b", "--", "true");
            measure("lxc-freeze", "lxc-freeze", "-n", "b");
            measure("lxc-unfreeze", "lxc-unfreeze", "-n", "b");
            if (round == 0) {
                hosts.forEach(
                        (name, host) -> table.addBytes("PSS of the monitor", name, pss(host)));
            }
            measure("lxc-stop -k", "lxc-stop", "-n", "b", "-k");
            measure("lxc-destroy", "lxc-destroy", "-n", "b");
        }
    }

    private static long pss(LxcHost host) {
        String init = host.must("lxc-info -n b -pH");
        String monitor = host.must("sed -n 's/^PPid:\\t//p' /proc/" + init + "/status");
        return Subject.memory(Long.parseLong(monitor), "Pss");
    }

    private void copies(int rounds) {
        for (LxcHost host : hosts.values()) {
            Program.Output unused = host.run("lxc-create", "-n", "o", "-t", "busybox").ok();
        }
        for (int round = 0; round < rounds; round++) {
            progress.println("copies: round " + (round + 1) + " of " + rounds);
            measure("lxc-copy", "lxc-copy", "-n", "o", "-N", "full");
            measure("lxc-copy -s", "lxc-copy", "-n", "o", "-N", "shared", "-s", "-B", "overlay");
            measure("lxc-snapshot", "lxc-snapshot", "-n", "o");
            for (LxcHost host : hosts.values()) {
                Program.Output unused =
                        host.sh(
                                        "lxc-destroy -n full; lxc-destroy -n shared;"
                                                + " lxc-snapshot -n o -d snap0")
                                .ok();
            }
        }
    }

    /// A Debian with systemd; unpacked once, as LXC 5.0.2 has no template for it.
    private void system(Path image, int rounds) {
        hosts.forEach((name, host) -> {
            String share =
                    host.kind() == LxcHost.Kind.ATOLL
                            ? LxcHost.home().resolve("share/lxc").toString()
                            : "/usr/share/lxc";
            String unused =
                    host.must(
                            "mkdir -p /var/lib/lxc/d/rootfs && cd /var/lib/lxc/d && tar -xzf "
                                    + image
                                    + " --strip-components=1 -C rootfs rootfs && cat >config"
                                    + " <<'EOF'\n"
                                    + SYSTEM_CONFIG.replace("SHARE", share).replace("NAME", "d")
                                    + "EOF");
        });
        practise(List.of("lxc-start -n d", "lxc-attach -n d -- true", "lxc-stop -n d -k"));
        for (int round = 0; round < rounds; round++) {
            progress.println("debian: round " + (round + 1) + " of " + rounds);
            measure("lxc-start of Debian", "lxc-start", "-n", "d");
            for (LxcHost host : hosts.values()) {
                host.until(
                        "lxc-attach -n d -- systemctl is-system-running | grep -Eq"
                                + " 'running|degraded'");
            }
            measure("lxc-attach -- true in Debian", "lxc-attach", "-n", "d", "--", "true");
            measure("lxc-stop -k of Debian", "lxc-stop", "-n", "d", "-k");
        }
        // All are made before the first is destroyed: ext4 does not use an inode again for some
        // seconds, and who makes files after somebody removed as many searches long.
        for (int round = 0; round < rounds; round++) {
            progress.println("copies of debian: round " + (round + 1) + " of " + rounds);
            String shared = "s" + round;
            measure("lxc-copy of Debian", "lxc-copy", "-n", "d", "-N", "f" + round);
            measure(
                    "lxc-copy -s of Debian",
                    "lxc-copy",
                    "-n",
                    "d",
                    "-N",
                    shared,
                    "-s",
                    "-B",
                    "overlay");
            measure("lxc-copy of that overlay", "lxc-copy", "-n", shared, "-N", "t" + round, "-s");
        }
        for (int round = 0; round < rounds; round++) {
            measure("lxc-destroy of Debian", "lxc-destroy", "-n", "f" + round);
        }
    }

    /// What was installed or downloaded once becomes a container: ours mounts it. Theirs has one
    /// template that does without a network; it unpacks.
    private void fromCache(Path image, int rounds) {
        String row = "lxc-create of Debian from the cache (5.0.2: from an archive)";
        for (String subject : List.of(WARM, COLD)) {
            LxcHost host = host(subject);
            String unused = host.must(INSTALLER.replace("IMAGE", image.toString()));
            double unusedTime = fromCache(subject, "first");
        }
        String theirs =
                host(THEIRS)
                        .must(
                                "cd /var/cache/lxc && mkdir d m && tar -xzf "
                                        + image
                                        + " --strip-components=1 -C d rootfs && tar -C d -c . | xz"
                                        + " -T0 -1 >d.tar.xz && rm -rf d && echo >m/config && tar"
                                        + " -C m -cJf m.tar.xz config && pwd");
        for (int round = 0; round < rounds; round++) {
            progress.println("cache: round " + (round + 1) + " of " + rounds);
            String name = "c" + round;
            for (String subject : List.of(WARM, COLD)) {
                table.addMillis(row, subject, fromCache(subject, name));
            }
            measureOne(
                    row,
                    THEIRS,
                    "lxc-create",
                    "-n",
                    name,
                    "-t",
                    "local",
                    "--",
                    "-m",
                    theirs + "/m.tar.xz",
                    "-f",
                    theirs + "/d.tar.xz");
        }
    }

    private double fromCache(String subject, String name) {
        return shell(subject)
                .millisOf("PATH=/var/stub:$PATH lxc-create -n '" + name + "' -t debian");
    }

    @Override
    public void close() {
        shells.values().forEach(Shell::close);
        shells.clear();
        List<LxcHost> all = new ArrayList<>(hosts.values());
        hosts.clear();
        all.forEach(LxcHost::close);
    }
}
