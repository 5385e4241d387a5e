package io.atoll.runtime.lxc;

import io.atoll.base.UnavailableException;
import io.atoll.base.UnsupportedException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/// Which file system a device or file holds, by the marks that each leaves near its beginning.
public final class FileSystemType {
    /// Bytes of the beginning that hold all marks below.
    private static final int HEAD = 0x10040 + 8;

    private record Mark(String type, int offset, String bytes) {
        boolean isIn(String head) {
            return head.startsWith(bytes, offset);
        }
    }

    /// The file systems' own headers in the kernel: `squashfs_fs.h`, `erofs_fs.h`, `xfs_format.h`,
    /// `btrfs_tree.h`, `ext4.h`, `f2fs_fs.h`. A character is a byte.
    private static final List<Mark> MARKS =
            List.of(
                    new Mark("squashfs", 0, "hsqs"),
                    new Mark("erofs", 1024, "\u00e2\u00e1\u00f5\u00e0"),
                    new Mark("xfs", 0, "XFSB"),
                    new Mark("btrfs", 0x10040, "_BHRfS_M"),
                    new Mark("f2fs", 1024, "\u0010 \u00f5\u00f2"),
                    new Mark("ext4", 1080, "S\u00ef"));

    private FileSystemType() {}

    /// Its name as the kernel has it.
    ///
    /// @throws UnsupportedException if it is none that we know
    public static String of(Path source) {
        String head;
        try (InputStream in = Files.newInputStream(source)) {
            head = new String(in.readNBytes(HEAD), StandardCharsets.ISO_8859_1);
        } catch (IOException e) {
            throw new UnavailableException("cannot read " + source + ": " + e.getMessage(), e);
        }
        return MARKS.stream()
                .filter(mark -> mark.isIn(head))
                .map(Mark::type)
                .findFirst()
                .orElseThrow(() ->
                        new UnsupportedException(
                                source
                                        + " holds no file system that is known here: ext2"
                                        + " to ext4, xfs, btrfs, f2fs, squashfs or erofs"));
    }
}
