package io.atoll.client;

import io.atoll.base.BlockInputStream;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// HTTP/1.1 on one [Connection], one request at a time. Written by hand because `java.net.http`
/// knows no unix sockets and costs a cold command more than everything else together.
///
/// States: *idle* → [#send] → *reading* → body read to its end → *idle*; or `Connection: close`, a
/// broken body or an upgrade → *used up*. Not thread-safe.
public final class HttpConnection implements AutoCloseable {
    /// One header line may not be longer than this.
    static final int LINE_MAX = 64 << 10;

    /// A reply may not have more header lines than this.
    static final int HEADERS_MAX = 200;

    private static final int BUFFER_BYTES = 16 << 10;

    private final Connection connection;
    private final String host;
    private final byte[] buffer = new byte[BUFFER_BYTES];
    private int position;
    private int limit;
    private boolean usedUp;
    private boolean reading;

    public HttpConnection(Connection connection) {
        this(connection, "atoll");
    }

    /// @param host sent as `Host`
    HttpConnection(Connection connection, String host) {
        this.connection = connection;
        this.host = host;
    }

    /// Whether another request may be sent.
    public boolean isReusable() {
        return !usedUp && !reading;
    }

    /// Sends a request and reads the head of the reply. Interim replies (1xx except 101) are
    /// skipped.
    ///
    /// @throws IOException if the connection breaks or the peer does not speak HTTP
    public HttpReply send(HttpRequest request) throws IOException {
        if (!isReusable()) {
            throw new IllegalStateException("the last reply was not read to its end");
        }
        usedUp = true;
        writeRequest(request);
        HttpReply reply = readReply(request);
        usedUp = reply.status() == 101 || closes(reply);
        return reply;
    }

    private void writeRequest(HttpRequest request) throws IOException {
        InputStream body = request.body();
        StringBuilder head = new StringBuilder(256);
        head.append(request.method())
                .append(' ')
                .append(request.target())
                .append(" HTTP/1.1\r\nHost: ")
                .append(host)
                .append("\r\n");
        List<String> headers = request.headers();
        for (int i = 0; i < headers.size(); i += 2) {
            head.append(headers.get(i)).append(": ").append(headers.get(i + 1)).append("\r\n");
        }
        if (body != null) {
            if (request.bodyBytes() >= 0) {
                head.append("Content-Length: ").append(request.bodyBytes()).append("\r\n");
            } else {
                head.append("Transfer-Encoding: chunked\r\n");
            }
        }
        head.append("\r\n");
        OutputStream out = connection.out();
        out.write(head.toString().getBytes(StandardCharsets.UTF_8));
        if (body != null) {
            try {
                writeBody(body, request.bodyBytes(), out);
            } catch (IOException e) {
                // A server that refuses an upload answers first and then stops reading: its answer
                // says why.
                awaitReply(e);
            }
        }
        out.flush();
    }

    private void awaitReply(IOException cause) throws IOException {
        try {
            if (fill()) {
                return;
            }
        } catch (IOException e) {
            cause.addSuppressed(e);
        }
        throw cause;
    }

