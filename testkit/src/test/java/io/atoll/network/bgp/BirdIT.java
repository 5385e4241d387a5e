package io.atoll.network.bgp;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.atoll.linux.Command;
import io.atoll.linux.Commands;
import io.atoll.linux.Fd;
import io.atoll.linux.Namespaces;
import io.atoll.linux.net.IpNetwork;
import io.atoll.linux.net.Netlink;
import io.atoll.linux.net.Rtnetlink;
import io.atoll.linux.net.Rtnetlink.LinkOptions;
import io.atoll.linux.net.Rtnetlink.Target;
import io.atoll.testkit.Await;
import java.io.IOException;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// A speaker and BIRD, each in a network namespace of its own.
@Tag("privileged")
class BirdIT {
    private static final Duration SOON = Duration.ofSeconds(60);
    private static final String[] OURS = {"10.98.0.1/24", "fd98::1/64"};
    private static final String[] THEIRS = {"10.98.0.2/24", "fd98::2/64"};
    private static final IpNetwork NET4 = net("203.0.113.0/24");
    private static final IpNetwork NET6 = net("2001:db8:1::/64");

    @TempDir private Path directory;

    private static IpNetwork net(String text) {
        return IpNetwork.parse(text).orElseThrow();
    }

    private static void configure(Fd namespace, String[] addresses) {
        try (Netlink netlink = Netlink.openIn(namespace)) {
            netlink.run(Rtnetlink.setUp("lo", true));
            netlink.run(Rtnetlink.setUp("eth0", true));
            for (String address : addresses) {
                netlink.run(Rtnetlink.addAddress("eth0", net(address)));
            }
        }
    }

    /// Two namespaces that see each other.
    private static void connect(Fd here, Fd there) {
        try (Netlink netlink = Netlink.openIn(here)) {
            netlink.run(
                    Rtnetlink.veth(
                            "eth0",
                            LinkOptions.UP,
                            Optional.empty(),
                            "eth0",
                            LinkOptions.DOWN,
                            new Target.Descriptor(there.number())));
        }
        configure(here, OURS);
        configure(there, THEIRS);
    }

    private Path configuration(String own, String neighbour, long asn, String password)
            throws IOException {
        String text =
                """
                router id 10.98.0.2;
                protocol device {}
                protocol bgp host {
                    local %s as 64513;
                    neighbor %s as %d;
                    %s
                    connect delay time 1;
                    connect retry time 1;
                    error wait time 1, 2;
                    ipv4 { import all; export none; };
                    ipv6 { import all; export none; };
                }
                """
                        .formatted(
                                own,
                                neighbour,
                                asn,
                                password.isEmpty() ? "" : "password \"" + password + "\";");
        return Files.writeString(directory.resolve("bird.conf"), text);
    }

    private String bird(String... words) {
        var argv = new java.util.ArrayList<>(List.of("birdc", "-s", directory + "/ctl"));
        argv.addAll(List.of(words));
        return Commands.run(Command.of(argv)).text();
    }

    private void awaitRoutes(String what, String... parts) {
        String[] shown = {""};
        try {
            Await.until(
                    what,
                    SOON,
                    () -> {
                        shown[0] = bird("show", "route", "all");
                        return List.of(parts).stream().allMatch(shown[0]::contains);
                    });
        } catch (AssertionError e) {
            throw new AssertionError(e.getMessage() + ": " + shown[0], e);
        }
    }

    @ParameterizedTest
    @CsvSource({"0, 64512, ''", "0, 4200000001, s3cret", "1, 4200000001, s3cret"})
    void learnsAndForgets(int family, long asn, String password) throws IOException {
        assumeTrue(Commands.find("bird").isPresent(), "bird2");
        InetAddress own = net(OURS[family]).address();
        InetAddress router = net(THEIRS[family]).address();
        Path config = configuration(IpNetwork.text(router), IpNetwork.text(own), asn, password);
        try (Fd here = Namespaces.withOwnNet(Namespaces::ownNet);
                Fd there = Namespaces.withOwnNet(Namespaces::ownNet)) {
            connect(here, there);
            String command =
                    "echo up; exec bird -f -c %s -s %s/ctl -P %s/pid"
                            .formatted(config, directory, directory);
            BgpIdentity self =
                    new BgpIdentity(asn, (Inet4Address) InetAddress.ofLiteral("10.98.0.1"));
            InetSocketAddress any =
                    new InetSocketAddress(InetAddress.ofLiteral("::"), BgpPeer.PORT);
            // What is started there stays there.
            try (Commands.Held bird =
                            Namespaces.inNet(
                                    there, () -> Commands.hold(Command.of("sh", "-c", command)));
                    Speaker speaker = Namespaces.inNet(here, () -> Speaker.open(self, any))) {
                assertTrue(bird.pid() > 0);
                List<BgpPeer> peers =
                        List.of(new BgpPeer(router, BgpPeer.PORT, 64_513, password, 90));
                speaker.tell(peers, Map.of(NET4, Optional.empty(), NET6, Optional.empty()));
                Await.until(
                        "a session",
                        SOON,
                        () -> speaker.peers().stream().anyMatch(PeerState::isEstablished));
                awaitRoutes(
                        "both routes",
                        NET4.toString(),
                        "BGP.next_hop: 10.98.0.1",
                        NET6.toString(),
                        "BGP.next_hop: fd98::1",
                        "BGP.as_path: " + asn);
                speaker.tell(peers, Map.of(NET4, Optional.empty()));
                Await.until(
                        "the withdrawal",
                        SOON,
                        () -> !bird("show", "route").contains(NET6.toString()));
                assertTrue(bird("show", "route").contains(NET4.toString()));
                speaker.leave();
                Await.until(
                        "the end", SOON, () -> !bird("show", "protocols").contains("Established"));
                assertFalse(bird("show", "route").contains(NET4.toString()));
            }
        }
    }
}
