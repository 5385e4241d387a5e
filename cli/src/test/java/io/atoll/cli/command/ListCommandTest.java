package io.atoll.cli.command;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.atoll.cli.CliRun;
import io.atoll.client.FakeServer;
import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(20)
class ListCommandTest {
    private static final String INSTANCES =
            """
            [{"name":"web10","status":"Running","type":"container","ephemeral":true,"architecture":"x86_64","location":"none",
              "created_at":"2026-11-21T00:30:55Z","last_used_at":"1970-01-01T00:00:00Z","description":"","project":"default",
              "profiles":["default","small"],"config":{"volatile.base_image":"0123456789abcdef"},
              "expanded_config":{"limits.memory":"1MiB","user.note":"hello"},
              "expanded_devices":{"root":{"type":"disk","path":"/","pool":"p1"},"eth0":{"type":"nic","network":"br0"}},
              "snapshots":[{"name":"s0"},{"name":"s1"}],
              "state":{"pid":7,"processes":3,"cpu":{"usage":2500000000},"memory":{"usage":524288},
                "network":{"lo":{"type":"loopback","addresses":[{"family":"inet","address":"127.0.0.1","scope":"local"}]},
                  "eth0":{"type":"broadcast","addresses":[{"family":"inet","address":"10.0.3.2","scope":"global"},
                    {"family":"inet","address":"10.0.3.9","scope":"global"},
                    {"family":"inet6","address":"fe80::1","scope":"link"},{"family":"inet6","address":"fd42::1","scope":"global"}]}}}},
             {"name":"web9","status":"Stopped","type":"container","ephemeral":false,"architecture":"x86_64","location":"none",
              "created_at":"2026-11-21T00:30:55Z","last_used_at":"2026-11-21T00:31:00Z","description":"old","project":"default",
              "profiles":[],"config":{},"expanded_config":{"user.note":"b"},"expanded_devices":{},"snapshots":null,
              "state":{"pid":0,"network":null}}]
            """;

    private FakeServer server;
    private CliRun cli;

    @BeforeEach
    void start() throws IOException {
        server = FakeServer.start();
        String instances = INSTANCES.replace("\n", "");
        server.onSync("GET /1.0/instances?recursion=2", instances)
                .onSync("GET /1.0/instances?recursion=1", instances);
        cli = new CliRun(server);
    }

    @AfterEach
    void stop() throws IOException {
        server.close();
    }

    private String run(String... args) {
        cli = new CliRun(server);
        assertEquals(0, cli.run(args), cli.err());
        assertEquals("", cli.err());
        return cli.out();
    }

    @Test
    void showsTheUsualTable() {
        assertEquals(
                """
                +-------+---------+-----------------+----------------+-----------------------+-----------+
                | NAME  |  STATE  |      IPV4       |      IPV6      |         TYPE          | SNAPSHOTS |
                +-------+---------+-----------------+----------------+-----------------------+-----------+
                | web9  | STOPPED |                 |                | CONTAINER             | 0         |
                +-------+---------+-----------------+----------------+-----------------------+-----------+
                | web10 | RUNNING | 10.0.3.9 (eth0) | fd42::1 (eth0) | CONTAINER (EPHEMERAL) | 2         |
                |       |         | 10.0.3.2 (eth0) |                |                       |           |
                +-------+---------+-----------------+----------------+-----------------------+-----------+
                """,
                run("list"));
        assertEquals(1, server.requests().size());
    }

    @Test
    void asksForStateOnlyWhereItIsShown() {
        assertEquals("web9\nweb10\n", run("list", "-c", "n", "-f", "csv"));
        assertEquals("GET /1.0/instances?recursion=1", server.requests().getFirst().line());
    }

