package io.atoll.conformance;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.atoll.testkit.Program;
import io.atoll.testkit.TestDaemon;
import io.atoll.testkit.UpstreamDaemon;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The lines of `conformance/scripts.txt`, which are as those in people's scripts: exit codes and
/// both outputs are the same whoever runs them, or `scripts.txt` says why not.
@Tag("privileged")
@Tag("e2e")
final class ScriptsTest {
    @TempDir Path scratch;

    @Test
    void theDropInSaysWhatTheStockClientSays() throws IOException {
        Assumptions.assumeTrue(
                Program.of("jq").run("--version").exit() == 0, "the package jq is not installed");
        try (TestDaemon one = TestDaemon.launch("atoll-scrs");
                TestDaemon two = TestDaemon.launch("atoll-scra")) {
            Program stock = one.lxc();
            Path lxd = one.home().resolve("dropin/lxd");
            Path folder = Files.createDirectories(scratch.resolve("stock-bin"));
            Files.createSymbolicLink(folder.resolve("lxc"), Path.of("/usr/bin/lxc"));
            Files.createSymbolicLink(folder.resolve("lxd"), lxd);
            Script theirs = script("scrs", stock, one.state(), folder, 93);
            Script ours = script("scra", two.lxc(), two.state(), two.home().resolve("dropin"), 94);
            assertEquals(List.of(), compare(theirs, ours).unexplained());
        }
    }

    /// Needs the package `lxd`; run by hand.
    @Test
    @Tag("upstream")
    void scriptsRunAsWithLxd() throws IOException {
        try (UpstreamDaemon lxd = UpstreamDaemon.launch("lxd-scr");
                TestDaemon atoll = TestDaemon.launch("atoll-scrl")) {
            Script theirs = script("scrl", lxd.lxc(), lxd.state(), Path.of("/usr/bin"), 95);
            Script ours =
                    script("scrm", atoll.lxc(), atoll.state(), atoll.home().resolve("dropin"), 96);
            ConformanceReport report;
            try {
                report = compare(theirs, ours);
            } finally {
                lxd.lxc().run("profile", "device", "remove", "default", "eth0");
                lxd.lxc().run("network", "delete", "scrl");
            }
            assertEquals(List.of(), report.unexplained());
            assertEquals(List.of(), report.outlived(), "reasons for what does not differ any more");
        }
    }

    private static ConformanceReport compare(Script theirs, Script ours) {
        ConformanceReport report = new ConformanceReport();
        for (Exchange line : Exchange.readScripts()) {
            report.add(line, theirs.run(line), ours.run(line));
        }
        return report;
    }

    /// @param client the stock client, which makes what the lines begin with
    /// @param programs the folder with the client that runs the lines
    /// @param net the third number of the bridge's addresses
    private Script script(String name, Program client, Path state, Path programs, int net) {
        String bridge = name;
        Peer.prepare(client, bridge, "10.231." + net + ".1/24");
        Program shell =
                Program.of("sh", "-c")
                        .with("LXD_DIR", state.toString())
                        .with("LXD_CONF", state.resolve("client").toString())
                        .with("PATH", programs + ":/usr/sbin:/usr/bin:/sbin:/bin");
        Map<String, String> own = new LinkedHashMap<>();
        own.put(state.toString(), "STATE");
        own.put(bridge, "BRIDGE");
        own.put("Atoll", "LXD");
        Map<String, String> fill =
                Map.of(
                        "BRIDGE",
                        bridge,
                        "NET.",
                        "10.231." + net + ".",
                        "NEX.",
                        "10.232." + net + ".");
        try {
            Path folder = Files.createDirectories(scratch.resolve(name));
            return new Script(shell, folder, fill, new Normal(own));
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }
}
