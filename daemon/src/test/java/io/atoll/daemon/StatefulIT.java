package io.atoll.daemon;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.atoll.base.ProjectName;
import io.atoll.base.json.Json;
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
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/// Instances whose processes are saved and brought back, with a program in CRIU's place.
@Tag("privileged")
final class StatefulIT {
    private static final String C1 = "/1.0/instances/c1";
    private static final String STATE = C1 + "/state";
    private static final String SAVE = "{'action':'stop','stateful':true}";
    private static final String GO_ON = "{'action':'start','stateful':true}";
    private static final String START = "{'action':'start'}";
    private static final String KILL = "{'action':'stop','force':true}";

    private LocalDaemon daemon;
    private FakeCriu criu;

    @BeforeEach
    void start() throws IOException {
        daemon = LocalDaemon.open("atoll-dstate-");
        criu = FakeCriu.in(daemon.state().resolve("criu"));
        daemon.prepareInstances("dir");
        daemon.ok(
                "POST",
                "/1.0/instances",
                "{'name':'c1','source':{'type':'image','alias':'busybox'}}");
        ok(STATE, START);
    }

    @AfterEach
    void stop() throws Exception {
        criu.close();
        daemon.close();
    }

    private void ok(String path, String body) throws IOException {
        Json unused = daemon.ok("PUT", path, body);
    }

    private String failure(String method, String path, String body) throws IOException {
        TestClient.Answer answer = daemon.send(method, path, body);
        String url = answer.json().get("operation").asString();
        if (url.isEmpty()) {
            assertTrue(answer.status() >= 400, answer.text());
            return answer.json().get("error").asString();
        }
        Json end = daemon.client().get(url + "/wait?timeout=120").metadata();
        assertEquals("Failure", end.get("status").asString(), end.toString());
        return end.get("err").asString();
    }

    private Json of(String path) throws IOException {
        return daemon.client().get(path).metadata();
    }

    private String status() throws IOException {
        return of(C1).get("status").asString();
    }

    private boolean isStateful() throws IOException {
        return of(C1).get("stateful").asBoolean();
    }

    private long pid() throws IOException {
        return of(STATE).get("pid").asLong();
    }

    private Path volume(String name) {
        return daemon.state().resolve("storage-pools/p/containers").resolve(name);
    }

    private boolean isSaved() {
        return Files.exists(volume("c1").resolve("state"));
    }

    private String comm() throws IOException {
        return Files.readString(Path.of("/proc", Long.toString(pid()), "comm")).strip();
    }

    @Test
    void anInstanceStopsWithItsProcessesAndGoesOnWithThem() throws IOException {
        long before = pid();
        ok(STATE, SAVE);
        assertEquals("Stopped", status());
        assertTrue(isStateful());
        assertEquals(
                "rwx------",
                java.nio.file.attribute.PosixFilePermissions.toString(
                        Files.getPosixFilePermissions(volume("c1").resolve("state"))));
        String dump = criu.asked().getLast();
        assertTrue(dump.startsWith("dump --tcp-established "), dump);
        assertTrue(dump.contains(" -t " + before + " "), dump);
        assertTrue(dump.contains(" --ext-mount-map /dev/console:console --external tty[88"), dump);
        assertTrue(dump.contains(" --ext-mount-map /dev/lxd:/dev/lxd "), dump);
        assertFalse(dump.contains("--leave-running"), dump);
        ok(STATE, GO_ON);
        assertEquals("Running", status());
        assertEquals("sleep", comm());
        assertTrue(criu.root().contains("etc"));
        String restore = criu.asked().getLast();
        assertTrue(restore.contains(" --inherit-fd fd[0]:tty[88"), restore);
        assertFalse(isStateful());
        assertFalse(isSaved());
        // The new console is the instance's.
        assertTrue(
                new String(
                                daemon.client().get(C1 + "/console").body(),
                                java.nio.charset.StandardCharsets.UTF_8)
                        .contains("back again"));
        ok(STATE, KILL);
        assertEquals("Instance has no existing state to restore", failure("PUT", STATE, GO_ON));
        ok(STATE, START);
        assertEquals("init", comm());
    }

    @Test
    void whatCannotBeSavedRunsOn() throws IOException {
        long before = pid();
        criu.wish("fail-dump");
        String why = failure("PUT", STATE, SAVE);
        assertTrue(why.contains("the disk is on fire"), why);
        why = failure("POST", C1 + "/snapshots", "{'name':'s','stateful':true}");
        assertTrue(why.contains("the disk is on fire"), why);
        criu.unwish("fail-dump");
        criu.wish("old");
        why = failure("PUT", STATE, SAVE);
        assertTrue(why.contains("install a newer criu, or boot a kernel of its time"), why);
        criu.unwish("old");
        assertEquals("Running", status());
        assertEquals(before, pid());
        assertFalse(isStateful());
        assertFalse(isSaved());
        assertEquals(List.of(), of(C1 + "/snapshots").asList());
        ok(STATE, "{'action':'freeze'}");
        assertEquals("Instance is frozen", failure("PUT", STATE, SAVE));
        ok(STATE, KILL);
        assertEquals("The instance is already stopped", failure("PUT", STATE, SAVE));
        why = failure("POST", C1 + "/snapshots", "{'name':'s','stateful':true}");
        assertTrue(why.contains("The instance isn't running"), why);
        assertEquals(List.of(), of(C1 + "/snapshots").asList());
    }

