package io.atoll.image;

import io.atoll.base.InvalidConfigException;
import io.atoll.linux.KernelText;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.regex.Pattern;

/// Reads tar archives member by member: ustar, GNU (long names, old sparse files), and pax with
/// extended attributes as the bytes they are and sparse files of version 1.0. Why not a library:
/// docs/decisions/0021. Everything in a header is bounded before it is used. Not thread-safe.
final class TarReader implements AutoCloseable {
    static final int BLOCK = 512;

    /// The most bytes of the extension headers of one member, and of those for all members; a path
    /// and its extended attributes fit well.
    private static final int EXTENSION_BYTES_MAX = 1 << 20;

    /// The longest name, target of a link or other text: PATH_MAX of the kernel.
    private static final int NAME_BYTES_MAX = 4096;

    private static final Pattern TIME = Pattern.compile("-?[0-9]{1,11}([.][0-9]{0,64})?");

    private static final int SPARSE_SEGMENTS_MAX = 1 << 16;
    private static final String XATTR_PREFIX = "SCHILY.xattr.";

    private final InputStream in;
    private final Map<String, byte[]> global = new HashMap<>();
    private TarData data = TarData.EMPTY;
    private long padding;

    /// The bytes of extension headers that were read for the member that comes, and for all.
    private long memberBytes;

    private long globalBytes;

    TarReader(InputStream in) {
        this.in = in;
    }

    /// Skips the rest of the current member and reads the next header; empty at the end.
    ///
    /// @throws InvalidConfigException if the archive is damaged
    Optional<TarEntry> next() throws IOException {
        Map<String, byte[]> pax = new HashMap<>(global);
        memberBytes = 0;
        while (true) {
            finishMember();
            byte[] header = new byte[BLOCK];
            int read = in.readNBytes(header, 0, BLOCK);
            if (read == 0 || isZero(header)) {
                return Optional.empty();
            }
            checkHeader(header, read);
            long size = number(header, 124, 12);
            switch ((char) header[156]) {
                case 'L' -> pax.put("path", withoutNul(extension(size)));
                case 'K' -> pax.put("linkpath", withoutNul(extension(size)));
                case 'x' -> pax.putAll(records(extension(size)));
                case 'g' -> {
                    globalBytes += size;
                    checkExtension(globalBytes);
                    global.putAll(records(extension(size)));
                }
                default -> {
                    return Optional.of(entry(header, pax));
                }
            }
        }
    }

    /// The content of the current member; expanded if it is sparse. Valid until [#next()].
    InputStream data() {
        return data;
    }

    private void finishMember() throws IOException {
        data.drain();
        in.skipNBytes(padding);
        padding = 0;
        data = TarData.EMPTY;
    }

    private byte[] extension(long size) throws IOException {
        memberBytes += size;
        checkExtension(memberBytes);
        byte[] bytes = in.readNBytes((int) size);
        in.skipNBytes(pad(size));
        return bytes;
    }

    private static void checkExtension(long bytes) {
        if (bytes > EXTENSION_BYTES_MAX) {
            throw damaged("extension header of " + bytes + " bytes");
        }
    }

    private TarEntry entry(byte[] header, Map<String, byte[]> pax) throws IOException {
        char flag = (char) header[156];
        long stored = paxNumber(pax, "size", number(header, 124, 12));
        if (stored > ImageFile.Limits.BYTES_MAX) {
            throw damaged("a file of " + stored + " bytes");
        }
        TarEntry.Type type = TarEntry.Type.of(flag);
        // A hard link or directory with a size has no content by the standard, whatever its header
        // says.
        long content = type == TarEntry.Type.FILE || type == TarEntry.Type.OTHER ? stored : 0;
        padding = pad(content);
        data = new TarData(in, List.of(new TarData.Segment(0, content)), content);
        if (flag == 'S') {
            readOldSparse(header, content);
        } else if ("1".equals(paxText(pax, "GNU.sparse.major", "")) && type == TarEntry.Type.FILE) {
            readPaxSparse(pax, content);
        }
        String name = paxText(pax, "GNU.sparse.name", paxText(pax, "path", headerName(header)));
        if (type == TarEntry.Type.FILE && name.endsWith("/")) {
            type = TarEntry.Type.DIRECTORY;
        }
        return new TarEntry(
                type,
                name,
                paxText(pax, "linkpath", text(header, 157, 100)),
                (int) number(header, 100, 8) & 07777,
                paxNumber(pax, "uid", number(header, 108, 8)),
                paxNumber(pax, "gid", number(header, 116, 8)),
                modified(pax, number(header, 136, 12)),
                data.size(),
                (int) number(header, 329, 8),
                (int) number(header, 337, 8),
                xattrs(pax));
    }

