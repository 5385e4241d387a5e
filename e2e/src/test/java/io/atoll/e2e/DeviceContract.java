package io.atoll.e2e;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.atoll.testkit.Await;
import io.atoll.testkit.Leaks;
import io.atoll.testkit.Program;
import io.atoll.testkit.Room;
import io.atoll.testkit.TestDaemon;
import io.atoll.testkit.TestImages;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// What holds for every kind of device, asked for with the distribution's `lxc`: it can be added to
/// a stopped and to a running instance, changed and removed while that runs, it survives a restart
/// of the daemon, one that fails half-way leaves all as it was, and the host looks afterwards as it
/// did before.
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
abstract class DeviceContract {
    /// Before commands that are not meant for the instance.
    static final String ON_HOST = "host ";

    static final Duration SOON = Duration.ofSeconds(20);

    final Room room;
    final String bridge;
    final String name;

    /// An interface of the host's that devices may have; made for each test.
    final String card;

    final TestDaemon daemon;
    final Program client;

    @RegisterExtension final Leaks leaks;

    /// What the host was like before the test.
    List<String> before = List.of();

    DeviceContract(Room room, TestDaemon daemon) {
        this.room = room;
        this.daemon = daemon;
        this.client = daemon.lxc();
        this.bridge = room.name() + "br";
        this.name = room.name() + "1";
        this.card = room.name() + "ph0";
        this.leaks = Leaks.of(name);
    }

    /// A kind of device.
    ///
    /// @param options as on the command line, type first
    /// @param change one option with another value
    /// @param failing further options with which it fails after it has begun
    /// @param inside a shell command inside that succeeds while the device is there
    /// @param changed one that succeeds once it is changed
    record Kind(
            String name,
            List<String> options,
            String change,
            List<String> failing,
            String inside,
            String changed) {
        @Override
        public String toString() {
            return name;
        }
    }

    /// The kinds that are asked.
    abstract Stream<Kind> kinds();

    @BeforeAll
    void begin() throws IOException {
        lxc("storage", "create", "default", "overlay");
        lxc(
                "network",
                "create",
                bridge,
                "ipv6.address=none",
                "ipv4.address=" + room.ipv4("7.1/24"));
        lxc("profile", "device", "add", "default", "root", "disk", "path=/", "pool=default");
        lxc("image", "import", TestImages.busybox().toString(), "--alias", "busybox");
    }

    @BeforeEach
    void beginEach() {
        host("ip", "link", "add", card, "type", "veth", "peer", "name", room.name() + "ph1");
        host("ip", "link", "set", card, "up");
        lxc("init", "busybox", name);
        before = facts();
    }

    @AfterEach
    void endEach() {
        lxc("delete", "--force", name);
        // A physical interface of an instance that is gone comes home when the kernel gets to it.
        Program.of("ip").run("link", "delete", card);
        Await.until(
                "the host to be as before",
                SOON,
                () -> facts().stream().allMatch(f -> before.contains(f) || f.contains(card)));
    }

    final Program.Output lxc(String... command) {
        return client.run(command).ok();
    }

    static Program.Output host(String... command) {
        return Program.of(command[0])
                .run(List.of(command).subList(1, command.length).toArray(String[]::new))
                .ok();
    }

    /// What else of the host devices of these kinds change.
    List<String> ownFacts() {
        return List.of();
    }

    /// All of the host that devices change: ports of our bridge, rules and routes that name it or
    /// the instance, files.
    final List<String> facts() {
        List<String> out = new ArrayList<>();
        out.addAll(names(Path.of("/sys/class/net", bridge, "brif")));
        out.addAll(names(daemon.state().resolve("networks/" + bridge + "/dnsmasq.hosts")));
        out.addAll(names(daemon.state().resolve("devices/" + name)));
        out.addAll(names(daemon.state().resolve("devices/.cdi")));
        out.addAll(names(daemon.state().resolve("devices/.tpm")));
        out.addAll(ownFacts());
        for (String[] command :
                List.of(
                        new String[] {"nft", "list", "ruleset"},
                        new String[] {"ip", "route", "show", "table", "all"},
                        new String[] {"ip", "neigh", "show", "proxy"},
                        new String[] {"ip", "-6", "neigh", "show", "proxy"},
                        new String[] {"ip", "-oneline", "link"})) {
            host(command)
                    .out()
                    .lines()
                    .filter(line -> line.contains(name) || line.contains(room.ipv4("")))
                    .forEach(out::add);
        }
        return out.stream()
                .filter(line -> !line.contains(bridge + " ") || line.contains("via"))
                .toList();
    }