    @Test
    void whatCannotBeBroughtBackStaysSaved() throws IOException {
        ok(STATE, SAVE);
        criu.wish("fail-restore");
        String why = failure("PUT", STATE, GO_ON);
        assertTrue(why.contains("the disk is on fire"), why);
        assertTrue(why.contains("--stateless"), why);
        assertEquals("Stopped", status());
        assertTrue(isStateful());
        assertEquals("STOPPED", of(C1).get("config").get("volatile.last_state.power").asString());
        criu.unwish("fail-restore");
        criu.wish("stranger");
        assertFalse(failure("PUT", STATE, GO_ON).isEmpty());
        criu.unwish("stranger");
        // It can have another name meanwhile, and processes that it may not have again.
        Json unused = daemon.ok("POST", C1, "{'name':'c2'}");
        ok("/1.0/instances/c2/state", GO_ON);
        assertEquals("Running", of("/1.0/instances/c2").get("status").asString());
        ok("/1.0/instances/c2/state", SAVE);
        ok("/1.0/instances/c2/state", START);
        assertFalse(of("/1.0/instances/c2").get("stateful").asBoolean());
        assertFalse(Files.exists(volume("c2").resolve("state")));
    }

    @Test
    void snapshotsHoldProcessesToo() throws IOException {
        long before = pid();
        Json unused = daemon.ok("POST", C1 + "/snapshots", "{'name':'warm','stateful':true}");
        unused = daemon.ok("POST", C1 + "/snapshots", "{'name':'cold'}");
        assertEquals("Running", status());
        assertEquals(before, pid());
        assertFalse(isSaved());
        assertTrue(criu.asked().getLast().endsWith(" --leave-running"), criu.asked().getLast());
        assertTrue(of(C1 + "/snapshots/warm").get("stateful").asBoolean());
        assertFalse(of(C1 + "/snapshots/cold").get("stateful").asBoolean());
        assertEquals(
                "Stateful snapshot restore requested by snapshot is stateless",
                failure("PUT", C1, "{'restore':'cold','stateful':true}"));
        assertEquals(before, pid());
        ok(C1, "{'restore':'warm','stateful':true}");
        assertEquals("sleep", comm());
        assertFalse(isSaved());
        assertFalse(isStateful());
        ok(C1, "{'restore':'warm'}");
        assertEquals("init", comm());
        assertFalse(isSaved());
        ok(STATE, KILL);
        // With its processes it runs, whatever it did before; if that fails it can be tried again.
        criu.wish("fail-restore");
        assertTrue(failure("PUT", C1, "{'restore':'warm','stateful':true}").contains("on fire"));
        assertTrue(isStateful());
        criu.unwish("fail-restore");
        ok(STATE, GO_ON);
        assertEquals("sleep", comm());
        ok(C1, "{'restore':'cold'}");
        assertEquals("init", comm());
        unused = daemon.ok("DELETE", C1 + "/snapshots/warm", "");
    }

    @Test
    void copiesHaveProcessesIfTheyAreTo() throws IOException {
        ok(STATE, SAVE);
        Json unused =
                daemon.ok(
                        "POST",
                        "/1.0/instances",
                        "{'name':'warm','stateful':true,'source':{'type':'copy','source':'c1'}}");
        unused =
                daemon.ok(
                        "POST",
                        "/1.0/instances",
                        "{'name':'cold','source':{'type':'copy','source':'c1'}}");
        assertTrue(of("/1.0/instances/warm").get("stateful").asBoolean());
        assertFalse(of("/1.0/instances/cold").get("stateful").asBoolean());
        assertFalse(Files.exists(volume("cold").resolve("state")));
        ok("/1.0/instances/warm/state", GO_ON);
        assertTrue(isStateful());
        unused = daemon.ok("DELETE", C1, "");
        assertFalse(Files.exists(volume("c1")));
    }

    /// As a killed daemon leaves the record while CRIU goes on.
    private void mark(String detail) throws IOException {
        daemon.shut();
        try (Store store = SqliteStore.open(daemon.state().resolve("database/atoll.db"))) {
            var unused =
                    store.update(
                            InstanceRecord.KIND,
                            RecordKey.of(ProjectName.DEFAULT, "c1"),
                            now -> now.withPending(new Pending(Pending.Kind.SAVE, detail)));
        }
    }

    @Test
    void theNextDaemonEndsWhatAKilledOneBegan() throws IOException {
        Path state = volume("c1").resolve("state");
        ok(STATE, SAVE);
        mark("stop");
        daemon.reopen();
        assertTrue(isStateful());
        ok(STATE, GO_ON);
        assertEquals("sleep", comm());
        assertFalse(isSaved());
        // CRIU came as far as this, and the instance ended without it.
        ok(STATE, SAVE);
        Files.delete(state.resolve("images/stats-dump"));
        mark("stop");
        daemon.reopen();
        assertFalse(isStateful());
        assertFalse(isSaved());
        assertEquals("Stopped", status());
        ok(STATE, START);
        assertEquals("init", comm());
    }

    @Test
    void whatAKilledDaemonDidNotFinishIsTakenBack() throws IOException {
        long before = pid();
        ok(STATE, "{'action':'freeze'}");
        Files.createDirectory(volume("c1").resolve("state"));
        mark("");
        daemon.reopen();
        Await.until("it to run", Duration.ofSeconds(20), () -> isRunningAlone());
        assertEquals(before, pid());
        assertFalse(isStateful());
        ok(STATE, SAVE);
        assertTrue(isStateful());
    }

    private boolean isRunningAlone() {
        try {
            return status().equals("Running") && !isSaved();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
