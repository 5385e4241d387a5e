package io.atoll.linux;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("privileged")
final class MountsIT {
    @Test
    void makesADetachedFileSystemThatLeavesNoTrace() {
        List<MountInfo> before = Mounts.list();
        try (FsContext context = FsContext.open("tmpfs").set("mode", "0711").flag("ro");
                Fd mount = context.mount(Set.of(MountAttribute.NODEV))) {
            assertEquals(0711, FileStat.of(mount).mode());
            ErrnoException e =
                    assertThrows(ErrnoException.class, () -> Directories.mkdir(mount, "d", 0755));
            assertEquals(Errno.EROFS, e.errno());
        }
        assertEquals(before, Mounts.list());
    }

    @Test
    void attachesCopiesInANamespaceOfItsOwn() {
        List<MountInfo> before = Mounts.list();
        Namespaces.withOwnMounts(() -> {
            try (Fd tree = Mounts.cloneTree("/etc", true)) {
                Mounts.setAttributes(
                        tree,
                        Set.of(MountAttribute.RDONLY, MountAttribute.NOATIME),
                        Set.of(),
                        true);
                Mounts.move(tree, "/mnt");
            }
            assertTrue(Mounts.isMountPoint("/mnt"));
            try (Fd mnt = Opens.open("/mnt", Fcntl.O_RDONLY, 0)) {
                assertThrows(ErrnoException.class, () -> Directories.mkdir(mnt, "atoll", 0755));
                assertTrue(Directories.list(mnt).stream().anyMatch(e -> e.name().equals("passwd")));
            }
            Mounts.umount("/mnt", true);
            return null;
        });
        assertEquals(before, Mounts.list());
    }

    @Test
    void carriesTheKernelsOwnWords() {
        try (FsContext context = FsContext.open("overlay")) {
            ErrnoException e =
                    assertThrows(ErrnoException.class, () -> context.set("no_such_option", "1"));
            assertTrue(e.getMessage().contains("Unknown parameter"), e.getMessage());
        }
    }
}
