package io.atoll.linux;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.channels.Channels;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;

/// Files that are replaced as a whole: who reads one meanwhile sees the old text, and a write that
/// fails, on a full disk for example, leaves that text and nothing beside it. While it is written
/// there is a hidden file `.NAME.new` in the same directory; one that a killed process left is
/// written over by the next. Two writers of the same file need a lock of their own.
public final class WholeFile {
    private static final Set<OpenOption> OPTIONS =
            Set.of(
                    StandardOpenOption.WRITE,
                    StandardOpenOption.CREATE,
                    StandardOpenOption.TRUNCATE_EXISTING,
                    LinkOption.NOFOLLOW_LINKS);

    private WholeFile() {}

    /// Writes a file that its owner alone may write and everybody may read.
    public static void write(Path file, String text) throws IOException {
        write(file, text, "rw-r--r--");
    }

    /// @param mode as `ls -l` shows it, such as `rw-------`; whatever the umask is
    public static void write(Path file, String text, String mode) throws IOException {
        write(file, text, PosixFilePermissions.fromString(mode));
    }

    /// As [#write(Path, String, String)].
    public static void write(Path file, String text, Set<PosixFilePermission> mode)
            throws IOException {
        Path fresh = file.resolveSibling("." + file.getFileName() + ".new");
        try {
            try (OutputStream out =
                    Channels.newOutputStream(
                            Files.newByteChannel(
                                    fresh, OPTIONS, PosixFilePermissions.asFileAttribute(mode)))) {
                out.write(text.getBytes(StandardCharsets.UTF_8));
            }
            Files.setPosixFilePermissions(fresh, mode);
            Files.move(
                    fresh,
                    file,
                    StandardCopyOption.ATOMIC_MOVE,
                    StandardCopyOption.REPLACE_EXISTING);
        } catch (IOException | RuntimeException e) {
            try {
                Files.deleteIfExists(fresh);
            } catch (IOException also) {
                e.addSuppressed(also);
            }
            throw e;
        }
    }
}
