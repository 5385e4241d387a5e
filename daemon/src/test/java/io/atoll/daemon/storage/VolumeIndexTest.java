package io.atoll.daemon.storage;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.atoll.base.Idmap;
import io.atoll.base.InvalidConfigException;
import io.atoll.daemon.backup.BackupForm;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class VolumeIndexTest {
    private static final Instant NOW = Instant.parse("2025-01-02T03:04:05Z");

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "- a",
                "{type: container, name: c1}",
                "{type: custom, name: v, config: {volume: {config: {volatile.idmap.last: x}}}}",
                "{type: custom, name: v, snapshots: ['../../x']}",
                "{type: custom, name: v, config: {volume_snapshots: [{name: a/b}]}}",
                "{type: custom, name: v, config: {volume: {created_at: yesterday}}}",
                "{type: custom",
                "!!java.io.File {type: custom}",
                "{type: custom, name: v, config: &a {volume: *a}}"
            })
    void refuses(String text) {
        assertThrows(InvalidConfigException.class, () -> VolumeIndex.parse(text));
    }

    @Test
    void readsWhatItWrites() {
        CustomVolume volume =
                new CustomVolume("p1", "v1", "text: \"x\"", Map.of("user.a", "1"), NOW, true, "");
        VolumeSnapshot snapshot =
                new VolumeSnapshot(
                        "p1",
                        "v1",
                        "s 0".replace(" ", ""),
                        "",
                        Map.of(),
                        NOW,
                        Optional.of(NOW),
                        "");
        VolumeIndex index =
                new VolumeIndex(
                        volume, List.of(snapshot), Idmap.NONE, new BackupForm("btrfs", true, true));
        assertEquals(index, VolumeIndex.parse(index.render()));
    }

    @Test
    void takesSnapshotsThatAreOnlyNamed() {
        VolumeIndex index = VolumeIndex.parse("{type: custom, name: v, snapshots: [s0]}");
        assertEquals("s0", index.snapshots().getFirst().name());
    }
}
