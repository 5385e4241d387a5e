package io.atoll.cli.command;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;

/// Reads `multipart/form-data` (RFC 2046) part by part, without keeping one in memory.
final class MultipartReader {
    private static final int LINE_MAX = 8 << 10;

    private final InputStream in;

    /// A line break and the boundary that ends a part.
    private final byte[] mark;

    private String fileName = "";
    private boolean ended;

    MultipartReader(InputStream in, String boundary) {
        this.in = new BufferedInputStream(in, 64 << 10);
        this.mark = ("\r\n--" + boundary).getBytes(StandardCharsets.ISO_8859_1);
    }

    /// Goes to the next part; false after the last. The part before has to be read to its end.
    boolean next() throws IOException {
        if (ended) {
            return false;
        }
        // Before the first part stands the boundary itself, after others the rest of its line.
        String line = readLine();
        while (line.isEmpty()) {
            line = readLine();
        }
        if (line.endsWith("--") && (line.equals("--") || line.length() == mark.length)) {
            ended = true;
            return false;
        }
        fileName = "";
        String header = line.startsWith("--") ? readLine() : line;
        while (!header.isEmpty()) {
            if (header.toLowerCase(java.util.Locale.ROOT).startsWith("content-disposition:")) {
                fileName = ImageTransfer.fileName(header);
            }
            header = readLine();
            if (ended) {
                throw new EOFException("the server's parts end in the middle of a header");
            }
        }
        return true;
    }

    /// The file name that the part's header gives; empty if none.
    String fileName() {
        return fileName;
    }

    /// The content of the part.
    InputStream body() {
        return new Part();
    }

    private String readLine() throws IOException {
        ByteArrayOutputStream line = new ByteArrayOutputStream();
        while (true) {
            int c = in.read();
            if (c < 0) {
                if (line.size() == 0) {
                    ended = true;
                    return "--";
                }
                throw new EOFException("the server's parts end in the middle of a header");
            }
            if (c == '\n') {
                String text = line.toString(StandardCharsets.UTF_8);
                return text.endsWith("\r") ? text.substring(0, text.length() - 1) : text;
            }
            line.write(c);
            if (line.size() > LINE_MAX) {
                throw new IOException("a header line of the server's parts is too long");
            }
        }
    }

    /// Ends before the mark. The mark's first character occurs only at its start, so a failed match
    /// needs no looking back further than itself.
    private final class Part extends InputStream {
        private final byte[] held = new byte[mark.length];
        private int heldFrom;
        private int heldTo;
        private boolean done;

        @Override
        public int read() throws IOException {
            if (heldFrom < heldTo) {
                return held[heldFrom++] & 0xff;
            }
            if (done) {
                return -1;
            }
            int c = in.read();
            if (c < 0) {
                throw new EOFException("the server's parts end without a boundary");
            }
            if (c != mark[0]) {
                return c;
            }
            return match();
        }

        @Override
        public int read(byte[] into, int offset, int length) throws IOException {
            int n = 0;
            while (n < length) {
                int c = read();
                if (c < 0) {
                    return n == 0 && length > 0 ? -1 : n;
                }
                into[offset + n] = (byte) c;
                n++;
            }
            return n;
        }

        private int match() throws IOException {
            int matched = 1;
            held[0] = mark[0];
            while (matched < mark.length) {
                in.mark(1);
                int c = in.read();
                if (c != (mark[matched] & 0xff)) {
                    in.reset();
                    heldFrom = 1;
                    heldTo = matched;
                    return held[0] & 0xff;
                }
                held[matched] = (byte) c;
                matched++;
            }
            done = true;
            return -1;
        }
    }
}
