package io.atoll.daemon;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import io.atoll.base.json.Json;
import io.atoll.testkit.TempPool;
import java.io.IOException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/// The size of a root disk holds whatever else is done with the instance. Needs root and btrfs.
@Tag("privileged")
final class RootSizesIT {
    private static final String INSTANCES = "/1.0/instances";
    private static final int SIZE_MIB = 50;

    private LocalDaemon daemon;

    @BeforeEach
    void start() throws Exception {
        TempPool.assumeBtrfs();
        daemon = LocalDaemon.open("atoll-rootsize-");
        daemon.prepareInstances("dir");
        for (String pool : new String[] {"b", "other"}) {
            ok(
                    "POST",
                    "/1.0/storage-pools",
                    "{'name':'" + pool + "','driver':'btrfs','config':{'size':'512MiB'}}");
        }
        make("c1", "{'type':'image','alias':'busybox'}", "1GiB");
    }

    @AfterEach
    void stop() throws Exception {
        if (daemon != null) {
            daemon.close();
        }
    }

    private void ok(String method, String path, String body) throws IOException {
        Json _ = daemon.ok(method, path, body);
    }

    private static String root(String pool, String size) {
        return "'devices':{'root':{'type':'disk','path':'/','pool':'"
                + pool
                + "','size':'"
                + size
                + "'}}";
    }

    private void make(String name, String source, String size) throws IOException {
        ok(
                "POST",
                INSTANCES,
                "{'name':'" + name + "','source':" + source + "," + root("b", size) + "}");
    }

    private void change(String name, String action) throws IOException {
        ok(
                "PUT",
                INSTANCES + "/" + name + "/state",
                "{'action':'" + action + "','force':true,'timeout':30}");
    }

    /// As many MiB as the size says do not fit, half of them do.
    private void isLimited(String name) throws IOException {
        change(name, "start");
        assertEquals(0, write(name, SIZE_MIB / 2), "half of the size");
        assertNotEquals(0, write(name, SIZE_MIB), "all of the size");
        assertEquals(0, daemon.exec(name, "rm -f /big && sync"));
        change(name, "stop");
    }

    private long write(String name, int count) throws IOException {
        return daemon.exec(
                name, "dd if=/dev/zero of=/big bs=1M count=" + count + " 2>/dev/null && sync");
    }

    @Test
    void aRefreshKeepsIt() throws IOException {
        make("c2", "{'type':'copy','source':'c1'}", SIZE_MIB + "MiB");
        isLimited("c2");
        ok("POST", INSTANCES + "/c1/snapshots", "{'name':'s0'}");
        ok(
                "POST",
                INSTANCES,
                "{'name':'c2','source':{'type':'copy','source':'c1','refresh':true}}");
        isLimited("c2");
    }

    @Test
    void aRestoreKeepsIt() throws IOException {
        make("c2", "{'type':'copy','source':'c1'}", SIZE_MIB + "MiB");
        for (String snapshot : new String[] {"s0", "s1"}) {
            ok("POST", INSTANCES + "/c2/snapshots", "{'name':'" + snapshot + "'}");
        }
        ok("PUT", INSTANCES + "/c2", "{'restore':'s0'}");
        isLimited("c2");
    }

    @Test
    void aRebuildKeepsIt() throws IOException {
        make("c2", "{'type':'copy','source':'c1'}", SIZE_MIB + "MiB");
        ok("POST", INSTANCES + "/c2/rebuild", "{'source':{'type':'image','alias':'busybox'}}");
        isLimited("c2");
    }

    @Test
    void anotherPoolKeepsIt() throws IOException {
        make("c2", "{'type':'copy','source':'c1'}", SIZE_MIB + "MiB");
        ok("POST", INSTANCES + "/c2", "{'name':'c2','pool':'other','migration':true}");
        assertEquals(
                "other",
                daemon.client()
                        .get(INSTANCES + "/c2")
                        .metadata()
                        .get("devices")
                        .get("root")
                        .get("pool")
                        .asString());
        isLimited("c2");
    }
}
