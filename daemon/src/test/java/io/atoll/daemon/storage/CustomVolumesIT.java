package io.atoll.daemon.storage;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.atoll.base.ProjectName;
import io.atoll.base.json.Json;
import io.atoll.daemon.LocalDaemon;
import io.atoll.daemon.http.TestClient;
import io.atoll.daemon.store.RecordKey;
import io.atoll.daemon.store.SqliteStore;
import io.atoll.daemon.store.Store;
import io.atoll.linux.Command;
import io.atoll.linux.Commands;
import io.atoll.linux.Fd;
import io.atoll.linux.Mounts;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
import java.time.LocalDateTime;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/// Custom volumes by the API, on pools of two drivers. Needs root.
@Tag("privileged")
final class CustomVolumesIT {
    private static final String V = "/1.0/storage-pools/p1/volumes/custom";

    private Path state;
    private LocalDaemon daemon;
    private TestClient client;

    @BeforeEach
    void start() throws Exception {
        daemon = LocalDaemon.open("atoll-volumes-");
        state = daemon.state();
        client = daemon.client();
        assertEquals(201, post("/1.0/storage-pools", "{'name':'p1','driver':'overlay'}"));
        assertEquals(201, post("/1.0/storage-pools", "{'name':'p2','driver':'dir'}"));
    }

    private void open() throws IOException {
        daemon.reopen();
        client = daemon.client();
    }

    private void shut() throws IOException {
        daemon.shut();
    }

    @AfterEach
    void stop() throws Exception {
        daemon.close();
    }

    private int post(String path, String body) throws IOException {
        return client.send("POST", path, body.replace('\'', '"')).status();
    }

    /// The error of the operation that a request started; empty if it went well.
    private String operation(String method, String path, String body) throws IOException {
        TestClient.Answer answer = client.send(method, path, body.replace('\'', '"'));
        assertEquals(202, answer.status(), answer.text());
        String url = answer.json().get("operation").asString();
        return client.get(url + "/wait").metadata().get("err").asString();
    }

    private String error(String method, String path, String body) throws IOException {
        TestClient.Answer answer = client.send(method, path, body.replace('\'', '"'));
        assertTrue(answer.status() >= 400, answer.text());
        return answer.json().get("error").asString();
    }

    private Path file(String pool, String volume, String name) {
        return state.resolve("storage-pools/" + pool + "/custom/default_" + volume + "/rootfs")
                .resolve(name);
    }

    private void make(String name) throws IOException {
        assertEquals(200, post(V, "{'name':'" + name + "'}"));
        Files.writeString(file("p1", name, "f"), "one");
    }

    @Test
    void refusesWhatCannotBe() throws IOException {
        assertEquals(
                "Storage pool not found", error("POST", V.replace("p1", "no"), "{'name':'v'}"));
        assertEquals("No name provided", error("POST", V, "{}"));
        assertEquals(
                "Storage volume names may not contain slashes", error("POST", V, "{'name':'a/b'}"));
        assertEquals(
                "Invalid option for volume \"default_v\" option \"foo\"",
                error("POST", V, "{'name':'v','config':{'foo':'1'}}"));
        assertEquals(
                "Invalid value for volume \"default_v\" option \"snapshots.expiry\": Invalid expiry expression",
                error("POST", V, "{'name':'v','config':{'snapshots.expiry':'x'}}"));
        make("v");
        assertEquals("Volume by that name already exists", error("POST", V, "{'name':'v'}"));
        assertEquals("Storage pool volume not found", error("GET", V + "/w", ""));
        assertEquals("Storage volume snapshot not found", error("GET", V + "/v/snapshots/s", ""));
        assertEquals(
                "Storage pool volume not found",
                error("POST", V, "{'name':'x','source':{'type':'copy','name':'nope'}}"));
        assertEquals("one", Files.readString(file("p1", "v", "f")));
    }

