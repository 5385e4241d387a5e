package io.atoll.daemon;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.atoll.base.json.Json;
import io.atoll.daemon.http.TestClient;
import io.atoll.daemon.instance.InstanceRecord;
import io.atoll.daemon.instance.Pending;
import io.atoll.daemon.store.RecordKey;
import io.atoll.daemon.store.SqliteStore;
import io.atoll.daemon.store.Store;
import io.atoll.testkit.Await;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.LocalDateTime;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/// The life of an instance in a daemon of this process, and lives that fail half-way.
@Tag("privileged")
final class InstancesIT {
    private static final String MARK = "atoll-dinst-";
    private static final String MARK_FILE = "/1.0/instances/%s/files?path=/root-mark";

    private Path state;
    private LocalDaemon daemon;
    private TestClient client;

    @BeforeEach
    void start() throws Exception {
        daemon = LocalDaemon.open(MARK);
        state = daemon.state();
        client = daemon.client();
        daemon.prepareInstances("dir");
    }

    private void open() throws IOException {
        daemon.reopen();
        client = daemon.client();
    }

    @AfterEach
    void stop() throws Exception {
        daemon.close();
    }

    private TestClient.Answer send(String method, String path, String body) throws IOException {
        return daemon.send(method, path, body);
    }

    /// What an operation says at its end; empty where the answer was no operation.
    private Json operation(String method, String path, String body) throws IOException {
        TestClient.Answer answer = send(method, path, body);
        String url = answer.json().get("operation").asString();
        return url.isEmpty() ? Json.object() : client.get(url + "/wait?timeout=120").metadata();
    }

    private void ok(String method, String path, String body) throws IOException {
        Json unused = daemon.ok(method, path, body);
    }

    private String failure(String method, String path, String body) throws IOException {
        Json end = operation(method, path, body);
        assertEquals("Failure", end.get("status").asString(), end.toString());
        return end.get("err").asString();
    }

    private void create(String name, String config) throws IOException {
        ok(
                "POST",
                "/1.0/instances",
                "{'name':'"
                        + name
                        + "','source':{'type':'image','alias':'busybox'},'config':"
                        + config
                        + "}");
    }

    private void change(String name, String action) throws IOException {
        ok("PUT", state(name), "{'action':'" + action + "','timeout':20,'force':true}");
    }

    private static String state(String name) {
        return "/1.0/instances/" + name + "/state";
    }

    private Json instance(String name) throws IOException {
        return client.get("/1.0/instances/" + name).metadata();
    }

    private String status(String name) throws IOException {
        return instance(name).get("status").asString();
    }

    /// Nothing of a run: no process, no cgroup, no key that holds only while it runs.
    private void assertAtRest(String name) throws IOException {
        assertEquals("Stopped", status(name));
        assertEquals(0, client.get(state(name)).metadata().get("pid").asLong());
        assertFalse(Files.exists(state.resolve("run/monitors").resolve(name).resolve("socket")));
        assertTrue(cgroups(name).isEmpty(), () -> cgroups(name).toString());
    }

