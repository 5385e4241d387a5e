package io.atoll.cli.command;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.atoll.base.json.Json;
import io.atoll.cli.CliRun;
import io.atoll.client.FakeServer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(20)
class InstanceCommandsTest {
    private FakeServer server;
    private CliRun cli;

    @BeforeEach
    void start() throws IOException {
        server = FakeServer.start();
        cli = new CliRun(server);
    }

    @AfterEach
    void stop() throws IOException {
        server.close();
    }

    private void withImage() {
        server.onSync(
                "GET /1.0/images/aliases/busybox", "{\"name\":\"busybox\",\"target\":\"fp1\"}");
        server.onOperation("POST /1.0/instances", "o1", "null", "null", "");
    }

    @Test
    void launchesByAlias() {
        withImage();
        server.onOperation("PUT /1.0/instances/web/state", "o2", "null", "null", "");
        server.onSync("GET /1.0/storage-pools/fast", "{}");
        assertEquals(
                0,
                cli.run(
                        "launch",
                        "busybox",
                        "web",
                        "-c",
                        "limits.cpu=2",
                        "-p",
                        "a",
                        "-p",
                        "b",
                        "-e",
                        "-s",
                        "fast"));
        assertEquals("Creating web\nStarting web\n", cli.out());
        Json body = server.request("POST /1.0/instances").json();
        assertEquals("{\"type\":\"image\",\"fingerprint\":\"fp1\"}", body.get("source").render());
        assertEquals("web", body.get("name").asString());
        assertEquals("2", body.get("config").get("limits.cpu").asString());
        assertEquals("[\"a\",\"b\"]", body.get("profiles").render());
        assertEquals("fast", body.get("devices").get("root").get("pool").asString());
        assertTrue(body.get("ephemeral").asBoolean());
        assertEquals(
                "start",
                server.request("PUT /1.0/instances/web/state").json().get("action").asString());
    }

    @Test
    void readsADefinitionFromStdin() {
        withImage();
        cli.input(
                "config:\n  limits.cpu: 1\n  user.a: yes\ndevices:\n  d:\n    type: disk\n    path: /x\nprofiles: [p]\n");
        assertEquals(0, cli.run("init", "busybox", "web", "-c", "limits.cpu=4"));
        Json body = server.request("POST /1.0/instances").json();
        assertEquals("{\"limits.cpu\":\"4\",\"user.a\":\"yes\"}", body.get("config").render());
        assertEquals("{\"d\":{\"type\":\"disk\",\"path\":\"/x\"}}", body.get("devices").render());
        assertEquals("[\"p\"]", body.get("profiles").render());
    }

    @Test
    void tellsTheNameTheServerChose() {
        withImage();
        assertEquals(0, cli.run("init", "busybox"));
        assertEquals("Creating the instance\nInstance name is: made-up\n", cli.out());
    }

    @Test
    void hintsHowToGetAMissingImage() {
        server.onError("GET /1.0/images/debian%2F12", 404, "Image not found");
        assertEquals(1, cli.as("atoll").run("launch", "debian/12", "web"));
        assertEquals("Creating web\n", cli.out());
        assertEquals("Error: Image not found\nHint: see: atoll image build debian/12\n", cli.err());
    }

    @Test
    void sendsOtherServersImagesToTheDaemon() {
        withImage();
        assertEquals(0, cli.run("init", "images:/alpine/3.20", "a1"));
        assertEquals(
                "{\"type\":\"image\",\"mode\":\"pull\",\"server\":\"https://images.linuxcontainers.org\","
                        + "\"protocol\":\"simplestreams\",\"alias\":\"alpine/3.20\"}",
                server.request("POST /1.0/instances").json().get("source").render());
    }

    @Test
    void d4_17_ctrlCCancelsWhatTheServerCanCancel() throws Exception {
        CountDownLatch isAsked = new CountDownLatch(1);
        CountDownLatch isDeleted = new CountDownLatch(1);
        String running =
                FakeServer.operation("o1", 103, "Running", "null", "")
                        .replace("\"may_cancel\":false", "\"may_cancel\":true");
        server.on(
                "POST /1.0/instances",
                peer -> peer.send(FakeServer.http(202, "", envelope("async", running))));
        server.on(
                "GET /1.0/operations/o1/wait?timeout=1",
                peer -> {
                    isAsked.countDown();
                    await(isDeleted);
                    String ended = FakeServer.operation("o1", 401, "Cancelled", "null", "");
                    peer.send(FakeServer.http(200, "", envelope("sync", ended)));
                });
        server.on(
                "DELETE /1.0/operations/o1",
                peer -> {
                    peer.send(FakeServer.http(200, "", envelope("sync", "{}")));
                    isDeleted.countDown();
                });
        FutureTask<Integer> command =
                new FutureTask<>(() -> cli.run("launch", "images:alpine/3.20", "a1"));
        Thread.ofVirtual().start(command);
        await(isAsked);
        assertTrue(cli.interrupt());
        assertEquals(1, command.get());
        assertEquals("Error: Remote operation canceled by user\n", cli.err());
        assertFalse(cli.interrupt(), "nothing is waited for any more");
    }