    private static void writeBody(InputStream body, long bytes, OutputStream out)
            throws IOException {
        byte[] chunk = new byte[64 << 10];
        long left = bytes;
        while (bytes < 0 || left > 0) {
            int n =
                    body.read(
                            chunk,
                            0,
                            bytes < 0 ? chunk.length : (int) Math.min(left, chunk.length));
            if (n < 0) {
                break;
            }
            if (bytes < 0) {
                out.write((Integer.toHexString(n) + "\r\n").getBytes(StandardCharsets.US_ASCII));
            }
            out.write(chunk, 0, n);
            if (bytes < 0) {
                out.write('\r');
                out.write('\n');
            }
            left -= n;
        }
        if (bytes < 0) {
            out.write("0\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
        } else if (left > 0) {
            throw new EOFException("the body ended " + left + " bytes early");
        }
    }

    private HttpReply readReply(HttpRequest request) throws IOException {
        while (true) {
            String line = readLine();
            if (!line.startsWith("HTTP/1.") || line.length() < 12) {
                throw new IOException("this is no HTTP server: " + printable(line));
            }
            int status = number(line.substring(9, 12), 10);
            List<String> headers = readHeaders();
            if (status >= 200 || status == 101) {
                return new HttpReply(status, headers, bodyOf(request, status, headers));
            }
        }
    }

    private List<String> readHeaders() throws IOException {
        List<String> headers = new ArrayList<>(16);
        while (true) {
            String line = readLine();
            if (line.isEmpty()) {
                return headers;
            }
            int colon = line.indexOf(':');
            if (colon <= 0 || headers.size() >= 2 * HEADERS_MAX) {
                throw new IOException("malformed headers in the answer");
            }
            headers.add(lowerCase(line.substring(0, colon)));
            headers.add(line.substring(colon + 1).trim());
        }
    }

    private InputStream bodyOf(HttpRequest request, int status, List<String> headers)
            throws IOException {
        HttpReply head = new HttpReply(status, headers, InputStream.nullInputStream());
        if (status == 101 || status == 204 || status == 304 || request.method().equals("HEAD")) {
            return head.body();
        }
        String encoding = head.header("transfer-encoding").orElse("");
        if (encoding.equalsIgnoreCase("chunked")) {
            reading = true;
            return new Body(-1, true);
        }
        String length = head.header("content-length").orElse("");
        if (length.isEmpty()) {
            usedUp = true;
            reading = true;
            return new Body(Long.MAX_VALUE, false);
        }
        long bytes = longNumber(length);
        reading = bytes > 0;
        return new Body(bytes, false);
    }

    private static boolean closes(HttpReply reply) {
        if (reply.header("connection").orElse("").equalsIgnoreCase("close")) {
            return true;
        }
        return reply.header("content-length").isEmpty()
                && reply.header("transfer-encoding").isEmpty()
                && reply.status() != 204
                && reply.status() != 304;
    }

    /// The body of one reply, decoded.
    private final class Body extends BlockInputStream {
        private final boolean chunked;
        private long left;
        private boolean ended;

        Body(long bytes, boolean chunked) {
            this.left = chunked ? 0 : bytes;
            this.chunked = chunked;
            this.ended = !chunked && bytes == 0;
        }

        @Override
        public int read(byte[] into, int offset, int length) throws IOException {
            if (length == 0) {
                return 0;
            }
            if (ended || chunked && left == 0 && !nextChunk()) {
                return -1;
            }
            int n = readBuffered(into, offset, (int) Math.min(length, left));
            if (n < 0) {
                return finish(!chunked && left > Long.MAX_VALUE / 2);
            }
            left -= n;
            if (left == 0) {
                if (chunked) {
                    readLine();
                } else {
                    finish(true);
                }
            }
            return n;
        }

        private boolean nextChunk() throws IOException {
            String line = readLine();
            int semicolon = line.indexOf(';');
            left = number(semicolon < 0 ? line : line.substring(0, semicolon), 16);
            if (left == 0) {
                while (!readLine().isEmpty()) {
                    // Trailers carry nothing we use.
                }
                finish(true);
                return false;
            }
            return true;
        }

        private int finish(boolean whole) throws IOException {
            ended = true;
            reading = false;
            if (!whole) {
                usedUp = true;
                throw new EOFException("the connection broke in the middle of the answer");
            }
            return -1;
        }

        @Override
        public void close() {
            if (!ended) {
                ended = true;
                reading = false;
                usedUp = true;
                connection.close();
            }
        }
    }

    /// The rest of the connection after an upgrade: bytes read ahead come first.
    Connection detach() {
        usedUp = true;
        return new Connection(new Rest(), connection.out());
    }

    private final class Rest extends BlockInputStream {

        @Override
        public int read(byte[] into, int offset, int length) throws IOException {
            return readBuffered(into, offset, length);
        }

        @Override
        public void close() throws IOException {
            connection.in().close();
        }
    }

    private int readBuffered(byte[] into, int offset, int length) throws IOException {
        if (position == limit) {
            if (length >= BUFFER_BYTES) {
                return connection.in().read(into, offset, length);
            }
            if (!fill()) {
                return -1;
            }
        }
        int n = Math.min(length, limit - position);
        System.arraycopy(buffer, position, into, offset, n);
        position += n;
        return n;
    }

    private boolean fill() throws IOException {
        if (position < limit) {
            return true;
        }
        int n = connection.in().read(buffer, 0, buffer.length);
        position = 0;
        limit = Math.max(n, 0);
        return n > 0;
    }

    private String readLine() throws IOException {
        @Nullable ByteArrayOutputStream long1 = null;
        while (true) {
            if (!fill()) {
                throw new EOFException("the server closed the connection without an answer");
            }
            int end = position;
            while (end < limit && buffer[end] != '\n') {
                end++;
            }
            boolean found = end < limit;
            if (found && long1 == null) {
                String line = text(buffer, position, end);
                position = end + 1;
                return line;
            }
            if (long1 == null) {
                long1 = new ByteArrayOutputStream();
            }
            long1.write(buffer, position, end - position);
            position = found ? end + 1 : end;
            if (long1.size() > LINE_MAX) {
                throw new IOException("header line is longer than " + LINE_MAX + " bytes");
            }
            if (found) {
                byte[] bytes = long1.toByteArray();
                return text(bytes, 0, bytes.length);
            }
        }
    }

    private static String text(byte[] bytes, int from, int to) {
        int end = to > from && bytes[to - 1] == '\r' ? to - 1 : to;
        return new String(bytes, from, end - from, StandardCharsets.ISO_8859_1);
    }

    private static String lowerCase(String name) {
        char[] chars = name.toCharArray();
        for (int i = 0; i < chars.length; i++) {
            if (chars[i] >= 'A' && chars[i] <= 'Z') {
                chars[i] = (char) (chars[i] + 'a' - 'A');
            }
        }
        return new String(chars);
    }

    private static int number(String text, int radix) throws IOException {
        try {
            int value = Integer.parseInt(text.trim(), radix);
            if (value >= 0) {
                return value;
            }
        } catch (NumberFormatException _) {
            // Falls through to the one message for all malformed numbers.
        }
        throw new IOException("malformed number in the answer: " + printable(text));
    }

    private static long longNumber(String text) throws IOException {
        try {
            long value = Long.parseLong(text);
            if (value >= 0) {
                return value;
            }
        } catch (NumberFormatException _) {
            // Falls through to the one message for all malformed numbers.
        }
        throw new IOException("malformed number in the answer: " + printable(text));
    }

    /// A server's bytes may end up on a terminal: keep control characters off it.
    private static String printable(String text) {
        StringBuilder out = new StringBuilder();
        for (int i = 0; i < Math.min(text.length(), 80); i++) {
            char c = text.charAt(i);
            out.append(c < ' ' || c > '~' ? '?' : c);
        }
        return out.toString();
    }

    @Override
    public void close() {
        usedUp = true;
        connection.close();
    }
}
