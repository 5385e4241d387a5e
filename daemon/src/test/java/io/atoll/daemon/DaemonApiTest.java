package io.atoll.daemon;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.atoll.base.BusyException;
import io.atoll.base.json.Json;
import io.atoll.daemon.event.Events;
import io.atoll.daemon.http.TestClient;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// A whole daemon in this process, asked as LXD was when its answers were recorded. Needs no root:
/// no pool, no bridge.
final class DaemonApiTest {
    private static final String EMPTY_OK =
            "{\"type\":\"sync\",\"status\":\"Success\",\"status_code\":200,\"operation\":\"\","
                    + "\"error_code\":0,\"error\":\"\",\"metadata\":{}}\n";

    /// Not under JUnit's, whose names are too long for a socket.
    private Path state;

    private Daemon daemon;
    private TestClient client;

    @BeforeEach
    void start() throws Exception {
        state = Files.createTempDirectory("atoll-daemon-test-");
        open();
    }

    private void open() throws IOException {
        daemon = Daemon.open(options(), new Events());
        daemon.start();
        client = new TestClient(state.resolve("unix.socket"));
    }

    private DaemonOptions options() {
        return DaemonOptions.parse(List.of("--state-dir", state.toString()), Map.of());
    }

    private void reopen() throws IOException {
        client.close();
        daemon.close();
        open();
    }