    private static String envelope(String type, String metadata) {
        String path = type.equals("async") ? "/1.0/operations/o1" : "";
        return FakeServer.envelope(type, path, 0, "", metadata);
    }

    private static void await(CountDownLatch latch) throws IOException {
        try {
            assertTrue(latch.await(20, TimeUnit.SECONDS));
        } catch (InterruptedException e) {
            throw new IOException(e);
        }
    }

    @Test
    void ctrlCEndsACommandWhoseOperationGoesOn() {
        withImage();
        assertEquals(0, cli.run("init", "busybox", "web"));
        assertFalse(cli.interrupt());
    }

    @Test
    void startsStopsAndThaws() {
        server.onSync("GET /1.0/instances/c1", "{\"status\":\"Frozen\",\"status_code\":110}");
        server.onOperation("PUT /1.0/instances/c1/state", "o1", "null", "null", "");
        assertEquals(0, cli.run("start", "c1"));
        assertEquals("unfreeze", server.requests().get(1).json().get("action").asString());
        assertEquals(0, cli.run("stop", "c1", "--force", "--timeout", "5"));
        Json stop = server.requests().get(3).json();
        assertEquals(
                "{\"action\":\"stop\",\"timeout\":5,\"force\":true,\"stateful\":false}",
                stop.render());
        assertEquals(0, cli.run("pause", "c1"));
        assertEquals("freeze", server.requests().get(5).json().get("action").asString());
        assertEquals("", cli.out() + cli.err());
    }

    @Test
    void saysWhichOfSeveralFailed() {
        server.onOperation("PUT /1.0/instances/c1/state", "o1", "null", "null", "it broke");
        server.onOperation("PUT /1.0/instances/c2/state", "o2", "null", "null", "");
        assertEquals(1, cli.run("stop", "c1", "c2", "nosuch"));
        assertEquals(
                "c1: error: it broke\nnosuch: error: nothing like it here\nError: Some instances failed to stop\n",
                cli.err());
    }

    @Test
    void namesTheLogOfAFailedStart() {
        server.onSync("GET /1.0/instances/c1", "{\"status\":\"Running\",\"status_code\":103}");
        server.onOperation(
                "PUT /1.0/instances/c1/state",
                "o1",
                "null",
                "null",
                "The instance is already running");
        assertEquals(1, cli.run("start", "c1"));
        assertEquals(
                "Error: The instance is already running\nTry `lxc info --show-log c1` for more info\n",
                cli.err());
    }

    @Test
    void deletesOnlyWhatIsStopped() {
        server.onSync(
                "GET /1.0/instances/c1",
                "{\"status\":\"Running\",\"status_code\":103,\"ephemeral\":false}");
        server.onOperation("PUT /1.0/instances/c1/state", "o1", "null", "null", "");
        server.onOperation("DELETE /1.0/instances/c1", "o2", "null", "null", "");
        assertEquals(1, cli.run("delete", "c1"));
        assertEquals(
                "Error: The instance is currently running, stop it first or pass --force\n",
                cli.err());
        assertEquals(0, cli.run("rm", "-f", "c1"));
        server.request("DELETE /1.0/instances/c1");
        server.onSync("GET /1.0/instances/c1/snapshots/s0", "{}");
        server.onOperation("DELETE /1.0/instances/c1/snapshots/s0", "o3", "null", "null", "");
        assertEquals(0, cli.run("delete", "c1/s0"));
    }

    @Test
    void deletesNothingIfOneIsMissing() {
        server.onSync("GET /1.0/instances/c1", "{\"status\":\"Stopped\",\"status_code\":102}");
        server.onError("GET /1.0/instances/c2", 404, "Instance not found");
        assertEquals(1, cli.run("delete", "c1", "c2"));
        assertEquals(
                "Error: Failed checking instance exists \"local:c2\": Instance not found\n",
                cli.err());
        assertTrue(
                server.requests().stream().allMatch(r -> r.method().equals("GET")),
                server.requests().toString());
    }