    private List<Path> cgroups(String name) {
        String parent = new io.atoll.daemon.instance.InstancePaths(state).cgroups();
        try (Stream<Path> all = Files.walk(Path.of("/sys/fs/cgroup"), 3)) {
            return all.filter(path -> path.endsWith(Path.of(parent, name))).toList();
        } catch (IOException | java.io.UncheckedIOException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void livesThroughAllItsStates() throws Exception {
        create("c1", "{'limits.processes':'50'}");
        assertAtRest("c1");
        change("c1", "start");
        assertEquals("Running", status("c1"));
        assertTrue(client.get(state("c1")).metadata().get("pid").asLong() > 1);
        change("c1", "freeze");
        assertEquals("Frozen", status("c1"));
        change("c1", "unfreeze");
        ok("POST", "/1.0/instances/c1/snapshots", "{'name':'s1'}");
        change("c1", "restart");
        change("c1", "stop");
        assertAtRest("c1");
        ok("POST", "/1.0/instances/c1", "{'name':'c2'}");
        ok("PUT", "/1.0/instances/c2", "{'restore':'s1'}");
        change("c2", "start");
        change("c2", "stop");
        ok("DELETE", "/1.0/instances/c2", "");
        assertEquals(404, client.get("/1.0/instances/c2").status());
        assertFalse(Files.exists(state.resolve("storage-pools/p/containers/c2")));
    }

    @Test
    void isShownInTheTablesOfLxd() throws Exception {
        create("c1", "{'user.role':'web'}");
        ok("POST", "/1.0/instances/c1/snapshots", "{'name':'s1'}");
        ok("PATCH", "/1.0/instances/c1", "{'devices':{'n1':{'type':'none'}}}");
        String pool = instance("c1").get("expanded_devices").get("root").get("pool").asString();
        String volume = "/1.0/storage-pools/" + pool + "/volumes/custom";
        ok("POST", volume, "{'name':'v1','config':{'user.a':'b'}}");
        ok("POST", volume + "/v1/snapshots", "{'name':'old'}");
        assertEquals(
                "[[1,\"c1\",0,0]]", client.rows("SELECT id, name, type, stateful FROM instances"));
        assertEquals(
                "[[\"c1\",\"web\"]]",
                client.rows(
                        "SELECT instances.name, instances_config.value FROM instances"
                                + " JOIN instances_config ON instances.id = instance_id"
                                + " WHERE key = 'user.role'"));
        assertEquals("[[\"n1\",0]]", client.rows("SELECT name, type FROM instances_devices"));
        assertEquals(
                "[[\"s1\",\"web\"]]",
                client.rows(
                        "SELECT s.name, c.value FROM instances_snapshots s"
                                + " JOIN instances_snapshots_config c ON s.id = instance_snapshot_id"
                                + " WHERE key = 'user.role'"));
        assertEquals(
                "[[\"c1\",\"default\"]]",
                client.rows(
                        "SELECT instances.name, profiles.name FROM instances_profiles"
                                + " JOIN instances ON instances.id = instance_id"
                                + " JOIN profiles ON profiles.id = profile_id"));
        assertEquals(
                "[[\"busybox\",\"default\",1]]",
                client.rows(
                        "SELECT images_aliases.name, projects.name, architecture > 0 FROM images_aliases"
                                + " JOIN images ON images.id = image_id"
                                + " JOIN projects ON projects.id = images.project_id"));
        assertEquals(
                "[[\"c1\",0],[\"v1\",2]]",
                client.rows("SELECT name, type FROM storage_volumes ORDER BY name"));
        assertEquals(
                "[[\"v1\",\"old\",\"b\"]]",
                client.rows(
                        "SELECT v.name, s.name, c.value FROM storage_volumes v"
                                + " JOIN storage_volumes_snapshots s ON v.id = s.storage_volume_id"
                                + " JOIN storage_volumes_config c ON v.id = c.storage_volume_id"
                                + " WHERE c.key = 'user.a'"));
    }

    /// Whoever reads or deletes a log is heard of, as in LXD.
    @Test
    void readersOfLogsAreToldOf() throws Exception {
        ok("POST", "/1.0/instances", "{'name':'c1','source':{'type':'none'}}");
        Path logs = Files.createDirectories(state.resolve("logs/c1"));
        Files.writeString(logs.resolve("migration_x.log"), "line\n");
        String base = "/1.0/instances/c1/";
        try (TestClient listener = new TestClient(daemon.socket())) {
            listener.upgrade("/1.0/events?type=lifecycle");
            assertEquals("line\n", client.get(base + "logs/migration_x.log").text());
            expect(listener, "instance-log-retrieved", base + "logs/migration_x.log");
            assertEquals(400, client.send("DELETE", base + "logs/lxc.log", "").status());
            assertEquals(404, client.get(base + "logs/exec_nosuch").status());
            ok("DELETE", base + "logs/migration_x.log", "");
            expect(listener, "instance-log-deleted", base + "logs/migration_x.log");
            assertFalse(Files.exists(logs.resolve("migration_x.log")));
            assertEquals(200, client.get(base + "console").status());
            expect(listener, "instance-console-retrieved", "/1.0/instances/c1");
            ok("DELETE", base + "console", "");
            expect(listener, "instance-console-reset", "/1.0/instances/c1");
        }
    }

    private static void expect(TestClient listener, String action, String source)
            throws IOException {
        Json event = Json.parse(listener.readDataFrame().text()).get("metadata");
        assertEquals(action, event.get("action").asString());
        assertEquals(source, event.get("source").asString());
    }

    @Test
    void whatHasJustEndedIsNotTakenToRun() throws Exception {
        for (int i = 0; i < 10; i++) {
            create("c1", "{}");
            change("c1", "start");
            long pid = client.get(state("c1")).metadata().get("pid").asLong();
            ProcessHandle.of(pid).orElseThrow().destroyForcibly();
            Await.until("its end", Duration.ofSeconds(20), () -> isStopped("c1"));
            ok("DELETE", "/1.0/instances/c1", "");
        }
    }

    private boolean isStopped(String name) {
        try {
            return status(name).equals("Stopped");
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    /// LXD's client hands the target of a refresh all that its source has.
    @Test
    void whatAnotherInstanceHasIsNotTakenOver() throws Exception {
        String address = "'volatile.eth7.hwaddr':'00:16:3e:77:00:0";
        create("c1", "{" + address + "1'}");
        create("c2", "{" + address + "2'}");
        String map = "'volatile.idmap.current':'[]'";
        String own = instance("c2").get("config").get("volatile.uuid").asString();
        String uuid = instance("c1").get("config").get("volatile.uuid").asString();
        ok(
                "PATCH",
                "/1.0/instances/c2",
                "{'config':{'volatile.uuid':'" + uuid + "'," + map + "," + address + "1'}}");
        Json config = instance("c2").get("config");
        assertEquals(own, config.get("volatile.uuid").asString());
        assertEquals("00:16:3e:77:00:02", config.get("volatile.eth7.hwaddr").asString());
        assertTrue(config.get("volatile.idmap.current").isNull());
        ok("PATCH", "/1.0/instances/c2", "{'config':{" + address + "3'}}");
        config = instance("c2").get("config");
        assertEquals("00:16:3e:77:00:03", config.get("volatile.eth7.hwaddr").asString());
    }

    @Test
    void aSizeThatCannotBeHeldIsNotWrittenDown() throws Exception {
        create("c1", "{}");
        String pool = instance("c1").get("expanded_devices").get("root").get("pool").asString();
        String root = "{'type':'disk','path':'/','pool':'" + pool + "','size':'1GiB'}";
        var answer = send("PATCH", "/1.0/instances/c1", "{'devices':{'root':" + root + "}}");
        Assumptions.assumeTrue(answer.status() >= 400, "this file system has quotas");
        assertTrue(instance("c1").get("devices").get("root").isNull());
        ok(
                "POST",
                "/1.0/instances",
                "{'name':'c2','source':{'type':'copy','source':'c1'},'config':{}}");
    }

    @Test
    void allStartAndStopAtOnce() throws Exception {
        create("c1", "{}");
        create("c2", "{}");
        ok("PUT", "/1.0/instances", "{'state':{'action':'start','timeout':20}}");
        assertEquals("Running", status("c1"));
        assertEquals("Running", status("c2"));
        ok("PUT", "/1.0/instances", "{'state':{'action':'freeze'}}");
        assertEquals("Frozen", status("c1"));
        ok("PUT", "/1.0/instances", "{'state':{'action':'restart','timeout':20,'force':true}}");
        assertEquals("Running", status("c1"));
        ok("PUT", "/1.0/instances", "{'state':{'action':'stop','timeout':20,'force':true}}");
        assertAtRest("c1");
        assertAtRest("c2");
        ok("POST", "/1.0/instances", "{'name':'c3','source':{'type':'none'}}");
        String why = failure("PUT", "/1.0/instances", "{'state':{'action':'start','timeout':20}}");
        assertTrue(
                why.startsWith(
                        "The following instances failed to update state:\n - Instance: c3: start c3: "),
                why);
    }

    @Test
    void rebuiltItIsNewInsideAndTheSameOutside() throws Exception {
        String again = "{'source':{'type':'image','alias':'busybox'}}";
        create("c1", "{'user.a':'1'}");
        String uuid = instance("c1").get("config").get("volatile.uuid").asString();
        upload("c1");
        change("c1", "start");
        String why = failure("POST", "/1.0/instances/c1/rebuild", again);
        assertEquals("Instance must be stopped to be rebuilt", why);
        change("c1", "stop");
        ok("POST", "/1.0/instances/c1/snapshots", "{'name':'s1'}");
        why = failure("POST", "/1.0/instances/c1/rebuild", again);
        assertEquals("Cannot rebuild an instance with snapshots", why);
        assertEquals(200, client.get(MARK_FILE.formatted("c1")).status());
        ok("DELETE", "/1.0/instances/c1/snapshots/s1", "");

        ok("POST", "/1.0/instances/c1/rebuild", again);
        assertEquals(404, client.get(MARK_FILE.formatted("c1")).status());
        assertEquals("1", instance("c1").get("config").get("user.a").asString());
        assertEquals(uuid, instance("c1").get("config").get("volatile.uuid").asString());
        change("c1", "start");
        change("c1", "stop");
        ok("POST", "/1.0/instances/c1/rebuild", "{'source':{'type':'none'}}");
        assertEquals(404, client.get("/1.0/instances/c1/files?path=/bin/sh").status());
    }

    @Test
    void aRefreshedCopyHasWhatIsNew() throws Exception {
        String copy = "{'name':'c2','source':{'type':'copy','source':'c1'%s}}";
        create("c1", "{}");
        ok("POST", "/1.0/instances", copy.formatted(""));
        upload("c1");
        ok("POST", "/1.0/instances/c1/snapshots", "{'name':'s1'}");
        assertEquals(404, client.get(MARK_FILE.formatted("c2")).status());
        ok("POST", "/1.0/instances", copy.formatted(",'refresh':true"));
        assertEquals("new", file("c2", "/root-mark").text());
        assertEquals(200, client.get("/1.0/instances/c2/snapshots/s1").status());
        change("c2", "start");
        // It would lose what it is writing.
        String why = failure("POST", "/1.0/instances", copy.formatted(",'refresh':true"));
        assertFalse(why.isEmpty());
        assertEquals("Running", status("c2"));
    }

    /// As volumes, which the stock client shows by them.
    @Test
    void snapshotsAreVolumesToo() throws Exception {
        create("c1", "{}");
        ok("POST", "/1.0/instances/c1/snapshots", "{'name':'s1'}");
        String volumes = "/1.0/storage-pools/p/volumes";
        String url = volumes + "/container/c1/snapshots";
        assertEquals(List.of(url + "/s1"), client.get(url).metadata().asStrings());
        assertEquals("s1", client.get(url + "/s1").metadata().get("name").asString());
        assertEquals(
                "c1/s1",
                client.get(url + "?recursion=1")
                        .metadata()
                        .asList()
                        .getFirst()
                        .get("name")
                        .asString());
        assertEquals(404, client.get(url + "/no").status());
        assertEquals(404, client.get(volumes + "/container/no/snapshots").status());
        assertEquals(
                "Storage volumes of type \"container\" cannot be deleted with the storage API",
                client.send("DELETE", volumes + "/container/c1", "")
                        .json()
                        .get("error")
                        .asString());
        ok("POST", volumes + "/custom", "{'name':'v'}");
        ok("POST", volumes + "/custom/v/snapshots", "{'name':'s'}");
        ok("PATCH", "/1.0/instances/c1", DATA);
        assertEquals(
                List.of("/1.0/instances/c1"),
                client.get(volumes + "/custom/v").metadata().get("used_by").asStrings());
        for (Json volume : client.get(volumes + "?recursion=1").metadata().asList()) {
            if (volume.get("name").asString().equals("v/s")) {
                assertEquals(List.of(), volume.get("used_by").asStrings());
            }
        }
        List<String> users =
                client.get("/1.0/storage-pools/p").metadata().get("used_by").asStrings();
        assertTrue(users.contains(volumes + "/custom/v/snapshots/s"), users.toString());
        assertTrue(users.contains("/1.0/instances/c1/snapshots/s1"), users.toString());
    }

    private static final String DATA =
            "{'devices':{'data':{'type':'disk','pool':'p','source':'v','path':'/data'}}}";

    /// Those of stopped instances only where they want it; snapshots and backups whose time has
    /// come go with their files.
    @Test
    void snapshotsAndBackupsComeAndGoByTheClock() throws Exception {
        String keys =
                "{'snapshots.schedule':'@daily','snapshots.expiry':'1d','snapshots.pattern':'day%%d'%s}";
        create("c1", keys.formatted(",'snapshots.schedule.stopped':'true'"));
        create("c2", keys.formatted(""));
        LocalDateTime midnight = LocalDateTime.parse("2040-05-01T00:00:00");
        daemon.at(midnight);
        assertEquals(Set.of("day0"), kept("c1"));
        assertEquals(Set.of(), kept("c2"));
        ok(
                "POST",
                "/1.0/instances/c1/backups",
                "{'name':'b','expires_at':'2040-05-01T12:00:00Z','compression_algorithm':'none'}");
        daemon.at(midnight.plusHours(12));
        assertEquals(200, client.get("/1.0/instances/c1/backups/b").status());
        ok("POST", "/1.0/instances/c1/snapshots", "{'name':'mine'}");
        daemon.at(midnight.plusHours(12).plusMinutes(1));
        assertEquals(404, client.get("/1.0/instances/c1/backups/b").status());
        try (var files = Files.walk(state.resolve("backups"))) {
            assertEquals(List.of(), files.filter(Files::isRegularFile).toList());
        }
        daemon.at(midnight.plusDays(1));
        assertEquals(Set.of("day0", "mine", "day1"), kept("c1"));
        daemon.at(midnight.plusDays(1).plusMinutes(1));
        assertEquals(Set.of("mine", "day1"), kept("c1"));
        daemon.at(midnight.plusDays(1).plusHours(12).plusMinutes(1));
        assertEquals(Set.of("day1"), kept("c1"));
    }

    /// What the API tells, which is what is on the disk.
    private Set<String> kept(String name) throws IOException {
        Set<String> told =
                client
                        .get("/1.0/instances/" + name + "/snapshots?recursion=1")
                        .metadata()
                        .asList()
                        .stream()
                        .map(s -> s.get("name").asString())
                        .collect(Collectors.toSet());
        Path folder = state.resolve("storage-pools/p/containers-snapshots/" + name);
        Set<String> there = new HashSet<>();
        if (Files.exists(folder)) {
            try (var entries = Files.list(folder)) {
                entries.forEach(path -> there.add(path.getFileName().toString()));
            }
        }
        assertEquals(told, there);
        return told;
    }

    private void upload(String name) throws IOException {
        assertEquals(200, send("POST", MARK_FILE.formatted(name), "new").status());
    }

    /// An image must not decide what becomes of the host's files.
    @Test
    void templatesStayInTheInstancesOwnRoot() throws Exception {
        Path shared = Files.createDirectory(state.resolve("shared"));
        Files.writeString(shared.resolve("note"), "the host's");
        create("c1", "{}");
        ok("POST", "/1.0/instances/c1/metadata/templates?path=note", "{{ container.name }}!");
        ok("POST", "/1.0/instances/c1/metadata/templates?path=far", "{% include '/etc/passwd' %}");
        ok(
                "PATCH",
                "/1.0/instances/c1/metadata",
                "{'templates':{'/mnt/note':{'when':['start'],'template':'note'},"
                        + "'/new/way/note':{'when':['create'],'template':'far'},"
                        + "'/etc/passwd':{'when':['start'],'template':'note','create_only':true}}}");
        ok(
                "PATCH",
                "/1.0/instances/c1",
                "{'devices':{'shared':{'type':'disk','path':'/mnt','source':'" + shared + "'}}}");
        change("c1", "start");
        assertEquals("the host's", Files.readString(shared.resolve("note")));
        assertEquals(file("c1", "/etc/passwd").text(), file("c1", "/new/way/note").text());
        assertEquals("0", file("c1", "/new").headers().get("x-lxd-uid"));
        change("c1", "stop");
        assertEquals("c1!", file("c1", "/mnt/note").text());
        assertEquals("0", file("c1", "/mnt/note").headers().get("x-lxd-uid"));

        // What comes from the image and cannot be written ends the start.
        ok("POST", "/1.0/instances/c1/metadata/templates?path=note", "{% broken");
        String why = failure("PUT", state("c1"), "{'action':'start'}");
        assertTrue(why.contains("Failed to render template"), why);
        assertAtRest("c1");
    }

    private TestClient.Answer file(String name, String path) throws IOException {
        TestClient.Answer answer = client.get("/1.0/instances/" + name + "/files?path=" + path);
        assertEquals(200, answer.status(), answer.text());
        return answer;
    }

    @Test
    void aStartThatFailsLeavesItAsItWas() throws Exception {
        create("c1", "{'raw.lxc':'lxc.hook.start-host = /bin/false'}");
        Json before = instance("c1").get("config");
        String why = failure("PUT", state("c1"), "{'action':'start'}");
        assertTrue(why.contains("exited with status 1"), why);
        assertAtRest("c1");
        assertEquals(
                before.get("volatile.last_state.power"),
                instance("c1").get("config").get("volatile.last_state.power"));

        // Sooner, before anything is made, and later, inside.
        for (String line :
                List.of("lxc.hook.pre-start = /bin/false", "lxc.init.cmd = /no/such/program")) {
            ok("PATCH", "/1.0/instances/c1", "{'config':{'raw.lxc':'" + line + "'}}");
            why = failure("PUT", state("c1"), "{'action':'start'}");
            assertTrue(why.contains("exited with status 1") || why.contains("/no/such"), why);
            assertAtRest("c1");
        }
        ok("PATCH", "/1.0/instances/c1", "{'config':{'raw.lxc':''}}");
        change("c1", "start");
        assertEquals("Running", status("c1"));
    }

    @Test
    void aCreationThatFailsLeavesNothing() throws Exception {
        String body = "{'name':'c1','source':{'type':'image','alias':'busybox'},%s}";
        refused(body.formatted("'config':{'limits.cpu':'x'}"));
        refused(body.formatted("'profiles':['none']"));
        refused(body.formatted("'devices':{'root':{'type':'disk','path':'/','pool':'none'}}"));
        assertEquals(0, client.get("/1.0/instances").metadata().asList().size());
        try (Stream<Path> volumes = Files.list(state.resolve("storage-pools/p/containers"))) {
            assertEquals(List.of(), volumes.toList());
        }
    }

    /// At once or by its operation.
    private void refused(String body) throws IOException {
        TestClient.Answer answer = send("POST", "/1.0/instances", body);
        String url = answer.json().get("operation").asString();
        if (answer.status() < 300) {
            Json end = client.get(url + "/wait?timeout=120").metadata();
            assertEquals("Failure", end.get("status").asString(), end.toString());
        }
    }

    /// All that is left is the pool.
    @Test
    void comesBackWhenTheDatabaseWasLost() throws Exception {
        create("c1", "{'user.mark':'here','limits.processes':'50'}");
        ok("POST", "/1.0/instances/c1/snapshots", "{'name':'s1'}");
        change("c1", "start");
        ok("POST", "/1.0/instances/c1/files?path=/root/mark", "");
        change("c1", "stop");
        Json before = instance("c1");
        ok("POST", "/1.0/storage-pools/p/volumes/custom", "{'name':'v1'}");
        daemon.shut();
        try (Stream<Path> files = Files.list(state.resolve("database"))) {
            for (Path file : files.toList()) {
                Files.delete(file);
            }
        }
        open();
        String pool = "{'Pools':[{'name':'p','driver':'dir'}]}";
        Json found = send("POST", "/internal/recover/validate", pool).metadata();
        assertEquals(
                "[{'name':'c1','type':'container','snapshotCount':1,'project':'default','pool':'p'},"
                        + "{'name':'v1','type':'custom','snapshotCount':0,'project':'default','pool':'p'}]",
                found.get("UnknownVolumes").render().replace('"', '\''));
        assertTrue(found.get("DependencyErrors").isNull(), found.render());
        assertEquals("[]", client.get("/1.0/storage-pools").metadata().render());

        ok("POST", "/internal/recover/import", pool);
        Json after = instance("c1");
        for (String member : List.of("name", "created_at", "profiles", "architecture")) {
            assertEquals(before.get(member), after.get(member), member);
        }
        for (String key :
                List.of("user.mark", "limits.processes", "volatile.uuid", "volatile.idmap.base")) {
            assertEquals(before.get("config").get(key), after.get("config").get(key), key);
        }
        assertEquals(
                "[\"/1.0/instances/c1/snapshots/s1\"]",
                client.get("/1.0/instances/c1/snapshots").metadata().render());
        change("c1", "start");
        assertEquals(200, client.get("/1.0/instances/c1/files?path=/root/mark").status());
        change("c1", "stop");
        ok("PUT", "/1.0/instances/c1", "{'restore':'s1'}");
        assertTrue(client.get("/1.0/instances/c1/files?path=/root/mark").status() >= 400);
        Json again = send("POST", "/internal/recover/validate", pool).metadata();
        assertTrue(again.get("UnknownVolumes").isNull(), again.render());
    }

    @Test
    void recoveringNeedsWhatInstancesNeed() throws Exception {
        ok("POST", "/1.0/profiles", "{'name':'extra'}");
        create("c1", "{}");
        ok("PATCH", "/1.0/instances/c1", "{'profiles':['default','extra']}");
        daemon.shut();
        try (Stream<Path> files = Files.list(state.resolve("database"))) {
            for (Path file : files.toList()) {
                Files.delete(file);
            }
        }
        open();
        String pool = "{'Pools':[{'name':'p','driver':'dir'}]}";
        String why = "Profile \"extra\" not found in project \"default\"";
        assertEquals(
                List.of(why),
                send("POST", "/internal/recover/validate", pool)
                        .metadata()
                        .get("DependencyErrors")
                        .asStrings());
        TestClient.Answer refused = send("POST", "/internal/recover/import", pool);
        assertEquals(400, refused.status());
        assertEquals(0, client.get("/1.0/instances").metadata().asList().size());
        ok("POST", "/1.0/profiles", "{'name':'extra'}");
        ok("POST", "/internal/recover/import", pool);
        assertEquals("c1", instance("c1").get("name").asString());
    }

    @Test
    void aProjectSaysWhetherBackupsAndNetworksAreMade() throws Exception {
        ok("POST", "/1.0/projects", "{'name':'pr','config':{'features.images':'false'}}");
        ok(
                "PATCH",
                "/1.0/profiles/default?project=pr",
                "{'devices':{'root':{'type':'disk','path':'/','pool':'p'}}}");
        ok(
                "POST",
                "/1.0/instances?project=pr",
                "{'name':'c1','source':{'type':'image','alias':'busybox'}}");
        ok("POST", "/1.0/storage-pools/p/volumes/custom?project=pr", "{'name':'v1'}");
        ok("PATCH", "/1.0/projects/pr", "{'config':{'restricted':'true'}}");
        for (String path : List.of("/1.0/instances/c1", "/1.0/storage-pools/p/volumes/custom/v1")) {
            for (String what : List.of("backup", "snapshot")) {
                TestClient.Answer answer = send("POST", path + "/" + what + "s?project=pr", "{}");
                assertEquals(403, answer.status(), answer.text());
                assertEquals(
                        "Project pr doesn't allow for " + what + " creation",
                        answer.json().get("error").asString());
            }
        }
        ok("PATCH", "/1.0/projects/pr", "{'config':{'restricted.backups':'allow'}}");
        ok("POST", "/1.0/storage-pools/p/volumes/custom/v1/backups?project=pr", "{}");

        ok("PATCH", "/1.0/projects/default", "{'config':{'limits.networks':'0'}}");
        String bridge =
                "{'name':'confnet0','config':{'ipv4.address':'none','ipv6.address':'none'}}";
        TestClient.Answer answer = send("POST", "/1.0/networks", bridge);
        assertEquals(403, answer.status(), answer.text());
        assertFalse(Files.exists(Path.of("/sys/class/net/confnet0")));
        assertEquals(404, client.get("/1.0/networks/confnet0").status());
    }

    @Test
    void usersFollowTheNameOfTheirProfile() throws Exception {
        ok("POST", "/1.0/profiles", "{'name':'pa','config':{'user.x':'1'}}");
        create("c1", "{}");
        ok("PATCH", "/1.0/instances/c1", "{'profiles':['default','pa']}");
        ok("POST", "/1.0/instances/c1/snapshots", "{'name':'s1'}");
        ok("POST", "/1.0/profiles/pa", "{'name':'pb'}");
        assertEquals(List.of("default", "pb"), instance("c1").get("profiles").asStrings());
        assertEquals("1", instance("c1").get("expanded_config").get("user.x").asString());
        assertEquals(
                List.of("default", "pb"),
                client.get("/1.0/instances/c1/snapshots/s1")
                        .metadata()
                        .get("profiles")
                        .asStrings());
        assertEquals(400, send("DELETE", "/1.0/profiles/pb", "").status());
        ok("PUT", "/1.0/instances/c1", "{'restore':'s1'}");
        assertEquals(List.of("default", "pb"), instance("c1").get("profiles").asStrings());
    }

    @Test
    void aNameIsOneInstancesInANetwork() throws Exception {
        ok(
                "POST",
                "/1.0/networks",
                "{'name':'confnet2','config':{'ipv4.address':'10.231.94.1/24','ipv6.address':'none'}}");
        ok("POST", "/1.0/projects", "{'name':'px','config':{'features.images':'false'}}");
        String body =
                "{'name':'db','source':{'type':'image','alias':'busybox'},'devices':{"
                        + "'root':{'type':'disk','path':'/','pool':'p'},"
                        + "'eth0':{'type':'nic','network':'confnet2'}}}";
        ok("POST", "/1.0/instances", body);
        ok("POST", "/1.0/instances?project=px", body);
        assertEquals(
                "Failed start validation for device \"eth0\": Instance DNS name \"db\" already used"
                        + " on network",
                failure("PUT", state("db") + "?project=px", "{'action':'start'}"));
        ok("DELETE", "/1.0/instances/db", "");
        ok("PUT", state("db") + "?project=px", "{'action':'start'}");
        String leases = "/1.0/networks/confnet2/leases";
        assertTrue(client.get(leases).text().contains("\"gateway\""));
        assertFalse(client.get(leases + "?project=px").text().contains("\"gateway\""));
    }

    @Test
    void refusesAtOnceWhatItsDevicesReferToAndIsNotThere() throws Exception {
        ok(
                "POST",
                "/1.0/networks",
                "{'name':'confnet1','config':{'ipv4.address':'10.231.94.1/24','ipv6.address':'none'}}");
        ok("POST", "/1.0/projects", "{'name':'own','config':{'features.networks':'true'}}");
        String begin = "Failed creating instance record: Failed initialising instance: ";
        String nic = "Invalid devices: Device validation failed for \"eth9\": ";
        String load = nic + "Failed loading device \"eth9\": Failed to load network ";
        assertEquals(
                begin + load + "\"nosuch\" for project \"default\": Network not found",
                refused("default", "eth9", "'type':'nic','network':'nosuch'"));
        assertEquals(
                begin + load + "\"confnet1\" for project \"own\": Network not found",
                refused("own", "eth9", "'type':'nic','network':'confnet1'"));
        assertEquals(
                begin
                        + nic
                        + "Device IP address \"10.1.1.1\" not within network \"confnet1\" subnet",
                refused(
                        "default",
                        "eth9",
                        "'type':'nic','network':'confnet1','ipv4.address':'10.1.1.1'"));
        assertEquals(
                begin
                        + "Failed add validation for device \"d\": Missing source path \"/nosuch\""
                        + " for disk \"d\"",
                refused("default", "d", "'type':'disk','source':'/nosuch','path':'/x'"));
        assertEquals(
                begin
                        + "Failed add validation for device \"d\": Failed loading custom volume:"
                        + " Storage volume not found",
                refused("default", "d", "'type':'disk','pool':'p','source':'no','path':'/x'"));
        assertEquals(
                begin + "Failed loading storage pool: Storage pool not found",
                refused("default", "root", "'type':'disk','pool':'nosuch','path':'/'"));
        assertEquals(List.of(), client.get("/1.0/instances").metadata().asStrings());
        create("c1", "{}");
        TestClient.Answer answer =
                send(
                        "PATCH",
                        "/1.0/instances/c1",
                        "{'devices':{'eth9':{'type':'nic','network':'nosuch'}}}");
        assertEquals(404, answer.status(), answer.text());
        assertEquals(
                load + "\"nosuch\" for project \"default\": Network not found",
                answer.json().get("error").asString());
    }

    private String refused(String project, String name, String device) throws IOException {
        String root = name.equals("root") ? "" : "'root':{'type':'disk','path':'/','pool':'p'},";
        return failure(
                "POST",
                "/1.0/instances?project=" + project,
                "{'name':'no1','source':{'type':'none'},'devices':{"
                        + root
                        + "'"
                        + name
                        + "':{"
                        + device
                        + "}}}");
    }

    /// One with snapshots is renamed, and put in another's place, in several steps.
    @Test
    void aKillAmongTheSnapshotsLosesNone() throws Exception {
        for (String name : List.of("c1", "c2")) {
            create(name, "{}");
            upload(name);
            ok("POST", "/1.0/instances/" + name + "/snapshots", "{'name':'s'}");
        }
        daemon.shut();
        try (Store store = SqliteStore.open(state.resolve("database/atoll.db"))) {
            mark(store, "c1", new Pending(Pending.Kind.RENAME, "default/c9"));
            mark(store, "c2", new Pending(Pending.Kind.REPLACED, ""));
        }
        Path pool = state.resolve("storage-pools/p");
        Path snapshots = pool.resolve("containers-snapshots");
        Files.move(snapshots.resolve("c1"), snapshots.resolve("c9"));
        Files.move(pool.resolve("containers/c2"), pool.resolve("containers/c2.new"));
        open();
        for (String name : List.of("c1", "c2")) {
            assertEquals("new", file(name, "/root-mark").text());
            assertTrue(Files.isDirectory(snapshots.resolve(name + "/s")), name);
            ok("PUT", "/1.0/instances/" + name, "{'restore':'s'}");
        }
        assertFalse(Files.exists(snapshots.resolve("c9")));
    }

    private static void mark(Store store, String name, Pending pending) {
        var _ =
                store.update(
                        InstanceRecord.KIND,
                        new RecordKey("default", name),
                        c -> c.withPending(pending));
    }

    @Test
    void theNextDaemonGoesOnWithIt() throws Exception {
        create("c1", "{}");
        change("c1", "start");
        long pid = client.get(state("c1")).metadata().get("pid").asLong();
        daemon.shut();
        open();
        assertEquals(pid, client.get(state("c1")).metadata().get("pid").asLong());
        String passwd =
                new String(
                        client.get("/1.0/instances/c1/files?path=/etc/passwd").body(),
                        StandardCharsets.UTF_8);
        assertTrue(passwd.toLowerCase(Locale.ROOT).startsWith("root:"), passwd);
        change("c1", "stop");
        assertAtRest("c1");
    }
}
