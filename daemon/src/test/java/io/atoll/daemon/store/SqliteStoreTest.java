package io.atoll.daemon.store;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.atoll.base.AlreadyExistsException;
import io.atoll.base.ProjectName;
import io.atoll.base.UnavailableException;
import io.atoll.base.json.Json;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class SqliteStoreTest {
    static final RecordKind<String> NOTE = RecordKind.of("note", Json::string, Json::asString);
    static final RecordKind<Long> COUNT = RecordKind.of("count", Json::number, Json::asLong);
    private static final RecordKey KEY = RecordKey.of(ProjectName.DEFAULT, "a");

    @TempDir Path folder;
    private Store store;

    @BeforeEach
    void open() {
        store = SqliteStore.open(folder.resolve("database/local.db"));
    }

    @AfterEach
    void close() {
        store.close();
    }

    private void reopen() {
        store.close();
        open();
    }

    @Test
    void keepsRecordsOverAReopen() {
        store.create(NOTE, KEY, "first");
        store.update(NOTE, KEY, s -> s + " second");
        long version = store.find(NOTE, KEY).orElseThrow().version();
        reopen();
        Stored<String> read = store.find(NOTE, KEY).orElseThrow();
        assertEquals("first second", read.value());
        assertEquals(version, read.version());
    }

    @Test
    void refusesToCreateTwice() {
        store.create(NOTE, KEY, "x");
        assertThrows(AlreadyExistsException.class, () -> store.create(NOTE, KEY, "y"));
        assertEquals("x", store.find(NOTE, KEY).orElseThrow().value());
    }

    @Test
    void refusesAStaleVersionEvenAfterDeleteAndCreate() {
        store.create(NOTE, KEY, "x");
        Stored<String> old = store.find(NOTE, KEY).orElseThrow();
        store.delete(NOTE, KEY);
        store.create(NOTE, KEY, "x");
        assertThrows(
                StaleRecordException.class,
                () -> store.commit(new Batch().replace(NOTE, old, "z")));
        assertThrows(StaleRecordException.class, () -> store.commit(new Batch().delete(NOTE, old)));
    }

    @Test
    void doesAllOfABatchOrNothing() {
        RecordKey other = RecordKey.of(ProjectName.DEFAULT, "b");
        store.create(NOTE, KEY, "x");
        Batch batch = new Batch().create(NOTE, other, "new").create(NOTE, KEY, "again");
        assertThrows(AlreadyExistsException.class, () -> store.commit(batch));
        assertTrue(store.find(NOTE, other).isEmpty());
        reopen();
        assertTrue(store.find(NOTE, other).isEmpty());
    }

    @Test
    void seesEarlierChangesOfTheSameBatch() {
        assertThrows(
                AlreadyExistsException.class,
                () -> store.commit(new Batch().create(NOTE, KEY, "x").create(NOTE, KEY, "y")));
    }

    @Test
    void listsByProjectInOrder() {
        ProjectName other = new ProjectName("default2");
        store.create(NOTE, RecordKey.of(ProjectName.DEFAULT, "b"), "1");
        store.create(NOTE, RecordKey.of(ProjectName.DEFAULT, "a"), "2");
        store.create(NOTE, RecordKey.of(other, "c"), "3");
        assertEquals(
                List.of("a", "b"),
                store.list(NOTE, ProjectName.DEFAULT).stream().map(Stored::name).toList());
        assertEquals(List.of("c"), store.list(NOTE, other).stream().map(Stored::name).toList());
        assertEquals(3, store.list(NOTE).size());
    }

    @Test
    void losesNoConcurrentUpdate() throws Exception {
        store.create(COUNT, KEY, 0L);
        try (ExecutorService pool = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Future<?>> workers = new ArrayList<>();
            for (int i = 0; i < 8; i++) {
                workers.add(pool.submit(this::add25));
            }
            for (Future<?> worker : workers) {
                worker.get();
            }
        }
        assertEquals(200, store.find(COUNT, KEY).orElseThrow().value());
    }

    private void add25() {
        for (int n = 0; n < 25; n++) {
            store.update(COUNT, KEY, v -> v + 1);
        }
    }

    @Test
    void tellsWatchersInOrder() throws Exception {
        List<RecordChange<String>> seen = new CopyOnWriteArrayList<>();
        try (AutoCloseable _ = store.watch(NOTE, seen::add)) {
            store.create(NOTE, KEY, "x");
            store.update(NOTE, KEY, _ -> "y");
            store.delete(NOTE, KEY);
            // The writer tells watchers after it let the committer go; the next commit waits behind
            // that.
            store.create(COUNT, KEY, 1L);
        }
        assertEquals(
                List.of(
                        new RecordChange<>(KEY, Optional.empty(), Optional.of("x")),
                        new RecordChange<>(KEY, Optional.of("x"), Optional.of("y")),
                        new RecordChange<>(KEY, Optional.of("y"), Optional.empty())),
                seen);
    }

    @Test
    void refusesCommitsAfterClose() {
        store.close();
        assertThrows(UnavailableException.class, () -> store.create(NOTE, KEY, "x"));
    }

    @Test
    void keepsEveryAcknowledgedRecordWhenKilled() throws Exception {
        Path file = folder.resolve("killed.db");
        List<String> command =
                List.of(
                        ProcessHandle.current().info().command().orElseThrow(),
                        "--enable-native-access=ALL-UNNAMED",
                        "-cp",
                        System.getProperty("java.class.path"),
                        StoreVictim.class.getName(),
                        file.toString());
        Process victim =
                new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
        List<String> acknowledged = new ArrayList<>();
        try (BufferedReader out =
                new BufferedReader(new InputStreamReader(victim.getInputStream()))) {
            for (int i = 0; i < 300; i++) {
                acknowledged.add(out.readLine());
            }
            victim.destroyForcibly();
            assertTrue(victim.waitFor(10, TimeUnit.SECONDS));
        }
        try (Store after = SqliteStore.open(file)) {
            for (String name : acknowledged) {
                assertEquals(
                        name,
                        after.find(NOTE, RecordKey.of(ProjectName.DEFAULT, name))
                                .orElseThrow()
                                .value());
            }
        }
    }
}
