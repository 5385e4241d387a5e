package io.atoll.daemon.warning;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.atoll.base.json.Json;
import io.atoll.daemon.event.Events;
import io.atoll.daemon.http.TestClient;
import io.atoll.daemon.http.TestServer;
import io.atoll.daemon.store.SqliteStore;
import io.atoll.daemon.store.Store;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class WarningsTest {
    @TempDir Path folder;
    private Store store;
    private Warnings warnings;
    private TestServer server;
    private TestClient client;

    @BeforeEach
    void start() throws Exception {
        store = SqliteStore.open(folder.resolve("a.db"));
        warnings = new Warnings(store, new Events());
        server = new TestServer(new WarningRoutes(warnings));
        client = server.client();
        warnings.raise("Pool down", Warning.Severity.HIGH, "/1.0/storage-pools/p", "first");
    }

    @AfterEach
    void stop() throws Exception {
        client.close();
        server.close();
        store.close();
    }

    private Json only() throws Exception {
        List<Json> all = client.get("/1.0/warnings?recursion=1").metadata().asList();
        assertEquals(1, all.size());
        return all.getFirst();
    }

    @Test
    void showsAWarningAsLxdDoes() throws Exception {
        assertEquals(
                List.of(
                        "status",
                        "uuid",
                        "location",
                        "project",
                        "type",
                        "count",
                        "first_seen_at",
                        "last_seen_at",
                        "last_message",
                        "severity",
                        "entity_url"),
                new ArrayList<>(only().asMap().keySet()));
        assertEquals("new", only().get("status").asString());
        assertEquals("high", only().get("severity").asString());
    }

    @Test
    void countsTheSameWarning() throws Exception {
        warnings.raise("Pool down", Warning.Severity.HIGH, "/1.0/storage-pools/p", "second");
        assertEquals(2, only().get("count").asLong());
        assertEquals("second", only().get("last_message").asString());
    }

    @Test
    void isAcknowledgedResolvedAndNewAgain() throws Exception {
        String url = "/1.0/warnings/" + only().get("uuid").asString();
        assertEquals(200, client.send("PUT", url, "{\"status\":\"acknowledged\"}").status());
        assertEquals("acknowledged", only().get("status").asString());
        assertEquals(403, client.send("PUT", url, "{\"status\":\"resolved\"}").status());
        assertEquals(400, client.send("PUT", url, "{\"status\":\"zzz\"}").status());
        warnings.resolve("Pool down", "/1.0/storage-pools/p");
        assertEquals("resolved", only().get("status").asString());
        warnings.raise("Pool down", Warning.Severity.HIGH, "/1.0/storage-pools/p", "third");
        assertEquals("new", only().get("status").asString());
        assertEquals(200, client.send("DELETE", url, "").status());
        assertEquals("Warning not found", client.get(url).json().get("error").asString());
    }
}