    @Test
    void snapshotsRestoresAndRenames() throws IOException {
        make("v");
        assertEquals("", operation("POST", V + "/v/snapshots", "{}"));
        Files.writeString(file("p1", "v", "f"), "two");
        assertEquals(
                "",
                operation(
                        "POST",
                        V + "/v/snapshots",
                        "{'name':'b','expires_at':'2099-01-01T00:00:00Z'}"));
        assertEquals(
                "Snapshot \"b\" already in use",
                client.send("POST", V + "/v/snapshots", "{\"name\":\"b\"}")
                        .json()
                        .get("error")
                        .asString());
        assertEquals(
                List.of("snap0", "b"),
                client.get(V + "/v/snapshots?recursion=1").metadata().asList().stream()
                        .map(s -> s.get("name").asString())
                        .toList());
        assertEquals(200, client.send("PUT", V + "/v", "{\"restore\":\"snap0\"}").status());
        assertEquals("one", Files.readString(file("p1", "v", "f")));
        assertEquals("", operation("POST", V + "/v/snapshots/b", "{'name':'c'}"));
        assertEquals(
                "2099-01-01T00:00:00Z",
                client.get(V + "/v/snapshots/c").metadata().get("expires_at").asString());
        assertEquals(201, post(V + "/v", "{'name':'w'}"));
        assertEquals("", operation("DELETE", V + "/w/snapshots/snap0", ""));
        assertEquals(
                List.of("/1.0/storage-pools/p1/volumes/custom/w/snapshots/c"),
                client.get(V + "/w/snapshots").metadata().asStrings());
        assertEquals(200, client.send("DELETE", V + "/w", "").status());
        assertEquals(List.of(), client.get(V).metadata().asStrings());
    }

    @Test
    void snapshotsAreMadeAsTheirKeysSay() throws IOException {
        String keys =
                "{'snapshots.schedule':'@startup','snapshots.pattern':'auto%d','snapshots.expiry':'1H'}";
        assertEquals(200, post(V, "{'name':'v','config':" + keys + "}"));
        assertEquals(List.of(), snapshots(V + "/v"));
        shut();
        open();
        assertEquals(List.of("auto0"), snapshots(V + "/v"));
        Instant end =
                Instant.parse(
                        client.get(V + "/v/snapshots/auto0")
                                .metadata()
                                .get("expires_at")
                                .asString());
        assertTrue(end.isAfter(Instant.now().plusSeconds(3500)), end.toString());
        assertTrue(end.isBefore(Instant.now().plusSeconds(3700)), end.toString());
        assertEquals(
                200,
                client.send("PATCH", V + "/v", "{\"config\":{\"snapshots.schedule\":\"@daily\"}}")
                        .status());
        assertEquals("", operation("POST", V + "/v/snapshots", "{}"));
        shut();
        open();
        assertEquals(List.of("auto0", "auto1"), snapshots(V + "/v"));
    }

    /// Where the volume itself says nothing.
    @Test
    void aCopyHasWhatItsPoolSaysOfNewVolumes() throws IOException {
        String pool =
                "{'config':{'volume.snapshots.expiry':'3d','volume.snapshots.pattern':'p%d',"
                        + "'volume.size':'1GiB'}}";
        String other = V.replace("p1", "p2");
        assertEquals(
                200,
                client.send("PATCH", "/1.0/storage-pools/p2", pool.replace('\'', '"')).status());
        assertEquals(200, post(V, "{'name':'b','content_type':'block','config':{'size':'2GiB'}}"));
        assertEquals(200, post(V, "{'name':'d','content_type':'block'}"));
        String copy = "{'name':'%s','source':{'type':'copy','name':'%s','pool':'p1'}}";
        for (String name : List.of("b", "d")) {
            assertEquals("", operation("POST", other, copy.formatted(name, name)));
        }
        Json b = client.get(other + "/b").metadata().get("config");
        assertEquals("2GiB", b.get("size").asString());
        assertEquals("3d", b.get("snapshots.expiry").asString());
        assertEquals("p%d", b.get("snapshots.pattern").asString());
        assertEquals(10L << 30, Files.size(disk("p2", "custom", "d")));
        assertTrue(client.get(other + "/d").metadata().get("config").get("size").isNull());
        assertEquals("", operation("POST", V, copy.formatted("e", "b")));
        assertTrue(client.get(V + "/e").metadata().get("config").get("snapshots.expiry").isNull());
        assertEquals(
                "Storage name cannot contain white space",
                error("POST", "/1.0/storage-pools", "{'name':'a b','driver':'dir'}"));
    }

