package io.atoll.e2e;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.atoll.testkit.LxcHost;
import io.atoll.testkit.Program;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.Assumptions;

/// What tests of the `lxc-*` commands have in common. The same tests run with the distribution's
/// commands when `-Datoll.lxc=debian` is given, which tests the tests.
final class LxcMachine {
    private LxcMachine() {}

    /// One whose commands are JVMs of their own, each of them.
    static LxcHost launch(String marker) {
        return LxcHost.launch(kind(), marker);
    }

    /// One whose commands are warm, as they are unless a user says otherwise.
    static LxcHost launchWarm(String marker) {
        return LxcHost.launchWarm(kind(), marker);
    }

    /// One with the commands of the distribution's package, which must be installed.
    static LxcHost launchDebian(String marker) {
        Assumptions.assumeTrue(
                Files.isExecutable(Path.of("/usr/bin/lxc-start")),
                "the package lxc is not installed");
        return LxcHost.launch(LxcHost.Kind.DEBIAN, marker);
    }

    private static LxcHost.Kind kind() {
        String kind = System.getProperty("atoll.lxc", "atoll").toUpperCase(Locale.ROOT);
        return LxcHost.Kind.valueOf(kind);
    }

    /// Brings lxcbr0 up. dnsmasq would listen three seconds for others with an address before it
    /// lends it, at each container's first start; here are none.
    static void bridge(LxcHost host) {
        host.must("echo LXC_DHCP_PING=false >>/etc/default/lxc; lxc-net start");
    }

    /// Skips what LXC 5.0.2 does otherwise.
    ///
    /// @param why what it does
    static void onlyAtoll(LxcHost host, String why) {
        Assumptions.assumeTrue(host.kind() == LxcHost.Kind.ATOLL, "LXC 5.0.2 " + why);
    }

    /// Skips what needs a program that this machine does not have.
    static void needs(LxcHost host, String program) {
        Assumptions.assumeTrue(
                host.sh("command -v " + program).exit() == 0, program + " is not installed");
    }

    /// Makes a container of busybox.
    static void create(LxcHost host, String name) {
        host.must("lxc-create -n " + name + " -t busybox");
    }

    /// Appends lines to a container's configuration.
    static void configure(LxcHost host, String name, String... lines) {
        host.must(
                "cat >>/var/lib/lxc/"
                        + name
                        + "/config <<'EOF'\n"
                        + String.join("\n", lines)
                        + "\nEOF");
    }

    /// What a shell inside prints.
    static String inside(LxcHost host, String name, String script) {
        return host.run("lxc-attach", "-n", name, "--", "/bin/sh", "-c", script).ok().out().strip();
    }

    /// The first IPv4 address that a container has got.
    static String address(LxcHost host, String name) {
        host.until("lxc-info -n " + name + " -iH | grep -q '^10[.]0[.]3[.]'");
        return host.must("lxc-info -n " + name + " -iH | grep '^10[.]0[.]3[.]'");
    }

    static String init(LxcHost host, String name) {
        return host.must("lxc-info -n " + name + " -pH");
    }

    /// A command, the status it ends with, and words of what it prints on either stream.
    record Expected(String script, int exit, List<String> words) {
        static Expected of(String script, int exit, String... words) {
            return new Expected(script, exit, List.of(words));
        }

        void check(LxcHost host) {
            Program.Output output = host.sh(script);
            assertEquals(exit, output.exit(), output.toString());
            String all = output.out() + output.err();
            for (String word : words) {
                if (!all.contains(word)) {
                    throw new AssertionError(script + " does not say \"" + word + "\": " + output);
                }
            }
        }
    }
}
