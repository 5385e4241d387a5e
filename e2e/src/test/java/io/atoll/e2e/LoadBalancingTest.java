package io.atoll.e2e;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.atoll.testkit.Await;
import io.atoll.testkit.Leaks;
import io.atoll.testkit.Program;
import io.atoll.testkit.TestDaemon;
import io.atoll.testkit.TestImages;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/// The how-tos about sharing work and addresses between instances, with the configurations that
/// stand in them.
@Tag("privileged")
@Tag("e2e")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class LoadBalancingTest {
    private static final String MARKER = "e2elb";
    private static final String BRIDGE = MARKER + "br";
    private static final List<String> NAMES = List.of(MARKER + "1", MARKER + "2");
    private static final String SHARED = "10.84.9.100";
    private static final Duration SOON = Duration.ofSeconds(30);

    @RegisterExtension final Leaks leaks = Leaks.of(MARKER + "1");

    @TempDir private Path folder;

    private final TestDaemon daemon = TestDaemon.launch("atoll-" + MARKER);
    private final Program client = daemon.lxc();

    @BeforeAll
    void prepare() {
        lxc("storage", "create", "default", "overlay");
        lxc("network", "create", BRIDGE, "ipv6.address=none", "ipv4.address=10.84.9.1/24");
        lxc("profile", "device", "add", "default", "root", "disk", "path=/", "pool=default");
        lxc("image", "import", TestImages.busybox().toString(), "--alias", "busybox");
    }

    @AfterAll
    void cleanUp() {
        daemon.close();
    }

    @BeforeEach
    void launch() {
        for (int i = 0; i < NAMES.size(); i++) {
            String name = NAMES.get(i);
            lxc("init", "busybox", name);
            lxc(
                    "config",
                    "device",
                    "add",
                    name,
                    "eth0",
                    "nic",
                    "network=" + BRIDGE,
                    "name=eth0",
                    "ipv4.address=" + address(i));
            // Programs of the host, in place of those that the how-to installs.
            for (String path : List.of("/usr", "/lib", "/lib64")) {
                Path source = realPath(path);
                lxc(
                        "config",
                        "device",
                        "add",
                        name,
                        "host" + path.substring(1),
                        "disk",
                        "source=" + source,
                        "path=" + path,
                        "readonly=true");
            }
            start(i);
        }
    }

    private static Path realPath(String path) {
        try {
            return Path.of(path).toRealPath();
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    private void start(int number) {
        lxc("start", NAMES.get(number));
        inside(
                number,
                "/bin/busybox ip addr add "
                        + address(number)
                        + "/24 dev eth0; mkdir -p /www; echo "
                        + NAMES.get(number)
                        + " > /www/index.html; /bin/busybox httpd -p 80 -h /www");
    }

    @AfterEach
    void delete() {
        for (String name : lxc("list", "--format=csv", "--columns=n").out().lines().toList()) {
            lxc("delete", "--force", name);
        }
    }

    private static String address(int number) {
        return "10.84.9.1" + (number + 1);
    }

    private Program.Output lxc(String... command) {
        return client.run(command).ok();
    }

    private String inside(int number, String command) {
        return lxc("exec", NAMES.get(number), "--", "sh", "-c", command).out();
    }

    /// The configuration that stands in a how-to.
    private static String box(String page, String kind) throws IOException {
        Path root = Path.of(System.getProperty("atoll.root"));
        String text = Files.readString(root.resolve("docs/howto").resolve(page));
        int begin = text.indexOf("```" + kind + "\n");
        int end = text.indexOf("\n```", begin);
        return text.substring(text.indexOf('\n', begin) + 1, end + 1);
    }

    private static void assumeProgram(String name) {
        boolean isThere =
                List.of("/usr/sbin", "/usr/bin").stream()
                        .anyMatch(folder -> Files.isExecutable(Path.of(folder, name)));
        assumeTrue(isThere, name);
    }

    private static Program.Output fetch(String... arguments) {
        return Program.of("curl", "--silent", "--max-time", "5").run(arguments);
    }

    /// Who answered a number of requests; each must be answered.
    private static Set<String> answering(String url) {
        Set<String> out = new TreeSet<>();
        for (int i = 0; i < 20; i++) {
            out.add(fetch(url).ok().out().strip());
        }
        return out;
    }

    private interface Work {
        void run() throws IOException;
    }

    private static void with(Process server, Work work) throws IOException {
        try {
            work.run();
        } finally {
            server.destroy();
            try {
                if (!server.waitFor(10, TimeUnit.SECONDS)) {
                    server.destroyForcibly();
                }
            } catch (InterruptedException _) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private void sharesWork(String url) {
        Set<String> both = Set.copyOf(NAMES);
        Await.until("both to answer", SOON, () -> both.equals(answeringOrNone(url)));
        lxc("stop", "--force", NAMES.getFirst());
        Await.until(
                "the other to answer alone",
                SOON,
                () -> answeringOrNone(url).equals(Set.of(NAMES.getLast())));
        assertEquals(Set.of(NAMES.getLast()), answering(url));
        start(0);
        Await.until("both to answer again", SOON, () -> both.equals(answeringOrNone(url)));
        lxc("stop", "--force", NAMES.getLast());
        // Not one request is lost, whenever it comes.
        assertEquals(Set.of(NAMES.getFirst()), answering(url));
    }

    private static Set<String> answeringOrNone(String url) {
        return fetch(url).exit() == 0 ? answering(url) : Set.of();
    }

    @Test
    void nginxSharesWork() throws IOException {
        assumeProgram("nginx");
        Path file = folder.resolve("nginx.conf");
        Files.writeString(
                file,
                "pid " + folder + "/pid;\nerror_log stderr;\n" + box("load-balancing.md", "nginx"));
        String[] command = {"-c", file.toString(), "-p", folder.toString(), "-g", "daemon off;"};
        with(
                Program.of("nginx").with("PATH", "/usr/sbin:/usr/bin:/bin").start(command),
                () -> {
                    sharesWork("http://127.0.0.1:18780/");
                    start(1);
                    for (String[] pair : new String[][] {{"one", "1"}, {"two", "2"}}) {
                        String answer =
                                fetch(
                                                "--header",
                                                "Host: " + pair[0] + ".example",
                                                "http://127.0.0.1:18780/")
                                        .ok()
                                        .out();
                        assertEquals(MARKER + pair[1], answer.strip());
                    }
                });
    }

    @Test
    void haproxySharesWork() throws IOException {
        assumeProgram("haproxy");
        Path file = folder.resolve("haproxy.cfg");
        Files.writeString(file, box("load-balancing.md", "haproxy"));
        with(
                Program.of("haproxy")
                        .with("PATH", "/usr/sbin:/usr/bin:/bin")
                        .start("-db", "-f", file.toString()),
                () -> sharesWork("http://127.0.0.1:18781/"));
    }

    private void keepAlive(int number) throws IOException {
        String text = box("failover.md", "keepalived");
        Path file = folder.resolve("keepalived.conf");
        Files.writeString(file, number == 0 ? text : text.replace("priority 150", "priority 100"));
        lxc(
                "file",
                "push",
                "--create-dirs",
                file.toString(),
                NAMES.get(number) + "/etc/keepalived/keepalived.conf");
        inside(
                number,
                "mkdir -p /run /tmp; keepalived --log-console --dont-fork --vrrp"
                        + " > /keepalived.log 2>&1 < /dev/null &");
    }

    private boolean has(int number) {
        return inside(number, "ip addr show eth0").contains(SHARED);
    }

    private static String who() {
        Program.of("ip").run("neigh", "flush", "dev", BRIDGE);
        return fetch("http://" + SHARED + "/").out().strip();
    }

    @Test
    void anAddressMovesToWhoIsLeft() throws IOException {
        assumeProgram("keepalived");
        keepAlive(0);
        keepAlive(1);
        Await.until("the first to have the address", SOON, () -> has(0) && !has(1));
        Await.until("the first to answer", SOON, () -> who().equals(NAMES.getFirst()));
        lxc("pause", NAMES.getFirst());
        Await.until("the second to have the address", SOON, () -> has(1));
        Await.until("the second to answer", SOON, () -> who().equals(NAMES.getLast()));
        lxc("start", NAMES.getFirst());
        Await.until("the first to have it again", SOON, () -> has(0) && !has(1));
        lxc("stop", "--force", NAMES.getFirst());
        Await.until("the second to answer again", SOON, () -> who().equals(NAMES.getLast()));
    }
}