    @Test
    void asksBeforeItDeletes() {
        server.onSync("GET /1.0/instances/c1", "{\"status\":\"Stopped\",\"status_code\":102}");
        assertEquals(1, cli.input("\n").run("delete", "-i", "c1"));
        assertEquals("Remove c1 (yes/no): ", cli.out());
        assertEquals("Error: User aborted delete operation\n", cli.err());
    }

    @Test
    void anEmptyInstanceHasNoImage() {
        assertEquals(1, cli.run("init", "busybox", "c1", "--empty"));
        assertEquals("Error: --empty cannot be combined with an image name\n", cli.err());
    }

    @Test
    void aRenameOverridesNothing() {
        server.onSync("GET /1.0/instances/c1", "{\"status\":\"Stopped\",\"status_code\":102}");
        String why = "Error: Can't override configuration or profiles in local rename\n";
        for (List<String> options :
                List.of(
                        List.of("--no-profiles"),
                        List.of("-p", "web"),
                        List.of("-c", "user.a=1"),
                        List.of("-d", "root,size=1GiB"))) {
            List<String> words = new ArrayList<>(List.of("move", "c1", "c2"));
            words.addAll(options);
            CliRun run = new CliRun(server);
            assertEquals(1, run.run(words.toArray(String[]::new)), words.toString());
            assertEquals(why, run.err());
        }
    }

    @Test
    void setsConfigurationWithTheTagItRead() {
        server.onTagged(
                "GET /1.0/instances/c1",
                "\"t1\"",
                "{\"name\":\"c1\",\"config\":{\"user.a\":\"1\",\"user.b\":\"2\"},\"devices\":{},\"profiles\":[\"default\"],"
                        + "\"description\":\"\",\"ephemeral\":false,\"stateful\":false,\"architecture\":\"x86_64\"}");
        server.onOperation("PUT /1.0/instances/c1", "o1", "null", "null", "");
        assertEquals(0, cli.run("config", "set", "c1", "user.a=x=y", "user.c=3"));
        FakeServer.Request put = server.request("PUT /1.0/instances/c1");
        assertEquals("\"t1\"", put.header("if-match"));
        assertEquals(
                "{\"user.a\":\"x=y\",\"user.b\":\"2\",\"user.c\":\"3\"}",
                put.json().get("config").render());
        assertEquals(0, cli.run("config", "get", "c1", "user.b"));
        assertEquals("2\n", cli.out());
        assertEquals(0, cli.run("config", "unset", "c1", "user.b"));
        FakeServer.Request unset =
                server.requests().stream().filter(r -> r.method().equals("PUT")).toList().get(1);
        assertEquals("{\"user.a\":\"1\"}", unset.json().get("config").render());
        assertEquals(1, cli.run("config", "unset", "c1", "user.c"));
        assertTrue(cli.err().contains("Can't unset key 'user.c', it's not currently set"));
        assertEquals(0, cli.input("one\ntwo\n").run("config", "set", "c1", "user.a", "-"));
        FakeServer.Request piped =
                server.requests().stream().filter(r -> r.method().equals("PUT")).toList().get(2);
        assertEquals("one\ntwo\n", piped.json().get("config").get("user.a").asString());
    }

    @Test
    void refusesWhatIsNotThereBeforeItCreates() {
        withImage();
        server.onSync("GET /1.0", "{\"environment\":{\"server_clustered\":false}}");
        assertEquals(1, cli.run("init", "busybox", "web", "-s", "slow"));
        assertEquals(1, cli.run("init", "busybox", "web", "-n", "lan"));
        assertEquals(1, cli.run("init", "busybox", "web", "--target", "m1"));
        assertEquals(
                "Error: Failed loading storage pool \"slow\": nothing like it here\n"
                        + "Error: Failed loading network \"lan\": nothing like it here\n"
                        + "Error: Target only allowed when clustered\n",
                cli.err());
        assertTrue(server.requests().stream().noneMatch(r -> r.method().equals("POST")));
    }

