package io.atoll.api;

import io.atoll.base.InvalidConfigException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Reads a `multipart/form-data` body (RFC 7578) part by part, in one pass. Takes the liberties
/// real clients take: names and boundary without quotes, a `;` after the last parameter.
public final class MultipartReader {
    private static final Pattern BOUNDARY =
            Pattern.compile("boundary=(?:\"([^\"]{1,200})\"|([^;\\s]{1,200}))");
    private static final Pattern NAME = Pattern.compile("[;\\s]name=(?:\"([^\"]*)\"|([^;\\s]*))");
    private static final Pattern FILE_NAME =
            Pattern.compile("[;\\s]filename=(?:\"([^\"]*)\"|([^;\\s]*))");
    private static final int HEADERS_BYTES_MAX = 16 << 10;

    private final InputStream in;
    private final byte[] delimiter;
    private final int[] fallback;

    /// Our own buffer: one byte at a time out of `BufferedInputStream` takes a lock each.
    private final byte[] input = new byte[128 << 10];

    private int inputAt;
    private int inputEnd;
    private boolean isOver;
    private String fileName = "";

    /// @param contentType the header that names the boundary
    public MultipartReader(InputStream in, String contentType) throws IOException {
        Matcher m = BOUNDARY.matcher(contentType);
        if (!m.find()) {
            throw new InvalidConfigException("The Content-Type names no boundary");
        }
        String boundary = m.group(1) == null ? m.group(2) : m.group(1);
        this.in = in;
        this.delimiter = ("\r\n--" + boundary).getBytes(StandardCharsets.UTF_8);
        this.fallback = fallback(delimiter);
        // The first delimiter has no line break before it when there is no preamble.
        copyUntilDelimiter(OutputStream.nullOutputStream(), 2);
    }

    /// The table of Knuth, Morris and Pratt: how much of the delimiter still fits after a mismatch.
    private static int[] fallback(byte[] word) {
        int[] table = new int[word.length + 1];
        table[0] = -1;
        int candidate = 0;
        for (int at = 1; at < word.length; at++) {
            table[at] = word[at] == word[candidate] ? table[candidate] : candidate;
            while (candidate >= 0 && word[at] != word[candidate]) {
                candidate = table[candidate];
            }
            candidate++;
        }
        table[word.length] = candidate;
        return table;
    }

    /// Goes to the next part and returns its name; empty after the last. The part before must have
    /// been read.
    public Optional<String> next() throws IOException {
        if (isOver) {
            return Optional.empty();
        }
        String rest = line();
        if (rest.startsWith("--")) {
            isOver = true;
            return Optional.empty();
        }
        String name = "";
        fileName = "";
        for (String header = line(); !header.isEmpty(); header = line()) {
            if (header.regionMatches(true, 0, "Content-Disposition:", 0, 20)) {
                name = value(NAME, header);
                fileName = value(FILE_NAME, header);
            }
        }
        return Optional.of(name);
    }

    private static String value(Pattern parameter, String header) {
        Matcher m = parameter.matcher(header);
        return !m.find() ? "" : m.group(1) == null ? m.group(2) : m.group(1);
    }

    /// The file name that the header of this part gives; empty if none. The sender chose it.
    public String fileName() {
        return fileName;
    }

    private int read() throws IOException {
        if (inputAt == inputEnd) {
            inputEnd = Math.max(0, in.read(input));
            inputAt = 0;
            if (inputEnd == 0) {
                return -1;
            }
        }
        return input[inputAt++] & 0xff;
    }

    private String line() throws IOException {
        StringBuilder out = new StringBuilder();
        int b = read();
        while (b != '\n') {
            if (b < 0 || out.length() > HEADERS_BYTES_MAX) {
                throw new InvalidConfigException("The multipart body is damaged");
            }
            if (b != '\r') {
                out.append((char) b);
            }
            b = read();
        }
        return out.toString();
    }

    /// Copies the part's content; returns after its delimiter.
    public void copyTo(OutputStream out) throws IOException {
        copyUntilDelimiter(out, 0);
    }

    /// Copies what is buffered up to where the delimiter may begin, in one piece.
    private void copyPlain(OutputStream out) throws IOException {
        int end = inputAt;
        while (end < inputEnd && input[end] != '\r') {
            end++;
        }
        out.write(input, inputAt, end - inputAt);
        inputAt = end;
    }

    private void copyUntilDelimiter(OutputStream out, int alreadySeen) throws IOException {
        byte[] buffer = new byte[64 << 10];
        int used = 0;
        int seen = alreadySeen;
        // Bytes of the delimiter that were counted as seen but never came must not be written on a
        // mismatch.
        int phantom = alreadySeen;
        while (seen < delimiter.length) {
            if (seen == 0 && phantom == 0) {
                out.write(buffer, 0, used);
                used = 0;
                copyPlain(out);
            }
            int b = read();
            if (b < 0) {
                throw new InvalidConfigException("The multipart body ends in the middle of a part");
            }
            while (seen >= 0 && delimiter[seen] != (byte) b) {
                int next = fallback[seen];
                int given = seen - Math.max(next, 0);
                for (int i = phantom; i < given; i++) {
                    buffer[used++] = delimiter[i];
                }
                phantom = Math.max(0, phantom - given);
                seen = next;
                if (used > buffer.length - delimiter.length - 1) {
                    out.write(buffer, 0, used);
                    used = 0;
                }
            }
            if (seen < 0) {
                buffer[used++] = (byte) b;
            }
            seen++;
            if (used > buffer.length - delimiter.length - 1) {
                out.write(buffer, 0, used);
                used = 0;
            }
        }
        out.write(buffer, 0, used);
    }
}
