package io.atoll.daemon.operation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.atoll.base.InternalException;
import io.atoll.base.InvalidConfigException;
import io.atoll.base.NotFoundException;
import io.atoll.base.ProjectName;
import io.atoll.base.json.Json;
import io.atoll.daemon.event.EventListener;
import io.atoll.daemon.event.EventRoutes;
import io.atoll.daemon.event.EventType;
import io.atoll.daemon.event.Events;
import io.atoll.daemon.http.Response;
import io.atoll.daemon.http.Right;
import io.atoll.daemon.http.Route;
import io.atoll.daemon.http.TestClient;
import io.atoll.daemon.http.TestServer;
import io.atoll.daemon.http.WebSocket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

final class OperationsTest {
    private static final Duration SOON = Duration.ofSeconds(10);
    private final Events events = new Events();
    private final Operations operations = new Operations(events);
    private TestServer server;
    private TestClient client;

    @BeforeEach
    void start() throws Exception {
        server =
                new TestServer(
                        new OperationRoutes(operations, events),
                        new EventRoutes(events, _ -> true),
                        () -> List.of(Route.post("/1.0/work").needs(Right.EDIT).run(_ -> work())));
        client = server.client();
    }

    @AfterEach
    void stop() throws Exception {
        client.close();
        server.close();
        operations.close();
    }

    private static OperationSpec spec() {
        return OperationSpec.task("Working", ProjectName.DEFAULT)
                .resource("instances", "/1.0/instances/c1");
    }

    private Response work() {
        return operations.start(spec(), o -> o.update("x_progress", Json.string("50%"))).response();
    }

    private String statusOf(String id) throws Exception {
        return client.get("/1.0/operations/" + id + "/wait?timeout=10")
                .metadata()
                .get("status")
                .asString();
    }

    @Test
    void showsAnOperationAsLxdDoes() throws Exception {
        TestClient.Answer answer = client.send("POST", "/1.0/work", "{}");
        assertEquals(202, answer.status());
        Json operation = answer.metadata();
        String url = "/1.0/operations/" + operation.get("id").asString();
        assertEquals(url, answer.headers().get("location"));
        assertEquals(url, answer.json().get("operation").asString());
        assertEquals(
                List.of(
                        "id",
                        "class",
                        "description",
                        "created_at",
                        "updated_at",
                        "status",
                        "status_code",
                        "resources",
                        "metadata",
                        "may_cancel",
                        "err",
                        "location"),
                new ArrayList<>(operation.asMap().keySet()));
        Json done = client.get(url + "/wait").metadata();
        assertEquals("Success", done.get("status").asString());
        assertEquals(200, done.get("status_code").asInt());
        assertEquals("50%", done.get("metadata").get("x_progress").asString());
        assertEquals(
                "/1.0/instances/c1", done.get("resources").get("instances").asStrings().getFirst());
        assertTrue(
                client.get("/1.0/operations").metadata().get("success").asStrings().contains(url));
    }

    @Test
    void sendsEveryStateToListenersThatConnectedFirst() throws Exception {
        try (TestClient listener = server.client()) {
            assertEquals(101, listener.upgrade("/1.0/events?type=operation").status());
            client.send("POST", "/1.0/work", "{}");
            List<String> seen = new ArrayList<>();
            while (!seen.contains("Success")) {
                String frame = listener.readDataFrame().text();
                assertTrue(frame.endsWith("}\n"), frame);
                Json event = Json.parse(frame);
                assertEquals("operation", event.get("type").asString());
                assertEquals("default", event.get("project").asString());
                seen.add(event.get("metadata").get("status").asString());
            }
            assertEquals(List.of("Pending", "Running", "Running", "Success"), seen);
        }
    }

    @Test
    void reportsFailures() throws Exception {
        Operation known =
                operations.start(
                        spec(),
                        _ -> {
                            throw new InvalidConfigException("no such thing");
                        });
        assertTrue(known.await(SOON));
        assertEquals(OperationStatus.FAILURE, known.status());
        assertEquals("no such thing", known.error());
        assertEquals(400, known.json().get("status_code").asInt());
        Operation unknown =
                operations.start(
                        spec(),
                        _ -> {
                            throw new IllegalStateException("broken");
                        });
        assertTrue(unknown.await(SOON));
        assertTrue(unknown.error().contains("incident"), unknown.error());
    }

    @Test
    void answersAWaitThatTimesOutWithTheRunningOperation() throws Exception {
        CountDownLatch go = new CountDownLatch(1);
        Operation operation = operations.start(spec(), _ -> go.await());
        Json seen = client.get(operation.url() + "/wait?timeout=0").metadata();
        assertEquals("Running", seen.get("status").asString());
        go.countDown();
        assertEquals("Success", statusOf(operation.id()));
    }

    @Test
    void cancelsOnlyWhatCanBeCancelled() throws Exception {
        CountDownLatch go = new CountDownLatch(1);
        Operation fixed = operations.start(spec(), _ -> go.await());
        TestClient.Answer refused = client.send("DELETE", fixed.url(), "");
        assertEquals(400, refused.status());
        assertEquals("This operation can't be cancelled", refused.json().get("error").asString());
        Operation soft = operations.start(spec().onCancel(go::countDown), _ -> go.await());
        try (EventListener told = events.listen(Set.of(EventType.LIFECYCLE), Optional.empty())) {
            assertEquals(200, client.send("DELETE", soft.url(), "").status());
            Json event = Json.parse(told.next().orElseThrow()).get("metadata");
            assertEquals("operation-cancelled", event.get("action").asString());
            assertEquals(soft.url(), event.get("source").asString());
        }
        assertEquals("Cancelled", statusOf(soft.id()));
        assertEquals("Success", statusOf(fixed.id()));
        assertEquals(
                "Only running operations can be cancelled",
                client.send("DELETE", soft.url(), "").json().get("error").asString());
    }

