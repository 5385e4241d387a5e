package io.atoll.daemon.debug;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.atoll.base.BusyException;
import io.atoll.base.ProjectName;
import io.atoll.base.UnavailableException;
import io.atoll.base.json.Json;
import io.atoll.daemon.event.Events;
import io.atoll.daemon.operation.OperationSpec;
import io.atoll.daemon.operation.Operations;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import jdk.jfr.FlightRecorder;
import jdk.jfr.RecordingState;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordingFile;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DebugServerTest {
    private record Answer(int status, String headers, byte[] body) {
        private String text() {
            return new String(body, StandardCharsets.UTF_8);
        }
    }

    @TempDir private Path directory;

    private Path scratch;
    private Operations operations;
    private DebugServer server;

    @BeforeEach
    void listen() {
        scratch = directory.resolve("debug");
        operations = new Operations(new Events());
        server = DebugServer.listen(loopback(0), new DebugPages(scratch, operations::list));
    }

    @AfterEach
    void stop() {
        server.close();
        operations.close();
    }

    private static InetSocketAddress loopback(int port) {
        return new InetSocketAddress(InetAddress.getLoopbackAddress(), port);
    }

    private Answer get(String path) throws IOException {
        return ask("GET", path, "127.0.0.1");
    }

    private Answer ask(String method, String path, String host) throws IOException {
        try (Socket socket = new Socket()) {
            socket.connect(loopback(server.port()));
            String request = method + " " + path + " HTTP/1.0\r\nHost: " + host + "\r\n\r\n";
            socket.getOutputStream().write(request.getBytes(StandardCharsets.US_ASCII));
            byte[] all = socket.getInputStream().readAllBytes();
            String text = new String(all, StandardCharsets.ISO_8859_1);
            int end = text.indexOf("\r\n\r\n");
            return new Answer(
                    Integer.parseInt(text.substring(9, 12)),
                    text.substring(0, end),
                    Arrays.copyOfRange(all, end + 4, all.length));
        }
    }

    private List<Path> leftovers() throws IOException {
        if (!Files.exists(scratch)) {
            return List.of();
        }
        try (Stream<Path> files = Files.list(scratch)) {
            return files.toList();
        }
    }

    @Test
    void theIndexLeadsToEveryPage() throws Exception {
        Answer index = get("/");
        assertEquals(200, index.status());
        assertTrue(index.text().contains("process " + ProcessHandle.current().pid()));
        List<String> links =
                Pattern.compile("href=\"([^\"]+)\"")
                        .matcher(index.text())
                        .results()
                        .map(m -> m.group(1))
                        .toList();
        assertEquals(
                List.of(
                        "/debug/threads",
                        "/debug/memory",
                        "/debug/classes",
                        "/debug/jfr",
                        "/debug/operations"),
                links);
        for (String link : links) {
            // A recording takes its time.
            String path = link.equals("/debug/jfr") ? link + "?seconds=1" : link;
            Answer page = get(path);
            assertEquals(200, page.status(), path);
            assertTrue(page.headers().contains("no-store"), path);
            assertTrue(page.body().length > 0, path);
        }
        assertEquals(index.text().length(), get("/debug/").text().length(), 20);
        assertEquals(List.of(), leftovers());
    }

    @Test
    void virtualThreadsAreAmongTheThreads() throws Exception {
        CountDownLatch goOn = new CountDownLatch(1);
        Thread parked =
                Thread.ofVirtual()
                        .name("a-parked-one")
                        .start(() -> {
                            try {
                                goOn.await();
                            } catch (InterruptedException e) {
                                throw new AssertionError(e);
                            }
                        });
        try {
            await(() -> parked.getState() == Thread.State.WAITING);
            String text = get("/debug/threads").text();
            assertTrue(text.contains("\"a-parked-one\""), text);
            assertTrue(text.contains("CountDownLatch.await"), text);
            Answer json = get("/debug/threads?format=json");
            assertTrue(json.headers().contains("application/json"), json.headers());
            assertTrue(Json.parse(json.text()).render().contains("a-parked-one"));
        } finally {
            goOn.countDown();
            parked.join();
        }
        assertEquals(400, get("/debug/threads?format=xml").status());
        assertEquals(List.of(), leftovers());
        assertEquals(
                "rwx------", PosixFilePermissions.toString(Files.getPosixFilePermissions(scratch)));
    }

    @Test
    void memoryAndClassesAreCounted() throws Exception {
        String memory = get("/debug/memory").text();
        assertTrue(Pattern.compile("(?m)^VmRSS: +\\d+ kB$").matcher(memory).find(), memory);
        assertTrue(Pattern.compile("(?m)^heap +\\d+ +\\d+ +\\d+$").matcher(memory).find(), memory);
        String classes = get("/debug/classes?max=10000").text();
        assertTrue(classes.contains("java.lang.String"), classes);
        assertEquals(5, get("/debug/classes?max=3").text().lines().count());
        for (String wrong : List.of("0", "-1", "x", "10001", "")) {
            assertEquals(400, get("/debug/classes?max=" + wrong).status(), wrong);
        }
    }

    @Test
    void operationsAreShownWithoutTheirSecrets() throws Exception {
        operations.startToken(
                OperationSpec.token(
                        "Executing a secret handshake",
                        ProjectName.DEFAULT,
                        Json.object().put("secret", "hunter2")));
        String text = get("/debug/operations").text();
        assertFalse(text.contains("hunter2"), text);
        Json one = Json.parse(text).asList().getFirst();
        assertEquals("Executing a secret handshake", one.get("description").asString());
        assertEquals("token", one.get("class").asString());
        assertEquals("Running", one.get("status").asString());
        assertEquals(operations.list().getFirst().id(), one.get("id").asString());
    }

    @Test
    void oneRecordingIsMadeAtATimeAndClosingEndsIt() throws Exception {
        FlightRecording page = new FlightRecording(new Scratch(scratch));
        CompletableFuture<DebugPage.Content> first =
                CompletableFuture.supplyAsync(() -> {
                    try {
                        return page.show(_ -> Optional.of("300"));
                    } catch (IOException e) {
                        throw new AssertionError(e);
                    }
                });
        await(() ->
                FlightRecorder.isInitialized()
                        && FlightRecorder.getFlightRecorder().getRecordings().stream()
                                .anyMatch(r ->
                                        r.getName().equals("atolld")
                                                && r.getState() == RecordingState.RUNNING));
        assertThrows(BusyException.class, () -> page.show(_ -> Optional.of("1")));
        page.close();
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (DebugPage.Content content = first.get(60, TimeUnit.SECONDS)) {
            content.writeTo(out);
        }
        assertEquals(List.of(), leftovers());
        Path copy = directory.resolve("copy.jfr");
        Files.write(copy, out.toByteArray());
        Set<String> wanted = new HashSet<>(FlightRecording.STATES);
        wanted.addAll(FlightRecording.FACTS);
        wanted.addAll(FlightRecording.SAMPLED);
        wanted.addAll(FlightRecording.HAPPENINGS);
        wanted.addAll(FlightRecording.SLOW);
        wanted.add(FlightRecording.ALLOCATION);
        // Says which recordings there are.
        wanted.add("jdk.ActiveRecording");
        Set<String> found = new HashSet<>();
        for (RecordedEvent event : RecordingFile.readAllEvents(copy)) {
            found.add(event.getEventType().getName());
        }
        assertTrue(found.contains("jdk.CPUInformation"), found.toString());
        found.removeAll(wanted);
        assertEquals(Set.of(), found);
    }

    @Test
    void everyEventOfARecordingExists() {
        Set<String> known = new HashSet<>();
        FlightRecorder.getFlightRecorder().getEventTypes().forEach(t -> known.add(t.getName()));
        for (List<String> names :
                List.of(
                        FlightRecording.STATES,
                        FlightRecording.FACTS,
                        FlightRecording.SAMPLED,
                        FlightRecording.HAPPENINGS,
                        FlightRecording.SLOW,
                        List.of(FlightRecording.ALLOCATION))) {
            assertTrue(known.containsAll(names), names.toString());
        }
    }

    @Test
    void refusesWhatItDoesNotHave() throws Exception {
        assertEquals(404, get("/debug/pprof/heap").status());
        assertEquals(404, get("/1.0").status());
        assertEquals(405, ask("POST", "/debug/threads", "127.0.0.1").status());
        assertEquals(0, ask("HEAD", "/debug/threads", "127.0.0.1").body().length);
        for (String wrong : List.of("0", "301", "1.5", "abc")) {
            Answer answer = get("/debug/jfr?seconds=" + wrong);
            assertEquals(400, answer.status(), wrong);
            assertTrue(answer.text().contains("1 to 300"), answer.text());
        }
        assertEquals(List.of(), leftovers());
    }

    @Test
    void pagesOfOtherNamesInABrowserReadNothing() throws Exception {
        assertEquals(403, ask("GET", "/debug/threads", "evil.example").status());
        for (String host : List.of("localhost:8444", "127.0.0.1:1", "[::1]:8444")) {
            assertEquals(200, ask("GET", "/debug/", host).status(), host);
        }
    }

    @Test
    void aTakenPortIsSaid() {
        int port = server.port();
        UnavailableException refused =
                assertThrows(
                        UnavailableException.class,
                        () ->
                                DebugServer.listen(
                                        loopback(port), new DebugPages(scratch, operations::list)));
        assertTrue(refused.getMessage().contains(Integer.toString(port)), refused.getMessage());
        assertTrue(refused.getMessage().contains("in use"), refused.getMessage());
    }

    private interface Condition {
        boolean holds();
    }

    private static void await(Condition condition) {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
        while (!condition.holds()) {
            assertTrue(System.nanoTime() < deadline, "it does not happen");
            LockSupport.parkNanos(1_000_000);
        }
    }
}
