package io.atoll.daemon.storage;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.atoll.base.json.Json;
import io.atoll.daemon.LocalDaemon;
import io.atoll.daemon.http.TestClient;
import io.atoll.testkit.FakeHost;
import io.atoll.testkit.FakeLvm;
import io.atoll.testkit.FakeZfs;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Comparator;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Pools of volume managers by the API, against ones of the tests' own. Needs root.
@Tag("privileged")
final class ManagedPoolsIT {
    private static final String V = "/1.0/storage-pools/p/volumes/custom";

    private Path backing = Path.of("/nonexistent");
    private FakeHost host;
    private LocalDaemon daemon;

    private void open(String driver) throws IOException {
        backing = Files.createTempDirectory("atoll-managed-");
        host = driver.equals("zfs") ? new FakeZfs(backing) : new FakeLvm(backing);
        daemon = LocalDaemon.open("atoll-managed-", host);
        create("{'name':'p','driver':'" + driver + "','config':{'size':'256MiB'}}");
    }

    private void create(String pool) throws IOException {
        Json _ = daemon.ok("POST", "/1.0/storage-pools", pool);
    }

    @AfterEach
    void stop() throws IOException {
        if (daemon != null) {
            TestClient.Answer pools = daemon.client().get("/1.0/storage-pools/p");
            if (pools.status() == 200) {
                Json volumes = daemon.client().get(V + "?recursion=1").metadata();
                for (Json volume : volumes.asList()) {
                    String name = volume.get("name").asString();
                    // Snapshots are listed with their volumes.
                    if (!name.contains("/")) {
                        Json _ = daemon.ok("DELETE", V + "/" + name, "");
                    }
                }
                Json _ = daemon.ok("DELETE", "/1.0/storage-pools/p", "");
            }
            daemon.close();
        }
        try (Stream<Path> files = Files.walk(backing)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        }
    }

    private String config(String volume, String key) throws IOException {
        return daemon.client().get(V + "/" + volume).metadata().get("config").get(key).asString();
    }

    private String refusal(String method, String path, String body) throws IOException {
        TestClient.Answer answer = daemon.send(method, path, body);
        assertTrue(answer.status() >= 400, answer.text());
        return answer.json().get("error").asString();
    }

    /// Nothing but the pool is left, and where it is.
    @ParameterizedTest
    @ValueSource(strings = {"lvm", "zfs"})
    void recoversWhatIsInAPool(String driver) throws Exception {
        open(driver);
        Json _ = daemon.ok("POST", V, "{'name':'files'}");
        Json _ =
                daemon.ok(
                        "POST",
                        V,
                        "{'name':'disk','content_type':'block','config':{'size':'4MiB'}}");
        Json _ = daemon.ok("POST", V + "/disk/snapshots", "{'name':'s0'}");
        Path device =
                host.device(
                        driver.equals("zfs")
                                ? "/dev/zvol/p/custom/default_disk.block"
                                : "/dev/p/custom_default_disk.block");
        Files.write(device, new byte[] {7}, StandardOpenOption.WRITE);
        daemon.shut();
        try (Stream<Path> files = Files.list(daemon.state().resolve("database"))) {
            for (Path file : files.toList()) {
                Files.delete(file);
            }
        }
        daemon.reopen();
        String wrong = "{'Pools':[{'name':'q','driver':'" + driver + "'}]}";
        Json lost = daemon.send("POST", "/internal/recover/validate", wrong).metadata();
        assertTrue(lost.get("DependencyErrors").render().contains("not found"), lost.render());
        String pool = "{'Pools':[{'name':'p','driver':'" + driver + "'}]}";
        Json found = daemon.send("POST", "/internal/recover/validate", pool).metadata();
        assertEquals(
                "[{'name':'disk','type':'custom','snapshotCount':1,'project':'default','pool':'p'},"
                        + "{'name':'files','type':'custom','snapshotCount':0,'project':'default','pool':'p'}]",
                found.get("UnknownVolumes").render().replace('"', '\''));
        Json _ = daemon.ok("POST", "/internal/recover/import", pool);
        Json disk = daemon.client().get(V + "/disk").metadata();
        assertEquals("block", disk.get("content_type").asString());
        assertEquals(200, daemon.client().get(V + "/disk/snapshots/s0").status());
        assertEquals(
                "filesystem",
                daemon.client().get(V + "/files").metadata().get("content_type").asString());
        assertEquals(7, Files.readAllBytes(device)[0]);
        Json _ = daemon.ok("PUT", V + "/disk", "{'restore':'s0'}");
        assertEquals(0, Files.readAllBytes(host.device(path(driver)))[0]);
    }