    @Test
    void isCancelledUntilItCommits() throws Exception {
        CountDownLatch isAtWork = new CountDownLatch(1);
        CountDownLatch go = new CountDownLatch(1);
        Operation kept =
                operations.startInterruptible(
                        spec(),
                        o -> {
                            assertTrue(o.commit());
                            isAtWork.countDown();
                            go.await();
                        });
        assertTrue(isAtWork.await(SOON.toMillis(), TimeUnit.MILLISECONDS));
        assertFalse(kept.json().get("may_cancel").asBoolean());
        assertEquals(400, client.send("DELETE", kept.url(), "").status());
        go.countDown();
        assertEquals("Success", statusOf(kept.id()));

        AtomicBoolean isInterrupted = new AtomicBoolean(true);
        Operation dropped =
                operations.startInterruptible(
                        spec(),
                        o -> {
                            try {
                                new CountDownLatch(1).await();
                            } catch (InterruptedException _) {
                                Thread.currentThread().interrupt();
                            }
                            assertFalse(o.commit());
                            isInterrupted.set(Thread.currentThread().isInterrupted());
                        });
        assertTrue(dropped.json().get("may_cancel").asBoolean());
        assertEquals(200, client.send("DELETE", dropped.url(), "").status());
        assertEquals("Cancelled", statusOf(dropped.id()));
        assertFalse(isInterrupted.get(), "what is undone afterwards is not interrupted");
    }

    @Test
    void keepsTokensUntilTheyAreUsed() throws Exception {
        Operation token =
                operations.startToken(
                        OperationSpec.token(
                                "Image download token",
                                ProjectName.DEFAULT,
                                Json.object().put("secret", "s")));
        assertEquals("Running", token.json().get("status").asString());
        assertTrue(token.json().get("may_cancel").asBoolean());
        token.complete();
        assertEquals("Success", statusOf(token.id()));
        Operation dropped =
                operations.startToken(OperationSpec.token("x", ProjectName.DEFAULT, Json.object()));
        assertEquals(200, client.send("DELETE", dropped.url(), "").status());
        assertEquals("Cancelled", statusOf(dropped.id()));
    }

    @Test
    void forgetsUnknownOperations() throws Exception {
        assertThrows(NotFoundException.class, () -> operations.get("nosuch"));
        assertEquals(
                "Operation not found",
                client.get("/1.0/operations/00000000-0000-0000-0000-000000000000")
                        .json()
                        .get("error")
                        .asString());
    }

    @Test
    void connectsWebSocketsBySecret() throws Exception {
        OperationSockets sockets = new OperationSockets(List.of("0", "control"));
        Operation operation =
                operations.start(
                        OperationSpec.websocket("Executing command", ProjectName.DEFAULT, sockets)
                                .metadata(Json.object().put("fds", sockets.secrets())),
                        _ -> {
                            sockets.await(List.of("0"), SOON);
                            WebSocket socket = sockets.get("0");
                            socket.sendText("hello");
                            assertTrue(
                                    socket.receive() instanceof WebSocket.Text t && t.isBarrier());
                        });
        String secret = operation.json().get("metadata").get("fds").get("0").asString();
        assertEquals(64, secret.length());
        String url = operation.url() + "/websocket";
        try (TestClient stream = server.client();
                TestClient second = server.client()) {
            assertEquals("missing secret", second.upgrade(url).json().get("error").asString());
            TestClient.Answer bad = second.upgrade(url + "?secret=bad");
            assertEquals(500, bad.status());
            assertEquals("permission denied", bad.json().get("error").asString());
            assertEquals(101, stream.upgrade(url + "?secret=" + secret).status());
            assertEquals("hello", stream.readDataFrame().text());
            assertEquals(
                    "Websocket number already connected",
                    second.upgrade(url + "?secret=" + secret).json().get("error").asString());
            stream.sendFrame(1, new byte[0]);
            assertEquals("Success", statusOf(operation.id()));
        }
    }

    @Test
    void givesUpWaitingForWebSockets() {
        OperationSockets sockets = new OperationSockets(List.of("0"));
        InternalException late =
                assertThrows(
                        InternalException.class,
                        () -> sockets.await(List.of("0"), Duration.ofMillis(1)));
        assertEquals("Timed out waiting for websockets to connect", late.getMessage());
    }

    @Test
    void leavesNoFinalState() {
        for (OperationStatus status : OperationStatus.values()) {
            assertEquals(status.isFinal(), status.next().isEmpty(), status.name());
            assertFalse(status.next().contains(OperationStatus.PENDING));
        }
        assertEquals(
                EnumSet.of(
                        OperationStatus.SUCCESS,
                        OperationStatus.FAILURE,
                        OperationStatus.CANCELLED),
                EnumSet.copyOf(
                        java.util.Arrays.stream(OperationStatus.values())
                                .filter(OperationStatus::isFinal)
                                .toList()));
    }
}