    @AfterEach
    void stop() throws Exception {
        client.close();
        daemon.close();
        try (var files = Files.walk(state)) {
            for (Path file : files.sorted(java.util.Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        }
    }

    private String error(TestClient.Answer answer, int status) {
        assertEquals(status, answer.status(), answer.text());
        assertEquals(status, answer.json().get("error_code").asInt());
        return answer.json().get("error").asString();
    }

    private static List<String> keys(Json object) {
        return new ArrayList<>(object.asMap().keySet());
    }

    @Test
    void describesTheServer() throws Exception {
        TestClient.Answer answer = client.get("/1.0");
        Json server = answer.metadata();
        assertEquals(
                List.of(
                        "config",
                        "api_extensions",
                        "api_status",
                        "api_version",
                        "auth",
                        "public",
                        "auth_methods",
                        "environment"),
                keys(server));
        assertEquals("trusted", server.get("auth").asString());
        assertEquals(
                List.of(
                        "addresses",
                        "architectures",
                        "certificate",
                        "certificate_fingerprint",
                        "driver",
                        "driver_version",
                        "firewall",
                        "kernel",
                        "kernel_architecture",
                        "kernel_features",
                        "kernel_version",
                        "lxc_features",
                        "os_name",
                        "os_version",
                        "project",
                        "server",
                        "server_clustered",
                        "server_event_mode",
                        "server_name",
                        "server_pid",
                        "server_version",
                        "storage",
                        "storage_version",
                        "storage_supported_drivers"),
                keys(server.get("environment")));
        assertTrue(answer.headers().containsKey("etag"));
    }

    @Test
    void refusesBadServerKeysInLxdsWords() throws Exception {
        assertEquals(
                "cannot set 'foo.bar' to '1': unknown key",
                error(client.send("PATCH", "/1.0", "{\"config\":{\"foo.bar\":\"1\"}}"), 400));
        assertEquals(
                "cannot set 'images.auto_update_interval' to 'abc': invalid integer",
                error(
                        client.send(
                                "PATCH",
                                "/1.0",
                                "{\"config\":{\"images.auto_update_interval\":\"abc\"}}"),
                        400));
        String https = "{\"config\":{\"cluster.https_address\":\":8443\"}}";
        assertEquals(
                "cannot set 'cluster.https_address' to ':8443': not supported by this server",
                error(client.send("PATCH", "/1.0", https), 501));
    }

    @Test
    void takesCompressionsWithALevel() throws Exception {
        for (String key :
                List.of("backups.compression_algorithm", "images.compression_algorithm")) {
            String set = "{\"config\":{\"" + key + "\":\"xz -6\"}}";
            assertEquals(EMPTY_OK, client.send("PATCH", "/1.0", set).text());
            assertEquals("xz -6", client.get("/1.0").metadata().get("config").get(key).asString());
            assertEquals(
                    "cannot set '"
                            + key
                            + "' to 'xz -e': Invalid compression algorithm \"xz -e\": only a level may follow xz, -0 to -9",
                    error(client.send("PATCH", "/1.0", set.replace("-6", "-e")), 400));
            client.send("PATCH", "/1.0", set.replace("xz -6", ""));
        }
    }

    @Test
    void refusesToPublishBeforeItBegins() throws Exception {
        String publish = "{\"source\":{\"type\":\"instance\",\"name\":\"nosuch\"},%s}";
        assertEquals(
                "Invalid compression algorithm \"lz4\": not one of none, gzip, bzip2, xz, lzma, zstd",
                error(
                        client.send(
                                "POST",
                                "/1.0/images",
                                publish.formatted("\"compression_algorithm\":\"lz4\"")),
                        400));
        assertEquals(
                "Invalid expiry date \"junk\"",
                error(
                        client.send(
                                "POST",
                                "/1.0/images",
                                publish.formatted("\"expires_at\":\"junk\"")),
                        400));
        assertEquals(
                "Instance not found",
                error(
                        client.send(
                                "POST",
                                "/1.0/images",
                                publish.formatted(
                                        "\"compression_algorithm\":\"gzip -9\",\"expires_at\":\"2030-01-01T00:00:00Z\"")),
                        404));
    }

    @Test
    void keepsServerKeysOverARestart() throws Exception {
        assertEquals(
                EMPTY_OK, client.send("PATCH", "/1.0", "{\"config\":{\"user.a\":\"b\"}}").text());
        client.send("PATCH", "/1.0", "{\"config\":{\"core.shutdown_timeout\":7}}");
        reopen();
        Json config = client.get("/1.0").metadata().get("config");
        assertEquals("{\"core.shutdown_timeout\":\"7\",\"user.a\":\"b\"}", config.render());
        client.send("PATCH", "/1.0", "{\"config\":{\"user.a\":\"\"}}");
        assertEquals(
                List.of("core.shutdown_timeout"),
                keys(client.get("/1.0").metadata().get("config")));
        client.send("PUT", "/1.0", "{\"config\":{}}");
        assertEquals(List.of(), keys(client.get("/1.0").metadata().get("config")));
    }

    @Test
    void refusesAStaleServerEtag() throws Exception {
        byte[] body = "{\"config\":{}}".getBytes(StandardCharsets.UTF_8);
        String message = error(client.send("PUT", "/1.0", Map.of("If-Match", "abc"), body), 412);
        assertTrue(message.matches("ETag doesn't match: [0-9a-f]{64} vs abc"), message);
    }

    @Test
    void hasADefaultProfileThatStays() throws Exception {
        assertEquals(
                "{\"config\":{},\"description\":\"Default Atoll profile\",\"devices\":{},"
                        + "\"name\":\"default\",\"used_by\":[]}",
                client.get("/1.0/profiles/default").metadata().render());
        assertEquals(
                "The \"default\" profile cannot be deleted",
                error(client.send("DELETE", "/1.0/profiles/default", ""), 403));
        assertEquals("Profile not found", error(client.get("/1.0/profiles/nosuch"), 404));
    }

    @Test
    void createsChangesAndDeletesProfiles() throws Exception {
        TestClient.Answer created =
                client.send(
                        "POST", "/1.0/profiles", "{\"name\":\"p\",\"config\":{\"user.a\":\"1\"}}");
        assertEquals(201, created.status());
        assertEquals("/1.0/profiles/p", created.headers().get("location"));
        assertEquals(
                EMPTY_OK,
                client.send("PATCH", "/1.0/profiles/p", "{\"config\":{\"user.b\":\"2\"}}").text());
        Json profile = client.get("/1.0/profiles/p").metadata();
        assertEquals("{\"user.a\":\"1\",\"user.b\":\"2\"}", profile.get("config").render());
        assertEquals(409, client.send("POST", "/1.0/profiles", "{\"name\":\"p\"}").status());
        client.send("PUT", "/1.0/profiles/p", "{\"description\":\"d\"}");
        assertEquals("{}", client.get("/1.0/profiles/p").metadata().get("config").render());
        assertEquals(201, client.send("POST", "/1.0/profiles/p", "{\"name\":\"q\"}").status());
        assertEquals(
                List.of("/1.0/profiles/default", "/1.0/profiles/q"),
                client.get("/1.0/profiles").metadata().asStrings());
        assertEquals(EMPTY_OK, client.send("DELETE", "/1.0/profiles/q", "").text());
    }

    @Test
    void keepsProjectsApart() throws Exception {
        TestClient.Answer created =
                client.send("POST", "/1.0/projects", "{\"name\":\"proj\",\"config\":{}}");
        assertEquals(201, created.status());
        assertEquals(
                "{\"config\":{\"features.images\":\"true\",\"features.profiles\":\"true\","
                        + "\"features.storage.volumes\":\"true\"},\"description\":\"\",\"name\":\"proj\","
                        + "\"used_by\":[\"/1.0/profiles/default?project=proj\"]}",
                client.get("/1.0/projects/proj").metadata().render());
        client.send("POST", "/1.0/profiles?project=proj", "{\"name\":\"mine\"}");
        assertEquals(404, client.get("/1.0/profiles/mine").status());
        assertEquals(
                List.of("/1.0/profiles/default?project=proj", "/1.0/profiles/mine?project=proj"),
                client.get("/1.0/profiles?project=proj").metadata().asStrings());
        assertEquals(
                "Only empty projects can be removed",
                error(client.send("DELETE", "/1.0/projects/proj", ""), 400));
        client.send("DELETE", "/1.0/profiles/mine?project=proj", "");
        assertEquals(200, client.send("DELETE", "/1.0/projects/proj", "").status());
        assertEquals("Project not found", error(client.get("/1.0/projects/proj"), 404));
        assertEquals(404, client.get("/1.0/profiles/default?project=proj").status());
    }

    @Test
    void refusesWhatProjectsCannotHave() throws Exception {
        assertEquals(
                "Invalid project configuration key \"foo\"",
                error(
                        client.send(
                                "POST",
                                "/1.0/projects",
                                "{\"name\":\"pp\",\"config\":{\"foo\":\"1\"}}"),
                        400));
        assertEquals(
                "Invalid project configuration key \"limits.memory\" value: Invalid value: x",
                error(
                        client.send(
                                "POST",
                                "/1.0/projects",
                                "{\"name\":\"pp\",\"config\":{\"limits.memory\":\"x\"}}"),
                        400));
        assertEquals(
                "Projects without their own profiles cannot be restricted",
                error(
                        client.send(
                                "POST",
                                "/1.0/projects",
                                "{\"name\":\"pp\",\"config\":{\"restricted\":\"true\","
                                        + "\"features.profiles\":\"false\"}}"),
                        400));
        assertEquals(
                "Project names may not contain underscores",
                error(client.send("POST", "/1.0/projects", "{\"name\":\"a_b\"}"), 400));
        assertEquals(403, client.send("DELETE", "/1.0/projects/default", "").status());
    }

    @Test
    void restrictionsReachProfilesAndTheRulesThemselves() throws Exception {
        String project = "{\"name\":\"pr\",\"config\":{\"restricted\":\"true\"}}";
        assertEquals(201, client.send("POST", "/1.0/projects", project).status());
        String nesting = "{\"name\":\"n\",\"config\":{\"security.nesting\":\"true\"}}";
        assertEquals(
                "Invalid value \"true\" for config \"security.nesting\" on profile \"n\" of project"
                        + " \"pr\": Container nesting is forbidden",
                error(client.send("POST", "/1.0/profiles?project=pr", nesting), 403));
        String lifted = "{\"config\":{\"restricted.containers.nesting\":\"allow\"}}";
        assertEquals(200, client.send("PATCH", "/1.0/projects/pr", lifted).status());
        assertEquals(201, client.send("POST", "/1.0/profiles?project=pr", nesting).status());
        String again = "{\"config\":{\"restricted.containers.nesting\":\"block\"}}";
        assertEquals(403, client.send("PATCH", "/1.0/projects/pr", again).status());
        assertEquals(
                "allow",
                client.get("/1.0/projects/pr")
                        .metadata()
                        .get("config")
                        .get("restricted.containers.nesting")
                        .asString());
    }

    @Test
    void answersEmptyListsForWhatItDoesNotHave() throws Exception {
        for (String list : List.of("images", "images/aliases", "storage-pools", "certificates")) {
            assertEquals("[]", client.get("/1.0/" + list).metadata().render(), list);
        }
        assertEquals("{}", client.get("/1.0/operations").metadata().render());
        assertFalse(client.get("/1.0/cluster").metadata().get("enabled").asBoolean());
        assertEquals("Image not found", error(client.get("/1.0/images/ffff"), 404));
        assertEquals("Image alias not found", error(client.get("/1.0/images/aliases/x"), 404));
        assertEquals("Storage pool not found", error(client.get("/1.0/storage-pools/x"), 404));
        assertEquals("Network not found", error(client.get("/1.0/networks/nosuch"), 404));
        assertEquals("Network zone not found", error(client.get("/1.0/network-zones/x"), 404));
    }

    @Test
    void namesThePartsItDoesNotHave() throws Exception {
        assertEquals(
                "Virtual machines are not supported by this server",
                error(client.get("/1.0/virtual-machines"), 501));
        assertEquals(
                "Clustering is not supported by this server",
                error(client.send("PUT", "/1.0/cluster", "{\"enabled\":true}"), 501));
        assertEquals("not found", error(client.get("/1.0/nosuch"), 404));
    }

    /// In the words of an LXD that is in none: clients tell by them.
    @Test
    void isInNoCluster() throws Exception {
        String members = "/1.0/cluster/members";
        String groups = "/1.0/cluster/groups";
        assertEquals("Server is not clustered", error(client.get(members), 400));
        assertEquals("Server is not clustered", error(client.get(members + "?recursion=1"), 400));
        for (String method : List.of("GET", "POST", "PUT", "PATCH", "DELETE")) {
            assertEquals(
                    "Server is not clustered",
                    error(client.send(method, members + "/m", "{}"), 400),
                    method);
            assertEquals(
                    "This server is not clustered",
                    error(client.send(method, groups + "/g", "{}"), 400),
                    method);
        }
        assertEquals("This server is not clustered", error(client.get(groups), 400));
        for (String path : List.of(members, groups)) {
            assertEquals(
                    "This server is not clustered",
                    error(client.send("POST", path, "{\"server_name\":\"m\"}"), 400));
        }
        assertEquals(
                "Cluster member not found",
                error(client.send("POST", members + "/m/state", "{\"action\":\"evacuate\"}"), 404));
        assertEquals(
                "This server is not clustered",
                error(client.send("PUT", "/1.0/cluster", "{\"enabled\":false}"), 400));
        assertEquals(
                "This server is not clustered",
                error(client.send("PUT", "/1.0/cluster/certificate", "{}"), 400));
    }

    /// A feature may be missing, but then the answer says which.
    @Test
    void answersEveryEndpointOfLxd() throws Exception {
        List<String> unanswered = new ArrayList<>();
        for (String line : endpoints()) {
            String[] parts = line.split("\t");
            String path = parts[1].replaceAll("\\{[a-zA-Z]+\\}", "zz");
            TestClient.Answer answer = client.send(parts[0], path, "");
            boolean isJson =
                    answer.headers()
                            .getOrDefault("content-type", "application/json")
                            .startsWith("application/json");
            if (answer.body().length > 0 && isJson) {
                String error = answer.json().get("error").asString();
                if (error.equals("not found") || error.equals("not implemented")) {
                    unanswered.add(line + ": " + answer.status());
                }
            }
        }
        assertEquals(List.of(), unanswered);
    }

    private static List<String> endpoints() throws IOException {
        try (var in = DaemonApiTest.class.getResourceAsStream("lxd-endpoints.txt")) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8)
                    .lines()
                    .filter(l -> !l.startsWith("#") && !l.contains("/internal/shutdown"))
                    .toList();
        }
    }

