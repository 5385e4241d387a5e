package io.atoll.cli.command;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.atoll.api.tls.Identity;
import io.atoll.api.tls.Pem;
import io.atoll.cli.CliRun;
import io.atoll.cli.Version;
import io.atoll.client.FakeServer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(20)
class AdminAndRemotesTest {
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
        return new CliRun(server).with("LXD_CONF", directory.toString());
    }

    private void emptyDaemon() {
        server.onSync(
                "GET /1.0",
                "{\"config\":{},\"environment\":{\"storage_supported_drivers\":[{\"Name\":\"dir\"},{\"Name\":\"overlay\"}]}}");
        server.onSync("GET /1.0/storage-pools?recursion=1", "[]")
                .onSync("GET /1.0/networks?recursion=1", "[]");
        server.onTagged(
                "GET /1.0/profiles/default",
                "\"p\"",
                "{\"config\":{},\"description\":\"\",\"devices\":{},\"name\":\"default\"}");
        server.onSync("POST /1.0/storage-pools", "null")
                .onSync("POST /1.0/networks", "null")
                .onSync("PUT /1.0/profiles/default", "{}");
    }

    @Test
    void initialisesAutomatically() {
        emptyDaemon();
        CliRun cli = cli().as("atoll");
        assertEquals(0, cli.run("admin", "init", "--auto"), cli.err());
        assertEquals(
                "overlay",
                server.request("POST /1.0/storage-pools").json().get("driver").asString());
        assertEquals(
                "atollbr0", server.request("POST /1.0/networks").json().get("name").asString());
        assertEquals(
                "{\"description\":\"\",\"config\":{},\"devices\":{\"root\":{\"path\":\"/\",\"pool\":\"default\",\"type\":\"disk\"},"
                        + "\"eth0\":{\"name\":\"eth0\",\"network\":\"atollbr0\",\"type\":\"nic\"}}}",
                server.request("PUT /1.0/profiles/default").body());
    }

    @Test
    void leavesBridgesOfOthersAlone() {
        emptyDaemon();
        server.onSync(
                "GET /1.0/networks?recursion=1",
                "[{\"name\":\"atollbr0\",\"managed\":false,\"type\":\"bridge\"},{\"name\":\"lxdbr0\",\"managed\":false,\"type\":\"bridge\"}]");
        CliRun cli = cli().as("atoll");
        assertEquals(0, cli.run("admin", "init", "--auto"), cli.err());
        assertEquals(
                "atollbr1", server.request("POST /1.0/networks").json().get("name").asString());
    }

    @Test
    void initialisesNothingTwice() {
        emptyDaemon();
        try (FakeServer used = FakeServer.start()) {
            used.onSync("GET /1.0/storage-pools?recursion=1", "[{\"name\":\"p\"}]");
            used.onSync(
                    "GET /1.0/networks?recursion=1",
                    "[{\"name\":\"b\",\"managed\":true,\"type\":\"bridge\"}]");
            used.onTagged(
                    "GET /1.0/profiles/default",
                    "\"p\"",
                    "{\"devices\":{\"root\":{\"type\":\"disk\",\"path\":\"/\"},\"eth0\":{\"type\":\"nic\"}},\"config\":{},\"description\":\"\"}");
            CliRun cli = new CliRun(used);
            assertEquals(0, cli.as("lxd").run("init", "--auto"), cli.err());
            assertTrue(
                    used.requests().stream().allMatch(r -> r.method().equals("GET")),
                    used.requests().toString());
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void undoesAPreseedThatFails() {
        emptyDaemon();
        server.onSync("DELETE /1.0/storage-pools/p1", "{}");
        server.onError("POST /1.0/networks", 500, "first is fine");
        CliRun cli =
                cli().as("lxd")
                        .input(
                                "storage_pools:\n- name: p1\n  driver: dir\nprofiles:\n- name: bad\n");
        server.onError("POST /1.0/profiles", 400, "no such thing");
        assertEquals(1, cli.run("init", "--preseed"));
        assertEquals("Error: Failed to create profile \"bad\": no such thing\n", cli.err());
        server.request("DELETE /1.0/storage-pools/p1");
    }

    @Test
    void putsWhatHasAProjectThere() {
        emptyDaemon();
        for (String path :
                List.of(
                        "/1.0/projects",
                        "/1.0/networks?project=own",
                        "/1.0/storage-pools/p1/volumes/custom?project=own",
                        "/1.0/profiles?project=own")) {
            server.onSync("POST " + path, "{}");
        }
        CliRun cli =
                cli().as("lxd")
                        .input(
                                """
                                profiles: [{name: web, project: own}]
                                storage_volumes: [{name: v1, pool: p1, project: own, config: {size: 1}}]
                                networks: [{name: br1, project: own}, {name: br0}]
                                projects: [{name: own}]
                                """);
        assertEquals(0, cli.run("init", "--preseed"), cli.err());
        assertEquals(
                List.of(
                        "/1.0/networks",
                        "/1.0/projects",
                        "/1.0/networks?project=own",
                        "/1.0/storage-pools/p1/volumes/custom?project=own",
                        "/1.0/profiles?project=own"),
                server.requests().stream()
                        .filter(r -> r.method().equals("POST"))
                        .map(FakeServer.Request::target)
                        .toList());
    }

    @Test
    void namesTheProjectOfWhatCannotBe() {
        emptyDaemon();
        server.onError("GET /1.0/networks/br1?project=own", 404, "Project not found");
        server.onError("POST /1.0/networks?project=own", 404, "Project not found");
        CliRun cli = cli().as("lxd").input("networks: [{name: br1, project: own}]\n");
        assertEquals(1, cli.run("init", "--preseed"));
        assertEquals(
                "Error: Failed to create network \"br1\" in project \"own\": Project not found\n",
                cli.err());
    }

    @Test
    void doesNotTakeOneKindForAnother() {
        server.onTagged("GET /1.0/storage-pools/p", "\"p\"", "{\"name\":\"p\",\"driver\":\"dir\"}");
        CliRun cli = cli().as("lxd").input("storage_pools: [{name: p, driver: btrfs}]\n");
        assertEquals(1, cli.run("init", "--preseed"));
        assertEquals(
                "Error: Storage pool \"p\" is of type \"dir\" instead of \"btrfs\"\n", cli.err());
    }

    @Test
    void refusesUnknownMembersOfEntries() {
        CliRun cli = cli().as("lxd").input("projects: [{name: p, devices: {}}]\n");
        assertEquals(1, cli.run("init", "--preseed"));
        assertTrue(
                cli.err()
                        .startsWith(
                                "Error: Failed to parse the preseed: unknown member \"devices\" of an entry of projects\n"),
                cli.err());
    }

    @Test
    void refusesUnknownPreseedMembers() {
        CliRun cli = cli().as("lxd").input("storage_pool: []\n");
        assertEquals(1, cli.run("init", "--preseed"));
        assertTrue(
                cli.err()
                        .startsWith(
                                "Error: Failed to parse the preseed: unknown member \"storage_pool\""),
                cli.err());
    }

    @Test
    void asksAndApplies() {
        emptyDaemon();
        CliRun cli =
                cli().as("atoll")
                        .input("no\nyes\nfast\noverlay\n\nyes\nbr7\n10.9.0.1/24\nnone\nno\n");
        assertEquals(0, cli.run("admin", "init"), cli.err());
        assertEquals(
                "fast", server.request("POST /1.0/storage-pools").json().get("name").asString());
        assertEquals(
                "10.9.0.1/24",
                server.request("POST /1.0/networks")
                        .json()
                        .get("config")
                        .get("ipv4.address")
                        .asString());
    }

    @Test
    void waitsUntilReady() {
        server.onError("GET /internal/ready", 503, "starting").onSync("GET /internal/ready", "{}");
        assertEquals(0, cli().as("lxd").run("waitready", "--timeout=10"));
        assertEquals(2, server.requests().size());
    }

    @Test
    void takesABrokenConnectionForTheEndOfTheDaemon() {
        server.on(
                "PUT /internal/shutdown?force=false",
                peer -> {
                    server.close();
                    peer.out().close();
                });
        CliRun cli = cli().as("lxd");
        assertEquals(0, cli.run("shutdown", "--timeout=5"), cli.err());
        assertEquals(1, cli.run("shutdown"));
        assertTrue(cli.err().startsWith("Error: cannot reach the daemon at "), cli.err());
    }

    @Test
    void waitsForTheEndOfTheDaemonsProcess() throws IOException {
        Process daemon = new ProcessBuilder("cat").start();
        try {
            server.onSync("GET /1.0", "{\"environment\":{\"server_pid\":" + daemon.pid() + "}}");
            server.onSync("PUT /internal/shutdown?force=false", "{}");
            server.on(
                    "PUT /internal/shutdown?force=true",
                    peer -> {
                        peer.send(FakeServer.http(200, "", "{\"type\":\"sync\"}"));
                        daemon.getOutputStream().close();
                    });
            CliRun cli = cli().as("lxd");
            assertEquals(1, cli.run("shutdown", "--timeout=1"));
            assertEquals("Error: the daemon is still running after 1 seconds\n", cli.err());
            assertEquals(0, cli.run("shutdown", "--force"));
            assertFalse(daemon.isAlive());
        } finally {
            daemon.destroyForcibly();
        }
    }

    @Test
    void givesUpWaiting() {
        server.onError("GET /internal/ready", 503, "starting");
        CliRun cli = cli().as("lxd");
        assertEquals(1, cli.run("waitready", "--timeout=1"));
        assertEquals("Error: the daemon is not ready after 1 seconds: starting\n", cli.err());
    }

    @Test
    void answersForTheProgramsWhosePlaceItTakes() {
        for (String program : List.of("lxc", "lxd")) {
            CliRun cli = cli().as(program);
            assertEquals(0, cli.run("--version"));
            assertEquals("5.0.2\n", cli.out());
        }
        CliRun version = cli().as("lxd");
        assertEquals(0, version.run("version"));
        assertEquals("5.0.2\n", version.out());
        CliRun own = cli().as("atoll");
        assertEquals(0, own.run("--version"));
        assertEquals(Version.TEXT + "\n", own.out());
    }

    @Test
    void saysWhatBecameOfVerbsThatAreNotHere() throws IOException {
        CliRun cluster = cli().as("lxd");
        assertEquals(0, cluster.run("cluster", "list-database"), cluster.err());
        assertEquals("+---------+\n| ADDRESS |\n+---------+\n", cluster.out());
        assertEquals(1, cluster.run("cluster", "edit"));
        assertEquals(1, cluster.run("cluster", "remove-raft-node", "192.0.2.1"));
        assertEquals(
                "Error: Clusters are not supported by this server\n"
                        + "Error: No raft node with address \"192.0.2.1\"\n",
                cluster.err());
        CliRun members = cli().as("lxd");
        assertEquals(0, members.run("cluster", "show"));
        assertEquals("members: []\n", members.out());
        CliRun recover = cli().as("lxd");
        assertEquals(1, recover.run("import", "c1"));
        assertEquals("Error: Command has been replaced with \"lxd recover\"\n", recover.err());
        server.close();
        CliRun activate = cli().as("lxd");
        assertEquals(0, activate.run("activateifneeded"), activate.err());
    }

    @Test
    void refusesABackendThatIsNotThere() {
        emptyDaemon();
        CliRun cli = cli().as("lxd");
        assertEquals(1, cli.run("init", "--auto", "--storage-backend", "nosuch"));
        assertEquals(
                "Error: The requested backend 'nosuch' isn't supported by lxd init\n", cli.err());
    }

    @Test
    void refusesOptionsThatWouldBeOverlooked() {
        emptyDaemon();
        String local =
                "None of --storage-pool, --storage-create-device or --storage-create-loop may be used with the ";
        Map<List<String>, String> refusals =
                Map.of(
                        List.of("--auto", "--preseed"), "Can't use --auto and --preseed together",
                        List.of("--auto", "--minimal"), "Can't use --minimal and --auto together",
                        List.of("--dump", "--auto"), "Can't use --dump with other flags",
                        List.of("--trust-password=x"), "Configuration flags require --auto",
                        List.of("--minimal", "--storage-backend=dir"),
                                "Configuration flags require --auto",
                        List.of("--auto", "--network-port=1234"),
                                "--network-port can't be used without --network-address",
                        List.of("--auto", "--trust-password=x"),
                                "--trust-password can't be used without --network-address",
                        List.of("--auto", "--storage-pool=x"), local + "'overlay' backend",
                        List.of("--auto", "--storage-backend=dir", "--storage-create-loop=3"),
                                local + "'dir' backend",
                        List.of("--auto", "--storage-create-loop=3", "--storage-create-device=/x"),
                                "Only one of --storage-create-device or --storage-create-loop can be specified");
        refusals.forEach((options, words) -> {
            List<String> call = new ArrayList<>(List.of("init"));
            call.addAll(options);
            CliRun cli = cli().as("lxd");
            assertEquals(1, cli.run(call.toArray(String[]::new)), call.toString());
            assertEquals("Error: " + words + "\n", cli.err(), call.toString());
        });
        assertTrue(
                server.requests().stream().allMatch(r -> r.method().equals("GET")),
                server.requests().toString());
    }

    @Test
    void doesNotTakeAnInterfaceOfTheHostForANetwork() {
        server.onTagged("GET /1.0/networks/eth0", "\"n\"", "{\"name\":\"eth0\",\"managed\":false}");
        CliRun cli = cli().as("lxd").input("networks: [{name: eth0, type: bridge}]\n");
        assertEquals(1, cli.run("init", "--preseed"));
        assertEquals(
                "Error: Failed to create network \"eth0\": the host has an interface of that name\n",
                cli.err());
    }

    @Test
    void listsTheUsualRemotes() {
        CliRun cli = cli();
        assertEquals(0, cli.run("remote", "list"));
        assertEquals(
                """
                +-----------------+------------------------------------------+---------------+-------------+--------+--------+--------+
                |      NAME       |                   URL                    |   PROTOCOL    |  AUTH TYPE  | PUBLIC | STATIC | GLOBAL |
                +-----------------+------------------------------------------+---------------+-------------+--------+--------+--------+
                | images          | https://images.linuxcontainers.org       | simplestreams | none        | YES    | NO     | NO     |
                +-----------------+------------------------------------------+---------------+-------------+--------+--------+--------+
                | local (current) | unix://                                  | lxd           | file access | NO     | YES    | NO     |
                +-----------------+------------------------------------------+---------------+-------------+--------+--------+--------+
                | ubuntu          | https://cloud-images.ubuntu.com/releases | simplestreams | none        | YES    | YES    | NO     |
                +-----------------+------------------------------------------+---------------+-------------+--------+--------+--------+
                | ubuntu-daily    | https://cloud-images.ubuntu.com/daily    | simplestreams | none        | YES    | YES    | NO     |
                +-----------------+------------------------------------------+---------------+-------------+--------+--------+--------+
                """,
                cli.out());
    }

    @Test
    void keepsRemotesAndAliasesInTheUsersFile() throws IOException {
        server.onSync("GET /1.0/instances?recursion=1", "[{\"name\":\"c1\"}]");
        assertEquals(0, cli().run("remote", "add", "there", server.socket().toString()));
        assertEquals(0, cli().run("remote", "switch", "there"));
        assertEquals(0, cli().run("alias", "add", "names", "list -c n -f csv"));
        assertEquals(
                """
                default-remote: there
                remotes:
                  images:
                    addr: https://images.linuxcontainers.org
                    protocol: simplestreams
                    public: true
                  local:
                    addr: unix://
                    public: false
                  there:
                    addr: unix://%s
                    protocol: lxd
                    public: false
                aliases:
                  names: list -c n -f csv
                """
                        .formatted(server.socket()),
                Files.readString(directory.resolve("config.yml")));
        CliRun cli = cli();
        assertEquals(0, cli.run("names", "c"), cli.err());
        assertEquals("c1\n", cli.out());
        CliRun refusing = cli();
        assertEquals(1, refusing.run("remote", "remove", "local"));
        assertEquals("Error: Remote local is static and cannot be modified\n", refusing.err());
    }

    @Test
    void renamesAndMovesRemotes() throws IOException {
        assertEquals(0, cli().run("remote", "add", "there", server.socket().toString()));
        assertEquals(0, cli().run("remote", "switch", "there"));
        Path accepted = Files.createDirectory(directory.resolve("servercerts"));
        Identity of = Identity.selfSigned(Identity.Purpose.SERVER, "x", List.of());
        Files.writeString(accepted.resolve("there.crt"), Pem.render(of.certificate()));
        assertEquals(0, cli().run("remote", "rename", "there", "far"));
        assertTrue(Files.exists(accepted.resolve("far.crt")));
        assertFalse(Files.exists(accepted.resolve("there.crt")));
        CliRun current = cli();
        assertEquals(0, current.run("remote", "get-default"));
        assertEquals("far\n", current.out());
        assertEquals(0, cli().run("remote", "set-url", "far", "192.0.2.1"));
        String file = Files.readString(directory.resolve("config.yml"));
        assertTrue(file.contains("far:\n    addr: https://192.0.2.1:8443\n"), file);
        assertEquals(1, cli().run("remote", "remove", "far"), "the default one");
        assertEquals(0, cli().run("remote", "switch", "local"));
        assertEquals(0, cli().run("remote", "remove", "far"));
        assertFalse(Files.exists(accepted.resolve("far.crt")));
        for (String[] wrong :
                new String[][] {
                    {"remote", "rename", "far", "x"},
                    {"remote", "set-url", "local", "unix:///x"},
                    {"remote", "rename", "ubuntu", "x"},
                    {"remote", "switch", "far"},
                    {"remote", "add", "images", "192.0.2.1"},
                    {"remote", "add", "a:b", "192.0.2.1"},
                }) {
            assertEquals(1, cli().run(wrong), List.of(wrong).toString());
        }
    }

    @Test
    void makesACertificateOnce() throws IOException {
        assertEquals(0, cli().run("remote", "generate-certificate"));
        String made = Files.readString(directory.resolve("client.crt"));
        assertTrue(made.startsWith("-----BEGIN CERTIFICATE-----"), made);
        assertEquals(
                "rw-------",
                PosixFilePermissions.toString(
                        Files.getPosixFilePermissions(directory.resolve("client.key"))));
        CliRun again = cli();
        assertEquals(1, again.run("remote", "generate-certificate"));
        assertTrue(again.err().contains("already present"), again.err());
        assertEquals(made, Files.readString(directory.resolve("client.crt")));
    }

    @Test
    void completesAddresses() {
        assertEquals(
                "https://images.linuxcontainers.org:8443",
                RemoteCommands.complete("images.linuxcontainers.org"));
        assertEquals("https://10.0.0.1:99", RemoteCommands.complete("10.0.0.1:99"));
        assertEquals("https://[::1]:8443", RemoteCommands.complete("https://[::1]"));
        assertEquals("unix:///run/x", RemoteCommands.complete("/run/x"));
    }

    @Test
    void completesWords() {
        server.onSync("GET /1.0/instances?recursion=1", "[{\"name\":\"web1\"},{\"name\":\"db\"}]");
        CliRun cli = cli();
        assertEquals(0, cli.run("__words", "--", "sto"));
        assertEquals(0, cli.run("__words", "--", "config", "device", "l"));
        assertEquals(0, cli.run("__words", "--", "exec", "w"));
        assertEquals(0, cli.run("__words", "--", "list", "--fo"));
        assertEquals("stop\nstorage\nlist\nweb1\n--format\n", cli.out());
        CliRun bash = cli().as("atoll");
        assertEquals(0, bash.run("completion", "bash"));
        assertTrue(bash.out().contains("complete -o default -F _atoll atoll"), bash.out());
    }

    @Test
    void queriesLikeLxdsClient() {
        server.onSync("GET /1.0/x", "{\"b\":1,\"a\":[true]}")
                .onOperation("POST /1.0/y", "o1", "null", "null", "");
        CliRun cli = cli();
        assertEquals(0, cli.run("query", "/1.0/x"));
        assertEquals("{\n\t\"a\": [\n\t\ttrue\n\t],\n\t\"b\": 1\n}\n\n", cli.out());
        assertEquals(0, cli.run("query", "-X", "POST", "-d", "{\"q\":1}", "--wait", "/1.0/y"));
        assertEquals("{\"q\":1}", server.request("POST /1.0/y").body());
    }
}