    /// In the minute after its time a snapshot goes, its files too; what has no end, or has one
    /// later, stays, and so does what the volume's own key says no more of.
    @Test
    void snapshotsGoWhenTheirTimeHasCome() throws IOException {
        String keys =
                "{'snapshots.schedule':'0 3 * * *','snapshots.pattern':'auto%d','snapshots.expiry':'2d'}";
        assertEquals(200, post(V, "{'name':'v','config':" + keys + "}"));
        Files.writeString(file("p1", "v", "f"), "first");
        LocalDateTime night = LocalDateTime.parse("2040-02-28T03:00:00");
        daemon.at(night.minusMinutes(1));
        assertEquals(List.of(), snapshots(V + "/v"));
        daemon.at(night);
        assertEquals(List.of("auto0"), snapshots(V + "/v"));
        assertEquals("2040-03-01T03:00:00Z", expiry("auto0"));
        String by = "{'name':'%s','expires_at':'%s'}";
        assertEquals(
                "",
                operation(
                        "POST", V + "/v/snapshots", by.formatted("soon", "2040-02-28T04:00:00Z")));
        assertEquals("", operation("POST", V + "/v/snapshots", "{'name':'ruled'}"));
        String never = by.formatted("never", "0001-01-01T00:00:00Z");
        assertEquals("", operation("POST", V + "/v/snapshots", never));
        assertEquals("2040-03-01T03:00:00Z", expiry("ruled"));
        daemon.at(night.plusHours(1));
        assertEquals(Set.of("auto0", "soon", "ruled", "never"), Set.copyOf(snapshots(V + "/v")));
        daemon.at(night.plusHours(1).plusMinutes(1));
        assertEquals(Set.of("auto0", "ruled", "never"), Set.copyOf(snapshots(V + "/v")));
        assertEquals(List.of("auto0", "never", "ruled"), kept("v"));
        // What holds for those to come does not for those there are.
        String longer = "{\"config\":{\"snapshots.expiry\":\"4d\"}}";
        assertEquals(200, client.send("PATCH", V + "/v", longer).status());
        String moved = "{\"expires_at\":\"2040-03-05T00:00:00Z\"}";
        assertEquals(200, client.send("PUT", V + "/v/snapshots/ruled", moved).status());
        daemon.at(night.plusDays(1));
        daemon.at(night.plusDays(2).plusMinutes(1));
        assertEquals(Set.of("ruled", "never", "auto1"), Set.copyOf(snapshots(V + "/v")));
        assertEquals("2040-03-04T03:00:00Z", expiry("auto1"));
        // Over a restart, too, and where an instance that runs has the volume.
        shut();
        open();
        daemon.at(night.plusYears(1));
        assertEquals(Set.of("never", "auto0"), Set.copyOf(snapshots(V + "/v")));
        assertEquals(List.of("auto0", "never"), kept("v"));
        assertEquals("first", Files.readString(file("p1", "v", "f")));
        assertEquals(200, client.send("DELETE", V + "/v", "").status());
    }

    /// Of what cannot go now, others take no harm.
    @Test
    void aSnapshotThatCannotGoIsNotInTheWay() throws IOException {
        for (String pool : List.of("p1", "p2")) {
            String volumes = V.replace("p1", pool);
            assertEquals(200, post(volumes, "{'name':'v'}"));
            assertEquals(
                    "",
                    operation(
                            "POST",
                            volumes + "/v/snapshots",
                            "{'name':'s','expires_at':'2040-01-01T00:00:00Z'}"));
        }
        String folder = state.resolve("storage-pools/p1/custom-snapshots/default_v").toString();
        Commands.Result _ = Commands.run(Command.of("chattr", "+i", folder));
        try {
            daemon.at(LocalDateTime.parse("2040-01-01T00:01:00"));
            assertEquals(List.of("s"), kept("v"));
            assertEquals(List.of(), snapshots(V.replace("p1", "p2") + "/v"));
        } finally {
            Commands.Result _ = Commands.run(Command.of("chattr", "-i", folder));
        }
        daemon.at(LocalDateTime.parse("2040-01-01T00:02:00"));
        assertEquals(List.of(), snapshots(V + "/v"));
        assertEquals(List.of(), kept("v"));
    }

    private String expiry(String snapshot) throws IOException {
        return client.get(V + "/v/snapshots/" + snapshot).metadata().get("expires_at").asString();
    }

    /// The snapshots whose files are there.
    private List<String> kept(String volume) throws IOException {
        Path folder = state.resolve("storage-pools/p1/custom-snapshots/default_" + volume);
        if (!Files.exists(folder)) {
            return List.of();
        }
        try (var entries = Files.list(folder)) {
            return entries.map(p -> p.getFileName().toString()).sorted().toList();
        }
    }

