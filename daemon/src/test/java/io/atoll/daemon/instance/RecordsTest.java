package io.atoll.daemon.instance;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.atoll.api.StatusCode;
import io.atoll.base.InvalidConfigException;
import io.atoll.base.NotFoundException;
import io.atoll.base.ProjectName;
import io.atoll.base.UnsupportedException;
import io.atoll.base.json.Json;
import io.atoll.daemon.instance.config.Expansion;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class RecordsTest {
    private static final InstanceRecord C1 =
            new InstanceRecord(
                    ProjectName.DEFAULT,
                    "c1",
                    "x86_64",
                    "",
                    Map.of("user.a", "b", "volatile.eth0.host_name", "veth1"),
                    Map.of("root", Map.of("type", "disk", "path", "/", "pool", "p")),
                    List.of("default"),
                    false,
                    Instant.parse("2026-11-21T00:30:55.921271Z"),
                    Instant.EPOCH,
                    Pending.rename(ProjectName.DEFAULT, "c2"),
                    true);

    @Test
    void recordsSurviveTheirCodec() {
        assertEquals(
                C1, InstanceRecord.KIND.codec().decode(InstanceRecord.KIND.codec().encode(C1)));
        SnapshotRecord snapshot =
                new SnapshotRecord(
                        "s0", C1, Instant.EPOCH, Optional.of(Instant.EPOCH), Pending.NOTHING);
        assertEquals(
                snapshot,
                SnapshotRecord.KIND.codec().decode(SnapshotRecord.KIND.codec().encode(snapshot)));
    }

    @Test
    void theViewHasTheMembersOfLxdInTheirOrder() {
        Expansion expansion = new Expansion(C1.config(), C1.devices());
        Json.Obj view = InstanceView.instance(C1, expansion, StatusCode.STOPPED);
        assertEquals(
                List.of(
                        "architecture",
                        "config",
                        "devices",
                        "ephemeral",
                        "profiles",
                        "stateful",
                        "description",
                        "created_at",
                        "expanded_config",
                        "expanded_devices",
                        "name",
                        "status",
                        "status_code",
                        "last_used_at",
                        "location",
                        "type",
                        "project"),
                new ArrayList<>(view.members().keySet()));
        assertEquals("1970-01-01T00:00:00Z", view.get("last_used_at").asString());
        assertEquals("/1.0/instances/c1?project=p", InstanceView.url(new ProjectName("p"), "c1"));
    }

    @Test
    void tracesOfARunAreForgotten() {
        assertEquals(Map.of("user.a", "b"), InstanceRunner.withoutTraces(C1).config());
    }

    @Test
    void patchMergesAndPutReplaces() {
        Json body = Json.parse("{\"config\":{\"user.x\":\"y\"}}");
        InstanceChange patch = InstanceChange.patch(body, C1);
        assertEquals("b", patch.config().get("user.a"));
        assertEquals("y", patch.config().get("user.x"));
        assertEquals(List.of("default"), patch.profiles());
        InstanceChange put = InstanceChange.put(body);
        assertEquals(Map.of("user.x", "y"), put.config());
        assertEquals(List.of(), put.profiles());
        assertEquals(
                Optional.of("s0"),
                InstanceChange.put(Json.parse("{\"restore\":\"c1/s0\"}")).restore());
    }

    @Test
    void statesAreReadAsLxdReadsThem() {
        assertEquals(
                Duration.ZERO,
                state("{\"action\":\"stop\",\"force\":true,\"timeout\":30}").patience());
        assertEquals(
                Duration.ofSeconds(5), state("{\"action\":\"stop\",\"timeout\":5}").patience());
        assertTrue(state("{\"action\":\"stop\"}").patience().toDays() > 1000);
        assertTrue(state("{\"action\":\"stop\",\"timeout\":-1}").patience().toDays() > 1000);
        assertThrows(InvalidConfigException.class, () -> state("{\"action\":\"jump\"}"));
        assertTrue(state("{\"action\":\"stop\",\"stateful\":true}").isStateful());
    }

    private static StateRequest state(String body) {
        return StateRequest.parse(Json.parse(body));
    }

    @Test
    void creationsAreCheckedBeforeAnythingIsDone() {
        assertEquals(
                "Unknown source type zzz",
                refusal("{\"name\":\"c2\",\"source\":{\"type\":\"zzz\"}}"));
        assertEquals(
                "Invalid instance name: Name can only contain alphanumeric and hyphen characters",
                refusal("{\"name\":\"c_1\",\"source\":{\"type\":\"none\"}}"));
        assertThrows(
                UnsupportedException.class,
                () ->
                        CreateRequest.parse(
                                ProjectName.DEFAULT, Json.parse("{\"type\":\"virtual-machine\"}")));
        CreateRequest sized =
                CreateRequest.parse(
                        ProjectName.DEFAULT,
                        Json.parse(
                                "{\"source\":{\"type\":\"none\"},\"instance_type\":\"c2-m1\",\"profiles\":[]}"));
        assertEquals(Map.of("limits.cpu", "2", "limits.memory", "1024MB"), sized.config());
        assertEquals(Optional.of(List.of()), sized.profiles());
        CreateRequest copy =
                CreateRequest.parse(
                        ProjectName.DEFAULT,
                        Json.parse("{\"source\":{\"type\":\"copy\",\"source\":\"c1/s0\"}}"));
        assertEquals(
                new CreateRequest.Source.Copy(ProjectName.DEFAULT, "c1", "s0", false, false),
                copy.source());
    }

    private static String refusal(String body) {
        return assertThrows(
                        InvalidConfigException.class,
                        () -> CreateRequest.parse(ProjectName.DEFAULT, Json.parse(body)))
                .getMessage();
    }

    @Test
    void expansionNeedsItsProfiles() {
        assertThrows(
                NotFoundException.class,
                () ->
                        InstanceTable.expand(
                                C1,
                                _ -> {
                                    throw new NotFoundException("Profile not found");
                                }));
    }
}
