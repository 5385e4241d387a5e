package io.atoll.lxctools.nic;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.atoll.base.ForbiddenException;
import io.atoll.base.InvalidConfigException;
import io.atoll.base.NotFoundException;
import io.atoll.linux.Command;
import io.atoll.linux.Commands;
import io.atoll.linux.Fcntl;
import io.atoll.linux.Fd;
import io.atoll.linux.Namespaces;
import io.atoll.linux.Opens;
import io.atoll.linux.net.Link;
import io.atoll.linux.net.Netlink;
import io.atoll.linux.net.Rtnetlink;
import io.atoll.linux.net.Rtnetlink.LinkOptions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;

/// On a real kernel, in a network of the test's own, with namespaces that belong to ordinary users.
@Tag("privileged")
class NicBrokerIT {
    private static final long ANN = 54321;
    private static final long BOB = 54322;
    private static final String BRIDGE = "lxcusr0";
    private static final Duration SOON = Duration.ofSeconds(10);

    @TempDir private Path directory;

    /// Ann is in group staff, Bob too; 54399 is nobody.
    private static final Accounts ACCOUNTS =
            new Accounts() {
                @Override
                public Optional<User> find(long uid) {
                    return uid == ANN
                            ? Optional.of(new User("ann", ANN, ANN))
                            : uid == BOB
                                    ? Optional.of(new User("bob", BOB, BOB))
                                    : Optional.empty();
                }

                @Override
                public boolean isMember(User user, String group) {
                    return group.equals("staff");
                }
            };

    @FunctionalInterface
    private interface Work {
        void run(NicBroker broker, Netlink host) throws IOException;
    }

    private void onAHost(String usernet, Work work) throws IOException {
        Path file = Files.writeString(directory.resolve("lxc-usernet"), usernet);
        Namespaces.withOwnNet(() -> {
            try (Netlink host = Netlink.open()) {
                host.run(Rtnetlink.bridge(BRIDGE, LinkOptions.UP, false));
                host.run(Rtnetlink.setMtu(BRIDGE, 1400));
                work.run(new NicBroker(file, ACCOUNTS), host);
            }
            return "";
        });
    }

    /// A process of that user's with a network namespace of its own.
    private static Commands.Held holder(long uid) {
        return Commands.hold(
                Command.of(
                        "setpriv",
                        "--reuid=" + uid,
                        "--regid=" + uid,
                        "--clear-groups",
                        "unshare",
                        "--user",
                        "--map-root-user",
                        "--net",
                        "sh",
                        "-c",
                        "echo ready; exec sleep 60"));
    }

    /// A user with such a process.
    private record Owner(long uid, Commands.Held process, Fd net) implements AutoCloseable {
        static Owner of(long uid) {
            Commands.Held process = holder(uid);
            return new Owner(uid, process, Namespaces.open(process.pid(), "net"));
        }

        String ask(NicBroker broker, NicRequest request) {
            return broker.serve(request, uid, Optional.of(net));
        }

        @Override
        public void close() {
            net.close();
            process.close();
        }
    }

    private static ForbiddenException refuses(Executable work) {
        return assertThrows(ForbiddenException.class, work);
    }

    private static NicRequest create(String container, String nic) {
        return create(container, nic, BRIDGE);
    }

    private static NicRequest create(String container, String nic, String bridge) {
        return new NicRequest(
                NicRequest.Verb.CREATE, "/home/ann/lxc", container, "veth", bridge, nic);
    }

    private static NicRequest delete(String container, String nic) {
        return new NicRequest(
                NicRequest.Verb.DELETE, "/home/ann/lxc", container, "veth", BRIDGE, nic);
    }

    private static List<Link> given(Netlink host) {
        return host.links().stream()
                .filter(link -> link.kind().filter("veth"::equals).isPresent())
                .toList();
    }

    @Test
    void givesAnInterfaceOnTheBridge() throws IOException {
        onAHost(
                "ann veth " + BRIDGE + " 2\n",
                (broker, host) -> {
                    try (Owner ann = Owner.of(ANN)) {
                        String told = ann.ask(broker, create("c1", "eth0"));
                        assertTrue(told.matches("eth0:\\d+:veth54321_\\w{5}:\\d+"), told);
                        Link outside = given(host).getFirst();
                        assertEquals(told.split(":")[2], outside.name());
                        assertTrue(outside.isUp());
                        assertEquals(1400, outside.mtu());
                        assertEquals(
                                host.link(BRIDGE).orElseThrow().index(),
                                outside.masterIndex().orElse(0));
                        try (Netlink inside = Netlink.openIn(ann.net())) {
                            Link eth0 = inside.link("eth0").orElseThrow();
                            assertEquals(1400, eth0.mtu());
                            assertEquals(told.split(":")[1], "" + eth0.index());
                        }
                        assertEquals("", broker.serve(delete("c1", "eth0"), ANN, Optional.empty()));
                        assertEquals(List.of(), given(host));
                    }
                });
    }

    @Test
    void keepsToTheQuotaAndCountsWhatIsThere() throws IOException {
        onAHost(
                "ann veth " + BRIDGE + " 1\n",
                (broker, host) -> {
                    try (Owner ann = Owner.of(ANN)) {
                        ann.ask(broker, create("c1", "eth0"));
                        ForbiddenException refused =
                                refuses(() -> ann.ask(broker, create("c1", "eth1")));
                        assertTrue(refused.getMessage().contains("has all"), refused.getMessage());
                        assertEquals(1, given(host).size());
                    }
                    // A crash: nobody gave it back. It went with the namespace, and counts no more.
                    Instant deadline = Instant.now().plus(SOON);
                    while (!given(host).isEmpty()) {
                        assertTrue(Instant.now().isBefore(deadline), "the interface stays");
                        LockSupport.parkNanos(10_000_000);
                    }
                    try (Owner ann = Owner.of(ANN)) {
                        ann.ask(broker, create("c2", "eth0"));
                    }
                });
    }