    @Test
    void copiesAndMovesBetweenPools() throws IOException {
        make("v");
        assertEquals("", operation("POST", V + "/v/snapshots", "{'name':'s'}"));
        Files.writeString(file("p1", "v", "f"), "two");
        String toP2 = "{'name':'w','source':{'type':'copy','name':'v','pool':'p1'}}";
        assertEquals("", operation("POST", V.replace("p1", "p2"), toP2));
        assertEquals("two", Files.readString(file("p2", "w", "f")));
        assertTrue(
                Files.exists(
                        state.resolve("storage-pools/p2/custom-snapshots/default_w/s/rootfs/f")));
        assertEquals(
                "Volume by that name already exists",
                operation("POST", V.replace("p1", "p2"), toP2));
        assertEquals(
                "", operation("POST", V, "{'name':'x','source':{'type':'copy','name':'v/s'}}"));
        assertEquals("one", Files.readString(file("p1", "x", "f")));
        assertEquals("", operation("POST", V + "/v", "{'name':'m','pool':'p2'}"));
        assertFalse(Files.exists(file("p1", "v", "f")));
        assertEquals("two", Files.readString(file("p2", "m", "f")));
        assertEquals(
                1, client.get(V.replace("p1", "p2") + "/m/snapshots").metadata().asList().size());
    }

    @Test
    void backsUpAndBringsBack() throws IOException {
        make("v");
        assertEquals("", operation("POST", V + "/v/snapshots", "{'name':'s'}"));
        Files.writeString(file("p1", "v", "f"), "two");
        assertEquals("", operation("POST", V + "/v/backups", "{'compression_algorithm':'none'}"));
        byte[] archive = client.get(V + "/v/backups/backup0/export").body();
        TestClient.Answer answer =
                client.send(
                        "POST",
                        V.replace("p1", "p2"),
                        Map.of("Content-Type", "application/octet-stream", "X-LXD-name", "back"),
                        archive);
        String url = answer.json().get("operation").asString();
        assertEquals("", client.get(url + "/wait").metadata().get("err").asString());
        assertEquals("two", Files.readString(file("p2", "back", "f")));
        Json snapshots =
                client.get(V.replace("p1", "p2") + "/back/snapshots?recursion=1").metadata();
        assertEquals("s", snapshots.asList().getFirst().get("name").asString());
        assertEquals("", operation("DELETE", V + "/v/backups/backup0", ""));
        assertEquals(List.of(), client.get(V + "/v/backups").metadata().asStrings());
        answer =
                client.send(
                        "POST",
                        V,
                        Map.of("Content-Type", "application/octet-stream"),
                        "no archive".getBytes(StandardCharsets.UTF_8));
        assertEquals(400, answer.status(), answer.text());
        try (var left = Files.list(state.resolve("backups/volumes"))) {
            assertEquals(List.of(), left.toList());
        }
    }

    private Path disk(String pool, String folder, String volume) {
        return state.resolve("storage-pools/" + pool + "/" + folder + "/default_" + volume)
                .resolve("root.img");
    }

    private String contentType(String path) throws IOException {
        return client.get(path).metadata().get("content_type").asString();
    }

    /// As LXD 5.0.2 answers.
    @Test
    void makesBlockVolumes() throws IOException {
        assertEquals(
                "Invalid volume content type name",
                error("POST", V, "{'name':'b','content_type':'iso9'}"));
        assertEquals(
                "Invalid option for volume \"default_b\" option \"security.shifted\"",
                error(
                        "POST",
                        V,
                        "{'name':'b','content_type':'block','config':{'security.shifted':'true'}}"));
        assertEquals(200, post(V, "{'name':'large','content_type':'block'}"));
        assertEquals(10L << 30, Files.size(disk("p1", "custom", "large")));
        assertEquals(200, post(V, "{'name':'b','content_type':'block','config':{'size':'20MiB'}}"));
        assertEquals("block", contentType(V + "/b"));
        Files.write(disk("p1", "custom", "b"), new byte[] {7}, StandardOpenOption.WRITE);
        assertEquals("", operation("POST", V + "/b/snapshots", "{'name':'s0'}"));
        assertEquals("block", contentType(V + "/b/snapshots/s0"));
        assertEquals(
                "Block volumes cannot be shrunk: Cannot be shrunk",
                error("PUT", V + "/b", "{'config':{'size':'10MiB'}}"));
        assertEquals(
                200, client.send("PUT", V + "/b", "{\"config\":{\"size\":\"40000001\"}}").status());
        assertEquals(40_001_536, Files.size(disk("p1", "custom", "b")));
        assertEquals(200, client.send("PUT", V + "/b", "{\"restore\":\"s0\"}").status());
        assertEquals(20 << 20, Files.size(disk("p1", "custom", "b")));
    }

