package io.atoll.daemon.migration;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.atoll.base.ProjectName;
import io.atoll.base.json.Json;
import io.atoll.daemon.LocalDaemon;
import io.atoll.daemon.http.TestClient;
import io.atoll.daemon.instance.InstanceRecord;
import io.atoll.daemon.instance.Pending;
import io.atoll.daemon.store.RecordKey;
import io.atoll.daemon.store.SqliteStore;
import io.atoll.daemon.store.Store;
import io.atoll.testkit.Await;
import io.atoll.testkit.FakeCriu;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Two daemons in one process, and a running instance that goes from one to the other with its
/// processes, by a program in CRIU's place.
@Tag("privileged")
class LiveMoveIT {
    private static final String C1 = "/1.0/instances/c1";

    @TempDir Path folder;
    private LocalDaemon here;
    private LocalDaemon there;
    private FakeCriu criu;
    private int port;

    /// What a client says of the instance to the target.
    private final Json.Obj config = Json.object();

    @BeforeEach
    void start() throws IOException {
        criu = FakeCriu.in(folder.resolve("criu"));
        here = LocalDaemon.open("atoll-dlive-");
        there = LocalDaemon.open("atoll-dlive-");
        try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = free.getLocalPort();
        }
        here.prepareInstances("dir");
        Json unused =
                here.ok(
                        "PATCH",
                        "/1.0",
                        "{'config':{'core.https_address':'127.0.0.1:" + port + "'}}");
        unused = there.ok("POST", "/1.0/storage-pools", "{'name':'p','driver':'dir'}");
        unused =
                here.ok(
                        "POST",
                        "/1.0/instances",
                        "{'name':'c1','source':{'type':'image','alias':'busybox'}}");
        unused = here.ok("PUT", C1 + "/state", "{'action':'start'}");
        unused = here.ok("POST", C1 + "/snapshots", "{'name':'s0'}");
    }

    @AfterEach
    void stop() throws Exception {
        criu.close();
        here.close();
        there.close();
    }

    /// Operations at work, or the refusal of the first or second request.
    private record Move(String sending, String receiving, Optional<Json> refusal) {}

    private Move begin() throws IOException {
        TestClient.Answer offer =
                here.send("POST", C1, "{'name':'c1','migration':true,'live':true}");
        if (offer.status() >= 400) {
            return new Move("", "", Optional.of(offer.json()));
        }
        String certificate =
                here.client()
                        .get("/1.0")
                        .metadata()
                        .get("environment")
                        .get("certificate")
                        .asString();
        String operation = offer.json().get("operation").asString();
        Json.Obj source =
                Json.object()
                        .put("type", "migration")
                        .put("mode", "pull")
                        .put("live", true)
                        .put("operation", "https://127.0.0.1:" + port + operation)
                        .put("certificate", certificate)
                        .put("secrets", offer.metadata().get("metadata"));
        Json.Obj root = Json.object().put("type", "disk").put("path", "/").put("pool", "p");
        Json.Obj body =
                Json.object()
                        .put("name", "c1")
                        .put("architecture", "x86_64")
                        .put("config", config)
                        .put("devices", Json.object().put("root", root))
                        .put("source", source);
        TestClient.Answer taken = there.client().send("POST", "/1.0/instances", body.render());
        if (taken.status() >= 400) {
            Json unused = here.client().send("DELETE", operation, "").json();
            return new Move("", "", Optional.of(taken.json()));
        }
        return new Move(operation, taken.json().get("operation").asString(), Optional.empty());
    }

    private static Json end(LocalDaemon daemon, String operation) throws IOException {
        return daemon.client().get(operation + "/wait").metadata();
    }

    /// How the source's operation ended, or what the first refusal was.
    private Json move() throws IOException {
        Move move = begin();
        if (move.refusal().isPresent()) {
            return move.refusal().get();
        }
        Json received = end(there, move.receiving());
        Json sent = end(here, move.sending());
        assertEquals(
                received.get("status_code").asLong(),
                sent.get("status_code").asLong(),
                () -> received.render() + sent.render());
        return sent;
    }

    private static Json of(LocalDaemon daemon) throws IOException {
        return daemon.client().get(C1).metadata();
    }

    private static String comm(LocalDaemon daemon) throws IOException {
        long pid = daemon.client().get(C1 + "/state").metadata().get("pid").asLong();
        return Files.readString(Path.of("/proc", Long.toString(pid), "comm")).strip();
    }

    /// It runs where it was and with the processes that it had, and nothing is there.
    private void assertStayed(String process) throws IOException {
        assertEquals("Running", of(here).get("status").asString());
        assertFalse(of(here).get("stateful").asBoolean());
        assertEquals(process, comm(here));
        assertEquals(404, there.client().get(C1).status());
        assertFalse(Files.exists(there.state().resolve("storage-pools/p/containers/c1")));
        assertFalse(Files.exists(here.state().resolve("storage-pools/p/containers/c1/state")));
    }

    @Test
    void aRunningInstanceGoesOnElsewhere() throws IOException {
        Json end = move();
        assertEquals("Success", end.get("status").asString(), end.render());
        assertTrue(end.get("metadata").get("downtime").asString().endsWith(" s"), end.render());
        assertEquals("Running", of(there).get("status").asString());
        assertFalse(of(there).get("stateful").asBoolean());
        assertEquals("sleep", comm(there));
        assertEquals(1, there.client().get(C1 + "/snapshots").metadata().asList().size());
        assertEquals("Stopped", of(here).get("status").asString());
        assertFalse(of(here).get("stateful").asBoolean());
        List<String> asked = criu.asked().stream().filter(l -> !l.startsWith("check")).toList();
        assertEquals(2, asked.size(), asked.toString());
    }

    @Test
    void memoryGoesInRoundsUntilEnoughOfItStays() throws IOException {
        Json unused =
                here.ok(
                        "PATCH",
                        C1,
                        "{'config':{'migration.incremental.memory':'true','migration.incremental.memory.iterations':'3'}}");
        Json end = move();
        assertEquals("Success", end.get("status").asString(), end.render());
        List<String> asked = criu.asked().stream().filter(l -> !l.startsWith("check")).toList();
        assertEquals(5, asked.size(), asked.toString());
        assertTrue(asked.get(2).contains("/state/images/003 "), asked.get(2));
        assertTrue(asked.get(2).contains(" --prev-images-dir ../002 --track-mem"), asked.get(2));
        assertTrue(asked.get(3).contains(" --prev-images-dir 003 --track-mem"), asked.get(3));
        assertTrue(asked.get(4).startsWith("restore "), asked.get(4));
    }

    @Test
    void oneRoundIsEnoughIfTheGoalIsReached() throws IOException {
        Json unused = here.ok("PATCH", C1, "{'config':{'migration.incremental.memory':'true'}}");
        // 710 of 1000 pages were in the dump before.
        Files.write(
                criu.directory().resolve("stats"),
                HexFormat.of().parseHex("40591055063309570800000" + "00a0630c60538a202"));
        Json end = move();
        assertEquals("Success", end.get("status").asString(), end.render());
        assertEquals(1, criu.asked().stream().filter(l -> l.startsWith("pre-dump")).count());
    }

    @Test
    void whatDoesNotGoOnThereGoesOnHere() throws IOException {
        criu.wish("fail-pre-dump");
        Json unused = here.ok("PATCH", C1, "{'config':{'migration.incremental.memory':'true'}}");
        assertTrue(move().get("err").asString().contains("on fire"));
        assertStayed("init");
        criu.wish("fail-dump");
        assertTrue(move().get("err").asString().contains("on fire"));
        assertStayed("init");
        criu.unwish("fail-pre-dump");
        criu.unwish("fail-dump");
        // The first restore is there, the second is here again.
        criu.wish("fail-next-restore");
        assertTrue(move().get("err").asString().contains("on fire"));
        assertStayed("sleep");
        criu.wish("old");
        String why = move().get("error").asString();
        assertTrue(why.contains("boot a kernel of its time"), why);
        assertStayed("sleep");
    }

    private boolean isRestoring() {
        try {
            return criu.asked().stream().anyMatch(l -> l.startsWith("restore "));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// The last word was lost: it may run there, so it does not run here by itself.
    @Test
    void whatMayRunThereIsStartedHereByHandOnly() throws IOException {
        Json unused = here.ok("PATCH", C1, "{'config':{'boot.autostart':'true'}}");
        criu.wish("hold-restore");
        Move move = begin();
        Await.until("the restore", Duration.ofSeconds(60), this::isRestoring);
        TestClient.Answer cut = here.client().send("DELETE", move.sending(), "");
        assertEquals(200, cut.status(), cut.text());
        Json sent = end(here, move.sending());
        assertFalse(sent.get("status").asString().equals("Success"), sent.render());
        assertEquals("Stopped", of(here).get("status").asString());
        assertTrue(of(here).get("stateful").asBoolean());
        criu.unwish("hold-restore");
        Json received = end(there, move.receiving());
        assertEquals("Success", received.get("status").asString(), received.render());
        assertEquals("Running", of(there).get("status").asString());
        here.shut();
        here.reopen();
        List<Json> warnings = here.client().get("/1.0/warnings?recursion=1").metadata().asList();
        assertTrue(
                warnings.stream()
                        .anyMatch(w -> w.get("last_message").asString().contains("has not said")),
                warnings.toString());
        assertEquals("Stopped", of(here).get("status").asString());
        unused = here.ok("PUT", C1 + "/state", "{'action':'start','stateful':true}");
        assertEquals("sleep", comm(here));
        assertFalse(of(here).get("stateful").asBoolean());
    }

    /// The record of the target as a daemon leaves it that dies in the middle.
    private void markArriving(boolean isStateful) throws IOException {
        there.shut();
        try (Store store = SqliteStore.open(there.state().resolve("database/atoll.db"))) {
            var unused =
                    store.update(
                            InstanceRecord.KIND,
                            RecordKey.of(ProjectName.DEFAULT, "c1"),
                            now ->
                                    now.withPending(new Pending(Pending.Kind.ARRIVE, ""))
                                            .withStateful(isStateful));
        }
        there.reopen();
    }

    @Test
    void whatHasArrivedAndDoesNotRunIsTakenBack() throws IOException {
        assertEquals("Success", move().get("status").asString());
        // It went on, and nobody was left to write that down.
        markArriving(true);
        assertEquals("Running", of(there).get("status").asString());
        assertFalse(of(there).get("stateful").asBoolean());
        Json unused = there.ok("PUT", C1 + "/state", "{'action':'stop','force':true}");
        unused = there.ok("PUT", C1 + "/state", "{'action':'start'}");
        unused = there.ok("PUT", C1 + "/state", "{'action':'stop','force':true}");
        markArriving(true);
        assertEquals(404, there.client().get(C1).status());
        assertFalse(Files.exists(there.state().resolve("storage-pools/p/containers/c1")));
    }

    @Test
    void whatIsProtectedIsTakenBackToo() throws IOException {
        config.put("security.protection.delete", "true");
        criu.wish("fail-next-restore");
        assertTrue(move().get("err").asString().contains("on fire"));
        assertStayed("sleep");
    }
}