    /// The file is the new one or, after a failure, the old one.
    @Test
    void exportsOverAnOlderFile(@TempDir Path directory) throws IOException {
        Path file = Files.writeString(directory.resolve("web.tar.gz"), "old");
        String made = "{\"backups\":[\"/1.0/instances/web/backups/b0\"]}";
        for (int i = 0; i < 2; i++) {
            server.on(
                    "POST /1.0/instances/web/backups",
                    peer ->
                            peer.send(
                                    FakeServer.http(
                                            202,
                                            "",
                                            FakeServer.envelope(
                                                    "async",
                                                    "/1.0/operations/o1",
                                                    0,
                                                    "",
                                                    operation(103, made)))));
        }
        server.onSync("GET /1.0/operations/o1/wait?timeout=1", operation(200, made))
                .onOperation("DELETE /1.0/instances/web/backups/b0", "o2", "null", "null", "")
                .onError("GET /1.0/instances/web/backups/b0/export", 500, "no disk")
                .on(
                        "GET /1.0/instances/web/backups/b0/export",
                        peer -> peer.send(FakeServer.http(200, "", "new")));
        assertEquals(1, cli.run("export", "web", file.toString()));
        assertEquals("old", Files.readString(file));
        assertEquals(0, cli.run("export", "web", file.toString()), cli.err());
        assertEquals("new", Files.readString(file));
        try (var files = Files.list(directory)) {
            assertEquals(1, files.count());
        }
        assertEquals(1, cli.run("export", "web", directory.resolve("no/web.tar.gz").toString()));
        assertTrue(cli.err().contains("it needs the name of a file"), cli.err());
    }

    private static String operation(int code, String resources) {
        return FakeServer.operation("o1", code, code == 200 ? "Success" : "Running", "null", "")
                .replaceFirst("\"resources\":\\{[^}]*}", "\"resources\":" + resources);
    }

    @Test
    void publishesUnderAnAliasThatAnOlderImageHas() {
        server.onSync(
                        "GET /1.0/instances/web",
                        "{\"name\":\"web\",\"status\":\"Stopped\",\"status_code\":102}")
                .onOperation("POST /1.0/images", "o1", "null", "{\"fingerprint\":\"fp9\"}", "")
                .onError("POST /1.0/images/aliases", 409, "already exists")
                .onSync("PUT /1.0/images/aliases/base", "{}");
        assertEquals(0, cli.run("publish", "web", "--alias", "base"), cli.err());
        assertEquals("Instance published with fingerprint: fp9\n", cli.out());
        assertEquals("{\"target\":\"fp9\"}", server.request("PUT /1.0/images/aliases/base").body());
    }

    @Test
    void setsServerConfiguration() {
        server.onTagged("GET /1.0", "\"s\"", "{\"config\":{\"core.https_address\":\":1\"}}")
                .onSync("PUT /1.0", "{}");
        assertEquals(0, cli.run("config", "set", "user.x=1"));
        assertEquals(
                "{\"core.https_address\":\":1\",\"user.x\":\"1\"}",
                server.request("PUT /1.0").json().get("config").render());
        assertEquals(0, cli.run("config", "get", "core.https_address"));
        assertEquals(":1\n", cli.out());
    }

    @Test
    void addsOverridesAndRemovesDevices() {
        server.onTagged(
                "GET /1.0/instances/c1",
                "\"t\"",
                "{\"devices\":{\"d\":{\"type\":\"disk\"}},\"expanded_devices\":{\"d\":{\"type\":\"disk\"},"
                        + "\"eth0\":{\"type\":\"nic\",\"network\":\"br0\"}},\"config\":{},\"profiles\":[]}");
        server.onOperation("PUT /1.0/instances/c1", "o1", "null", "null", "");
        assertEquals(
                0, cli.run("config", "device", "add", "c1", "x", "disk", "source=/a", "path=/b"));
        assertEquals(
                0, cli.run("config", "device", "override", "c1", "eth0", "ipv4.address=10.0.0.9"));
        assertEquals(0, cli.run("config", "device", "remove", "c1", "d"));
        assertEquals(
                "Device x added to c1\nDevice eth0 overridden for c1\nDevice d removed from c1\n",
                cli.out());
        assertEquals(1, cli.run("config", "device", "add", "c1", "d", "disk"));
        assertEquals(1, cli.run("config", "device", "remove", "c1", "eth0"));
        assertEquals(
                "Error: The device already exists\n"
                        + "Error: Device from profile(s) cannot be removed from individual instance. "
                        + "Override device or modify profile instead\n",
                cli.err());
        var puts = server.requests().stream().filter(r -> r.method().equals("PUT")).toList();
        assertEquals(
                "{\"type\":\"disk\",\"source\":\"/a\",\"path\":\"/b\"}",
                puts.get(0).json().get("devices").get("x").render());
        assertEquals(
                "{\"type\":\"nic\",\"network\":\"br0\",\"ipv4.address\":\"10.0.0.9\"}",
                puts.get(1).json().get("devices").get("eth0").render());
    }