    @Test
    void tellsWhatItUsesToWhoeverCollectsMetrics() throws Exception {
        TestClient.Answer answer = client.get("/1.0/metrics");
        assertEquals(200, answer.status());
        assertTrue(answer.text().contains("# TYPE lxd_uptime_seconds gauge\n"), answer.text());
        assertTrue(answer.text().endsWith("# EOF\n"), answer.text());
    }

    @Test
    void showsRecordsToQueriesThatOnlyRead() throws Exception {
        String query =
                "{\"database\":\"global\",\"query\":\"SELECT name FROM records WHERE kind = 'project'\"}";
        Json result =
                client.send("POST", "/internal/sql", query)
                        .metadata()
                        .get("Results")
                        .asList()
                        .getFirst();
        assertEquals("[\"name\"]", result.get("columns").render());
        assertEquals("[[\"default\"]]", result.get("rows").render());
        assertTrue(
                client.get("/internal/sql?database=local&schema=1")
                        .metadata()
                        .get("text")
                        .asString()
                        .startsWith("CREATE TABLE records"));
        for (String change :
                List.of(
                        "DELETE FROM records",
                        "WITH x AS (SELECT 1) DELETE FROM records",
                        "ATTACH '/tmp/x' AS x",
                        "PRAGMA journal_mode=DELETE",
                        "SELECT 1; DELETE FROM records",
                        "nonsense")) {
            String body = "{\"database\":\"global\",\"query\":\"" + change + "\"}";
            TestClient.Answer answer = client.send("POST", "/internal/sql", body);
            assertTrue(answer.status() == 400 || change.startsWith("SELECT"), answer.text());
        }
        assertEquals(1, client.get("/1.0/projects").metadata().asList().size());
        reopen();
        assertEquals(1, client.get("/1.0/projects").metadata().asList().size());
    }