    @Test
    void copiesAndSavesBlockVolumes() throws IOException {
        assertEquals(200, post(V, "{'name':'b','content_type':'block','config':{'size':'2MiB'}}"));
        Files.write(disk("p1", "custom", "b"), new byte[] {7}, StandardOpenOption.WRITE);
        assertEquals("", operation("POST", V + "/b/snapshots", "{'name':'s0'}"));
        String copy = "{'name':'c','source':{'type':'copy','pool':'p1','name':'b'}";
        String other = V.replace("p1", "p2");
        assertEquals(
                "Content type of source and target must be the same",
                operation("POST", other, copy + ",'content_type':'filesystem'}"));
        assertEquals("", operation("POST", other, copy + "}"));
        assertEquals("block", contentType(other + "/c"));
        assertEquals(7, Files.readAllBytes(disk("p2", "custom-snapshots", "c/s0"))[0]);
        assertEquals(
                "",
                operation(
                        "POST",
                        V + "/b/backups",
                        "{'name':'x','compression_algorithm':'none','optimized_storage':true}"));
        byte[] archive = client.get(V + "/b/backups/x/export").body();
        TestClient.Answer answer =
                client.send(
                        "POST",
                        other,
                        Map.of("Content-Type", "application/octet-stream", "X-LXD-name", "d"),
                        archive);
        assertEquals(202, answer.status(), answer.text());
        String url = answer.json().get("operation").asString();
        assertEquals("", client.get(url + "/wait").metadata().get("err").asString());
        assertEquals("block", contentType(other + "/d"));
        byte[] bytes = Files.readAllBytes(disk("p2", "custom", "d"));
        assertEquals(2 << 20, bytes.length);
        assertEquals(7, bytes[0]);
        assertEquals(7, Files.readAllBytes(disk("p2", "custom-snapshots", "d/s0"))[0]);
    }

    private void makeDisk(String pool, String name, int first) throws IOException {
        String config = ",'content_type':'block','config':{'size':'2MiB'}}";
        assertEquals(200, post(V.replace("p1", pool), "{'name':'" + name + "'" + config));
        put(pool, name, first);
    }

    private void put(String pool, String name, int first) throws IOException {
        Files.write(
                disk(pool, "custom", name), new byte[] {(byte) first}, StandardOpenOption.WRITE);
    }

    private int first(String folder, String name) throws IOException {
        return Files.readAllBytes(disk("p2", folder, name))[0];
    }

    private List<String> snapshots(String volume) throws IOException {
        return client.get(volume + "/snapshots?recursion=1").metadata().asList().stream()
                .map(s -> s.get("name").asString())
                .toList();
    }

    private static final String REFRESH =
            "{'name':'c','source':{'type':'copy','pool':'p1','name':'b','refresh':true}}";

