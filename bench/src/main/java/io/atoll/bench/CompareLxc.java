package io.atoll.bench;

import io.atoll.testkit.LxcHost;
import io.atoll.testkit.Program;
import io.atoll.testkit.TestImages;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/// Measures the `lxc-*` commands of Atoll and of Debian's package `lxc` in turns, each on a machine
/// of its own ([LxcHost]), as commands that a shell starts: what a script sees.
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

    private final Map<String, LxcHost> hosts = new TreeMap<>();
    private final Table table = new Table(List.of("Atoll", "LXC 5.0.2"));
    private final PrintStream progress;

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
            compare.life(rounds);
            compare.copies(rounds);
            compare.system(debian, Math.max(1, rounds / 2));
            return compare.table.render();
        }
    }

    private void open() {
        hosts.put("Atoll", LxcHost.launch(LxcHost.Kind.ATOLL, "atoll-bench-lxc"));
        hosts.put("LXC 5.0.2", LxcHost.launch(LxcHost.Kind.DEBIAN, "atoll-bench-lxc"));
        for (LxcHost host : hosts.values()) {
            Program.Output unused = host.run("lxc-net", "start").ok();
        }
    }

    private void measure(String row, String... command) {
        hosts.forEach((name, host) -> {
            long start = System.nanoTime();
            Program.Output unused = host.run(command).ok();
            table.addMillis(row, name, (System.nanoTime() - start) / 1e6);
        });
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
        for (int round = 0; round < rounds; round++) {
            measure("lxc-copy of Debian", "lxc-copy", "-n", "d", "-N", "f");
            measure(
                    "lxc-copy -s of Debian",
                    "lxc-copy",
                    "-n",
                    "d",
                    "-N",
                    "s",
                    "-s",
                    "-B",
                    "overlay");
            measure("lxc-destroy of Debian", "lxc-destroy", "-n", "f");
            for (LxcHost host : hosts.values()) {
                Program.Output unused = host.run("lxc-destroy", "-n", "s").ok();
            }
        }
    }

    @Override
    public void close() {
        List<LxcHost> all = new ArrayList<>(hosts.values());
        hosts.clear();
        all.forEach(LxcHost::close);
    }
}