    @Test
    void doesNothingForMembersOfAClusterThatIsNotThere() throws Exception {
        for (String request :
                List.of(
                        "GET /1.0",
                        "PATCH /1.0",
                        "GET /1.0/resources",
                        "GET /1.0/networks/lo",
                        "POST /1.0/networks",
                        "POST /1.0/storage-pools",
                        "GET /1.0/storage-pools/p",
                        "POST /1.0/storage-pools/p/volumes/custom")) {
            String method = request.substring(0, request.indexOf(' '));
            String path = request.substring(request.indexOf(' ') + 1) + "?target=nosuch";
            String body = method.equals("GET") ? "" : "{\"name\":\"x1\",\"driver\":\"dir\"}";
            assertEquals(
                    "Cluster member not found", error(client.send(method, path, body), 404), path);
        }
        assertEquals(200, client.get("/1.0?target=none").status());
        assertEquals(200, client.get("/1.0/networks?target=nosuch").status());
        assertEquals(
                "Target only allowed when clustered",
                error(client.send("POST", "/1.0/instances?target=nosuch", "{}"), 400));
    }

    @Test
    void showsRecordsInTablesOfLxd() throws Exception {
        client.send("POST", "/1.0/projects", "{\"name\":\"j1\",\"description\":\"one\"}");
        client.send(
                "POST",
                "/1.0/profiles?project=j1",
                "{\"name\":\"web\",\"config\":{\"user.a\":\"b\"},"
                        + "\"devices\":{\"t\":{\"type\":\"unix-char\",\"path\":\"/dev/null\"}}}");
        client.send("PATCH", "/1.0", "{\"config\":{\"user.colour\":\"blue\"}}");
        assertEquals("[[1,\"user.colour\",\"blue\"]]", client.rows("SELECT * FROM config"));
        assertEquals(
                "[[1,\"default\",\"Default Atoll project\"],[2,\"j1\",\"one\"]]",
                client.rows("SELECT * FROM projects ORDER BY id"));
        assertEquals(
                "[[\"j1\",\"web\",\"user.a\",\"b\"]]",
                client.rows(
                        "SELECT projects.name, profiles.name, key, value FROM profiles_config"
                                + " JOIN profiles ON profiles.id = profile_id"
                                + " JOIN projects ON projects.id = project_id"));
        assertEquals(
                "[[\"web\",\"t\",3,\"path\",\"/dev/null\"]]",
                client.rows(
                        "SELECT p.name, d.name, d.type, c.key, c.value FROM profiles p"
                                + " JOIN profiles_devices d ON d.profile_id = p.id"
                                + " JOIN profiles_devices_config c ON c.profile_device_id = d.id"));
        for (String table :
                List.of(
                        "instances",
                        "instances_config",
                        "instances_devices",
                        "instances_devices_config",
                        "instances_profiles",
                        "instances_snapshots",
                        "instances_snapshots_config",
                        "instances_snapshots_devices",
                        "instances_snapshots_devices_config",
                        "images",
                        "images_properties",
                        "images_aliases",
                        "networks",
                        "networks_config",
                        "networks_acls",
                        "certificates",
                        "certificates_projects",
                        "storage_pools",
                        "storage_pools_config",
                        "storage_volumes",
                        "storage_volumes_config",
                        "storage_volumes_snapshots")) {
            assertEquals("[]", client.rows("SELECT * FROM " + table), table);
        }
        String body = "{\"database\":\"global\",\"query\":\"DELETE FROM projects\"}";
        assertEquals(400, client.send("POST", "/internal/sql", body).status());
    }

