package io.atoll.daemon.user;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.atoll.base.json.Json;
import io.atoll.daemon.Daemon;
import io.atoll.daemon.DaemonOptions;
import io.atoll.daemon.event.Events;
import io.atoll.daemon.http.HttpMethod;
import io.atoll.daemon.http.Route;
import io.atoll.daemon.http.TestClient;
import io.atoll.testkit.Leaks;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/// Users of the host who are not root's equals, friendly and hostile. A file of root's next to the
/// state directory is the canary: nobody may read or change it.
@Tag("privileged")
final class UserSocketIT {
    private static final long ANN = 2_054_321;
    private static final long BOB = 2_054_322;
    private static final String HERS = "user-" + ANN;
    private static final String HIS = "user-" + BOB;
    private static final String SECRET = "canary-3b1f0c";

    @RegisterExtension final Leaks leaks = Leaks.of("atbr-205432");

    private Path folder;
    private Path state;
    private Path canary;
    private Daemon daemon;
    private TestClient root;
    private AsUser ann;
    private TestClient client;

    @BeforeEach
    void start() throws Exception {
        folder = Files.createTempDirectory("atoll-duser-");
        Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwx--x--x"));
        state = folder.resolve("state");
        canary = Files.writeString(folder.resolve("canary"), SECRET);
        Files.setPosixFilePermissions(canary, PosixFilePermissions.fromString("rw-------"));
        open();
        as(root, 200, "POST", "/1.0/storage-pools", "{'name':'p','driver':'overlay'}");
        as(
                root,
                200,
                "PATCH",
                "/1.0/profiles/default",
                "{'devices':{'root':{'type':'disk','path':'/','pool':'p'}}}");
        done(
                root,
                "POST",
                "/1.0/images",
                "{'source':{'type':'build','alias':'busybox'},'aliases':[{'name':'busybox'}]}");
        done(
                root,
                "POST",
                "/1.0/instances",
                "{'name':'victim','source':{'type':'image','alias':'busybox'}}");
        ann = new AsUser(ANN, state.resolve("unix.socket.user"));
        client = ann.client();
    }

    private void open() throws IOException {
        daemon =
                Daemon.open(
                        DaemonOptions.parse(
                                List.of(
                                        "--state-dir",
                                        state.toString(),
                                        "--user-group",
                                        AsUser.GROUP),
                                Map.of()),
                        new Events());
        daemon.start();
        root = new TestClient(state.resolve("unix.socket"));
    }

    @AfterEach
    void stop() throws Exception {
        try {
            assertEquals(SECRET, Files.readString(canary));
            assertEquals(List.of("canary", "state"), names(folder));
        } finally {
            client.close();
            ann.close();
            daemon.stopInstances();
            root.close();
            daemon.close();
            try (Stream<Path> files = Files.walk(folder)) {
                for (Path file : files.sorted(java.util.Comparator.reverseOrder()).toList()) {
                    Files.delete(file);
                }
            }
        }
    }

