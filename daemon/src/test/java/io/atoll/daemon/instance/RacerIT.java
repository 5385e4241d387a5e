package io.atoll.daemon.instance;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.atoll.base.json.Json;
import io.atoll.daemon.LocalDaemon;
import io.atoll.daemon.http.TestClient;
import io.atoll.testkit.Leaks;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/// A program inside lets a directory and a symbolic link to a directory of the host change places
/// all the time, while the daemon is asked to use the path. The host's directory must never be
/// read, written, or mounted on. `-Datoll.race.requests` is how often; `FilesRacerIT` tries the
/// same more often without HTTP.
@Tag("privileged")
final class RacerIT {
    private static final int TRIES = Integer.getInteger("atoll.race.requests", 600);
    private static final String SECRET = "canary-77aa41";

    @RegisterExtension final Leaks leaks = Leaks.of("atoll-dracer-");

    private Path folder;
    private Path state;
    private Path outside;
    private LocalDaemon daemon;
    private TestClient client;

    @BeforeEach
    void start() throws Exception {
        folder = Files.createTempDirectory("atoll-dracer-");
        state = folder.resolve("state");
        outside = Files.createDirectory(folder.resolve("outside"));
        Files.writeString(outside.resolve("file"), SECRET);
        // For everyone: what keeps the daemon out must not be permissions.
        assertTrue(outside.toFile().setWritable(true, false));
        assertTrue(outside.resolve("file").toFile().setWritable(true, false));
        daemon = LocalDaemon.at(state);
        client = daemon.client();
        daemon.prepareInstances("dir");
        done("POST", "/1.0/instances", "{'name':'c1','source':{'type':'image','alias':'busybox'}}");
        done("PUT", "/1.0/instances/c1/state", "{'action':'start'}");
        push("/probe", "0755", Files.readAllBytes(Path.of(System.getProperty("atoll.probe"))));
        exec(
                "/",
                List.of(
                        "sh",
                        "-c",
                        "mkdir -p "
                                + outside
                                + " /a && echo inside >"
                                + outside
                                + "/file && echo inside >/a/file && ln -s "
                                + outside
                                + " /b && (/probe swap /a /b >/dev/null 2>&1 </dev/null &)"));
    }

    @AfterEach
    void stop() throws Exception {
        try {
            assertEquals(SECRET, Files.readString(outside.resolve("file")));
            try (Stream<Path> files = Files.list(outside)) {
                assertEquals(1, files.count());
            }
            assertFalse(Files.readString(Path.of("/proc/self/mountinfo")).contains("/outside"));
        } finally {
            daemon.close();
            try (Stream<Path> files = Files.walk(folder)) {
                for (Path file : files.sorted(java.util.Comparator.reverseOrder()).toList()) {
                    Files.delete(file);
                }
            }
        }
    }

    private Json done(String method, String path, String body) throws IOException {
        TestClient.Answer answer = client.send(method, path, body.replace('\'', '"'));
        assertTrue(answer.status() < 300, answer.text());
        String url = answer.json().get("operation").asString();
        return url.isEmpty() ? answer.json() : client.get(url + "/wait?timeout=60").metadata();
    }

    private TestClient.Answer push(String path, String mode, byte[] bytes) throws IOException {
        return client.send(
                "POST",
                "/1.0/instances/c1/files?path=" + path,
                Map.of("X-LXD-uid", "0", "X-LXD-gid", "0", "X-LXD-mode", mode),
                bytes);
    }

    private Json exec(String cwd, List<String> command) throws IOException {
        Json body =
                Json.object()
                        .put("command", command)
                        .put("cwd", cwd)
                        .put("record-output", true)
                        .put("wait-for-websocket", false)
                        .put("interactive", false);
        return done("POST", "/1.0/instances/c1/exec", body.render());
    }

    @Test
    void filesAreReadWrittenAndRemovedInside() throws Exception {
        int read = 0;
        byte[] text = "pushed".getBytes(StandardCharsets.UTF_8);
        for (int i = 0; i < TRIES; i++) {
            TestClient.Answer got = client.get("/1.0/instances/c1/files?path=/a/file");
            assertFalse(got.text().contains(SECRET), "try " + i);
            read += got.status() == 200 ? 1 : 0;
            TestClient.Answer pushed =
                    push(i % 2 == 0 ? "/a/file" : "/a/new" + i % 7, "0644", text);
            assertTrue(pushed.status() == 200 || pushed.status() >= 400, pushed.text());
            TestClient.Answer unused =
                    client.send("DELETE", "/1.0/instances/c1/files?path=/a/new" + i % 7, "");
        }
        assertTrue(read > TRIES / 10, "only " + read + " of " + TRIES + " were read at all");
    }

    @Test
    void commandsAreRunInDirectoriesInside() throws Exception {
        int ran = 0;
        for (int i = 0; i < Math.max(10, TRIES / 12); i++) {
            Json end = exec("/a", List.of("cat", "file"));
            String log = end.get("metadata").get("output").get("1").asString();
            if (!log.isEmpty()) {
                assertFalse(client.get(log).text().contains(SECRET), "try " + i);
                TestClient.Answer unused = client.send("DELETE", log, "");
                ran++;
            }
        }
        assertTrue(ran > 0, "no command ran");
    }

    @Test
    void disksAreAttachedInside() throws Exception {
        Path shown = Files.createDirectory(folder.resolve("shown"));
        try {
            for (int i = 0; i < Math.max(5, TRIES / 40); i++) {
                TestClient.Answer unused =
                        client.send(
                                "PATCH",
                                "/1.0/instances/c1",
                                ("{'devices':{'d':{'type':'disk','source':'"
                                                + shown
                                                + "','path':'/a/mnt'}}}")
                                        .replace('\'', '"'));
                assertFalse(Files.exists(outside.resolve("mnt")), "try " + i);
                assertFalse(Files.readString(Path.of("/proc/self/mountinfo")).contains("/outside"));
                Json now = client.get("/1.0/instances/c1").metadata();
                Json.Obj put =
                        Json.object()
                                .put("profiles", List.of("default"))
                                .put("config", now.get("config"));
                TestClient.Answer alsoUnused =
                        client.send("PUT", "/1.0/instances/c1", put.render());
            }
        } finally {
            done("PUT", "/1.0/instances/c1/state", "{'action':'stop','force':true}");
            Files.delete(shown);
        }
    }
}