    @Test
    void recoversNothingWhereNothingIs() throws Exception {
        assertEquals(
                "{\"UnknownVolumes\":null,\"DependencyErrors\":null}",
                client.send("POST", "/internal/recover/validate", "{\"Pools\":[]}")
                        .metadata()
                        .render());
        String lost = "{\"Pools\":[{\"name\":\"gone\",\"driver\":\"dir\"}]}";
        String problem =
                client.send("POST", "/internal/recover/validate", lost)
                        .metadata()
                        .get("DependencyErrors")
                        .asStrings()
                        .getFirst();
        assertTrue(problem.startsWith("Pool \"gone\": Source "), problem);
        assertEquals(400, client.send("POST", "/internal/recover/import", lost).status());
        assertFalse(Files.exists(state.resolve("storage-pools/gone")));
    }

    @Test
    void showsTheHostsHardware() throws Exception {
        Json resources = client.get("/1.0/resources").metadata();
        assertEquals(
                List.of("cpu", "memory", "gpu", "network", "storage", "usb", "pci", "system"),
                keys(resources));
        assertTrue(resources.get("cpu").get("total").asLong() > 0);
        assertTrue(resources.get("memory").get("total").asLong() > 0);
    }

    @Test
    void listsHostInterfacesAsUnmanagedNetworks() throws Exception {
        Json loopback = client.get("/1.0/networks/lo").metadata();
        assertEquals(
                "{\"config\":{},\"description\":\"\",\"name\":\"lo\",\"type\":\"loopback\",\"used_by\":[],"
                        + "\"managed\":false,\"status\":\"\",\"locations\":null}",
                loopback.render());
        assertEquals(
                "loopback", client.get("/1.0/networks/lo/state").metadata().get("type").asString());
    }