    @Test
    void refreshesBlockVolumes() throws IOException {
        String other = V.replace("p1", "p2");
        makeDisk("p1", "b", 1);
        assertEquals("", operation("POST", V + "/b/snapshots", "{'name':'s0'}"));
        assertEquals("", operation("POST", other, REFRESH));
        assertEquals("", operation("POST", other + "/c/snapshots", "{'name':'own'}"));
        assertEquals("", operation("POST", other + "/c/snapshots", "{'name':'s1'}"));
        makeOlder(VolumeSnapshot.key(ProjectName.DEFAULT, "p2", "c", "s1"));
        long kept = (long) Files.getAttribute(disk("p2", "custom-snapshots", "c/s0"), "unix:ino");
        put("p1", "b", 2);
        assertEquals("", operation("POST", V + "/b/snapshots", "{'name':'s1'}"));
        put("p1", "b", 3);
        assertEquals(
                200, client.send("PUT", V + "/b", "{\"config\":{\"size\":\"3MiB\"}}").status());
        assertEquals("", operation("POST", other, REFRESH));
        assertEquals(List.of("s0", "s1"), snapshots(other + "/c"));
        assertEquals(3, first("custom", "c"));
        assertEquals(1, first("custom-snapshots", "c/s0"));
        assertEquals(2, first("custom-snapshots", "c/s1"));
        assertEquals(3 << 20, Files.size(disk("p2", "custom", "c")));
        assertEquals(2 << 20, Files.size(disk("p2", "custom-snapshots", "c/s1")));
        assertEquals(
                kept,
                Files.getAttribute(disk("p2", "custom-snapshots", "c/s0"), "unix:ino"),
                "what both have is not touched");
        assertEquals(
                "3145728B",
                client.get(other + "/c").metadata().get("config").get("size").asString());
        // Of a snapshot, which is smaller; snapshots stay then.
        assertEquals("", operation("POST", other, REFRESH.replace("'b'", "'b/s0'")));
        assertEquals(1, first("custom", "c"));
        assertEquals(2 << 20, Files.size(disk("p2", "custom", "c")));
        assertEquals(List.of("s0", "s1"), snapshots(other + "/c"));
        make("files");
        assertEquals(
                "Content type of source and target must be the same",
                operation("POST", other, REFRESH.replace("'b'", "'files'")));
        assertEquals(
                List.of("s0", "s1"),
                names(state.resolve("storage-pools/p2/custom-snapshots/default_c")));
    }

    /// Servers compare times of snapshots by seconds.
    private void makeOlder(RecordKey snapshot) throws IOException {
        shut();
        try (Store store = SqliteStore.open(state.resolve("database/atoll.db"))) {
            var _ =
                    store.update(
                            VolumeSnapshot.KIND,
                            snapshot,
                            s ->
                                    new VolumeSnapshot(
                                            s.pool(),
                                            s.volume(),
                                            s.name(),
                                            s.description(),
                                            s.config(),
                                            s.createdAt().minusSeconds(60),
                                            s.expiresAt(),
                                            s.pending()));
        }
        open();
    }

    private static List<String> names(Path folder) throws IOException {
        try (var entries = Files.list(folder)) {
            return entries.map(p -> p.getFileName().toString()).sorted().toList();
        }
    }

    @Test
    void aRefreshThatFailsChangesNothing() throws IOException {
        String other = V.replace("p1", "p2");
        assertEquals(201, post("/1.0/projects", "{'name':'p','config':{'limits.disk':'5MiB'}}"));
        makeDisk("p1", "b", 1);
        String inProject = "?project=p";
        assertEquals("", operation("POST", other + inProject, project(REFRESH)));
        put("p1", "b", 2);
        assertEquals("", operation("POST", V + "/b/snapshots", "{'name':'s0'}"));
        assertEquals(
                200, client.send("PUT", V + "/b", "{\"config\":{\"size\":\"6MiB\"}}").status());
        String error = operation("POST", other + inProject, project(REFRESH));
        assertTrue(error.contains("limits.disk"), error);
        Path copy = state.resolve("storage-pools/p2/custom/p_c/root.img");
        assertEquals(1, Files.readAllBytes(copy)[0]);
        assertEquals(2 << 20, Files.size(copy));
        assertEquals(
                List.of(), client.get(other + "/c/snapshots" + inProject).metadata().asStrings());
        assertEquals(List.of(), names(state.resolve("storage-pools/p2/custom-snapshots/p_c")));
        assertEquals(200, client.send("DELETE", other + "/c" + inProject, "").status());
    }

    private static String project(String copy) {
        return copy.replace("'pool'", "'project':'default','pool'");
    }

