package io.atoll.base;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class IdmapTest {
    @Test
    void translatesBothWays() {
        Idmap map = Idmap.range(100_000, 65_536);
        assertEquals(
                Optional.of(new HostId(101_000)), map.toHost(IdmapEntry.Kind.UID, new NsId(1000)));
        assertEquals(Optional.of(new NsId(0)), map.toNs(IdmapEntry.Kind.GID, new HostId(100_000)));
        assertTrue(map.toHost(IdmapEntry.Kind.UID, new NsId(65_536)).isEmpty());
        assertTrue(map.toNs(IdmapEntry.Kind.UID, new HostId(99_999)).isEmpty());
        assertEquals("0 100000 65536\n", map.render(IdmapEntry.Kind.UID));
    }

    @Test
    void rejectsOverlappingRanges() {
        IdmapEntry a = new IdmapEntry(IdmapEntry.Kind.UID, new NsId(0), new HostId(1000), 10);
        IdmapEntry inside = new IdmapEntry(IdmapEntry.Kind.UID, new NsId(9), new HostId(5000), 1);
        IdmapEntry outside = new IdmapEntry(IdmapEntry.Kind.UID, new NsId(50), new HostId(1009), 1);
        assertThrows(InvalidConfigException.class, () -> new Idmap(List.of(a, inside)));
        assertThrows(InvalidConfigException.class, () -> new Idmap(List.of(a, outside)));
    }

    @Test
    void rejectsRangesThatLeaveTheIdSpace() {
        assertThrows(
                InvalidConfigException.class,
                () ->
                        new IdmapEntry(
                                IdmapEntry.Kind.UID, new NsId(0), new HostId(HostId.LIMIT - 1), 2));
        assertThrows(
                InvalidConfigException.class,
                () -> new IdmapEntry(IdmapEntry.Kind.UID, new NsId(0), new HostId(0), 0));
    }
}
