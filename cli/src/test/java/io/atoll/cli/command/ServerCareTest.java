package io.atoll.cli.command;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.atoll.cli.CliRun;
import io.atoll.client.FakeServer;
import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Warnings, queries of the records and recovering.
final class ServerCareTest {
    private static final String WARNINGS =
            "[{\"uuid\":\"u1\",\"type\":\"Network unavailable\",\"status\":\"new\",\"severity\":\"high\","
                    + "\"count\":2,\"project\":\"default\",\"last_seen_at\":\"2026-11-21T09:55:00Z\","
                    + "\"first_seen_at\":\"2026-11-21T09:54:00Z\"},"
                    + "{\"uuid\":\"u2\",\"type\":\"Old\",\"status\":\"acknowledged\",\"severity\":\"low\","
                    + "\"count\":1,\"project\":\"\",\"last_seen_at\":\"2026-11-21T09:55:00Z\"}]";

    @TempDir Path directory;
    private FakeServer server;

    @BeforeEach
    void start() throws IOException {
        server = FakeServer.start();
    }

    @AfterEach
    void stop() throws IOException {
        server.close();
    }

    private CliRun cli() {
        return new CliRun(server).with("LXD_CONF", directory.toString()).with("TZ", "UTC");
    }

    @Test
    void listsWarningsThatNobodyHasSeen() {
        server.onSync("GET /1.0/warnings?recursion=1", WARNINGS);
        CliRun cli = cli();
        assertEquals(0, cli.run("warning", "list", "--format=csv"), cli.err());
        assertEquals(
                "u1,Network unavailable,NEW,HIGH,2,default,\"Nov 21, 2026 at 9:55am (UTC)\"\n",
                cli.out());
        CliRun all = cli();
        assertEquals(0, all.run("warning", "ls", "-a", "-c", "uc", "-f", "csv"), all.err());
        assertEquals("u1,2\nu2,1\n", all.out());
        CliRun wrong = cli();
        assertEquals(1, wrong.run("warning", "list", "-c", "x"));
        assertEquals("Error: Unknown column shorthand char 'x' in 'x'\n", wrong.err());
    }

    @Test
    void acknowledgesAndDeletesWarnings() {
        server.onSync("PUT /1.0/warnings/u1", "{}").onSync("DELETE /1.0/warnings/u1", "{}");
        server.onSync("GET /1.0/warnings", "[\"/1.0/warnings/u1\"]");
        assertEquals(0, cli().run("warning", "ack", "u1"));
        assertEquals(
                "acknowledged",
                server.request("PUT /1.0/warnings/u1").json().get("status").asString());
        assertEquals(0, cli().run("warning", "delete", "--all"));
        server.request("DELETE /1.0/warnings/u1");
        assertEquals(1, cli().run("warning", "delete"));
    }

    @Test
    void queriesRecords() {
        server.onSync(
                "POST /internal/sql",
                "{\"Results\":[{\"type\":\"select\",\"columns\":[\"name\"],\"rows\":[[\"c1\"],[null]],"
                        + "\"rows_affected\":0}]}");
        CliRun cli = cli().as("lxd");
        assertEquals(0, cli.run("sql", "global", "SELECT name FROM records"), cli.err());
        assertTrue(cli.out().contains("| c1 "), cli.out());
        assertEquals(
                "SELECT name FROM records",
                server.request("POST /internal/sql").json().get("query").asString());
        assertEquals(1, cli().run("admin", "sql", "nowhere", "SELECT 1"));
    }

    @Test
    void recoversWhatWasFoundWhenToldSo() {
        server.onSync(
                "GET /1.0/storage-pools?recursion=1",
                "[{\"name\":\"p\",\"driver\":\"dir\",\"config\":{\"source\":\"/p\"}}]");
        server.onSync(
                "POST /internal/recover/validate",
                "{\"UnknownVolumes\":[{\"name\":\"c1\",\"type\":\"container\",\"snapshotCount\":1,"
                        + "\"project\":\"default\",\"pool\":\"q\"}],\"DependencyErrors\":null}");
        server.onSync("POST /internal/recover/import", "{}");
        CliRun refused = cli().input("no\nno\n");
        assertEquals(0, refused.run("admin", "recover"), refused.err());
        assertTrue(refused.out().contains("container \"c1\" in pool \"q\""), refused.out());
        assertTrue(
                server.requests().stream().noneMatch(r -> r.target().endsWith("/import")),
                "nothing is recorded without a yes");
        CliRun cli = cli().input("yes\nq\nbtrfs\n/dev/sdx\nsize=1GiB\n\nno\nyes\n");
        assertEquals(0, cli.run("admin", "recover"), cli.err());
        assertEquals(
                "[{\"name\":\"p\",\"driver\":\"dir\",\"config\":{\"source\":\"/p\"}},"
                        + "{\"name\":\"q\",\"driver\":\"btrfs\","
                        + "\"config\":{\"source\":\"/dev/sdx\",\"size\":\"1GiB\"}}]",
                server.request("POST /internal/recover/import").json().get("Pools").render());
    }
}
