package io.atoll.image;

import io.atoll.linux.KernelText;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Map;
import java.util.TreeMap;

/// Writes tar archives: ustar headers, and pax ones before them where ustar has no room. The same
/// members give the same bytes. Not thread-safe.
final class TarWriter implements AutoCloseable {
    private static final long OCTAL_7_MAX = 07777777L;
    private static final long OCTAL_11_MAX = 077777777777L;
    private static final int NAME_BYTES = 100;
    private static final int RECORD = 20 * TarReader.BLOCK;
    private static final byte[] PAX_NAME = KernelText.encode("././@PaxHeader");
    private static final byte[] MAGIC = {'u', 's', 't', 'a', 'r', 0, '0', '0'};

    /// What is collected before it is written: programs and libraries go through in few pieces.
    private static final int BUFFER_BYTES = 256 << 10;

    private final OutputStream out;
    private final byte[] buffer = new byte[BUFFER_BYTES];

    /// How much of the buffer waits.
    private int filled;

    private long written;

    /// Collects what it writes, so that `out` need not. Closing the writer finishes the archive and
    /// closes `out`.
    TarWriter(OutputStream out) {
        this.out = out;
    }

    /// Writes a member; `data` must hold exactly its size. The name of a directory gets a slash at
    /// its end.
    void put(TarEntry member, InputStream data) throws IOException {
        boolean directory =
                member.type() == TarEntry.Type.DIRECTORY && !member.name().endsWith("/");
        TarEntry entry = directory ? member.renamed(member.name() + "/", "") : member;
        byte[] name = KernelText.encode(entry.name());
        byte[] link = KernelText.encode(entry.link());
        Map<String, byte[]> pax = pax(entry, name, link);
        if (!pax.isEmpty()) {
            byte[] records = records(pax);
            header(
                    TarEntry.plain(TarEntry.Type.FILE, "", 0644, records.length),
                    'x',
                    PAX_NAME,
                    new byte[0]);
            bytes(records);
            pad();
        }
        header(entry, entry.type().flag(), name, link);
        if (entry.type() == TarEntry.Type.FILE) {
            content(entry, data);
        }
    }

    private void content(TarEntry entry, InputStream data) throws IOException {
        long count = 0;
        while (true) {
            room(1);
            int read = data.read(buffer, filled, buffer.length - filled);
            if (read < 0) {
                break;
            }
            filled += read;
            count += read;
        }
        written += count;
        if (count != entry.size()) {
            throw new IOException(
                    entry.name()
                            + " changed its size from "
                            + entry.size()
                            + " to "
                            + count
                            + " while it was read");
        }
        pad();
    }

    /// Makes room for so many bytes.
    private void room(int bytes) throws IOException {
        if (buffer.length - filled < bytes) {
            out.write(buffer, 0, filled);
            filled = 0;
        }
    }

    /// Writes a member without content.
    void put(TarEntry entry) throws IOException {
        put(entry, InputStream.nullInputStream());
    }

    /// Writes a small file of root, mode 0644.
    void putFile(String name, byte[] content) throws IOException {
        put(
                TarEntry.plain(TarEntry.Type.FILE, name, 0644, content.length),
                new java.io.ByteArrayInputStream(content));
    }

    private static Map<String, byte[]> pax(TarEntry entry, byte[] name, byte[] link) {
        Map<String, byte[]> pax = new TreeMap<>();
        if (name.length > NAME_BYTES) {
            pax.put("path", name);
        }
        if (link.length > NAME_BYTES) {
            pax.put("linkpath", link);
        }
        putNumber(pax, "size", entry.size(), OCTAL_11_MAX);
        putNumber(pax, "uid", entry.uid(), OCTAL_7_MAX);
        putNumber(pax, "gid", entry.gid(), OCTAL_7_MAX);
        putNumber(pax, "mtime", entry.modified().getEpochSecond(), OCTAL_11_MAX);
        entry.xattrs().forEach((key, value) -> pax.put("SCHILY.xattr." + key, value));
        return pax;
    }

    /// Only what the header has no room for.
    private static void putNumber(Map<String, byte[]> pax, String key, long value, long max) {
        if (value < 0 || value > max) {
            pax.put(key, Long.toString(value).getBytes(StandardCharsets.US_ASCII));
        }
    }

    private static byte[] records(Map<String, byte[]> pax) {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        pax.forEach((key, value) -> {
            byte[] name = KernelText.encode(key);
            int rest = name.length + value.length + 3;
            int length = rest + Integer.toString(rest).length();
            if (Integer.toString(length).length() != Integer.toString(rest).length()) {
                length = rest + Integer.toString(length).length();
            }
            all.writeBytes((length + " ").getBytes(StandardCharsets.US_ASCII));
            all.writeBytes(name);
            all.write('=');
            all.writeBytes(value);
            all.write('\n');
        });
        return all.toByteArray();
    }

    private void header(TarEntry entry, char flag, byte[] name, byte[] link) throws IOException {
        room(TarReader.BLOCK);
        int at = filled;
        zeros(TarReader.BLOCK);
        put(at, NAME_BYTES, name);
        octal(at + 100, 8, entry.mode());
        octal(at + 108, 8, Math.min(entry.uid(), OCTAL_7_MAX));
        octal(at + 116, 8, Math.min(entry.gid(), OCTAL_7_MAX));
        long size = entry.type() == TarEntry.Type.FILE ? entry.size() : 0;
        octal(at + 124, 12, Math.min(size, OCTAL_11_MAX));
        octal(at + 136, 12, Math.clamp(entry.modified().getEpochSecond(), 0, OCTAL_11_MAX));
        buffer[at + 156] = (byte) flag;
        put(at + 157, NAME_BYTES, link);
        put(at + 257, MAGIC.length, MAGIC);
        octal(at + 329, 8, entry.major());
        octal(at + 337, 8, entry.minor());
        // The sum is made with eight spaces where it goes.
        long sum = 8L * ' ';
        for (int i = at; i < at + TarReader.BLOCK; i++) {
            sum += buffer[i] & 0xff;
        }
        octal(at + 148, 7, sum);
        buffer[at + 155] = ' ';
    }

    private void put(int at, int length, byte[] value) {
        System.arraycopy(value, 0, buffer, at, Math.min(length, value.length));
    }

    private void octal(int at, int length, long value) {
        long rest = value;
        for (int i = at + length - 2; i >= at; i--) {
            buffer[i] = (byte) ('0' + (rest & 7));
            rest >>>= 3;
        }
        buffer[at + length - 1] = 0;
    }

    private void bytes(byte[] bytes) throws IOException {
        for (int at = 0; at < bytes.length; ) {
            room(1);
            int count = Math.min(bytes.length - at, buffer.length - filled);
            System.arraycopy(bytes, at, buffer, filled, count);
            filled += count;
            at += count;
        }
        written += bytes.length;
    }

    /// Fills up to a whole block.
    private void pad() throws IOException {
        zeros((int) TarReader.pad(written));
    }

    private void zeros(int count) throws IOException {
        room(count);
        Arrays.fill(buffer, filled, filled + count, (byte) 0);
        filled += count;
        written += count;
    }

    @Override
    public void close() throws IOException {
        zeros(2 * TarReader.BLOCK);
        zeros((int) ((RECORD - written % RECORD) % RECORD));
        out.write(buffer, 0, filled);
        out.close();
    }
}
