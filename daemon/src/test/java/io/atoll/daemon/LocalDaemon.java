package io.atoll.daemon;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.atoll.base.json.Json;
import io.atoll.daemon.event.Events;
import io.atoll.daemon.http.TestClient;
import io.atoll.storage.HostTools;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.InstantSource;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/// A daemon of this process on a state directory of its own, with a client at its socket. Closing
/// it stops its instances and deletes the directory.
public final class LocalDaemon implements AutoCloseable {
    private final Path state;
    private final HostTools tools;
    private final List<String> options;
    private final SetClock clock = new SetClock();
    private Daemon daemon;
    private TestClient client;
    private boolean isShut;

    private LocalDaemon(Path state, HostTools tools, List<String> options) throws IOException {
        this.state = state;
        this.tools = tools;
        this.options = options;
        this.daemon = start();
        this.client = new TestClient(socket());
    }

    /// One with a state directory in the place for temporary files.
    ///
    /// @param prefix how the directory's name begins
    public static LocalDaemon open(String prefix) throws IOException {
        return at(Files.createTempDirectory(prefix));
    }

    /// One with this state directory, which need not exist.
    public static LocalDaemon at(Path state) throws IOException {
        return new LocalDaemon(state, HostTools.REAL, List.of());
    }

    /// One on a host with other volume managers.
    public static LocalDaemon open(String prefix, HostTools tools) throws IOException {
        return new LocalDaemon(Files.createTempDirectory(prefix), tools, List.of());
    }

    /// One with more options on its command line.
    public static LocalDaemon open(String prefix, List<String> options) throws IOException {
        return new LocalDaemon(Files.createTempDirectory(prefix), HostTools.REAL, options);
    }

    private Daemon start() throws IOException {
        List<String> arguments = new ArrayList<>(options);
        arguments.addAll(List.of("--state-dir", state.toString()));
        Daemon started =
                Daemon.open(DaemonOptions.parse(arguments, Map.of()), new Events(), tools, clock);
        try {
            started.start();
        } catch (RuntimeException e) {
            started.close();
            throw e;
        }
        return started;
    }

    /// Ends the daemon, not its instances. Only [#reopen] and [#close] come after it.
    public void shut() throws IOException {
        client.close();
        daemon.close();
        isShut = true;
    }

    /// Starts a new daemon on the same state.
    public void reopen() throws IOException {
        daemon = start();
        client = new TestClient(socket());
        isShut = false;
    }

    /// Goes on to a time of UTC, which the clock then shows, and does what is due in its minute.
    /// Before, and for all but snapshots and what expires, it is the host's clock.
    public void at(LocalDateTime time) {
        clock.set(time.toInstant(ZoneOffset.UTC));
        daemon.minute(time.truncatedTo(ChronoUnit.MINUTES));
    }

    private static final class SetClock implements InstantSource {
        private volatile Optional<Instant> time = Optional.empty();

        void set(Instant to) {
            time = Optional.of(to);
        }

        @Override
        public Instant instant() {
            return time.orElseGet(Instant::now);
        }
    }

    public Path state() {
        return state;
    }

    public Path socket() {
        return state.resolve("unix.socket");
    }

    public Daemon daemon() {
        return daemon;
    }

    /// Another one after each [#reopen].
    public TestClient client() {
        return client;
    }

    /// Pool `p`, a default profile with a root disk there, and an image `busybox`.
    public void prepareInstances(String driver) throws IOException {
        ok("POST", "/1.0/storage-pools", "{'name':'p','driver':'" + driver + "'}");
        ok(
                "PATCH",
                "/1.0/profiles/default",
                "{'devices':{'root':{'type':'disk','path':'/','pool':'p'}}}");
        ok(
                "POST",
                "/1.0/images",
                "{'source':{'type':'build','alias':'busybox'},'aliases':[{'name':'busybox'}]}");
    }

    /// @param body JSON with apostrophes for quotes
    public TestClient.Answer send(String method, String path, String body) throws IOException {
        return client.send(method, path, body.replace('\'', '"'));
    }

    /// Sends what must succeed, waits for its operation and gives the operation, or the metadata.
    ///
    /// @param body JSON with apostrophes for quotes
    public Json ok(String method, String path, String body) throws IOException {
        TestClient.Answer answer = send(method, path, body);
        assertTrue(answer.status() < 300, answer.text());
        String url = answer.json().get("operation").asString();
        if (url.isEmpty()) {
            return answer.metadata();
        }
        Json end = client.get(url + "/wait?timeout=120").metadata();
        assertEquals("Success", end.get("status").asString(), end.toString());
        return end;
    }

    /// The exit status of a shell command inside an instance.
    public long exec(String instance, String command) throws IOException {
        Json end =
                ok(
                        "POST",
                        "/1.0/instances/" + instance + "/exec",
                        Json.object()
                                .put("command", List.of("sh", "-c", command))
                                .put("wait-for-websocket", false)
                                .render());
        return end.get("metadata").get("return").asLong();
    }

    private List<String> mounts() throws IOException {
        return Files.readAllLines(Path.of("/proc/self/mountinfo")).stream()
                .filter(line -> line.contains(state.toString()))
                .toList();
    }

    @Override
    public void close() throws IOException {
        if (!isShut) {
            daemon.stopInstances();
            shut();
        }
        assertEquals(List.of(), mounts());
        try (Stream<Path> files = Files.walk(state)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        }
    }
}
