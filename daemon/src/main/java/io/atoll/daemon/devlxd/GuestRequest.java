package io.atoll.daemon.devlxd;

import java.io.IOException;
import java.io.InputStream;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/// One request from inside, as far as this server understands HTTP/1.1.
///
/// @param headers with lower-case names
record GuestRequest(
        String method,
        String path,
        Map<String, String> query,
        Map<String, String> headers,
        String body) {
    private static final int LINE_MAX = 8 << 10;
    private static final int HEADERS_MAX = 64;
    private static final int BODY_MAX = 64 << 10;

    /// A request that is no HTTP, or more of it than we take.
    static final class BadRequestException extends IOException {
        private static final long serialVersionUID = 1;

        BadRequestException(String message) {
            super(message);
        }
    }

    /// @return empty at the end of the stream
    /// @throws BadRequestException if it is no request that this server takes
    static Optional<GuestRequest> read(InputStream in) throws IOException {
        String first = line(in);
        if (first.isEmpty()) {
            return Optional.empty();
        }
        String[] words = first.split(" ");
        if (words.length != 3 || !words[1].startsWith("/") || !words[2].startsWith("HTTP/1.")) {
            throw new BadRequestException("bad request line");
        }
        Map<String, String> headers = new TreeMap<>();
        for (String line = line(in); !line.isEmpty(); line = line(in)) {
            int colon = line.indexOf(':');
            if (colon <= 0 || headers.size() >= HEADERS_MAX) {
                throw new BadRequestException("bad header");
            }
            headers.put(
                    line.substring(0, colon).toLowerCase(Locale.ROOT),
                    line.substring(colon + 1).strip());
        }
        int mark = words[1].indexOf('?');
        String path = mark < 0 ? words[1] : words[1].substring(0, mark);
        String query = mark < 0 ? "" : words[1].substring(mark + 1);
        return Optional.of(
                new GuestRequest(words[0], decode(path), query(query), headers, body(in, headers)));
    }

    private static String body(InputStream in, Map<String, String> headers) throws IOException {
        String text = headers.getOrDefault("content-length", "0");
        if (headers.containsKey("transfer-encoding") || !text.matches("\\d{1,6}")) {
            throw new BadRequestException("bad length");
        }
        int length = Integer.parseInt(text);
        if (length > BODY_MAX) {
            throw new BadRequestException("too long");
        }
        byte[] body = in.readNBytes(length);
        if (body.length < length) {
            throw new BadRequestException("cut short");
        }
        return new String(body, StandardCharsets.UTF_8);
    }

    private static String line(InputStream in) throws IOException {
        StringBuilder out = new StringBuilder();
        for (int b = in.read(); b >= 0 && b != '\n'; b = in.read()) {
            if (out.length() >= LINE_MAX) {
                throw new BadRequestException("line is too long");
            }
            out.append((char) b);
        }
        int end = out.length();
        return end > 0 && out.charAt(end - 1) == '\r' ? out.substring(0, end - 1) : out.toString();
    }

    private static Map<String, String> query(String text) throws BadRequestException {
        Map<String, String> out = new TreeMap<>();
        for (String part : text.isEmpty() ? new String[0] : text.split("&")) {
            int equals = part.indexOf('=');
            out.put(
                    decode(equals < 0 ? part : part.substring(0, equals)),
                    equals < 0 ? "" : decode(part.substring(equals + 1)));
        }
        return out;
    }

    private static String decode(String text) throws BadRequestException {
        try {
            return URLDecoder.decode(text, StandardCharsets.UTF_8);
        } catch (IllegalArgumentException _) {
            throw new BadRequestException("bad escape");
        }
    }

    String header(String name) {
        return headers.getOrDefault(name, "");
    }

    boolean wantsWebSocket() {
        return header("upgrade").equalsIgnoreCase("websocket");
    }
}
