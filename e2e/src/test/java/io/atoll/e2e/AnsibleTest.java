package io.atoll.e2e;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.atoll.base.json.Json;
import io.atoll.testkit.Program;
import io.atoll.testkit.TestDaemon;
import io.atoll.testkit.TestImages;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Playbooks as people have them for LXD, run by Debian's Ansible against a daemon: the modules,
/// the connection and the inventory of `community.general`.
@Tag("privileged")
@Tag("e2e")
final class AnsibleTest {
    private static final Path COLLECTION =
            Path.of("/usr/lib/python3/dist-packages/ansible_collections/community/general");
    private static final String BRIDGE = "ansbr0";
    private static final String PORT = "18483";
    private static final int LARGE_BYTES = 3_000_000;
    private static final Pattern RECAP =
            Pattern.compile("changed=(\\d+) +unreachable=0 +failed=0 ");

    /// The image's, and an address as soon as there is an interface.
    private static final String INITTAB =
            """
            ::sysinit:/bin/hostname -F /etc/hostname
            ::once:/bin/sh -c 'ip link set eth0 up && exec udhcpc -b -i eth0 -s /etc/udhcpc.script'
            """;

    @TempDir Path scratch;

    @Test
    void playbooksForLxdWork() throws IOException {
        Assumptions.assumeTrue(
                Files.exists(COLLECTION),
                "the package ansible, with its collections, is not there");
        try (TestDaemon daemon = TestDaemon.launch("atoll-ansible")) {
            prepare(daemon);
            try {
                String url = "url=unix:" + daemon.state().resolve("unix.socket");
                assertTrue(play(daemon, "machines.yml", url).getFirst() > 0);
                assertEquals(List.of(0), play(daemon, "machines.yml", url));
                tasksInside(daemon);
                inventory(daemon);
                List<Integer> _ = play(daemon, "changes.yml", url);
                overTheNetwork(daemon);
                assertEquals(
                        "web2\n",
                        daemon.atoll()
                                .run("list", "--all-projects", "--format=csv", "--columns=n")
                                .ok()
                                .out());
            } finally {
                for (String name : List.of("web1", "dev1")) {
                    daemon.atoll().run("delete", "--force", name, "--project=devel");
                }
            }
        }
    }

    private void prepare(TestDaemon daemon) throws IOException {
        Program atoll = daemon.atoll();
        atoll.run("storage", "create", "default", "overlay").ok();
        atoll.run("network", "create", BRIDGE, "ipv4.address=10.231.97.1/24", "ipv6.address=none")
                .ok();
        atoll.run("profile", "device", "add", "default", "root", "disk", "path=/", "pool=default")
                .ok();
        atoll.run("profile", "device", "add", "default", "eth0", "nic", "network=" + BRIDGE).ok();
        atoll.run("image", "import", TestImages.busybox().toString(), "--alias=busybox").ok();
        atoll.run("init", "busybox", "seed").ok();
        Path inittab = Files.writeString(scratch.resolve("inittab"), INITTAB);
        atoll.run("file", "push", inittab.toString(), "seed/etc/inittab").ok();
        atoll.run("publish", "seed", "--alias=machine", "os=busybox", "release=1").ok();
        atoll.run("delete", "seed").ok();
    }

    private void tasksInside(TestDaemon daemon) throws IOException {
        byte[] data = new byte[LARGE_BYTES];
        new SplittableRandom(5).nextBytes(data);
        Path large = Files.write(scratch.resolve("large"), data);
        Path fetched = scratch.resolve("fetched");
        assertEquals(2, play(daemon, "guests.yml", "large=" + large, "fetched=" + fetched).size());
        assertArrayEquals(data, Files.readAllBytes(fetched.resolve("web2/root/large")));
    }