    @Test
    void aContainerThatStartsAgainReplacesItsOwn() throws IOException {
        onAHost(
                "ann veth " + BRIDGE + " 1\n",
                (broker, host) -> {
                    try (Owner first = Owner.of(ANN);
                            Owner second = Owner.of(ANN)) {
                        String one = first.ask(broker, create("c1", "eth0"));
                        String two = second.ask(broker, create("c1", "eth0"));
                        assertNotEquals(one, two);
                        assertEquals(1, given(host).size());
                    }
                });
    }

    @Test
    void theQuotaOfAGroupIsSharedAndComesInTheOrderOfTheFile() throws IOException {
        onAHost(
                "ann veth " + BRIDGE + " 1\n@staff veth " + BRIDGE + " 1\n",
                (broker, host) -> {
                    try (Owner ann = Owner.of(ANN);
                            Owner bob = Owner.of(BOB)) {
                        ann.ask(broker, create("c1", "eth0"));
                        ann.ask(broker, create("c1", "eth1"));
                        refuses(() -> bob.ask(broker, create("b1", "eth0")));
                        broker.serve(delete("c1", "eth1"), ANN, Optional.empty());
                        bob.ask(broker, create("b1", "eth0"));
                        assertEquals(2, given(host).size());
                    }
                });
    }

    @Test
    void refusesBridgesThatAreNotAllowedOrNone() throws IOException {
        onAHost(
                "ann veth lo 1\nann veth nosuch9 1\nann veth zero9 0\n",
                (broker, host) -> {
                    try (Owner ann = Owner.of(ANN)) {
                        for (String bridge : List.of(BRIDGE, "none", "zero9")) {
                            refuses(() -> ann.ask(broker, create("c1", "eth0", bridge)));
                        }
                        assertThrows(
                                NotFoundException.class,
                                () -> ann.ask(broker, create("c1", "eth0", "nosuch9")));
                        assertThrows(
                                InvalidConfigException.class,
                                () -> ann.ask(broker, create("c1", "eth0", "lo")));
                        refuses(() ->
                                ann.ask(
                                        broker,
                                        new NicRequest(
                                                NicRequest.Verb.CREATE,
                                                "/",
                                                "c1",
                                                "macvlan",
                                                "lo",
                                                "eth0")));
                        assertEquals(List.of(), given(host));
                    }
                });
    }

    @Test
    void cve_2017_5985_givesNothingIntoWhatIsNotTheCallers() throws IOException {
        onAHost(
                "ann veth " + BRIDGE + " 9\nbob veth " + BRIDGE + " 9\n",
                (broker, host) -> {
                    try (Owner ann = Owner.of(ANN);
                            Fd user = Namespaces.open(ann.process().pid(), "user");
                            Fd own = Namespaces.ownNet();
                            Fd file = Opens.open("/etc/passwd", Fcntl.O_RDONLY, 0)) {
                        refuses(() ->
                                broker.serve(create("c1", "eth0"), BOB, Optional.of(ann.net())));
                        refuses(() ->
                                broker.serve(create("c1", "eth0"), 54399, Optional.of(ann.net())));
                        for (Fd wrong : List.of(user, own, file)) {
                            refuses(() ->
                                    broker.serve(create("c1", "eth0"), ANN, Optional.of(wrong)));
                        }
                        refuses(() -> broker.serve(create("c1", "eth0"), ANN, Optional.empty()));
                        assertEquals(List.of(), given(host));
                        // Nor does anybody take another's away.
                        ann.ask(broker, create("c1", "eth0"));
                        broker.serve(delete("c1", "eth0"), BOB, Optional.empty());
                        assertEquals(1, given(host).size());
                    }
                });
    }

    /// A path in a request is a name and nothing more: what is there makes no difference.
    @Test
    void cve_2018_6556_2022_47952_pathsAreNotLookedAt() throws IOException {
        onAHost(
                "ann veth " + BRIDGE + " 9\n",
                (broker, host) -> {
                    try (Owner ann = Owner.of(ANN)) {
                        for (String path : List.of("/root", "/no/such/path", "/etc/shadow")) {
                            String told = ann.ask(broker, createBelow(path));
                            assertTrue(told.startsWith("eth0:"), told);
                            String word = broker.serve(deleteBelow(path), ANN, Optional.empty());
                            assertEquals("", word);
                        }
                        assertEquals(List.of(), given(host));
                    }
                });
    }

    private static NicRequest createBelow(String path) {
        return new NicRequest(NicRequest.Verb.CREATE, path, "c1", "veth", BRIDGE, "eth0");
    }

    private static NicRequest deleteBelow(String path) {
        return new NicRequest(NicRequest.Verb.DELETE, path, "c1", "veth", BRIDGE, "eth0");
    }

    @Test
    void aNameThatIsTakenInsideLeavesNothingOutside() throws IOException {
        onAHost(
                "ann veth " + BRIDGE + " 9\nann veth none 1\n",
                (broker, host) -> {
                    try (Owner ann = Owner.of(ANN)) {
                        ann.ask(broker, create("c1", "eth0"));
                        assertThrows(
                                InvalidConfigException.class,
                                () -> ann.ask(broker, create("c2", "eth0")));
                        assertThrows(
                                InvalidConfigException.class,
                                () -> ann.ask(broker, create("c2", "lo")));
                        assertEquals(1, given(host).size());
                        String alone = ann.ask(broker, create("c2", "p0", "none"));
                        Link outside = host.link(alone.split(":")[2]).orElseThrow();
                        assertTrue(outside.masterIndex().isEmpty());
                    }
                });
    }
}
