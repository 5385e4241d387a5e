package io.atoll.daemon.image;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.atoll.base.Fingerprint;
import io.atoll.base.ProjectName;
import io.atoll.daemon.event.Events;
import io.atoll.daemon.operation.Operation;
import io.atoll.daemon.operation.Operations;
import io.atoll.daemon.project.Project;
import io.atoll.daemon.project.Projects;
import io.atoll.daemon.server.ServerConfig;
import io.atoll.daemon.storage.Pools;
import io.atoll.daemon.store.RecordKey;
import io.atoll.daemon.store.SqliteStore;
import io.atoll.daemon.store.Store;
import io.atoll.daemon.store.Stored;
import io.atoll.daemon.warning.Warnings;
import io.atoll.storage.HostTools;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Which images are looked for anew and which go, by the keys of projects and of the server.
final class ImageUpkeepTest {
    private static final Instant NOW = Instant.now();

    @TempDir Path folder;
    private Store store;
    private ImageUpkeep upkeep;
    private Operations operations;

    private Images images;

    @BeforeEach
    void start() {
        store = SqliteStore.open(folder.resolve("records.db"));
        Events events = new Events();
        operations = new Operations(events);
        Projects projects = new Projects(store);
        projects.start();
        ServerConfig config = new ServerConfig(store);
        config.start();
        Pools pools =
                new Pools(
                        store,
                        projects,
                        folder.resolve("pools"),
                        new Warnings(store, events),
                        HostTools.REAL);
        images = new Images(store, projects, pools, folder.resolve("images"));
        images.start();
        ImageSettings settings = new ImageSettings(projects, config);
        upkeep =
                new ImageUpkeep(
                        store,
                        images,
                        new ImagePulls(images, settings, folder.resolve("keys")),
                        settings,
                        operations,
                        events);
    }

    @AfterEach
    void stop() {
        operations.close();
        store.close();
    }

    private void project(String name, String... config) {
        Map<String, String> keys =
                config.length == 0 ? Map.of() : Map.of(config[0], config[1], "user.x", "y");
        store.create(Project.KIND, RecordKey.global(name), new Project(name, "", keys));
    }

    /// An image that was used some days ago.
    private void image(String project, char digit, long days, boolean isCached) {
        Instant then = NOW.minus(Duration.ofDays(days));
        Fingerprint fingerprint = new Fingerprint(String.valueOf(digit).repeat(64));
        store.create(
                Image.KIND,
                RecordKey.of(new ProjectName(project), fingerprint.value()),
                new Image(
                        fingerprint,
                        "x.tar",
                        1,
                        "x86_64",
                        false,
                        ".tar",
                        false,
                        true,
                        then,
                        Instant.EPOCH,
                        then,
                        then,
                        Map.of(),
                        List.of("default"),
                        isCached,
                        Optional.of(
                                new UpdateSource("http://127.0.0.1:1", "simplestreams", "a", ""))));
    }

    private List<String> left() {
        return store.list(Image.KIND).stream()
                .map(Stored::name)
                .map(name -> name.substring(0, 1))
                .toList();
    }

    @Test
    void removesFilesOfImagesThatWereNeverRecorded() throws IOException {
        image("default", 'a', 1, false);
        Path all = folder.resolve("images");
        for (String name : List.of("upload-1", "a".repeat(64), "b".repeat(64), "notes")) {
            Files.writeString(all.resolve(name), "x");
        }
        Files.writeString(all.resolve("b".repeat(64) + ".rootfs"), "x");
        images.start();
        try (Stream<Path> files = Files.list(all)) {
            assertEquals(
                    List.of("a".repeat(64), "notes"),
                    files.map(f -> f.getFileName().toString()).sorted().toList());
        }
    }

    @Test
    void removesWhatEachProjectDoesNotKeepAnyLonger() {
        project("short", "images.remote_cache_expiry", "3");
        project("ever", "images.remote_cache_expiry", "0");
        project("silent");
        image("default", 'a', 11, true);
        image("default", 'b', 9, true);
        image("default", 'c', 99, false);
        image("ever", 'd', 99, true);
        image("short", 'e', 4, true);
        image("short", '1', 2, true);
        image("silent", '2', 11, true);
        upkeep.prune(NOW);
        assertEquals(List.of("b", "c", "d", "1"), left());
    }

    private List<String> refreshed(Instant now) {
        List<Operation> before = operations.list();
        upkeep.updateDue(now);
        return operations.list().stream()
                .filter(o -> !before.contains(o))
                .map(o -> o.spec().project().value())
                .sorted()
                .toList();
    }

    @Test
    void looksForNewerOnesWhenEachProjectsIntervalIsOver() {
        project("eager", "images.auto_update_interval", "1");
        project("never", "images.auto_update_interval", "0");
        project("silent");
        int digit = 'a';
        for (String name : List.of("default", "eager", "never", "silent")) {
            image(name, (char) digit++, 1, false);
        }
        Instant start = Instant.now();
        assertEquals(List.of(), refreshed(start.plus(Duration.ofMinutes(59))));
        assertEquals(List.of("eager"), refreshed(start.plus(Duration.ofMinutes(61))));
        assertEquals(List.of(), refreshed(start.plus(Duration.ofMinutes(62))));
        assertEquals(
                List.of("default", "eager", "silent"), refreshed(start.plus(Duration.ofHours(7))));
        assertEquals(List.of(), refreshed(start.plus(Duration.ofHours(7).plusMinutes(59))));
    }
}
