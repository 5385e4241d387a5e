package io.atoll.linux;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.atoll.base.Idmap;
import java.nio.file.Path;
import java.util.HexFormat;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@Tag("privileged")
final class OwnershipIT {
    private static final Idmap MAP = Idmap.range(1_000_000, 65_536);
    private static final byte[] CAP_NET_RAW =
            HexFormat.of().parseHex("0100000200200000000000000000000000000000");

    @TempDir Path directory;

    @Test
    void movesThereAndBackWithAllThatChownTakesAway() {
        try (Fd root = Opens.open(directory.toString(), Fcntl.O_RDONLY | Fcntl.O_DIRECTORY, 0)) {
            GuestFiles files = new GuestFiles(root);
            files.mkdirs("/d/e", 0755, 0, 0);
            files.write("/d/su", new byte[] {1}, 0755);
            files.chmod("/d/su", 04755);
            files.write("/d/ping", new byte[] {1}, 0755);
            files.chown("/d/ping", 5, 6);
            files.symlink("su", "/d/link");
            try (Fd d = Opens.openAt(root, "d", Fcntl.O_RDONLY, 0)) {
                Xattrs.set(d, "ping", "security.capability", CAP_NET_RAW);
                Xattrs.set(d, "user.a", new byte[] {7});
                TreeCopy.link(d, "su", d, "su2");

                Ownership.shift(root, Idmap.NONE, MAP);
                assertEquals(1_000_000, FileStat.of(root).uid());
                assertEquals(1_000_005, files.lstat("/d/ping").uid());
                assertEquals(1_000_006, files.lstat("/d/ping").gid());
                assertEquals(04755, files.lstat("/d/su").mode());
                assertEquals(
                        1_000_000,
                        files.lstat("/d/su2").uid(),
                        "an inode with two names moves once");
                assertEquals(1_000_000, files.lstat("/d/link").uid());
                byte[] moved = Xattrs.get(d, "ping", "security.capability").orElseThrow();
                assertEquals("40420f00", HexFormat.of().formatHex(moved, 20, 24));
                assertTrue(Xattrs.list(d).contains("user.a"));

                Ownership.shift(root, MAP, Idmap.NONE);
                assertEquals(5, files.lstat("/d/ping").uid());
                assertEquals(0, files.lstat("/d/su").uid());
                assertArrayEquals(
                        CAP_NET_RAW, Xattrs.get(d, "ping", "security.capability").orElseThrow());
            }
        }
    }
}
