package io.atoll.conformance;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.atoll.testkit.Program;
import io.atoll.testkit.TestDaemon;
import io.atoll.testkit.UpstreamDaemon;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/// Asks Debian's LXD 5.0.2 and Atoll the same things and compares the answers. With
/// `-Datoll.conformance=write` it writes the page of the reference. Needs the package `lxd` and a
/// dist; run by hand.
@Tag("privileged")
@Tag("e2e")
@Tag("upstream")
final class ConformanceTest {
    private static final Path PAGE =
            Path.of(System.getProperty("atoll.root"), "docs", "reference", "conformance.md");

    @Test
    void answersAreThoseOfLxd() throws IOException {
        ConformanceReport report = new ConformanceReport();
        try (UpstreamDaemon lxd = UpstreamDaemon.launch("lxd-conf");
                TestDaemon atoll = TestDaemon.launch("atoll-conf")) {
            Peer theirs = peer(lxd.state(), lxd.lxc(), "confl0", "10.231.91.1/24");
            Peer ours = peer(atoll.state(), atoll.atoll(), "confa0", "10.231.92.1/24");
            try {
                for (Exchange exchange : Exchange.read()) {
                    report.add(exchange, theirs.ask(exchange), ours.ask(exchange));
                }
            } finally {
                Files.deleteIfExists(Path.of("/tmp/atoll-conformance-confl0.tar.gz"));
                Files.deleteIfExists(Path.of("/tmp/atoll-conformance-confa0.tar.gz"));
                for (String name :
                        lxd.lxc()
                                .run("list", "--format=csv", "--columns=n")
                                .out()
                                .lines()
                                .toList()) {
                    lxd.lxc().run("delete", "--force", name);
                }
                lxd.lxc().run("profile", "device", "remove", "default", "eth0");
                lxd.lxc().run("network", "delete", "confl0");
                if (System.getProperty("atoll.conformance", "").equals("log")) {
                    System.err.println(atoll.logText());
                }
            }
        }
        if (System.getProperty("atoll.conformance", "").equals("write")) {
            Files.writeString(PAGE, report.render());
        }
        assertEquals(List.of(), report.unexplained());
        assertEquals(List.of(), report.outlived(), "reasons for what does not differ any more");
    }

    private static Peer peer(Path state, Program client, String bridge, String address) {
        Peer.prepare(client, bridge, address);
        Map<String, String> own = new LinkedHashMap<>();
        own.put(state.toString(), "STATE");
        String exported = "/tmp/atoll-conformance-" + bridge + ".tar.gz";
        own.put(exported, "EXPORT");
        own.put(bridge, "BRIDGE");
        own.put("\"atoll\"", "\"lxc\"");
        own.put("`atoll ", "`lxc ");
        own.put("'atoll ", "`lxc ");
        own.put("Default Atoll", "Default LXD");
        Map<String, String> fill =
                Map.of(
                        "BRIDGE",
                        bridge,
                        "FORWARDTO",
                        address.replaceFirst("1/.*", "20"),
                        "EXPORT",
                        exported,
                        "FINGERPRINT",
                        fingerprint(client));
        return new Peer(state.resolve("unix.socket"), client, fill, new Normal(own));
    }

    private static String fingerprint(Program client) {
        return client.run("image", "list", "--format=csv", "--columns=F").out().strip();
    }
}