    @Test
    void knowsEveryColumn() {
        assertEquals(
                "x86_64,p1,2026/11/21 00:30 UTC,,,default,0123456789ab,0123456789abcdef,,none,512.00KiB,50.0%,web10,3,7,"
                        + "\"default\nsmall\",RUNNING,2,CONTAINER (EPHEMERAL),2s\n",
                run("list", "-f", "csv", "-c", "abcdDefFlLmMnNpPsStu", "web10"));
    }

    @Test
    void showsConfigurationAndDeviceKeys() {
        assertEquals(
                """
                +-------+-------+-----+
                | NAME  | NO TE | NET |
                +-------+-------+-----+
                | web9  | b     |     |
                +-------+-------+-----+
                | web10 | hello | br0 |
                +-------+-------+-----+
                """,
                run("list", "-c", "n,user.note:no.te:0,devices:eth0.network:NET:3"));
    }

    @Test
    void showsImagesWithAndWithoutNames() {
        String image =
                "{\"aliases\":[%s],\"fingerprint\":\"%s\",\"public\":%s,\"properties\":{%s},"
                        + "\"architecture\":\"%s\",\"type\":\"container\",\"size\":%d,"
                        + "\"uploaded_at\":\"2015-06-17T11:17:00Z\"}";
        String centos =
                image.formatted(
                        "{\"name\":\"centos/6/amd64\"},{\"name\":\"centos/6\"}",
                        "ab".repeat(32),
                        "true",
                        "\"description\":\"Centos 6\"",
                        "x86_64",
                        1 << 20);
        String bare = image.formatted("", "cd".repeat(32), "false", "", "i686", 1 << 19);
        server.onSync("GET /1.0/images?recursion=1", "[" + centos + "," + bare + "]");
        String date = "\"Jun 17, 2015 at 11:17am (UTC)\"";
        List<String> rows = run("image", "list", "-f", "csv").lines().toList();
        assertEquals(2, rows.size());
        assertTrue(
                rows.contains(
                        "centos/6 (1 more),abababababab,yes,Centos 6,x86_64,CONTAINER,1.00MB,"
                                + date),
                rows.toString());
        assertTrue(
                rows.contains(",cdcdcdcdcdcd,no,,i686,CONTAINER,0.50MB," + date), rows.toString());
    }

    @Test
    void filters() {
        assertEquals("web9\n", names("web9"));
        assertEquals("web10\n", names("w.*0"));
        assertEquals("web10\n", names("u.no=hel.*"));
        assertEquals("web9\n", names("status=stopped,frozen"));
        assertEquals("web10\n", names("type=container", "ipv4=10.0.3.0/24"));
        assertEquals("", names("ipv6=fe80::/10"));
        assertEquals("web9\nweb10\n", names());
    }

    private String names(String... filters) {
        String[] args = new String[filters.length + 5];
        System.arraycopy(new String[] {"list", "-c", "n", "-f", "csv"}, 0, args, 0, 5);
        System.arraycopy(filters, 0, args, 5, filters.length);
        return run(args);
    }

    @Test
    void explainsMistakes() {
        assertEquals(1, cli.run("list", "-c", "nx"));
        assertEquals("Error: Unknown column shorthand char 'x' in 'nx'\n", cli.err());
        cli = new CliRun(server);
        assertEquals(1, cli.run("list", "nosuch:"));
        assertEquals("Error: The remote \"nosuch\" doesn't exist\n", cli.err());
        cli = new CliRun(server);
        assertEquals(1, cli.run("list", "--format", "xml"));
        assertTrue(cli.err().startsWith("Error: Invalid format \"xml\"\nHint: "), cli.err());
        cli = new CliRun(server).with("LXD_SOCKET", "/nonexistent/socket");
        assertEquals(1, cli.run("list"));
        assertTrue(
                cli.err().startsWith("Error: cannot reach the daemon at /nonexistent/socket: "),
                cli.err());
        assertTrue(
                cli.err()
                        .contains(
                                "\nHint: is the daemon running? Start it (systemctl start atolld)"),
                cli.err());
    }
}
