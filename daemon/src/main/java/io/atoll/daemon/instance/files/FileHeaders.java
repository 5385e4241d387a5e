package io.atoll.daemon.instance.files;

import io.atoll.base.IdmapEntry;
import io.atoll.base.InvalidConfigException;
import io.atoll.daemon.http.Request;
import io.atoll.linux.FileStat;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalInt;
import java.util.OptionalLong;

/// The `X-LXD-*` headers that go with a file.
///
/// @param type file, directory or symlink
/// @param isAppend whether content goes behind what is there
record FileHeaders(
        Type type, boolean isAppend, OptionalLong uid, OptionalLong gid, OptionalInt mode) {
    /// Go prints times so, whatever the header's name suggests.
    private static final DateTimeFormatter MODIFIED =
            DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm:ss '+0000 UTC'", Locale.ROOT)
                    .withZone(ZoneOffset.UTC);

    /// What can be made.
    enum Type {
        FILE,
        DIRECTORY,
        SYMLINK
    }

    /// @throws InvalidConfigException in LXD's words
    static FileHeaders parse(Request request) {
        String type = request.header("X-LXD-type").orElse("");
        String write = request.header("X-LXD-write").orElse("");
        return new FileHeaders(
                switch (type) {
                    case "", "file" -> Type.FILE;
                    case "directory" -> Type.DIRECTORY;
                    case "symlink" -> Type.SYMLINK;
                    default -> throw new InvalidConfigException("Bad file type: " + type);
                },
                switch (write) {
                    case "", "overwrite" -> false;
                    case "append" -> true;
                    default -> throw new InvalidConfigException("Bad file write mode: " + write);
                },
                id(request, "X-LXD-uid"),
                id(request, "X-LXD-gid"),
                mode(request));
    }

    private static OptionalLong id(Request request, String name) {
        String text = request.header(name).orElse("");
        if (text.isEmpty() || text.equals("-1")) {
            return OptionalLong.empty();
        }
        try {
            return OptionalLong.of(Integer.toUnsignedLong(Integer.parseUnsignedInt(text)));
        } catch (NumberFormatException e) {
            throw new InvalidConfigException("Invalid " + name + ": " + text, e);
        }
    }

    /// With a leading 0 octal, else decimal, as C reads numbers.
    private static OptionalInt mode(Request request) {
        String text = request.header("X-LXD-mode").orElse("");
        if (text.isEmpty()) {
            return OptionalInt.empty();
        }
        try {
            boolean isOctal = text.length() > 1 && text.startsWith("0");
            String digits = text.startsWith("0o") ? text.substring(2) : text;
            return OptionalInt.of(Integer.parseInt(digits, isOctal ? 8 : 10) & 07777);
        } catch (NumberFormatException e) {
            throw new InvalidConfigException("Invalid X-LXD-mode: " + text, e);
        }
    }

    /// What describes a file to the client.
    static Map<String, String> describe(FileStat stat, RootAccess root) {
        Map<String, String> out = new LinkedHashMap<>();
        out.put("X-LXD-uid", Long.toString(root.toGuest(IdmapEntry.Kind.UID, stat.uid())));
        out.put("X-LXD-gid", Long.toString(root.toGuest(IdmapEntry.Kind.GID, stat.gid())));
        out.put("X-LXD-mode", String.format(Locale.ROOT, "%04o", stat.mode()));
        out.put("X-LXD-modified", MODIFIED.format(stat.modified()));
        out.put(
                "X-LXD-type",
                switch (stat.type()) {
                    case DIRECTORY -> "directory";
                    case SYMLINK -> "symlink";
                    case FILE, FIFO, CHAR_DEVICE, BLOCK_DEVICE, SOCKET -> "file";
                });
        return out;
    }
}
