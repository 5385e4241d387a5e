package io.atoll.daemon.event;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.atoll.base.ProjectName;
import io.atoll.base.json.Json;
import io.atoll.daemon.http.Caller;
import io.atoll.daemon.http.RequestScope;
import io.atoll.daemon.http.TestClient;
import io.atoll.daemon.http.TestServer;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;

final class EventsTest {
    private final Events events = new Events();

    @Test
    void rendersALifecycleEventAsLxdDoes() throws Exception {
        try (EventListener all = events.listen(Set.of(EventType.LIFECYCLE), Optional.empty())) {
            RequestScope scope = new RequestScope(1, "default", "", Caller.local("root"));
            scope.run(() ->
                    events.publishLifecycle(
                            Lifecycle.of(
                                    "instance-paused", "/1.0/instances/k1", ProjectName.DEFAULT)));
            Json event = Json.parse(all.next().orElseThrow());
            assertEquals(
                    "{\"action\":\"instance-paused\",\"source\":\"/1.0/instances/k1\",\"requestor\":"
                            + "{\"username\":\"root\",\"protocol\":\"unix\",\"address\":\"@\"}}",
                    event.get("metadata").render());
            assertEquals("lifecycle", event.get("type").asString());
            assertEquals("none", event.get("location").asString());
        }
    }

    @Test
    void leavesOutOtherProjectsAndTypes() throws Exception {
        try (EventListener mine =
                events.listen(Set.of(EventType.LIFECYCLE), Optional.of(new ProjectName("mine")))) {
            events.publishLifecycle(Lifecycle.of("other", "/", ProjectName.DEFAULT));
            events.publishLogging("info", "not for me", java.util.Map.of());
            events.publishLifecycle(Lifecycle.server("everyone", "/"));
            assertTrue(mine.next().orElseThrow().contains("everyone"));
        }
    }

    @Test
    void dropsAListenerThatDoesNotRead() throws Exception {
        EventListener slow = events.listen(Set.of(EventType.LIFECYCLE), Optional.empty());
        for (int i = 0; i <= EventListener.QUEUE_MAX; i++) {
            events.publishLifecycle(Lifecycle.server("e" + i, "/"));
        }
        assertTrue(slow.next().isEmpty());
    }

    @Test
    void refusesUnknownTypesAndPlainRequests() throws Exception {
        try (TestServer server = new TestServer(new EventRoutes(events, _ -> true));
                TestClient client = server.client()) {
            TestClient.Answer bad = client.upgrade("/1.0/events?type=zzz");
            assertEquals(500, bad.status());
            assertEquals(
                    "\"zzz\" isn't a supported event type", bad.json().get("error").asString());
            assertEquals(400, client.upgrade("/1.0/events?all-projects=true&project=x").status());
            assertEquals(400, client.get("/1.0/events").status());
        }
    }
}
