package io.atoll.e2e;

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
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/// A daemon and BIRD, a router in a network namespace: what the router knows of the daemon's
/// networks, forwards and instances while they come and go, and the daemon too.
@Tag("privileged")
@Tag("e2e")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class BgpTest {
    private static final Room ROOM = Room.take("e2ebg", 79);
    private static final String BRIDGE = ROOM.name() + "br";
    private static final String CARD = ROOM.name() + "ph0";
    private static final String ROUTER = ROOM.name() + "out";
    private static final String HOST = ROOM.ipv4("1.1");
    private static final String INSIDE = ROOM.ipv4("7.0/24");
    private static final String FORWARD = ROOM.ipv4("9.7");
    private static final String EXTERNAL = ROOM.ipv4("8.16/28");
    private static final Duration SOON = Duration.ofSeconds(60);

    @RegisterExtension final Leaks leaks = Leaks.of(ROOM.name() + "c");

    @TempDir static Path directory;

    private final TestDaemon daemon = TestDaemon.launch("atoll-" + ROOM.name());
    private final Program client = daemon.lxc();
    private Process bird;

    @BeforeAll
    void prepare() throws IOException {
        ip("netns", "add", ROUTER);
        ip("link", "add", CARD, "type", "veth", "peer", "name", "eth0", "netns", ROUTER);
        ip("address", "add", HOST + "/24", "dev", CARD);
        ip("link", "set", CARD, "up");
        ip("-netns", ROUTER, "address", "add", ROOM.ipv4("1.2/24"), "dev", "eth0");
        ip("-netns", ROUTER, "link", "set", "eth0", "up");
        Path configuration =
                Files.writeString(
                        directory.resolve("bird.conf"),
                        """
                        router id %1$s;
                        protocol device {}
                        protocol bgp host {
                            local %1$s as 64513;
                            neighbor %2$s as 64512;
                            password "s3cret";
                            connect delay time 1;
                            connect retry time 1;
                            error wait time 1, 2;
                            ipv4 { import all; export none; };
                        }
                        """
                                .formatted(ROOM.ipv4("1.2"), HOST));
        bird =
                Program.of("ip")
                        .builder(
                                "netns",
                                "exec",
                                ROUTER,
                                "bird",
                                "-f",
                                "-c",
                                configuration.toString(),
                                "-s",
                                directory + "/ctl",
                                "-P",
                                directory + "/pid")
                        .redirectErrorStream(true)
                        .redirectOutput(directory.resolve("bird.out").toFile())
                        .start();
        lxc("storage", "create", "default", "overlay");
        lxc("profile", "device", "add", "default", "root", "disk", "path=/", "pool=default");
        lxc("image", "import", TestImages.busybox().toString(), "--alias", "busybox");
        lxc(
                "config",
                "set",
                "core.bgp_address=" + HOST,
                "core.bgp_asn=64512",
                "core.bgp_routerid=" + HOST);
    }

    @AfterAll
    void cleanUp() throws InterruptedException {
        daemon.close();
        bird.destroy();
        assertTrue(bird.waitFor(SOON.toSeconds(), TimeUnit.SECONDS));
        Program.of("ip").run("link", "delete", CARD);
        Program.of("ip").run("netns", "delete", ROUTER);
    }

    private Program.Output lxc(String... command) {
        return client.run(command).ok();
    }

    private static void ip(String... command) {
        Program.of("ip").run(command).ok();
    }

    private static String birdc(String... words) {
        String[] command = new String[words.length + 2];
        command[0] = "-s";
        command[1] = directory + "/ctl";
        System.arraycopy(words, 0, command, 2, words.length);
        return Program.of("birdc").run(command).out();
    }

    private static boolean knows(String route) {
        return birdc("show", "route").contains(route);
    }

    private static void awaitKnown(String route) {
        Await.until("the router to know " + route, SOON, () -> knows(route));
    }

    private static void awaitForgotten(String route) {
        Await.until("the router to forget " + route, SOON, () -> !knows(route));
    }

    private static boolean isEstablished() {
        return birdc("show", "protocols").contains("Established");
    }

    private void createNetwork() {
        lxc(
                "network",
                "create",
                BRIDGE,
                "ipv6.address=none",
                "ipv4.nat=false",
                "ipv4.address=" + ROOM.ipv4("7.1/24"),
                "bgp.peers.r1.address=" + ROOM.ipv4("1.2"),
                "bgp.peers.r1.asn=64513",
                "bgp.peers.r1.password=s3cret");
    }

    @Test
    void routersKnowWhatIsThereAndNoMore() throws Exception {
        createNetwork();
        awaitKnown(INSIDE);
        assertTrue(
                birdc("show", "route", "all").contains("BGP.next_hop: " + HOST),
                birdc("show", "route", "all"));
        lxc("network", "forward", "create", BRIDGE, FORWARD);
        awaitKnown(FORWARD + "/32");
        lxc("init", "busybox", ROOM.name() + "c1");
        lxc(
                "config",
                "device",
                "add",
                ROOM.name() + "c1",
                "eth0",
                "nic",
                "network=" + BRIDGE,
                "name=eth0",
                "ipv4.address=" + ROOM.ipv4("7.20"),
                "ipv4.routes.external=" + EXTERNAL);
        assertFalse(knows(EXTERNAL), "a route to an instance that does not run");
        lxc("start", ROOM.name() + "c1");
        awaitKnown(EXTERNAL);

        daemon.kill();
        daemon.startWithoutWaiting();
        Await.until(
                "another session, with all routes kept until then",
                SOON,
                () -> {
                    boolean isBack = isEstablished() && daemon.pidIfRunning() != 0;
                    for (String route : new String[] {INSIDE, FORWARD + "/32", EXTERNAL}) {
                        assertTrue(knows(route), "forgotten over kill -9: " + route);
                    }
                    return isBack && client.run("info").exit() == 0;
                });
        for (String route : new String[] {INSIDE, FORWARD + "/32", EXTERNAL}) {
            awaitKnown(route);
        }

        lxc("stop", "--force", ROOM.name() + "c1");
        awaitForgotten(EXTERNAL);
        lxc("network", "forward", "delete", BRIDGE, FORWARD);
        awaitForgotten(FORWARD + "/32");
        assertTrue(knows(INSIDE));
        lxc("network", "set", BRIDGE, "ipv4.nat=true");
        awaitForgotten(INSIDE);
        lxc("network", "set", BRIDGE, "ipv4.nat=false");
        awaitKnown(INSIDE);
        lxc("delete", ROOM.name() + "c1");
        lxc("network", "delete", BRIDGE);
        awaitForgotten(INSIDE);

        createNetwork();
        awaitKnown(INSIDE);
        lxc("config", "unset", "core.bgp_asn");
        awaitForgotten(INSIDE);
        assertFalse(isEstablished());
        lxc("config", "set", "core.bgp_asn=64512");
        awaitKnown(INSIDE);
        daemon.shutDown();
        awaitForgotten(INSIDE);
        daemon.start();
        awaitKnown(INSIDE);
        lxc("network", "delete", BRIDGE);
    }
}
