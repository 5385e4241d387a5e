package io.atoll.linux;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.List;
import org.junit.jupiter.api.Test;

final class MountInfoTest {
    @Test
    void readsALineWithOptionalFieldsAndEscapes() {
        String line =
                "36 35 98:0 /mnt1 /mnt\\0402\\134 rw,noatime shared:1 master:2 - ext3 /dev/root rw,errors=continue";
        MountInfo mount = MountInfo.parse(line + "\n").getFirst();
        assertEquals("/mnt 2\\", mount.target());
        assertEquals(FileStat.device(98, 0), mount.device());
        assertEquals(List.of("rw", "noatime"), mount.options());
        assertEquals("ext3", mount.fsType());
        assertEquals(List.of("rw", "errors=continue"), mount.superOptions());
    }

    @Test
    void refusesOtherText() {
        assertThrows(IllegalArgumentException.class, () -> MountInfo.parse("hello world"));
    }
}