    @Test
    void protectsTheSocketAndTheState() throws Exception {
        String socket =
                PosixFilePermissions.toString(
                        Files.getPosixFilePermissions(state.resolve("unix.socket")));
        assertTrue(socket.endsWith("---") && socket.startsWith("rw-"), socket);
        assertThrows(BusyException.class, () -> Daemon.open(options(), new Events()));
        assertEquals(EMPTY_OK, client.get("/internal/ready").text());
    }

    @Test
    void tellsListenersWhatHappened() throws Exception {
        try (TestClient listener = new TestClient(state.resolve("unix.socket"))) {
            listener.upgrade("/1.0/events?type=lifecycle");
            client.send("POST", "/1.0/profiles", "{\"name\":\"p\"}");
            Json event = Json.parse(listener.readDataFrame().text());
            assertEquals("profile-created", event.get("metadata").get("action").asString());
            assertEquals("/1.0/profiles/p", event.get("metadata").get("source").asString());
            assertEquals("unix", event.get("metadata").get("requestor").get("protocol").asString());
        }
    }

    @Test
    void buildsAnImageOnceAndMovesItsAliases() throws Exception {
        Assumptions.assumeTrue(
                Files.isExecutable(Path.of("/bin/busybox")), "busybox-static is not installed");
        Assumptions.assumeTrue(
                Files.isExecutable(Path.of("/usr/bin/mksquashfs")),
                "squashfs-tools is not installed");
        String fingerprint = build("busybox", "one");
        assertEquals(fingerprint, build("busybox", "two"));
        Json image = client.get("/1.0/images/" + fingerprint).metadata();
        assertEquals("BusyBox", image.get("properties").get("os").asString());
        assertEquals(2, image.get("aliases").asList().size());
        Json.Obj unknown =
                Json.object()
                        .put("source", Json.object().put("type", "build").put("alias", "beos/5"));
        Json failed = finish(client.send("POST", "/1.0/images", unknown.render()));
        assertTrue(failed.get("err").asString().startsWith("Cannot build image"), failed.render());
    }

    private String build(String name, String alias) throws Exception {
        Json.Obj body =
                Json.object()
                        .put("source", Json.object().put("type", "build").put("alias", name))
                        .put("aliases", Json.array(List.of(Json.object().put("name", alias))));
        Json done = finish(client.send("POST", "/1.0/images", body.render()));
        assertEquals("Success", done.get("status").asString(), done.render());
        return done.get("metadata").get("fingerprint").asString();
    }

    private Json finish(TestClient.Answer started) throws Exception {
        assertEquals(202, started.status(), started.text());
        return client.get(started.json().get("operation").asString() + "/wait").metadata();
    }
}
