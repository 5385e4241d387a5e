package io.atoll.runtime.lxc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.atoll.base.InvalidConfigException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LxcRootfsTest {
    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "rootfs",
                "dir:rootfs",
                "overlay:/only",
                "overlay:/lower:upper",
                "floppy:/dev/fd0",
                "zfs:",
                "zfs:-r",
                "loop:",
                "nbd:disk"
            })
    void refusesWhatNamesNoPath(String value) {
        assertThrows(InvalidConfigException.class, () -> LxcRootfs.parse(value));
    }

    @Test
    void namesTheDriversThatThereAre() {
        InvalidConfigException e =
                assertThrows(
                        InvalidConfigException.class, () -> LxcRootfs.parse("floppy:/dev/fd0"));
        assertTrue(e.getMessage().contains("no driver \"floppy\""), e.getMessage());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "dir:/var/lib/lxc/p1/rootfs",
                "btrfs:/srv/p1",
                "overlay:/a:/b:/var/lib/lxc/p1/overlay/delta",
                "loop:/var/lib/lxc/p1/rootdev",
                "lvm:/dev/lxc/p1",
                "zfs:tank/lxc/p1",
                "rbd:lxc/p1",
                "nbd:/srv/p1.qcow2",
                "nbd:/srv/p1.qcow2:2"
            })
    void rendersWhatItRead(String value) {
        assertEquals(value, LxcRootfs.parse(value).render());
    }

    @Test
    void takesAPathWithoutDriver() {
        assertEquals("dir:/srv/x:y", LxcRootfs.parse("/srv/x:y").render());
        assertEquals("lvm:/dev/sdb", LxcRootfs.parse("/dev/sdb").render());
    }

    @Test
    void keepsTheWorkDirectoryBesideTheUpperOne() {
        LxcRootfs.Overlay overlay = (LxcRootfs.Overlay) LxcRootfs.parse("overlayfs:/l:/c/delta");
        assertEquals(List.of(Path.of("/l")), overlay.lowers());
        assertEquals(Path.of("/c/work"), overlay.work());
    }
}