    private void inventory(TestDaemon daemon) throws IOException {
        Path source =
                Files.writeString(
                        scratch.resolve("atoll.lxd.yml"),
                        "plugin: community.general.lxd\nurl: unix:"
                                + daemon.state().resolve("unix.socket")
                                + "\nproject: default\nstate: RUNNING\ngroupby:\n"
                                + "  near: {type: network_range, attribute: 10.231.97.0/24}\n"
                                + "  small: {type: os, attribute: busybox}\n");
        String text =
                ansible(daemon, "ansible-inventory")
                        .run("-i", source.toString(), "--list")
                        .ok()
                        .out();
        Json found = Json.parse(text);
        for (String group : List.of("near", "small")) {
            assertEquals(
                    List.of("web1", "web2"),
                    found.get(group).get("hosts").asStrings().stream().sorted().toList());
        }
        assertTrue(
                found.get("_meta")
                        .get("hostvars")
                        .get("web1")
                        .get("ansible_host")
                        .asString()
                        .startsWith("10.231.97."),
                text);
    }

    private void overTheNetwork(TestDaemon daemon) throws IOException {
        daemon.atoll()
                .run(
                        "config",
                        "set",
                        "core.https_address=127.0.0.1:" + PORT,
                        "core.trust_password=sesame")
                .ok();
        Path key = scratch.resolve("client.key");
        Path certificate = scratch.resolve("client.crt");
        Program.of("openssl")
                .run(
                        "req",
                        "-x509",
                        "-newkey",
                        "rsa:2048",
                        "-nodes",
                        "-days",
                        "2",
                        "-subj",
                        "/CN=ansible",
                        "-keyout",
                        key.toString(),
                        "-out",
                        certificate.toString())
                .ok();
        assertEquals(
                1,
                play(
                                daemon,
                                "remote.yml",
                                "url=https://127.0.0.1:" + PORT,
                                "key=" + key,
                                "certificate=" + certificate)
                        .size());
        assertTrue(
                daemon.atoll()
                        .run("config", "trust", "list", "--format=csv")
                        .ok()
                        .out()
                        .startsWith("client,ansible,ansible,"));
        daemon.atoll().run("config", "unset", "core.https_address").ok();
    }

    /// Runs a playbook, which must not fail.
    ///
    /// @return how many changes each of its hosts saw
    private List<Integer> play(TestDaemon daemon, String name, String... variables)
            throws IOException {
        Path playbook = scratch.resolve(name);
        try (InputStream in = AnsibleTest.class.getResourceAsStream("/ansible/" + name)) {
            if (in == null) {
                throw new AssertionError(name + " is missing");
            }
            Files.write(playbook, in.readAllBytes());
        }
        List<String> words = new ArrayList<>(List.of("-i", "localhost,web1,web2"));
        for (String variable : variables) {
            words.addAll(List.of("-e", variable));
        }
        words.add(playbook.toString());
        Program.Output output =
                ansible(daemon, "ansible-playbook").run(words.toArray(String[]::new)).ok();
        List<Integer> changes =
                RECAP.matcher(output.out())
                        .results()
                        .map((MatchResult m) -> Integer.parseInt(m.group(1)))
                        .toList();
        assertTrue(!changes.isEmpty(), output.toString());
        return changes;
    }

    /// With the drop-in `lxc` first on its path, and knowing the daemon's certificate.
    private Program ansible(TestDaemon daemon, String name) {
        return Program.of("/usr/bin/" + name)
                .with("PATH", daemon.home().resolve("dropin") + ":/usr/bin:/usr/sbin:/bin:/sbin")
                .with("HOME", scratch.toString())
                .with("LXD_DIR", daemon.state().toString())
                .with("LXD_CONF", daemon.state().resolve("client").toString())
                .with("SSL_CERT_FILE", daemon.state().resolve("server.crt").toString())
                .with("ANSIBLE_NOCOLOR", "1")
                .with("ANSIBLE_LOCALHOST_WARNING", "0")
                .with("ANSIBLE_PYTHON_INTERPRETER", "/usr/bin/python3");
    }
}