    @Test
    void editsInAnEditorAndFromStdin() {
        server.onTagged(
                "GET /1.0/profiles/p",
                "\"t\"",
                "{\"config\":{\"limits.cpu\":\"1\"},\"description\":\"\",\"devices\":{},\"name\":\"p\",\"used_by\":[]}");
        server.onSync("PUT /1.0/profiles/p", "{}");
        cli.editing("config:\n  limits.cpu: 3\ndescription: new\ndevices: {}\nname: p\n");
        assertEquals(0, cli.run("profile", "edit", "p"), cli.err());
        assertEquals("vi", cli.programs().getFirst().getFirst());
        FakeServer.Request put = server.request("PUT /1.0/profiles/p");
        assertEquals(
                "{\"config\":{\"limits.cpu\":\"3\"},\"description\":\"new\",\"devices\":{}}",
                put.body());
        assertEquals("\"t\"", put.header("if-match"));
        CliRun piped = new CliRun(server).input("config: {}\n");
        assertEquals(0, piped.run("profile", "edit", "p"));
        assertEquals("{\"config\":{}}", server.requests().getLast().body());
    }

    @Test
    void restoresSnapshotsThatExist() {
        server.onSync("GET /1.0/instances/c1", "{}");
        server.onSync("GET /1.0/instances/c1/snapshots/s0", "{}");
        server.onOperation("PUT /1.0/instances/c1", "o1", "null", "null", "");
        assertEquals(0, cli.run("restore", "c1", "s0"));
        assertEquals(
                "{\"restore\":\"s0\",\"stateful\":false}",
                server.request("PUT /1.0/instances/c1").body());
        assertEquals(1, cli.run("restore", "c1", "zz"));
        assertEquals("Error: Snapshot c1/zz does not exist\n", cli.err());
    }

    @Test
    void copiesWithoutWhatBelongsToTheSource() {
        server.onSync(
                "GET /1.0/instances/c1",
                "{\"architecture\":\"x86_64\",\"config\":{\"user.a\":\"1\",\"volatile.eth0.hwaddr\":\"x\","
                        + "\"volatile.base_image\":\"fp\"},\"devices\":{},\"profiles\":[\"default\"],\"expanded_devices\":{}}");
        server.onOperation("POST /1.0/instances", "o1", "null", "null", "");
        assertEquals(0, cli.run("copy", "c1", "c2", "-c", "user.b=2"));
        Json body = server.request("POST /1.0/instances").json();
        assertEquals(
                "{\"user.a\":\"1\",\"volatile.base_image\":\"fp\",\"user.b\":\"2\"}",
                body.get("config").render());
        assertEquals("c1", body.get("source").get("source").asString());
        assertEquals("copy", body.get("source").get("type").asString());
    }

    @Test
    void copiesToAnotherPoolWithWhatIsSaidOfTheRoot() {
        server.onSync(
                "GET /1.0/instances/c1",
                "{\"config\":{},\"devices\":{},\"profiles\":[],\"expanded_devices\":"
                        + "{\"root\":{\"type\":\"disk\",\"path\":\"/\",\"pool\":\"p\"}}}");
        server.onOperation("POST /1.0/instances", "o1", "null", "null", "");
        assertEquals(0, cli.run("copy", "c1", "c2", "-s", "q", "-d", "root,user.z=1"), cli.err());
        assertEquals(
                "{\"root\":{\"type\":\"disk\",\"path\":\"/\",\"pool\":\"q\",\"user.z\":\"1\"}}",
                server.request("POST /1.0/instances").json().get("devices").render());
    }

    @Test
    void showsHelpForNoArgumentsAndRefusesTooMany() {
        assertEquals(0, cli.run("config", "device", "add"));
        assertTrue(cli.out().startsWith("Description:\n"), cli.out());
        assertEquals("", cli.err());
        assertEquals(1, cli.run("profile", "show", "a", "b"));
        assertEquals("Error: Invalid number of arguments\n", cli.err());
    }

    @Test
    void suggestsTheCommandThatWasMeant() {
        assertEquals(1, cli.run("lsit"));
        assertEquals(
                "Error: unknown command \"lsit\" for \"lxc\"\nHint: did you mean \"list\"?\n",
                cli.err());
        CliRun other = new CliRun(server);
        assertEquals(1, other.run("nosuch"));
        assertEquals("Error: unknown command \"nosuch\" for \"lxc\"\n", other.err());
    }
}
