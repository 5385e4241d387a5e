package io.atoll.lxctools.disk;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.file.Path;
import java.util.Set;
import org.junit.jupiter.api.Test;

class ConfigTextTest {
    @Test
    void movesPathsOfTheContainerAndNoOthers() {
        String text =
                """
                # /c/p1 in a comment
                lxc.rootfs.path = overlay:/c/p1/image.squashfs:/c/p1/overlay/delta
                lxc.mount.fstab = /c/p1/fstab
                lxc.hook.start = /c/p10/hook /c/p1
                lxc.environment = HOME=/c/p1
                lxc.net.0.script.up = /c/p1/up
                """;
        assertEquals(
                """
                # /c/p1 in a comment
                lxc.rootfs.path = overlay:/d/p2/image.squashfs:/d/p2/overlay/delta
                lxc.mount.fstab = /d/p2/fstab
                lxc.hook.start = /c/p10/hook /d/p2
                lxc.environment = HOME=/c/p1
                lxc.net.0.script.up = /c/p1/up
                """,
                ConfigText.moved(text, Path.of("/c/p1"), Path.of("/d/p2")));
    }

    @Test
    void givesEveryFixedMacAFreshOne() {
        String text =
                """
                lxc.net.0.hwaddr = 00:16:3e:3a:f1:c1
                lxc.network.hwaddr=00:16:3e:00:00:01
                lxc.net.1.hwaddr = 00:16:3e:xx:xx:xx
                """;
        assertEquals(
                """
                lxc.net.0.hwaddr = M
                lxc.network.hwaddr= M
                lxc.net.1.hwaddr = 00:16:3e:xx:xx:xx
                """,
                ConfigText.withMacs(text, () -> "M"));
    }

    @Test
    void replacesAKeyUnderAnyOfItsNames() {
        assertEquals(
                "# kept\nlxc.tty.max = 4\nlxc.uts.name = p2\n",
                ConfigText.with(
                        "lxc.utsname = p1\n# kept\nlxc.tty.max = 4\n",
                        "lxc.uts.name",
                        Set.of("lxc.uts.name", "lxc.utsname"),
                        "p2"));
    }

    @Test
    void removesAKey() {
        assertEquals(
                "lxc.tty.max = 4\n",
                ConfigText.with(
                        "lxc.ephemeral = 1\nlxc.tty.max = 4\n",
                        "lxc.ephemeral",
                        Set.of("lxc.ephemeral"),
                        ""));
    }
}
