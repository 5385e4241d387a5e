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
class ClusterCommandsTest {
    private FakeServer server;

    @BeforeEach
    void start() throws IOException {
        server = FakeServer.start();
    }

    @AfterEach
    void stop() throws IOException {
        server.close();
    }

    private void expectError(String sentence, String... words) {
        CliRun cli = new CliRun(server);
        assertEquals(1, cli.run(words), List.of(words).toString());
        assertEquals("Error: " + sentence + "\n", cli.err(), List.of(words).toString());
        assertEquals("", cli.out());
    }

    /// What LXD 5.0.2 and its client say, word by word.
    @Test
    void refusesAsLxdDoesWhereThereIsNoCluster() {
        server.onSync("GET /1.0/cluster", "{\"server_name\":\"\",\"enabled\":false}");
        String noPart = "LXD server isn't part of a cluster";
        String noMembers = "Server is not clustered";
        String notClustered = "This server is not clustered";
        expectError(noPart, "cluster", "list");
        expectError(noPart, "cluster", "ls", "local:", "-f", "csv");
        expectError(noPart, "cluster", "list-tokens");
        expectError(noPart, "cluster", "revoke-token", "m");
        expectError(noPart, "cluster", "group", "list");
        expectError(noPart, "cluster", "update-certificate", "a", "b");
        expectError(noPart, "cluster", "update-cert", "local:", "a", "b");
        expectError(noMembers, "cluster", "show", "m");
        expectError(noMembers, "cluster", "get", "m", "k");
        expectError(noMembers, "cluster", "set", "m", "k=v");
        expectError(noMembers, "cluster", "unset", "m", "k");
        expectError(noMembers, "cluster", "edit", "m");
        expectError(noMembers, "cluster", "remove", "m", "--force", "--yes");
        expectError(noMembers, "cluster", "rm", "local:m");
        expectError(noMembers, "cluster", "role", "add", "m", "database");
        expectError(noMembers, "cluster", "role", "remove", "m", "database");
        expectError(noMembers, "cluster", "group", "assign", "m", "g");
        expectError(noMembers, "cluster", "group", "remove", "m", "g");
        expectError(notClustered, "cluster", "add", "m");
        expectError(notClustered, "cluster", "group", "create", "g");
        expectError(notClustered, "cluster", "group", "show", "g");
        expectError(notClustered, "cluster", "group", "rename", "g", "h");
        expectError(notClustered, "cluster", "group", "edit", "g");
        assertTrue(server.requests().stream().allMatch(r -> r.line().equals("GET /1.0/cluster")));
    }

    @Test
    void enablingSaysWhyNot() {
        server.onSync("GET /1.0/cluster", "{\"enabled\":false}");
        server.onError("PUT /1.0/cluster", 501, "Clustering is not supported by this server");
        expectError(
                "Failed to configure cluster: Clustering is not supported by this server",
                "cluster",
                "enable",
                "m");
        assertEquals(
                "{\"server_name\":\"m\",\"enabled\":true}",
                server.request("PUT /1.0/cluster").json().render());
    }

    @Test
    void showsAClusterOfOthers() {
        server.onSync("GET /1.0/cluster", "{\"server_name\":\"b\",\"enabled\":true}");
        server.onSync(
                "GET /1.0/cluster/members?recursion=1",
                "[{\"server_name\":\"b\",\"url\":\"https://192.0.2.2:8443\",\"roles\":[\"database\"],"
                        + "\"architecture\":\"x86_64\",\"failure_domain\":\"default\","
                        + "\"description\":\"\",\"status\":\"Online\",\"message\":\"Fully operational\"},"
                        + "{\"server_name\":\"a\",\"url\":\"https://192.0.2.1:8443\","
                        + "\"roles\":[\"database-leader\",\"database\"],\"architecture\":\"x86_64\","
                        + "\"failure_domain\":\"default\",\"description\":\"d\","
                        + "\"status\":\"Offline\",\"message\":\"lost\"}]");
        CliRun list = new CliRun(server);
        assertEquals(0, list.run("cluster", "list", "-f", "csv"), list.err());
        assertEquals(
                "a,https://192.0.2.1:8443,\"database-leader\ndatabase\",x86_64,default,d,OFFLINE,lost\n"
                        + "b,https://192.0.2.2:8443,database,x86_64,default,,ONLINE,Fully operational\n",
                list.out());
        server.onSync(
                "GET /1.0/cluster/members/a",
                "{\"server_name\":\"a\",\"config\":{\"user.k\":\"v\"}}");
        CliRun show = new CliRun(server);
        assertEquals(0, show.run("cluster", "show", "a"), show.err());
        assertTrue(show.out().contains("user.k: v"), show.out());
        CliRun get = new CliRun(server);
        assertEquals(0, get.run("cluster", "get", "a", "user.k"), get.err());
        assertEquals("v\n", get.out());
        expectError(
                "The key \"x\" does not exist on cluster member \"a\"", "cluster", "get", "a", "x");
        server.onSync(
                "GET /1.0/cluster/groups?recursion=1",
                "[{\"name\":\"default\",\"description\":\"all\",\"members\":[\"a\",\"b\"]}]");
        CliRun groups = new CliRun(server);
        assertEquals(0, groups.run("cluster", "group", "list", "-f", "csv"), groups.err());
        assertEquals("default,all,2\n", groups.out());
        CliRun change = new CliRun(server);
        assertEquals(1, change.run("cluster", "remove", "a"));
        assertTrue(change.err().contains("does not change them"), change.err());
    }
}