    static List<String> names(Path folder) {
        try (Stream<Path> files = Files.list(folder)) {
            return files.map(file -> folder.getFileName() + "/" + file.getFileName()).toList();
        } catch (IOException _) {
            return List.of();
        }
    }

    final boolean holds(String command) {
        return command.startsWith(ON_HOST)
                ? Program.of("sh").run("-c", command.substring(ON_HOST.length())).exit() == 0
                : client.run("exec", name, "--", "sh", "-c", command).exit() == 0;
    }

    final void add(Kind kind) {
        client.run(addition(kind, List.of())).ok();
    }

    /// Later options stand in for earlier ones of the same name.
    final String[] addition(Kind kind, List<String> more) {
        List<String> command = new ArrayList<>(List.of("config", "device", "add", name, "dev1"));
        for (String option : kind.options()) {
            String key = option.substring(0, option.indexOf('=') + 1);
            if (key.isEmpty() || more.stream().noneMatch(m -> m.startsWith(key))) {
                command.add(option);
            }
        }
        command.addAll(more);
        return command.toArray(String[]::new);
    }

    final void change(Kind kind) {
        String[] pair = kind.change().split("=", 2);
        lxc("config", "device", "set", name, "dev1", pair[0], pair[1]);
    }

    final Optional<String> devices() {
        return Optional.of(lxc("config", "device", "list", name).out().strip());
    }

    @ParameterizedTest
    @MethodSource("kinds")
    void addedStopped(Kind kind) {
        add(kind);
        lxc("start", name);
        assertTrue(holds(kind.inside()), kind.inside());
        lxc("stop", "--force", name);
        lxc("start", name);
        assertTrue(holds(kind.inside()), "after a second start: " + kind.inside());
        lxc("stop", "--force", name);
        lxc("config", "device", "remove", name, "dev1");
        assertEquals(before, facts());
    }

    @ParameterizedTest
    @MethodSource("kinds")
    void addedAndRemovedLive(Kind kind) {
        lxc("start", name);
        assertFalse(holds(kind.inside()), kind.inside());
        add(kind);
        assertTrue(holds(kind.inside()), kind.inside());
        lxc("config", "device", "remove", name, "dev1");
        assertFalse(holds(kind.inside()), kind.inside());
        assertEquals(before, facts());
        add(kind);
        assertTrue(holds(kind.inside()), "added again: " + kind.inside());
    }

    @ParameterizedTest
    @MethodSource("kinds")
    void updatedLive(Kind kind) {
        lxc("start", name);
        add(kind);
        change(kind);
        assertTrue(holds(kind.changed()), kind.changed());
        lxc("config", "device", "remove", name, "dev1");
        assertFalse(holds(kind.inside()), kind.inside());
        assertEquals(before, facts());
    }

    @ParameterizedTest
    @MethodSource("kinds")
    void startedWithThenChangedAndRemovedAfterARestartOfTheDaemon(Kind kind) {
        add(kind);
        lxc("start", name);
        daemon.kill();
        daemon.start();
        assertTrue(holds(kind.inside()), kind.inside());
        change(kind);
        assertTrue(holds(kind.changed()), kind.changed());
        lxc("config", "device", "remove", name, "dev1");
        assertFalse(holds(kind.inside()), kind.inside());
        assertEquals(before, facts());
    }

    @ParameterizedTest
    @MethodSource("kinds")
    void failingHalfWayLeavesNothing(Kind kind) {
        lxc("start", name);
        Program.Output refused = client.run(addition(kind, kind.failing())).exits(1);
        assertTrue(refused.err().contains("dev1"), refused.err());
        assertEquals(Optional.of(""), devices());
        assertEquals(before, facts());
        add(kind);
        assertTrue(holds(kind.inside()), "added rightly afterwards: " + kind.inside());
        String pair = kind.failing().getFirst();
        client.run(
                        "config",
                        "device",
                        "set",
                        name,
                        "dev1",
                        pair.substring(0, pair.indexOf('=')),
                        pair.substring(pair.indexOf('=') + 1))
                .exits(1);
        assertTrue(holds(kind.inside()), "after a change that failed: " + kind.inside());
    }

    @ParameterizedTest
    @MethodSource("kinds")
    void failingStartLeavesNothing(Kind kind) {
        client.run(addition(kind, kind.failing())).ok();
        client.run("start", name).exits(1);
        assertEquals("STOPPED", lxc("list", name, "--format=csv", "--columns=s").out().strip());
        lxc("config", "device", "remove", name, "dev1");
        assertEquals(before, facts());
    }
}