    /// The format before pax: four segments in the header, then blocks of 21 more.
    private void readOldSparse(byte[] header, long content) throws IOException {
        List<TarData.Segment> segments = new ArrayList<>();
        addSegments(segments, header, 386, 4);
        boolean more = header[482] != 0;
        while (more) {
            byte[] block = in.readNBytes(BLOCK);
            checkLength(block.length);
            addSegments(segments, block, 0, 21);
            if (segments.size() > SPARSE_SEGMENTS_MAX) {
                throw damaged("sparse map of too many segments");
            }
            more = block[504] != 0;
        }
        data = sparse(segments, content, number(header, 483, 12));
    }

    private static void addSegments(
            List<TarData.Segment> segments, byte[] block, int at, int count) {
        for (int i = 0; i < count && block[at + i * 24] != 0; i++) {
            segments.add(
                    new TarData.Segment(
                            number(block, at + i * 24, 12), number(block, at + i * 24 + 12, 12)));
        }
    }

    /// The map stands before the content: decimal numbers on lines of their own, padded to a block.
    private void readPaxSparse(Map<String, byte[]> pax, long content) throws IOException {
        int[] consumed = {0};
        long count = decimalLine(consumed);
        if (count > SPARSE_SEGMENTS_MAX) {
            throw damaged("sparse map of " + count + " segments");
        }
        List<TarData.Segment> segments = new ArrayList<>();
        for (long i = 0; i < count; i++) {
            segments.add(new TarData.Segment(decimalLine(consumed), decimalLine(consumed)));
        }
        long mapBytes = consumed[0] + pad(consumed[0]);
        in.skipNBytes(pad(consumed[0]));
        data = sparse(segments, content - mapBytes, paxNumber(pax, "GNU.sparse.realsize", 0));
    }

    private long decimalLine(int[] consumed) throws IOException {
        long value = 0;
        while (true) {
            int c = in.read();
            consumed[0]++;
            if (c == '\n') {
                return value;
            }
            if (c < '0' || c > '9' || value > ImageFile.Limits.BYTES_MAX) {
                throw damaged("sparse map");
            }
            value = value * 10 + c - '0';
        }
    }

    private TarData sparse(List<TarData.Segment> segments, long content, long realSize) {
        long end = 0;
        long total = 0;
        for (TarData.Segment segment : segments) {
            if (segment.offset() < end
                    || segment.length() < 0
                    || segment.offset() > ImageFile.Limits.BYTES_MAX) {
                throw damaged("sparse map out of order");
            }
            end = segment.offset() + segment.length();
            total += segment.length();
        }
        if (segments.size() > SPARSE_SEGMENTS_MAX
                || total != content
                || end > realSize
                || realSize > ImageFile.Limits.BYTES_MAX) {
            throw damaged("sparse map does not fit");
        }
        return new TarData(in, segments, realSize);
    }

    private static Map<String, byte[]> xattrs(Map<String, byte[]> pax) {
        Map<String, byte[]> xattrs = new TreeMap<>();
        pax.forEach((key, value) -> {
            if (key.startsWith(XATTR_PREFIX)) {
                xattrs.put(key.substring(XATTR_PREFIX.length()), value);
            }
        });
        return xattrs;
    }

    /// `LENGTH KEY=VALUE\n`, the length counting all of it.
    private static Map<String, byte[]> records(byte[] bytes) {
        Map<String, byte[]> records = new HashMap<>();
        int at = 0;
        while (at < bytes.length) {
            int space = at;
            while (space < bytes.length
                    && bytes[space] >= '0'
                    && bytes[space] <= '9'
                    && space - at < 8) {
                space++;
            }
            if (space == at || space >= bytes.length || bytes[space] != ' ') {
                throw damaged("pax record");
            }
            int length =
                    Integer.parseInt(new String(bytes, at, space - at, StandardCharsets.US_ASCII));
            int end = at + length;
            int equals = space + 1;
            while (equals < Math.min(end, bytes.length) && bytes[equals] != '=') {
                equals++;
            }
            if (end > bytes.length || end <= space || equals >= end || bytes[end - 1] != '\n') {
                throw damaged("pax record");
            }
            String key = new String(bytes, space + 1, equals - space - 1, StandardCharsets.UTF_8);
            records.put(key, Arrays.copyOfRange(bytes, equals + 1, Math.max(equals + 1, end - 1)));
            at = end;
        }
        return records;
    }