    /// On either side of the moment in which the records change.
    @Test
    void aKilledRefreshIsTakenBackOrFinished() throws IOException {
        String other = V.replace("p1", "p2");
        for (String name : List.of("b", "c", "d")) {
            makeDisk("p2", name, 1);
            assertEquals("", operation("POST", other + "/" + name + "/snapshots", "{'name':'s'}"));
        }
        shut();
        Path snapshots = state.resolve("storage-pools/p2/custom-snapshots");
        for (String name : List.of("b", "c")) {
            Path folder = snapshots.resolve("default_" + name);
            copyDisk(disk("p2", "custom", name), folder.resolve("before refresh"));
            put("p2", name, 2);
            copyDisk(disk("p2", "custom", name), folder.resolve("fresh s"));
        }
        // In the middle of taking it back.
        Files.move(
                state.resolve("storage-pools/p2/custom/default_d"),
                snapshots.resolve("default_d/before refresh"));
        try (Store store = SqliteStore.open(state.resolve("database/atoll.db"))) {
            CustomVolume.mark(
                    store, CustomVolume.key(ProjectName.DEFAULT, "p2", "d"), CustomVolume.REFRESH);
            CustomVolume.mark(
                    store, CustomVolume.key(ProjectName.DEFAULT, "p2", "b"), CustomVolume.REFRESH);
            CustomVolume.mark(
                    store,
                    CustomVolume.key(ProjectName.DEFAULT, "p2", "c"),
                    CustomVolume.REFRESHED);
        }
        open();
        assertEquals(1, first("custom", "b"));
        assertEquals(1, first("custom-snapshots", "b/s"));
        assertEquals(2, first("custom", "c"));
        assertEquals(2, first("custom-snapshots", "c/s"));
        assertEquals(List.of("s"), names(snapshots.resolve("default_b")));
        assertEquals(List.of("s"), names(snapshots.resolve("default_c")));
        assertEquals(List.of("s"), snapshots(other + "/b"));
        assertEquals(1, first("custom", "d"));
        assertEquals(List.of("s"), names(snapshots.resolve("default_d")));
    }

    private static void copyDisk(Path disk, Path snapshot) throws IOException {
        Files.copy(disk, Files.createDirectories(snapshot).resolve("root.img"));
    }

    @Test
    void refusesBlockVolumesInContainers() throws IOException {
        assertEquals(200, post(V, "{'name':'b','content_type':'block','config':{'size':'1MiB'}}"));
        String root = "'root':{'type':'disk','path':'/','pool':'p1'}";
        String disk = "'d':{'type':'disk','path':'/mnt','pool':'p1','source':'b'}";
        String create = "{'name':'c1','source':{'type':'none'},'devices':{";
        String refusal =
                "Failed add validation for device \"d\": Custom block volumes cannot be used on containers";
        assertEquals(
                "Failed creating instance record: " + refusal,
                operation("POST", "/1.0/instances", create + root + "," + disk + "}}"));
        assertEquals("", operation("POST", "/1.0/instances", create + root + "}}"));
        assertEquals(
                refusal,
                error("PATCH", "/1.0/instances/c1", "{'devices':{" + root + "," + disk + "}}"));
        assertEquals("", operation("DELETE", "/1.0/instances/c1", ""));
    }

    @Test
    void takesBackWhatAKillLeft() throws IOException {
        make("v");
        shut();
        // As if killed between the record and the volume, and in the middle of a rename.
        try (Store store = SqliteStore.open(state.resolve("database/atoll.db"))) {
            store.create(
                    CustomVolume.KIND,
                    CustomVolume.key(ProjectName.DEFAULT, "p1", "half"),
                    new CustomVolume(
                            "p1", "half", "", Map.of(), Instant.now(), false, CustomVolume.CREATE));
            var _ =
                    store.update(
                            CustomVolume.KIND,
                            CustomVolume.key(ProjectName.DEFAULT, "p1", "v"),
                            v -> v.withPending(CustomVolume.RENAME + "w"));
        }
        Path custom = state.resolve("storage-pools/p1/custom");
        Files.move(custom.resolve("default_v"), custom.resolve("default_w"));
        open();
        assertEquals(
                List.of("/1.0/storage-pools/p1/volumes/custom/w"),
                client.get(V).metadata().asStrings());
        assertEquals("one", Files.readString(file("p1", "w", "f")));
    }

    /// Volumes with snapshots are renamed in several steps.
    @Test
    void aKillAmongTheSnapshotsLosesNone() throws IOException {
        for (String name : List.of("v", "begun", "replaced")) {
            make(name);
            assertEquals("", operation("POST", V + "/" + name + "/snapshots", "{'name':'s'}"));
        }
        shut();
        try (Store store = SqliteStore.open(state.resolve("database/atoll.db"))) {
            mark(store, "v", CustomVolume.RENAME + "w");
            mark(store, "begun", CustomVolume.REPLACE);
            mark(store, "replaced", CustomVolume.REPLACED);
        }
        Path volumes = state.resolve("storage-pools/p1/custom");
        Path snapshots = state.resolve("storage-pools/p1/custom-snapshots");
        Files.move(snapshots.resolve("default_v"), snapshots.resolve("default_w"));
        Files.createDirectories(snapshots.resolve("_new_default_begun/s"));
        Files.move(volumes.resolve("default_replaced"), volumes.resolve("_new_default_replaced"));
        open();
        assertEquals(
                List.of("begun", "replaced", "w"),
                names(volumes).stream().map(name -> name.replace("default_", "")).toList());
        for (String name : List.of("begun", "replaced", "w")) {
            assertEquals(List.of("s"), names(snapshots.resolve("default_" + name)), name);
            assertEquals(List.of("s"), snapshots(V + "/" + name));
            assertEquals("one", Files.readString(file("p1", name, "f")));
        }
        assertFalse(Files.exists(snapshots.resolve("_new_default_begun")));
        assertFalse(Files.exists(snapshots.resolve("default_v")));
    }