    private static String path(String driver) {
        return driver.equals("zfs")
                ? "/dev/zvol/p/custom/default_disk.block"
                : "/dev/p/custom_default_disk.block";
    }

    @Test
    void volumesOfLvmHaveItsKeys() throws IOException {
        open("lvm");
        Json _ = daemon.ok("POST", V, "{'name':'a','config':{'size':'1GiB'}}");
        assertEquals("ext4", config("a", "block.filesystem"));
        assertEquals("discard", config("a", "block.mount_options"));
        assertEquals("1GiB", config("a", "size"));
        assertEquals(
                "Invalid value for volume \"default_b\" option \"block.filesystem\": \"ntfs\" is"
                        + " not one of ext4, xfs",
                refusal("POST", V, "{'name':'b','config':{'block.filesystem':'ntfs'}}"));
        assertEquals(
                "Invalid option for volume \"default_b\" option \"zfs.blocksize\"",
                refusal("POST", V, "{'name':'b','config':{'zfs.blocksize':'8KiB'}}"));
        assertEquals(
                "Custom volume 'block.filesystem' property cannot be changed",
                refusal(
                        "PUT",
                        V + "/a",
                        "{'config':{'size':'1GiB','block.filesystem':'xfs','block.mount_options':"
                                + "'discard'}}"));
        Json _ =
                daemon.ok(
                        "PUT",
                        V + "/a",
                        "{'config':{'size':'1GiB','block.filesystem':'ext4','block.mount_options':"
                                + "'noatime'}}");
        assertEquals("noatime", config("a", "block.mount_options"));
        Json _ = daemon.ok("POST", V, "{'name':'d','content_type':'block'}");
        assertEquals("", config("d", "block.filesystem"));
    }

    @Test
    void volumesOfZfsHaveItsKeys() throws IOException {
        open("zfs");
        Json _ =
                daemon.ok(
                        "PATCH",
                        "/1.0/storage-pools/p",
                        "{'config':{'volume.zfs.remove_snapshots':'true'}}");
        Json _ = daemon.ok("POST", V, "{'name':'a','config':{'zfs.blocksize':'8KiB'}}");
        assertEquals("true", config("a", "zfs.remove_snapshots"));
        assertTrue(host.log().stream().anyMatch(c -> c.contains("-o recordsize=8192 ")));
        assertEquals(
                "Invalid value for volume \"default_b\" option \"zfs.blocksize\": \"3KiB\" is not"
                        + " a power of two between 512B and 16MiB",
                refusal("POST", V, "{'name':'b','config':{'zfs.blocksize':'3KiB'}}"));
        Json _ = daemon.ok("POST", V + "/a/snapshots", "{'name':'s0'}");
        Json _ = daemon.ok("POST", V + "/a/snapshots", "{'name':'s1'}");
        Json _ = daemon.ok("PUT", V + "/a", "{'restore':'s0'}");
        assertEquals(404, daemon.client().get(V + "/a/snapshots/s1").status());
        assertEquals(200, daemon.client().get(V + "/a/snapshots/s0").status());
        Json _ = daemon.ok("POST", "/1.0/storage-pools", "{'name':'q','driver':'dir'}");
        Json _ =
                daemon.ok(
                        "POST",
                        "/1.0/storage-pools/q/volumes/custom",
                        "{'name':'a','source':{'type':'copy','name':'a','pool':'p'}}");
        assertEquals(
                "",
                daemon.client()
                        .get("/1.0/storage-pools/q/volumes/custom/a")
                        .metadata()
                        .get("config")
                        .get("zfs.blocksize")
                        .asString());
    }
}
