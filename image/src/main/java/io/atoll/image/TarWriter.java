package io.atoll.image;

import io.atoll.linux.KernelText;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.TreeMap;

/// Writes tar archives: ustar headers, and pax ones before them where ustar has no room. The same
/// members give the same bytes. Not thread-safe.
final class TarWriter implements AutoCloseable {
    private static final long OCTAL_7_MAX = 07777777L;
    private static final long OCTAL_11_MAX = 077777777777L;
    private static final int RECORD = 20 * TarReader.BLOCK;

    private final OutputStream out;
    private long written;

    /// Closing the writer finishes the archive and closes `out`.
    TarWriter(OutputStream out) {
        this.out = out;
    }

    /// Writes a member; `data` must hold exactly its size. The name of a directory gets a slash at
    /// its end.
    void put(TarEntry member, InputStream data) throws IOException {
        boolean directory =
                member.type() == TarEntry.Type.DIRECTORY && !member.name().endsWith("/");
        TarEntry entry = directory ? member.renamed(member.name() + "/", "") : member;
        Map<String, byte[]> pax = pax(entry);
        if (!pax.isEmpty()) {
            byte[] records = records(pax);
            TarEntry extension =
                    TarEntry.plain(TarEntry.Type.FILE, "././@PaxHeader", 0644, records.length);
            block(header(extension, 'x'));
            padded(records);
        }
        block(header(entry, entry.type().flag()));
        long count = entry.type() == TarEntry.Type.FILE ? data.transferTo(out) : 0;
        written += count;
        if (entry.type() == TarEntry.Type.FILE && count != entry.size()) {
            throw new IOException(
                    entry.name()
                            + " changed its size from "
                            + entry.size()
                            + " to "
                            + count
                            + " while it was read");
        }
        pad(TarReader.pad(count));
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

    private static Map<String, byte[]> pax(TarEntry entry) {
        Map<String, byte[]> pax = new TreeMap<>();
        putText(pax, "path", entry.name(), KernelText.encode(entry.name()).length > 100);
        putText(pax, "linkpath", entry.link(), KernelText.encode(entry.link()).length > 100);
        putText(pax, "size", Long.toString(entry.size()), entry.size() > OCTAL_11_MAX);
        putText(pax, "uid", Long.toString(entry.uid()), entry.uid() > OCTAL_7_MAX);
        putText(pax, "gid", Long.toString(entry.gid()), entry.gid() > OCTAL_7_MAX);
        long seconds = entry.modified().getEpochSecond();
        putText(pax, "mtime", Long.toString(seconds), seconds < 0 || seconds > OCTAL_11_MAX);
        entry.xattrs().forEach((name, value) -> pax.put("SCHILY.xattr." + name, value));
        return pax;
    }

    private static void putText(Map<String, byte[]> pax, String key, String value, boolean needed) {
        if (needed) {
            pax.put(key, KernelText.encode(value));
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

    private static byte[] header(TarEntry entry, char flag) {
        byte[] header = new byte[TarReader.BLOCK];
        bytes(header, 0, 100, KernelText.encode(entry.name()));
        octal(header, 100, 8, entry.mode());
        octal(header, 108, 8, Math.min(entry.uid(), OCTAL_7_MAX));
        octal(header, 116, 8, Math.min(entry.gid(), OCTAL_7_MAX));
        octal(
                header,
                124,
                12,
                entry.type() == TarEntry.Type.FILE ? Math.min(entry.size(), OCTAL_11_MAX) : 0);
        octal(header, 136, 12, Math.clamp(entry.modified().getEpochSecond(), 0, OCTAL_11_MAX));
        header[156] = (byte) flag;
        bytes(header, 157, 100, KernelText.encode(entry.link()));
        bytes(header, 257, 8, new byte[] {'u', 's', 't', 'a', 'r', 0, '0', '0'});
        octal(header, 329, 8, entry.major());
        octal(header, 337, 8, entry.minor());
        bytes(header, 148, 8, "        ".getBytes(StandardCharsets.US_ASCII));
        long sum = 0;
        for (byte b : header) {
            sum += b & 0xff;
        }
        octal(header, 148, 7, sum);
        return header;
    }

    private static void bytes(byte[] header, int at, int length, byte[] value) {
        System.arraycopy(value, 0, header, at, Math.min(length, value.length));
    }

    private static void octal(byte[] header, int at, int length, long value) {
        for (int i = at + length - 2; i >= at; i--) {
            header[i] = (byte) ('0' + (value & 7));
            value >>>= 3;
        }
        header[at + length - 1] = 0;
    }

    private void block(byte[] block) throws IOException {
        out.write(block);
        written += block.length;
    }

    private void padded(byte[] bytes) throws IOException {
        block(bytes);
        pad(TarReader.pad(bytes.length));
    }

    private void pad(long count) throws IOException {
        block(new byte[(int) count]);
    }

    @Override
    public void close() throws IOException {
        block(new byte[2 * TarReader.BLOCK]);
        pad((RECORD - written % RECORD) % RECORD);
        out.close();
    }
}
