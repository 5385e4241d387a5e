package io.atoll.daemon.instance;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.atoll.base.DomainException;
import io.atoll.base.Idmap;
import io.atoll.base.InvalidConfigException;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class InstanceIndexTest {
    /// As LXD 5.0 writes it: shifted owners, and where it ran.
    private static final String INDEX =
            """
            name: c1
            backend: dir
            pool: p1
            snapshots:
            - s0
            optimized: false
            type: container
            config:
              container:
                architecture: x86_64
                config:
                  limits.cpu: 2
                  security.nesting: true
                  user.foo: bar
                  volatile.eth0.host_name: veth254bceb2
                  volatile.eth0.hwaddr: 00:16:3e:7c:35:58
                  volatile.idmap.base: "0"
                  volatile.idmap.next: '[]'
                  volatile.last_state.idmap: '[{"Isuid":true,"Isgid":true,"Hostid":100000,"Nsid":0,"Maprange":65536}]'
                  volatile.last_state.power: RUNNING
                devices:
                  root: {path: /, pool: p1, type: disk}
                ephemeral: false
                profiles: [default, web]
                description: it
                created_at: 2026-11-21T00:30:55.921271Z
                last_used_at: 0001-01-01T00:00:00Z
                name: c1
              snapshots:
              - name: c1/s0
                expires_at: 2030-01-01T00:00:00Z
                created_at: 2026-11-21T00:31:00Z
                config: {user.foo: old}
                devices: {}
                profiles: [default]
            """;

    @Test
    void readsWhatLxdWrote() {
        InstanceIndex index = InstanceIndex.parse(INDEX);
        assertEquals("p1", index.pool());
        assertEquals(Idmap.range(100_000, 65_536), index.shifted());
        InstanceRecord instance = index.instance();
        assertEquals("c1", instance.name());
        assertEquals("it", instance.description());
        assertEquals(List.of("default", "web"), instance.profiles());
        assertEquals("2", instance.config("limits.cpu"));
        assertEquals("true", instance.config("security.nesting"));
        assertEquals("00:16:3e:7c:35:58", instance.config("volatile.eth0.hwaddr"));
        assertEquals("[]", instance.config("volatile.last_state.idmap"));
        for (String key :
                List.of(
                        "volatile.eth0.host_name",
                        "volatile.idmap.base",
                        "volatile.idmap.next",
                        "volatile.last_state.power")) {
            assertFalse(instance.config().containsKey(key), key);
        }
        SnapshotRecord snapshot = index.snapshots().getFirst();
        assertEquals("s0", snapshot.name());
        assertEquals("old", snapshot.instance().config("user.foo"));
        assertTrue(snapshot.expiresAt().isPresent());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "type: custom",
                "type: virtual-machine",
                "{type: container, name: c1}",
                "{type: container, name: c1, snapshots: [s0], config: {container: {}}}",
                "{type: container, config: {container: {}, snapshots: [{name: a/b/c}]}}",
                "{type: container, config: {container: {created_at: yesterday}}}",
                "a: [b"
            })
    void refusesWhatItCannotUse(String text) {
        assertThrows(InvalidConfigException.class, () -> InstanceIndex.parse(text));
    }

    @Test
    void aNameThatIsAWayOutIsRefused() {
        String text = INDEX.replace("- s0", "- ..").replace("c1/s0", "c1/..");
        InstanceIndex index = InstanceIndex.parse(text);
        assertThrows(
                DomainException.class,
                () -> io.atoll.image.BackupPart.snapshot(index.snapshots().getFirst().name()));
    }
}