    private static List<String> names(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.map(f -> f.getFileName().toString()).sorted().toList();
        }
    }

    private static TestClient.Answer send(TestClient who, String method, String path, String body)
            throws IOException {
        return who.send(method, path, body.replace('\'', '"'));
    }

    private static Json as(TestClient who, int status, String method, String path, String body)
            throws IOException {
        TestClient.Answer answer = send(who, method, path, body);
        boolean isExpected = answer.status() == status || status == 200 && answer.status() == 201;
        assertTrue(isExpected, method + " " + path + " " + body + ": " + answer.text());
        return answer.json();
    }

    /// What the operation says at its end; the answer itself if it is none.
    private static Json end(TestClient who, TestClient.Answer answer) throws IOException {
        Json json = answer.json();
        String url = json.get("operation").asString();
        return url.isEmpty() ? json : who.get(url + "/wait?timeout=60").metadata();
    }

    private static Json done(TestClient who, String method, String path, String body)
            throws IOException {
        Json end = end(who, send(who, method, path, body));
        assertEquals("Success", end.get("status").asString(), path + " " + body + ": " + end);
        return end;
    }

    /// The request is refused, at once or by its operation.
    private static String refused(TestClient who, String method, String path, String body)
            throws IOException {
        TestClient.Answer answer = send(who, method, path, body);
        Json end = end(who, answer);
        String error = end.get("err").asString() + end.get("error").asString();
        assertFalse(error.isEmpty(), method + " " + path + " " + body + " was done: " + end);
        return error;
    }

    private void launch(TestClient who, String name) throws IOException {
        done(
                who,
                "POST",
                "/1.0/images",
                "{'source':{'type':'build','alias':'busybox'},'aliases':[{'name':'busybox'}]}");
        done(
                who,
                "POST",
                "/1.0/instances",
                "{'name':'" + name + "','source':{'type':'image','alias':'busybox'}}");
        done(who, "PUT", "/1.0/instances/" + name + "/state", "{'action':'start'}");
    }

    private String inside(String name, String command) throws IOException {
        Json body =
                Json.object()
                        .put("command", List.of("sh", "-c", command))
                        .put("record-output", true)
                        .put("wait-for-websocket", false)
                        .put("interactive", false);
        Json end = done(client, "POST", "/1.0/instances/" + name + "/exec", body.render());
        String log = end.get("metadata").get("output").get("1").asString();
        return client.get(log).text().strip();
    }

    @Test
    void aUserHasAProjectANetworkAndIdsOfTheirOwn() throws Exception {
        Json server = as(client, 200, "GET", "/1.0", "").get("metadata");
        assertEquals(HERS, server.get("environment").get("project").asString());
        assertEquals("trusted", server.get("auth").asString());
        assertTrue(server.get("config").isNull());
        launch(client, "c1");
        try (AsUser bob = new AsUser(BOB, state.resolve("unix.socket.user"));
                TestClient his = bob.client()) {
            launch(his, "c1");
            assertEquals(
                    List.of("/1.0/networks/atbr-" + BOB),
                    strings(his.get("/1.0/networks").metadata()));
            assertEquals(404, his.get("/1.0/networks/atbr-" + ANN).status());
            assertEquals(404, his.get("/1.0/networks/atbr-" + ANN + "/leases").status());
            assertEquals(404, his.get("/1.0/networks/lo/state").status());
            assertEquals(403, his.get("/1.0/instances?project=" + HERS).status());
            assertEquals(403, his.get("/1.0/instances?project=default").status());
            assertEquals(
                    List.of("/1.0/instances/c1?project=" + HIS),
                    strings(his.get("/1.0/instances").metadata()));
            Json pool = his.get("/1.0/storage-pools/p").metadata();
            assertEquals("{}", pool.get("config").render());
            assertFalse(pool.render().contains(HERS), pool.render());
            // No id of the host is in both.
            assertFalse(hostId(HERS) == hostId(HIS));
            done(his, "PUT", "/1.0/instances/c1/state", "{'action':'stop','force':true}");
            done(his, "DELETE", "/1.0/instances/c1", "");
            forget(his, HIS);
        }
        assertEquals("atbr-" + ANN, nic());
        done(client, "PUT", "/1.0/instances/c1/state", "{'action':'stop','force':true}");
        done(client, "DELETE", "/1.0/instances/c1", "");
        forget(client, HERS);
    }

    private String nic() throws IOException {
        return client.get("/1.0/instances/c1")
                .metadata()
                .get("expanded_devices")
                .get("eth0")
                .get("network")
                .asString();
    }

    private long hostId(String project) throws IOException {
        Json config = root.get("/1.0/instances/c1?project=" + project).metadata().get("config");
        return Json.parse(config.get("volatile.idmap.current").asString())
                .asList()
                .getFirst()
                .get("Hostid")
                .asLong();
    }

    private static List<String> strings(Json list) {
        return list.asList().stream().map(Json::asString).toList();
    }

    /// Takes a user's project away, as an administrator does.
    private void forget(TestClient who, String project) throws IOException {
        for (String image : strings(who.get("/1.0/images").metadata())) {
            done(who, "DELETE", image.replaceAll("\\?.*", ""), "");
        }
        as(root, 200, "DELETE", "/1.0/projects/" + project, "");
        as(root, 200, "DELETE", "/1.0/networks/atbr-" + project.substring(5), "");
    }

    /// What a hostile user puts where names belong.
    private List<String> names() {
        return List.of(
                "victim",
                "default",
                "..%2f..%2f..%2fcanary",
                "%2e%2e",
                "a%0ab",
                "atbr-" + BOB,
                HIS,
                "p");
    }

    /// Instances nobody of the group may have, as configuration and devices.
    private List<String> wishes() {
        return List.of(
                "'config':{'security.privileged':'true'}",
                "'config':{'security.idmap.isolated':'false'}",
                "'config':{'security.nesting':'true'}",
                "'config':{'raw.lxc':'lxc.mount.entry=" + folder + " mnt none bind 0 0'}",
                "'config':{'raw.idmap':'both 0 0'}",
                "'config':{'raw.seccomp':'2\\ndenylist'}",
                "'config':{'raw.apparmor':'mount,'}",
                "'config':{'security.idmap.base':'0','security.idmap.size':'65536'}",
                "'config':{'linux.kernel_modules':'loop'}",
                "'config':{'linux.sysctl.kernel.core_pattern':'|/bin/sh'}",
                "'config':{'limits.kernel.nofile':'1:1'}",
                "'config':{'security.syscalls.intercept.mount':'true'}",
                "'config':{'environment.LD_PRELOAD':'/x'}",
                "'devices':{'d':{'type':'disk','source':'/','path':'/mnt'}}",
                "'devices':{'d':{'type':'disk','source':'" + canary + "','path':'/mnt'}}",
                "'devices':{'d':{'type':'disk','pool':'p','source':'" + folder + "','path':'/m'}}",
                "'devices':{'d':{'type':'disk','pool':'p','source':'../../../..','path':'/m'}}",
                "'devices':{'d':{'type':'unix-char','source':'/dev/mem','path':'/dev/mem'}}",
                "'devices':{'d':{'type':'unix-block','major':'7','minor':'0','path':'/dev/x'}}",
                "'devices':{'d':{'type':'unix-hotplug','vendorid':'1234'}}",
                "'devices':{'d':{'type':'usb'}}",
                "'devices':{'d':{'type':'gpu'}}",
                "'devices':{'d':{'type':'infiniband','nictype':'physical','parent':'lo'}}",
                "'devices':{'d':{'type':'proxy','listen':'unix:/run/x.sock','connect':'tcp:127.0.0.1:1'}}",
                "'devices':{'d':{'type':'nic','nictype':'physical','parent':'lo'}}",
                "'devices':{'d':{'type':'nic','nictype':'macvlan','parent':'lo'}}",
                "'devices':{'d':{'type':'nic','nictype':'p2p','ipv4.routes':'0.0.0.0/0'}}",
                "'devices':{'d':{'type':'nic','nictype':'routed','network':'atbr-"
                        + ANN
                        + "','ipv4.address':'1.1.1.1'}}",
                "'devices':{'d':{'type':'nic','network':'atbr-" + BOB + "'}}",
                "'devices':{'d':{'type':'nic','network':'atbr-" + ANN + "','host_name':'lo'}}",
                "'devices':{'d':{'type':'nic','network':'atbr-"
                        + ANN
                        + "','ipv4.routes':'10.0.0.0/8'}}");
    }

    @Test
    void noWayOfChangingAnInstanceLeadsPastTheProject() throws Exception {
        launch(client, "c1");
        done(client, "POST", "/1.0/instances/c1/snapshots", "{'name':'s0'}");
        String image = "'source':{'type':'image','alias':'busybox'}";
        String copy = "'source':{'type':'copy','source':'c1'}";
        String snapshot = "'source':{'type':'copy','source':'c1/s0'}";
        for (String wish : wishes()) {
            refused(client, "POST", "/1.0/instances", "{'name':'x'," + image + "," + wish + "}");
            refused(client, "POST", "/1.0/instances", "{'name':'x'," + copy + "," + wish + "}");
            refused(client, "POST", "/1.0/instances", "{'name':'x'," + snapshot + "," + wish + "}");
            refused(client, "PATCH", "/1.0/instances/c1", "{" + wish + "}");
            refused(client, "PUT", "/1.0/instances/c1", "{'profiles':['default']," + wish + "}");
            if (!wish.contains("isolated")) {
                refused(client, "POST", "/1.0/profiles", "{'name':'x'," + wish + "}");
                refused(client, "PATCH", "/1.0/profiles/default", "{" + wish + "}");
            }
        }
        // Without the profile that says so it would not be isolated.
        refused(client, "PUT", "/1.0/instances/c1", "{'profiles':[]}");
        refused(client, "PUT", "/1.0/profiles/default", "{}");
        List<String> foreign =
                List.of(
                        "{'name':'x','source':{'type':'copy','source':'victim','project':'default'}}",
                        "{'name':'x','source':{'type':'copy','source':'victim'}}");
        for (String body : foreign) {
            refused(client, "POST", "/1.0/instances", body);
        }
        refused(client, "POST", "/1.0/instances/c1", "{'project':'default','migration':true}");
        refused(client, "POST", "/1.0/instances/c1", "{'project':'" + HIS + "','migration':true}");
        refused(client, "PUT", "/1.0/instances/c1", "{'restore':'../../victim'}");
        // What the daemon notes of an instance cannot be given to it.
        String ids =
                "[{\\\"Isuid\\\":true,\\\"Isgid\\\":true,\\\"Hostid\\\":0,\\\"Nsid\\\":0,\\\"Maprange\\\":65536}]";
        for (String key :
                List.of("idmap.next", "idmap.current", "last_state.idmap", "idmap.base")) {
            for (String value : List.of(ids, "[]", "0")) {
                String config = "'config':{'volatile." + key + "':'" + value + "'}";
                TestClient.Answer unused =
                        send(client, "PATCH", "/1.0/instances/c1", "{" + config + "}");
                Json made =
                        end(
                                client,
                                send(
                                        client,
                                        "POST",
                                        "/1.0/instances",
                                        "{'name':'x'," + image + "," + config + "}"));
                if (made.get("status").asString().equals("Success")) {
                    assertIsolated("x");
                    done(client, "DELETE", "/1.0/instances/x", "");
                }
            }
        }
        done(client, "PUT", "/1.0/instances/c1/state", "{'action':'restart','force':true}");
        assertIsolated("c1");
        Json now = client.get("/1.0/instances/c1").metadata();
        assertEquals("[\"eth0\",\"root\"]", keys(now.get("expanded_devices")));
        done(client, "PUT", "/1.0/instances/c1/state", "{'action':'stop','force':true}");
        done(client, "DELETE", "/1.0/instances/c1", "");
        forget(client, HERS);
    }

    private static String keys(Json object) {
        return Json.strings(((Json.Obj) object).members().keySet().stream().sorted().toList())
                .render();
    }

    private void assertIsolated(String name) throws IOException {
        Json config =
                root.get("/1.0/instances/" + name + "?project=" + HERS).metadata().get("config");
        for (String key : List.of("volatile.idmap.next", "volatile.idmap.current")) {
            String text = config.get(key).asString();
            List<Json> entries = text.isEmpty() ? List.of() : Json.parse(text).asList();
            if (key.endsWith("next")) {
                assertFalse(entries.isEmpty(), config.render());
            }
            for (Json entry : entries) {
                assertTrue(entry.get("Hostid").asLong() > 65_536, config.render());
            }
        }
    }

    @Test
    void aBackupBringsNothingPastTheProject() throws Exception {
        launch(client, "c1");
        as(client, 200, "PATCH", "/1.0/instances/c1", "{'config':{'user.then':'x'}}");
        done(client, "POST", "/1.0/instances/c1/snapshots", "{'name':'s0'}");
        done(
                client,
                "PUT",
                "/1.0/instances/c1",
                "{'profiles':['default'],'config':"
                        + ownNotes().put("user.now", "x").render()
                        + "}");
        done(
                client,
                "POST",
                "/1.0/instances/c1/backups",
                "{'name':'b','compression_algorithm':'none'}");
        byte[] backup = client.get("/1.0/instances/c1/backups/b/export").body();
        String wish = "raw.lxc: 'lxc.mount.entry = /etc mnt none bind 0 0'";
        Json now = end(client, upload("x1", edited(backup, "user.now: x", wish)));
        assertTrue(now.render().contains("low-level"), now.render());
        now =
                end(
                        client,
                        upload(
                                "x1",
                                edited(
                                        backup,
                                        "volatile.idmap.next: .*",
                                        "volatile.idmap.next: '[]'")));
        assertEquals("Success", now.get("status").asString(), now.render());
        Json then = end(client, upload("x2", edited(backup, "user.then: x", wish)));
        if (then.get("status").asString().equals("Success")) {
            String why = refused(client, "PUT", "/1.0/instances/x2", "{'restore':'s0'}");
            assertTrue(why.contains("low-level"), why);
            refused(
                    client,
                    "POST",
                    "/1.0/instances",
                    "{'name':'x3','source':{'type':'copy','source':'x2/s0'}}");
        }
        for (String name : List.of("c1", "x1", "x2")) {
            if (name.equals("x1")) {
                done(client, "PUT", "/1.0/instances/x1/state", "{'action':'start'}");
                assertIsolated("x1");
            }
            if (!name.equals("x2")) {
                done(
                        client,
                        "PUT",
                        "/1.0/instances/" + name + "/state",
                        "{'action':'stop','force':true}");
            }
            TestClient.Answer unused = send(client, "DELETE", "/1.0/instances/" + name, "");
            Json end = end(client, unused);
            assertFalse(end.render().isEmpty());
        }
        forget(client, HERS);
    }

    /// The configuration of `c1` without what a user gave it.
    private Json.Obj ownNotes() throws IOException {
        Json.Obj out = Json.object();
        client.get("/1.0/instances/c1")
                .metadata()
                .get("config")
                .asStringMap()
                .forEach((key, value) -> {
                    if (!key.startsWith("user.")) {
                        out.put(key, value);
                    }
                });
        return out;
    }

    private TestClient.Answer upload(String name, byte[] backup) throws IOException {
        try (TestClient other = ann.client()) {
            return other.send(
                    "POST",
                    "/1.0/instances",
                    Map.of("Content-Type", "application/octet-stream", "X-LXD-name", name),
                    backup);
        }
    }

    /// The archive with another text in its index.
    private static byte[] edited(byte[] backup, String from, String to) throws Exception {
        Path work = Files.createTempDirectory("atoll-duser-tar-");
        Path archive = Files.write(work.resolve("b.tar"), backup);
        shell(work, "mkdir t && tar -x -f b.tar -C t --xattrs && tar -t -f b.tar >list");
        Path index = work.resolve("t/backup/index.yaml");
        String text = Files.readString(index);
        assertTrue(Pattern.compile(from).matcher(text).find(), text);
        Files.writeString(index, text.replaceAll(from, to));
        shell(work, "tar -c -f b.tar -C t --xattrs --no-recursion -T list && rm -rf t list");
        byte[] bytes = Files.readAllBytes(archive);
        Files.delete(archive);
        Files.delete(work);
        return bytes;
    }

    private static void shell(Path work, String command) throws Exception {
        Process process =
                new ProcessBuilder("sh", "-c", command)
                        .directory(work.toFile())
                        .redirectErrorStream(true)
                        .start();
        String text = String.join("\n", process.inputReader().lines().toList());
        assertEquals(0, process.waitFor(), text);
    }

    @Test
    void aSetUserIdProgramInsideIsNoneOnTheHost() throws Exception {
        launch(client, "c1");
        String text = inside("c1", "cp /bin/busybox /suid && chmod 4755 /suid && ls -ln /suid");
        assertTrue(text.startsWith("-rwsr-xr-x    1 0 "), text);
        TestClient.Answer pushed =
                client.send(
                        "POST",
                        "/1.0/instances/c1/files?path=/pushed",
                        Map.of("X-LXD-uid", "0", "X-LXD-gid", "0", "X-LXD-mode", "4755"),
                        Files.readAllBytes(Path.of("/bin/true")));
        assertEquals(200, pushed.status(), pushed.text());
        List<Path> programs = new ArrayList<>();
        try (Stream<Path> files = Files.walk(state.resolve("storage-pools"))) {
            files.filter(f -> f.endsWith("suid") || f.endsWith("pushed")).forEach(programs::add);
        }
        assertFalse(programs.isEmpty());
        // Records, keys, logs and backups are for root alone.
        String readable = ann.run("find", state.toString(), "-type", "f", "-readable");
        assertFalse(readable.contains("atoll.db"), readable);
        for (String folder : List.of("database", "backups", "logs", "images", "storage-pools/p")) {
            String answer = ann.run("ls", state.resolve(folder).toString());
            assertTrue(answer.contains("Permission denied"), folder + ": " + answer);
        }
        assertFalse(readable.contains("server.key"), readable);
        programs.add(state.resolve("storage-pools/p/images"));
        for (Path program : programs) {
            String answer = ann.run("ls", "-ld", program.toString());
            assertTrue(answer.contains("Permission denied"), program + ": " + answer);
        }
        done(client, "PUT", "/1.0/instances/c1/state", "{'action':'stop','force':true}");
        done(client, "DELETE", "/1.0/instances/c1", "");
        forget(client, HERS);
    }

    /// Everything that an administrator has, as text.
    private String world() throws IOException {
        StringBuilder out = new StringBuilder();
        for (String path :
                List.of(
                        "/1.0/projects/default",
                        "/1.0/instances/victim",
                        "/1.0/profiles/default",
                        "/1.0/certificates?recursion=1",
                        "/1.0/images?recursion=1",
                        "/1.0/storage-pools/p/volumes/custom",
                        "/1.0/network-acls")) {
            Json found = root.get(path).metadata();
            out.append(path)
                    .append(": ")
                    .append(found.render().replaceAll("\"last_used_at\":\"[^\"]*\"", ""))
                    .append('\n');
        }
        out.append(root.get("/1.0").metadata().get("config").render());
        return out.toString();
    }

    @Test
    void noEndpointLeadsOut() throws Exception {
        launch(client, "c1");
        inside("c1", "ln -s " + canary + " /link; ln -s / /up; ln -s /proc/1/root /proc-up");
        String before = world();
        List<String> bodies = bodies();
        int sent = 0;
        for (Route route : daemon.endpoints()) {
            boolean endsConnection = route.path().endsWith("/events");
            for (String path : endsConnection ? List.<String>of() : paths(route.path())) {
                boolean hasBody =
                        route.method() != HttpMethod.GET && route.method() != HttpMethod.HEAD;
                for (String body : hasBody ? bodies : List.of("")) {
                    TestClient.Answer answer = send(client, route.method().name(), path, body);
                    String asked = route.method() + " " + path + " " + body;
                    assertFalse(answer.text().contains(SECRET), asked);
                    assertFalse(
                            answer.text()
                                    .matches("(?s).*(\"name\":\"victim\"|instances/victim\").*"),
                            asked + answer.text());
                    assertTrue(
                            answer.status() != 500 || !answer.text().contains("incident"),
                            asked + ": " + answer.text());
                    sent++;
                }
            }
        }
        assertTrue(sent > 1000, "only " + sent + " requests");
        settle();
        assertEquals(before, world());
        for (Json instance :
                root.get("/1.0/instances?recursion=1&project=" + HERS).metadata().asList()) {
            assertIsolated(instance.get("name").asString());
            String url = "/1.0/instances/" + instance.get("name").asString();
            if (instance.get("status").asString().equals("Running")) {
                done(client, "PUT", url + "/state", "{'action':'stop','force':true}");
            }
            done(root, "DELETE", url + "?project=" + HERS, "");
        }
    }

    /// Operations that the walk began come to their ends.
    private void settle() throws IOException {
        Json running = root.get("/1.0/operations?recursion=0").metadata();
        for (Json url : running.get("running").asList()) {
            TestClient.Answer unused = root.get(url.asString() + "/wait?timeout=10");
        }
    }

    private List<String> paths(String pattern) {
        List<String> out = new ArrayList<>();
        for (String name : pattern.contains("{") ? names() : List.of("")) {
            String path = pattern.replaceFirst("\\{[^}]*}", "c1").replaceAll("\\{[^}]*}", name);
            out.add(path + "?path=/link");
            out.add(pattern.replaceAll("\\{[^}]*}", name) + "?project=default&path=%2e%2e/canary");
        }
        out.add(pattern.replaceAll("\\{[^}]*}", "p") + "?all-projects=true");
        out.add(pattern.replaceAll("\\{[^}]*}", "c1") + "?project=" + HIS);
        return out;
    }

    private List<String> bodies() {
        return List.of(
                "{}",
                "{'name':'../../canary','description':'a\\nb','config':{'security.privileged':'true','source':'"
                        + folder
                        + "','user.x':'y'},'devices':{'root':{'type':'disk','source':'/','path':'/mnt'}},"
                        + "'source':{'type':'none'},'type':'client','driver':'dir','restore':'../x',"
                        + "'action':'none','key':'x','project':'default','target':'"
                        + canary
                        + "','pool':'../..','migration':true}",
                "{'name':'w','type':'custom','content_type':'filesystem','config':{'volatile.rootfs.size':'0'},"
                        + "'source':{'type':'copy','name':'victim','source':'victim','project':'default','pool':'p'},"
                        + "'certificate':'AAAA','password':'x','token':true}",
                "[1,'\\u0000']");
    }

    @Test
    void filesTemplatesAndMetadataStayInside() throws Exception {
        launch(client, "c1");
        inside(
                "c1",
                "ln -s "
                        + canary
                        + " /link; ln -s ../../../../../../../../.. /up; mkdir /d; ln -s "
                        + folder
                        + " /d/out");
        for (String path :
                List.of(
                        "/link",
                        "/up" + canary,
                        "/d/out/canary",
                        "/proc/1/root" + canary,
                        "/../../../.." + canary,
                        canary.toString())) {
            TestClient.Answer read = client.get("/1.0/instances/c1/files?path=" + path);
            assertFalse(read.text().contains(SECRET), path);
            for (String type : List.of("file", "directory", "symlink")) {
                TestClient.Answer unused =
                        client.send(
                                "POST",
                                "/1.0/instances/c1/files?path=" + path,
                                Map.of("X-LXD-type", type, "X-LXD-write", "overwrite"),
                                "own3d".getBytes(StandardCharsets.UTF_8));
            }
            TestClient.Answer unused =
                    client.send("DELETE", "/1.0/instances/c1/files?path=" + path, "");
            assertEquals(SECRET, Files.readString(canary), path);
        }
        for (String name : List.of("../../../canary", "..", "/etc/passwd", "a/b", "a\\nb")) {
            String query = java.net.URLEncoder.encode(name, StandardCharsets.UTF_8);
            for (String part :
                    List.of("metadata/templates?path=", "logs/", "metadata/templates/")) {
                String path = "/1.0/instances/c1/" + part + query;
                for (String method : List.of("GET", "POST", "DELETE")) {
                    TestClient.Answer answer = client.send(method, path, "x");
                    assertFalse(answer.text().contains(SECRET), path);
                    assertFalse(answer.text().contains("root:"), path);
                }
            }
        }
        done(client, "PUT", "/1.0/instances/c1/state", "{'action':'stop','force':true}");
        done(client, "DELETE", "/1.0/instances/c1", "");
        forget(client, HERS);
    }
}
