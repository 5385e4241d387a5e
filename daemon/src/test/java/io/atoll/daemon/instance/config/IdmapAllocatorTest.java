package io.atoll.daemon.instance.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.atoll.base.HostId;
import io.atoll.base.Idmap;
import io.atoll.base.IdmapEntry;
import io.atoll.base.InvalidConfigException;
import io.atoll.base.NsId;
import io.atoll.base.UnavailableException;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class IdmapAllocatorTest {
    private final IdmapAllocator allocator = new IdmapAllocator(100_000, 10 * 65_536);

    private IdmapAllocator.Allocation allocate(
            Map<String, String> config, IdmapAllocator.Taken... taken) {
        return allocator.allocate(new InstanceConfig(config), List.of(taken));
    }

    @Test
    void sharedInstancesGetTheWholeRange() {
        IdmapAllocator.Allocation got = allocate(Map.of());
        assertEquals(0, got.base());
        assertEquals(Idmap.range(100_000, 655_360), got.idmap());
    }

    @Test
    void privilegedInstancesGetNone() {
        assertEquals(Idmap.NONE, allocate(Map.of("security.privileged", "true")).idmap());
    }

    @Test
    void isolatedInstancesGetTheFirstGapBehindTheSharedIds() {
        Map<String, String> isolated = Map.of("security.idmap.isolated", "true");
        assertEquals(165_536, allocate(isolated).base());
        assertEquals(
                296_608,
                allocate(
                                isolated,
                                new IdmapAllocator.Taken(231_072, 65_536),
                                new IdmapAllocator.Taken(165_536, 65_536))
                        .base());
        assertEquals(231_072, allocate(isolated, new IdmapAllocator.Taken(165_536, 65_536)).base());
    }

    @Test
    void refusesWhatDoesNotFit() {
        assertThrows(
                UnavailableException.class,
                () ->
                        allocate(
                                Map.of(
                                        "security.idmap.isolated",
                                        "1",
                                        "security.idmap.size",
                                        "600000")));
        assertThrows(
                InvalidConfigException.class,
                () -> allocate(Map.of("security.idmap.isolated", "1", "security.idmap.base", "5")));
    }

    @Test
    void rawLinesPunchHoles() {
        Idmap got = allocate(Map.of("raw.idmap", "uid 1000 1000")).idmap();
        assertEquals(
                List.of(
                        new IdmapEntry(IdmapEntry.Kind.UID, new NsId(0), new HostId(100_000), 1000),
                        new IdmapEntry(IdmapEntry.Kind.UID, new NsId(1000), new HostId(1000), 1),
                        new IdmapEntry(
                                IdmapEntry.Kind.UID,
                                new NsId(1001),
                                new HostId(101_001),
                                655_360 - 1001),
                        new IdmapEntry(
                                IdmapEntry.Kind.GID, new NsId(0), new HostId(100_000), 655_360)),
                got.entries());
    }

    private static boolean isRight(Map<String, String> config, long base, Idmap idmap) {
        return new IdmapAllocator(100_000, 655_360)
                .isRight(
                        new InstanceConfig(config),
                        base,
                        idmap,
                        List.of(new IdmapAllocator.Taken(300_000, 65_536)));
    }

    @Test
    void knowsWhichIdsAreRight() {
        Idmap shared = Idmap.range(100_000, 655_360);
        assertTrue(isRight(Map.of(), 0, shared));
        assertFalse(isRight(Map.of(), 0, Idmap.NONE));
        assertFalse(isRight(Map.of(), 0, Idmap.range(0, 655_360)));
        assertTrue(isRight(Map.of("security.privileged", "true"), 0, Idmap.NONE));
        assertFalse(isRight(Map.of("security.privileged", "true"), 0, shared));
        Map<String, String> isolated = Map.of("security.idmap.isolated", "true");
        assertTrue(isRight(isolated, 200_000, Idmap.range(200_000, 65_536)));
        assertFalse(isRight(isolated, 200_000, Idmap.range(0, 65_536)));
        assertFalse(isRight(isolated, 0, Idmap.range(0, 65_536)), "below the host's range");
        assertFalse(isRight(isolated, 310_000, Idmap.range(310_000, 65_536)), "somebody's");
        assertFalse(isRight(isolated, 200_000, shared));
        assertFalse(isRight(isolated, 750_000, Idmap.range(750_000, 65_536)), "past the range");
    }

    @Test
    void jsonIsAsLxdWritesIt() {
        String text =
                "[{\"Isuid\":true,\"Isgid\":false,\"Hostid\":100000,\"Nsid\":0,\"Maprange\":65536},"
                        + "{\"Isuid\":false,\"Isgid\":true,\"Hostid\":100000,\"Nsid\":0,\"Maprange\":65536}]";
        assertEquals(text, IdmapJson.render(Idmap.range(100_000, 65_536)));
        assertEquals(Idmap.range(100_000, 65_536), IdmapJson.parse(text));
        assertEquals("[]", IdmapJson.render(Idmap.NONE));
        assertEquals(Idmap.NONE, IdmapJson.parse("[]"));
        assertEquals(
                Idmap.range(7, 9),
                IdmapJson.parse(
                        "[{\"Isuid\":true,\"Isgid\":true,\"Hostid\":7,\"Nsid\":0,\"Maprange\":9}]"));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"x", "[1", "{}}", "[{\"Isuid\":1}]", "[{\"Isuid\":true,\"Nsid\":\"x\"}]"})
    void whatIsNoMapIsRefused(String text) {
        assertThrows(InvalidConfigException.class, () -> IdmapJson.parse(text));
    }
}