    private static Instant modified(Map<String, byte[]> pax, long seconds) {
        String text = paxText(pax, "mtime", "");
        if (text.isEmpty()) {
            return Instant.ofEpochSecond(Math.min(seconds, Instant.MAX.getEpochSecond()));
        }
        // A number such as 1e999999999 would take all memory.
        if (!TIME.matcher(text).matches()) {
            throw damaged("time " + text);
        }
        BigDecimal time = new BigDecimal(text);
        long whole = time.setScale(0, RoundingMode.FLOOR).longValueExact();
        return Instant.ofEpochSecond(
                whole, time.subtract(BigDecimal.valueOf(whole)).movePointRight(9).longValue());
    }

    private static long paxNumber(Map<String, byte[]> pax, String key, long otherwise) {
        String text = paxText(pax, key, "");
        if (text.isEmpty()) {
            return otherwise;
        }
        try {
            long value = Long.parseLong(text);
            if (value >= 0) {
                return value;
            }
        } catch (NumberFormatException _) {
            // said below
        }
        throw damaged(key + " " + text);
    }

    private static String paxText(Map<String, byte[]> pax, String key, String otherwise) {
        byte[] value = pax.get(key);
        if (value != null && value.length > NAME_BYTES_MAX) {
            throw damaged(key + " of " + value.length + " bytes");
        }
        String text = value == null ? otherwise : KernelText.decode(value);
        if (text.indexOf('\0') >= 0) {
            throw damaged(key + " with a NUL");
        }
        return text;
    }

    private static String headerName(byte[] header) {
        String name = text(header, 0, 100);
        boolean ustar = header[257] == 'u' && header[262] == 0;
        String prefix = ustar ? text(header, 345, 155) : "";
        return prefix.isEmpty() ? name : prefix + "/" + name;
    }

    private static String text(byte[] header, int at, int length) {
        int end = at;
        while (end < at + length && header[end] != 0) {
            end++;
        }
        return KernelText.decode(Arrays.copyOfRange(header, at, end));
    }

    private static byte[] withoutNul(byte[] bytes) {
        int end = 0;
        while (end < bytes.length && bytes[end] != 0) {
            end++;
        }
        return Arrays.copyOf(bytes, end);
    }

    /// Octal digits, or with the first bit set a number of base 256.
    private static long number(byte[] header, int at, int length) {
        if ((header[at] & 0x80) != 0) {
            long value = header[at] & 0x3f;
            for (int i = at + 1; i < at + length; i++) {
                if (value >= 1L << 54) {
                    throw damaged("number too large");
                }
                value = value << 8 | header[i] & 0xff;
            }
            // Negative numbers occur for times before 1970 only; 1970 is near enough.
            return (header[at] & 0x40) != 0 ? 0 : value;
        }
        long value = 0;
        for (int i = at; i < at + length; i++) {
            int c = header[i];
            if (c >= '0' && c <= '7') {
                value = value << 3 | c - '0';
            } else if (c != ' ' && c != 0) {
                throw damaged("number");
            }
        }
        return value;
    }

    private static void checkHeader(byte[] header, int read) throws IOException {
        checkLength(read);
        long sum = 0;
        for (int i = 0; i < BLOCK; i++) {
            sum += i >= 148 && i < 156 ? ' ' : header[i] & 0xff;
        }
        if (sum != number(header, 148, 8)) {
            throw damaged("checksum");
        }
    }

    private static void checkLength(int read) throws EOFException {
        if (read < BLOCK) {
            throw new EOFException("archive ends in the middle");
        }
    }

    private static boolean isZero(byte[] block) {
        for (byte b : block) {
            if (b != 0) {
                return false;
            }
        }
        return true;
    }

    static long pad(long size) {
        return (BLOCK - size % BLOCK) % BLOCK;
    }

    private static InvalidConfigException damaged(String what) {
        return new InvalidConfigException("The archive is damaged: " + what);
    }

    @Override
    public void close() throws IOException {
        in.close();
    }
}
