package io.atoll.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

class HttpConnectionTest {
    private final ByteArrayOutputStream sent = new ByteArrayOutputStream();

    private HttpConnection answering(String... parts) {
        // One part per read: what arrives together must not matter.
        InputStream in =
                new InputStream() {
                    private int part;
                    private int at;

                    @Override
                    public int read() throws IOException {
                        byte[] one = new byte[1];
                        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
                    }

                    @Override
                    public int read(byte[] into, int offset, int length) {
                        if (part == parts.length) {
                            return -1;
                        }
                        byte[] bytes = parts[part].getBytes(StandardCharsets.ISO_8859_1);
                        int n = Math.min(length, bytes.length - at);
                        System.arraycopy(bytes, at, into, offset, n);
                        at += n;
                        if (at == bytes.length) {
                            part++;
                            at = 0;
                        }
                        return n;
                    }
                };
        return new HttpConnection(new Connection(in, sent));
    }

    private static String body(HttpReply reply) throws IOException {
        return new String(reply.readAll(), StandardCharsets.ISO_8859_1);
    }

    @Test
    void readsBodyOfKnownLengthAndStaysReusable() throws IOException {
        HttpConnection http =
                answering(
                        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nETag: \"x\"\r\n\r\nhel",
                        "loHTTP/1.1 204 X\r\n\r\n");
        HttpReply reply = http.send(new HttpRequest("GET", "/1.0"));
        assertFalse(http.isReusable());
        assertEquals("hello", body(reply));
        assertEquals("\"x\"", reply.header("etag").orElseThrow());
        assertTrue(http.isReusable());
        assertEquals(204, http.send(new HttpRequest("GET", "/")).status());
    }

    @Test
    void readsChunksSplitAnywhere() throws IOException {
        String whole =
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4;x=y\r\nWiki\r\n6\r\npedia \r\nE\r\nin \r\n\r\nchunks.\r\n0\r\n\r\n";
        for (int cut = 1; cut < whole.length(); cut++) {
            HttpConnection http = answering(whole.substring(0, cut), whole.substring(cut));
            assertEquals(
                    "Wikipedia in \r\n\r\nchunks.",
                    body(http.send(new HttpRequest("GET", "/"))),
                    "cut at " + cut);
            assertTrue(http.isReusable());
        }
    }

    @Test
    void readsToTheEndWithoutALength() throws IOException {
        HttpConnection http = answering("HTTP/1.1 200 OK\r\n\r\nabc", "def");
        assertEquals("abcdef", body(http.send(new HttpRequest("GET", "/"))));
        assertFalse(http.isReusable());
    }

    @Test
    void refusesABodyThatEndsEarly() throws IOException {
        HttpReply counted =
                answering("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabc")
                        .send(new HttpRequest("GET", "/"));
        assertThrows(IOException.class, counted::readAll);
        HttpReply chunked =
                answering("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab")
                        .send(new HttpRequest("GET", "/"));
        assertThrows(IOException.class, chunked::readAll);
    }

    @Test
    void refusesWhatIsNotHttp() {
        for (String nonsense :
                new String[] {
                    "",
                    "SSH-2.0-x\r\n",
                    "HTTP/1.1 2x0 OK\r\n\r\n",
                    "HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
                    "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
                    "HTTP/1.1 200 OK\r\nContent-Length: 9x\r\n\r\n",
                    "HTTP/1.1 200 OK\r\nX: " + "y".repeat(70_000) + "\r\n\r\n"
                }) {
            assertThrows(
                    IOException.class,
                    () -> answering(nonsense).send(new HttpRequest("GET", "/")),
                    nonsense.strip());
        }
    }

    @Test
    void skipsInterimReplies() throws IOException {
        HttpConnection http =
                answering(
                        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
        assertEquals(200, http.send(new HttpRequest("GET", "/")).status());
    }

    @Test
    void keepsNothingAfterConnectionClose() throws IOException {
        HttpConnection http =
                answering("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 1\r\n\r\nx");
        body(http.send(new HttpRequest("GET", "/")));
        assertFalse(http.isReusable());
    }

    @Test
    void sendsUnknownLengthsInChunks() throws IOException {
        HttpConnection http = answering("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
        http.send(
                new HttpRequest("POST", "/f")
                        .header("A", "b")
                        .body(
                                new ByteArrayInputStream("hello".getBytes(StandardCharsets.UTF_8)),
                                -1));
        assertEquals(
                "POST /f HTTP/1.1\r\nHost: atoll\r\nA: b\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
                sent.toString(StandardCharsets.UTF_8));
    }

    @Test
    void refusesHeadersWithLineBreaks() {
        assertThrows(
                IllegalArgumentException.class,
                () -> new HttpRequest("GET", "/").header("A", "b\r\nC: d"));
    }
}