    private static void mark(Store store, String name, String pending) {
        CustomVolume.mark(store, CustomVolume.key(ProjectName.DEFAULT, "p1", name), pending);
    }

    private String configure(String config) throws IOException {
        TestClient.Answer answer =
                client.send("PATCH", "/1.0", ("{'config':{" + config + "}}").replace('\'', '"'));
        return answer.status() == 200 ? "" : answer.json().get("error").asString();
    }

    @Test
    void theServersOwnFoldersMoveIntoVolumesAndBack() throws IOException {
        assertEquals(200, post(V, "{'name':'own'}"));
        Path images = state.resolve("images");
        Files.writeString(images.resolve("note"), "kept");
        Files.createDirectories(images.resolve("more"));
        Files.writeString(images.resolve("more/note"), "too");
        assertEquals("", configure("'storage.images_volume':'p1/own'"));
        assertEquals("kept", Files.readString(file("p1", "own", "note")));
        assertEquals("too", Files.readString(images.resolve("more/note")));
        assertEquals(
                "Failed validation of \"storage.backups_volume\": Storage volume \"p1/own\" is in use",
                configure("'storage.backups_volume':'p1/own'"));
        assertEquals("The storage volume is still in use", error("DELETE", V + "/own", ""));
        shut();
        open();
        assertEquals("kept", Files.readString(images.resolve("note")));
        Files.writeString(images.resolve("late"), "later");
        assertEquals("", configure("'storage.images_volume':''"));
        assertEquals("later", Files.readString(images.resolve("late")));
        assertFalse(Mounts.isMountPoint(images.toString()));
        assertFalse(Files.exists(file("p1", "own", "note")), "the volume is empty again");
        assertEquals(200, client.send("DELETE", V + "/own", "").status());
    }

    @Test
    void theServersOwnFoldersStayWhereTheyAreWhenSomethingIsWrong() throws IOException {
        assertEquals(200, post(V, "{'name':'own'}"));
        Path backups = state.resolve("backups");
        Files.writeString(backups.resolve("note"), "kept");
        Map<String, String> wrong =
                Map.of(
                        "own", "Invalid syntax for volume, must be <pool>/<volume>",
                        "p9/own", "Unable to load storage pool \"p9\": Storage pool not found",
                        "p1/none",
                                "Failed loading storage volume \"p1/none\" in \"default\" project:"
                                        + " Storage volume not found");
        for (Map.Entry<String, String> entry : wrong.entrySet()) {
            assertEquals(
                    "Failed validation of \"storage.backups_volume\": " + entry.getValue(),
                    configure("'storage.backups_volume':'" + entry.getKey() + "'"));
        }
        // Taken back when something else of the same change fails.
        String failure =
                configure(
                        "'storage.backups_volume':'p1/own','core.https_address':'192.0.2.77:8443'");
        assertFalse(failure.isEmpty());
        assertFalse(Mounts.isMountPoint(backups.toString()));
        assertEquals("kept", Files.readString(backups.resolve("note")));
        assertFalse(Files.exists(file("p1", "own", "note")));
        Files.writeString(file("p1", "own", "strange"), "");
        assertEquals(
                "Failed validation of \"storage.backups_volume\": Storage volume \"p1/own\" isn't empty",
                configure("'storage.backups_volume':'p1/own'"));
        // A daemon that died has left its mount.
        shut();
        try (Fd tree = Mounts.cloneTree(state.resolve("storage-pools").toString(), false)) {
            Mounts.move(tree, backups.toString());
        }
        daemon.reopen();
        client = daemon.client();
        assertEquals("kept", Files.readString(backups.resolve("note")));
    }
}
