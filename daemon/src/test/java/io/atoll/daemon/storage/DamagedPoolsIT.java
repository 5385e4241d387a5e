package io.atoll.daemon.storage;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.atoll.base.InternalException;
import io.atoll.base.json.Json;
import io.atoll.daemon.LocalDaemon;
import io.atoll.daemon.http.TestClient;
import io.atoll.testkit.TempPool;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/// Pools, volumes and records that somebody or something has damaged. Needs root.
@Tag("privileged")
final class DamagedPoolsIT {
    private static final String POOLS = "/1.0/storage-pools/";

    private LocalDaemon daemon;

    @BeforeEach
    void start() throws Exception {
        daemon = LocalDaemon.open("atoll-damaged-");
        ok("POST", "/1.0/storage-pools", "{'name':'d','driver':'dir'}");
        make("d", "v");
    }

    @AfterEach
    void stop() throws Exception {
        daemon.close();
    }

    private static String volumes(String pool) {
        return POOLS + pool + "/volumes/custom";
    }

    private void make(String pool, String name) throws IOException {
        ok("POST", volumes(pool), "{'name':'" + name + "'}");
        ok("POST", volumes(pool) + "/" + name + "/snapshots", "{'name':'s'}");
    }

    private void ok(String method, String path, String body) throws IOException {
        Json _ = daemon.ok(method, path, body);
    }

    /// Why something fails, at once or in its operation.
    private String failure(String method, String path, String body) throws IOException {
        TestClient.Answer answer = daemon.send(method, path, body);
        if (answer.status() >= 400) {
            return answer.json().get("error").asString();
        }
        String url = answer.json().get("operation").asString();
        assertTrue(!url.isEmpty(), answer.text());
        return daemon.client().get(url + "/wait").metadata().get("err").asString();
    }

    private Path folder(String pool, String folder) {
        return daemon.state().resolve("storage-pools/" + pool + "/" + folder);
    }

    /// `BTRFS_SUPER_INFO_OFFSET` and its mirror.
    private static final List<Long> SUPERBLOCKS = List.of(64L << 10, 64L << 20);

    private static final int SUPERBLOCK_SIZE = 4096;

    private static byte[] exchange(Path disk, byte[] superblock) throws IOException {
        byte[] old = new byte[SUPERBLOCK_SIZE];
        try (RandomAccessFile file = new RandomAccessFile(disk.toFile(), "rw")) {
            for (long at : SUPERBLOCKS.reversed()) {
                byte[] there = new byte[SUPERBLOCK_SIZE];
                file.seek(at);
                file.readFully(there);
                file.seek(at);
                // Each says where it is.
                if (at == SUPERBLOCKS.getFirst()) {
                    old = there;
                    file.write(superblock);
                } else {
                    file.write(new byte[SUPERBLOCK_SIZE]);
                }
            }
        }
        return old;
    }

    /// One pool that is broken does not take the others along, and is there again once it is whole.
    @Test
    void aPoolWithoutItsSuperblockIsDownAlone() throws IOException {
        TempPool.assumeBtrfs();
        ok(
                "POST",
                "/1.0/storage-pools",
                "{'name':'b','driver':'btrfs','config':{'size':'128MiB'}}");
        make("b", "v");
        ok(
                "POST",
                "/1.0/instances",
                "{'name':'c1','source':{'type':'none'},'devices':{'root':{'type':'disk','path':'/',"
                        + "'pool':'b'}}}");
        ok("POST", "/1.0/instances/c1/snapshots", "{'name':'s'}");
        Path disk = daemon.state().resolve("disks/b.img");
        daemon.daemon().stopInstances();
        daemon.shut();
        byte[] whole = exchange(disk, new byte[SUPERBLOCK_SIZE]);
        daemon.reopen();
        String refusal = failure("POST", volumes("b"), "{'name':'w'}");
        assertTrue(refusal.contains("not available"), refusal);
        String v = volumes("b") + "/v";
        String c1 = "/1.0/instances/c1";
        for (String path : List.of(v + "/snapshots/s", v, c1 + "/snapshots/s", c1)) {
            refusal = failure("DELETE", path, "");
            assertTrue(refusal.contains("not available"), refusal);
        }
        String warnings = daemon.client().get("/1.0/warnings?recursion=1").text();
        assertTrue(warnings.contains(POOLS + "b"), warnings);
        make("d", "w");
        daemon.shut();
        Object _ = exchange(disk, whole);
        daemon.reopen();
        for (String path : List.of(v, c1)) {
            assertEquals(200, daemon.client().get(path + "/snapshots/s").status());
            ok("PUT", path, "{'restore':'s'}");
            ok("DELETE", path, "");
        }
        ok("DELETE", POOLS + "b", "");
    }

