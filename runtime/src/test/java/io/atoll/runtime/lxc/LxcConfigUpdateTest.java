package io.atoll.runtime.lxc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import org.junit.jupiter.api.Test;

class LxcConfigUpdateTest {
    @Test
    void renamesWhatHasANewName() {
        String old =
                """
                # Template used to create this container: lxc-ubuntu
                lxc.utsname = p1
                lxc.rootfs = /var/lib/lxc/p1/rootfs
                lxc.mount = /var/lib/lxc/p1/fstab
                lxc.pivotdir = lxc_putold
                lxc.kmsg = 0
                lxc.tty = 4
                lxc.pts = 1024
                lxc.id_map = u 0 100000 65536
                lxc.limit.nofile = 1024

                lxc.network.type = veth
                lxc.network.flags = up
                lxc.network.ipv4 = 10.0.3.5/24
                lxc.network.type = phys
                lxc.network.link = eth2
                """;
        String updated = LxcConfigUpdate.update(old);
        assertEquals(
                """
                # Template used to create this container: lxc-ubuntu
                lxc.uts.name = p1
                lxc.rootfs.path = dir:/var/lib/lxc/p1/rootfs
                lxc.mount.fstab = /var/lib/lxc/p1/fstab
                lxc.tty.max = 4
                lxc.pty.max = 1024
                lxc.idmap = u 0 100000 65536
                lxc.prlimit.nofile = 1024

                lxc.net.0.type = veth
                lxc.net.0.flags = up
                lxc.net.0.ipv4.address = 10.0.3.5/24
                lxc.net.1.type = phys
                lxc.net.1.link = eth2
                """,
                updated);
        assertFalse(LxcConfig.parse(updated, "updated", LxcIncludes.none()).hasLegacyKeys());
    }

    @Test
    void mergesTheBackend() {
        assertEquals(
                "lxc.rootfs.path = btrfs:/c/p1/rootfs\n",
                LxcConfigUpdate.update("lxc.rootfs = /c/p1/rootfs\nlxc.rootfs.backend = btrfs\n"));
    }

    @Test
    void leavesCurrentFilesAlone() {
        String text = "lxc.uts.name = p1\n#lxc.utsname = old\nlxc.mount.entry = a b c d 0 0";
        assertEquals(text, LxcConfigUpdate.update(text));
    }
}
