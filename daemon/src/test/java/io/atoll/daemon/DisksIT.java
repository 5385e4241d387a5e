package io.atoll.daemon;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.atoll.base.json.Json;
import io.atoll.testkit.Program;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// What instances see of the host's directories and of volumes, from their start and while they
/// run.
@Tag("privileged")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class DisksIT {
    private LocalDaemon daemon;

    /// On the disk, where the kernel maps ids.
    @TempDir private Path folder;

    private Path shared;

    @BeforeAll
    void open() throws IOException {
        daemon = LocalDaemon.open("atoll-ddisk-");
        daemon.prepareInstances("dir");
        for (String name : List.of("c1", "c2")) {
            ok(
                    "POST",
                    "/1.0/instances",
                    "{'name':'" + name + "','source':{'type':'image','alias':'busybox'}}");
        }
    }

    @AfterAll
    void close() throws IOException {
        daemon.close();
    }

    @BeforeEach
    void prepare() throws IOException {
        shared = Files.createDirectory(folder.resolve("shared"));
        Files.writeString(shared.resolve("file"), "hello\n");
        for (String name : List.of("c1", "c2")) {
            if (!isRunning(name)) {
                state(name, "start");
            }
        }
    }

    @AfterEach
    void removeDisks() throws IOException {
        devices("c1", "");
        devices("c2", "");
        host("umount " + shared + "/sub " + shared + " 2>/dev/null; rm -r " + shared);
    }

    private boolean isRunning(String name) throws IOException {
        return daemon.client()
                .get("/1.0/instances/" + name)
                .metadata()
                .get("status")
                .asString()
                .equals("Running");
    }

    private void ok(String method, String path, String body) throws IOException {
        Json unused = daemon.ok(method, path, body);
    }

    private void devices(String name, String devices) throws IOException {
        String config =
                daemon.client().get("/1.0/instances/" + name).metadata().get("config").render();
        ok(
                "PUT",
                "/1.0/instances/" + name,
                "{'profiles':['default'],'config':" + config + ",'devices':{" + devices + "}}");
    }

    private void state(String name, String action) throws IOException {
        ok(
                "PUT",
                "/1.0/instances/" + name + "/state",
                "{'action':'" + action + "','timeout':30,'force':true}");
    }

    /// Adds a disk to a running instance, or lets it start with it.
    private void give(String name, boolean isLive, String... options) throws IOException {
        StringBuilder device = new StringBuilder("'d':{'type':'disk'");
        for (String option : options) {
            String[] pair = option.split("=", 2);
            device.append(",'").append(pair[0]).append("':'").append(pair[1]).append('\'');
        }
        if (!isLive) {
            state(name, "stop");
        }
        devices(name, device.append('}').toString());
        if (!isLive) {
            state(name, "start");
        }
    }

    private boolean holds(String name, String command) throws IOException {
        return daemon.exec(name, command) == 0;
    }

    private static String host(String command) {
        return Program.of("sh").run("-c", command).ok().out().strip();
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void filesHaveTheOwnersOfTheHost(boolean isLive) throws IOException {
        host("chown 1000:1001 " + shared.resolve("file"));
        give("c1", isLive, "source=" + shared, "path=/srv/s", "shift=true");
        assertTrue(holds("c1", "test \"$(stat -c %u:%g /srv/s/file)\" = 1000:1001"));
        assertTrue(holds("c1", "touch /srv/s/new && chown 5:6 /srv/s/new"));
        assertEquals("5:6", host("stat -c %u:%g " + shared.resolve("new")));
        give("c1", isLive, "source=" + shared, "path=/srv/s");
        assertTrue(holds("c1", "test \"$(stat -c %u:%g /srv/s/file)\" = 1000:1001"), "by default");
        give("c1", isLive, "source=" + shared, "path=/srv/s", "shift=false");
        assertTrue(holds("c1", "test \"$(stat -c %u:%g /srv/s/file)\" = 65534:65534"));
        assertFalse(holds("c1", "touch /srv/s/other"));
    }

    @Test
    void oneDirectoryIsManyInstances() throws IOException {
        give("c1", true, "source=" + shared, "path=/srv/s");
        give("c2", false, "source=" + shared, "path=/mnt/elsewhere");
        assertTrue(holds("c1", "echo from c1 > /srv/s/note"));
        assertTrue(holds("c2", "grep -q from /mnt/elsewhere/note"));
        assertTrue(
                holds(
                        "c2",
                        "echo from c2 >> /mnt/elsewhere/note && mv /mnt/elsewhere/note /mnt/elsewhere/moved"));
        assertTrue(holds("c1", "grep -q c2 /srv/s/moved && ! test -e /srv/s/note"));
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void whatIsMountedBelowIsThereOnRequest(boolean isLive) throws IOException {
        Path sub = Files.createDirectory(shared.resolve("sub"));
        // Of the same file system: Linux before 6.3 cannot map the owners of a tmpfs.
        Path deep = Files.createDirectory(folder.resolve("deep"));
        host("echo deep > " + deep.resolve("file") + " && mount --bind " + deep + " " + sub);
        give("c1", isLive, "source=" + shared, "path=/srv/s");
        assertTrue(holds("c1", "test -d /srv/s/sub && ! test -e /srv/s/sub/file"));
        give("c1", isLive, "source=" + shared, "path=/srv/s", "recursive=true", "readonly=true");
        assertTrue(holds("c1", "grep -q deep /srv/s/sub/file"));
        assertFalse(holds("c1", "touch /srv/s/new || touch /srv/s/sub/new"));
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void laterMountsOfTheHostAppearOnRequest(boolean isLive) throws IOException {
        host("mount --bind " + shared + " " + shared + " && mount --make-shared " + shared);
        Path sub = Files.createDirectory(shared.resolve("sub"));
        String later = "mount -t tmpfs none " + sub + " && echo late > " + sub.resolve("file");
        give("c1", isLive, "source=" + shared, "path=/srv/s");
        host(later);
        assertFalse(holds("c1", "test -e /srv/s/sub/file"), "private by default");
        host("umount " + sub);
        give("c1", isLive, "source=" + shared, "path=/srv/s", "propagation=rslave");
        host(later);
        assertTrue(holds("c1", "grep -q late /srv/s/sub/file"));
        host("umount " + sub);
        assertFalse(holds("c1", "test -e /srv/s/sub/file"));
    }

    /// Links in the instance lead to places in the instance.
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void thePathIsThatOfTheInstance(boolean isLive) throws IOException {
        Path outside = Files.createDirectory(folder.resolve("outside"));
        assertTrue(holds("c1", "rm -rf /link; mkdir -p /etc/real; ln -s /etc/real /link"));
        give("c1", isLive, "source=" + shared.resolve("file"), "path=/link/shown");
        assertTrue(holds("c1", "grep -q hello /etc/real/shown"));
        devices("c1", "");
        assertTrue(
                holds("c1", "rm -f /link; mkdir -p " + outside + "; ln -s " + outside + " /link"));
        give("c1", isLive, "source=" + shared.resolve("file"), "path=/link/shown");
        assertTrue(holds("c1", "grep -q hello " + outside + "/shown"), "made inside");
        try (var files = Files.list(outside)) {
            assertEquals(0, files.count(), "nothing on the host");
        }
        Files.delete(outside);
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void volumesThatAreNotMappedHaveTheOwnersOfTheHost(boolean isLive) throws IOException {
        String volume = "/1.0/storage-pools/p/volumes/custom";
        ok("POST", volume, "{'name':'v2','config':{'security.unmapped':'true'}}");
        try {
            Path files = daemon.state().resolve("storage-pools/p/custom/default_v2/rootfs");
            host("chmod 777 " + files + " && touch " + files + "/f && chown 7:8 " + files + "/f");
            give("c1", isLive, "pool=p", "source=v2", "path=/srv/v");
            assertTrue(holds("c1", "test \"$(stat -c %u:%g /srv/v/f)\" = 65534:65534"));
            assertTrue(holds("c1", "touch /srv/v/new"));
            assertNotEquals("0", host("stat -c %u " + files + "/new"));
            devices("c1", "");
            host("rm " + files + "/new");
            ok("PATCH", volume + "/v2", "{'config':{'security.unmapped':'false'}}");
            give("c1", isLive, "pool=p", "source=v2", "path=/srv/v");
            assertTrue(holds("c1", "test \"$(stat -c %u:%g /srv/v/f)\" = 7:8"));
            assertTrue(holds("c1", "touch /srv/v/new"));
            assertEquals("0", host("stat -c %u " + files + "/new"));
        } finally {
            devices("c1", "");
            ok("DELETE", volume + "/v2", "");
        }
    }

    @Test
    void aVolumeIsInTwoInstances() throws IOException {
        ok("POST", "/1.0/storage-pools/p/volumes/custom", "{'name':'v1'}");
        try {
            give("c1", true, "pool=p", "source=v1", "path=/srv/v");
            assertTrue(holds("c1", "echo kept > /srv/v/file && chown 7:8 /srv/v/file"));
            give("c2", false, "pool=p", "source=v1", "path=/srv/v", "readonly=true");
            assertTrue(holds("c2", "grep -q kept /srv/v/file && ! touch /srv/v/new"));
            assertTrue(holds("c2", "test \"$(stat -c %u:%g /srv/v/file)\" = 7:8"));
            devices("c1", "");
            assertFalse(holds("c1", "test -e /srv/v/file"));
            give("c1", true, "pool=p", "source=v1", "path=/other");
            assertTrue(holds("c1", "grep -q kept /other/file"));
        } finally {
            devices("c1", "");
            devices("c2", "");
            ok("DELETE", "/1.0/storage-pools/p/volumes/custom/v1", "");
        }
    }

    /// The root of the host is no place like others, but it can be shown.
    @Test
    void theWholeHostCanBeShownReadOnly() throws IOException {
        assumeTrue(Files.isReadable(Path.of("/etc/os-release")));
        give("c1", true, "source=/", "path=/host", "readonly=true");
        assertTrue(holds("c1", "cmp /host/etc/os-release /host/etc/os-release"));
        assertFalse(holds("c1", "touch /host/tmp/atoll-ddisk-made"));
    }
}