    /// Who has root has removed or changed the files.
    @Test
    void volumesWithoutFilesAreToldOfAndCanBeDeleted() throws IOException {
        delete(folder("d", "custom/default_v"));
        String missing = failure("POST", volumes("d") + "/v/snapshots", "{'name':'t'}");
        assertTrue(missing.contains("does not exist"), missing);
        missing = failure("POST", volumes("d"), "{'name':'c','source':{'type':'copy','name':'v'}}");
        assertTrue(missing.contains("does not exist"), missing);
        assertEquals(404, daemon.client().get(volumes("d") + "/c").status());
        assertEquals(
                List.of(volumes("d") + "/v/snapshots/s"),
                daemon.client().get(volumes("d") + "/v/snapshots").metadata().asStrings());
        daemon.shut();
        daemon.reopen();
        ok("DELETE", volumes("d") + "/v", "");
        assertTrue(!Files.exists(folder("d", "custom-snapshots/default_v")));
        make("d", "v");
        delete(folder("d", "custom-snapshots/default_v/s"));
        missing = failure("PUT", volumes("d") + "/v", "{'restore':'s'}");
        assertTrue(missing.contains("does not exist"), missing);
        ok("DELETE", volumes("d") + "/v/snapshots/s", "");
        ok("DELETE", volumes("d") + "/v", "");
        // A file where a volume should be is not touched, and not taken for one.
        Path odd = Files.writeString(folder("d", "custom/default_x"), "mine");
        missing = failure("POST", volumes("d"), "{'name':'x'}");
        assertTrue(missing.contains("create") || missing.contains("exists"), missing);
        assertEquals("mine", Files.readString(odd));
        assertEquals(404, daemon.client().get(volumes("d") + "/x").status());
        Files.delete(odd);
    }

    private static void delete(Path folder) throws IOException {
        try (var files = Files.walk(folder)) {
            for (Path file : files.sorted(java.util.Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        }
    }

    private void setRecord(String document) throws SQLException {
        Path database = daemon.state().resolve("database/atoll.db");
        try (Connection connection = DriverManager.getConnection("jdbc:sqlite:" + database);
                PreparedStatement statement =
                        connection.prepareStatement(
                                "UPDATE records SET document=? WHERE kind='custom-volume' AND"
                                        + " name='d/v'")) {
            statement.setString(1, document);
            assertEquals(1, statement.executeUpdate());
        }
    }

    private String record() throws SQLException {
        Path database = daemon.state().resolve("database/atoll.db");
        try (Connection connection = DriverManager.getConnection("jdbc:sqlite:" + database);
                Statement statement = connection.createStatement();
                ResultSet rows =
                        statement.executeQuery(
                                "SELECT document FROM records WHERE kind='custom-volume'")) {
            return rows.getString(1);
        }
    }

    /// To go on without it could cost what it stands for: the daemon says which one it is, and
    /// touches nothing.
    @Test
    void aDamagedRecordIsNamedAndNothingIsTouched() throws Exception {
        daemon.shut();
        String whole = record();
        for (String damaged : List.of("", "{\"pool\":", whole.replace("created_at", "made"))) {
            setRecord(damaged);
            InternalException refusal =
                    assertThrows(InternalException.class, () -> daemon.reopen(), damaged);
            assertTrue(
                    refusal.getMessage().contains("custom-volume \"d/v\""), refusal.getMessage());
            assertTrue(Files.isDirectory(folder("d", "custom/default_v/rootfs")));
            assertTrue(Files.isDirectory(folder("d", "custom-snapshots/default_v/s/rootfs")));
        }
        setRecord(whole);
        daemon.reopen();
        ok("PUT", volumes("d") + "/v", "{'restore':'s'}");
    }
}
