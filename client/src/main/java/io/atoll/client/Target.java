package io.atoll.client;

import java.nio.charset.StandardCharsets;

/// Builds a request target: percent-encoded path segments and a query. Mutable, used once.
public final class Target {
    private static final String HEX = "0123456789ABCDEF";

    private final StringBuilder text = new StringBuilder(96);
    private boolean hasQuery;

    private Target() {}

    /// `/1.0` and the segments below it.
    public static Target of(String... segments) {
        Target target = new Target();
        target.text.append("/1.0");
        for (String segment : segments) {
            target.text.append('/');
            target.append(segment);
        }
        return target;
    }

    /// A target given as text: `/1.0/instances?recursion=1`.
    public static Target raw(String path) {
        Target target = new Target();
        target.text.append(path);
        target.hasQuery = path.indexOf('?') >= 0;
        return target;
    }

    /// Adds a query parameter.
    public Target query(String name, String value) {
        text.append(hasQuery ? '&' : '?');
        hasQuery = true;
        append(name);
        text.append('=');
        append(value);
        return this;
    }

    /// Adds a query parameter unless its value is empty.
    public Target optionalQuery(String name, String value) {
        return value.isEmpty() ? this : query(name, value);
    }

    /// Only unreserved characters stay as they are, whatever the place: what is encoded needlessly
    /// is still right.
    private void append(String part) {
        for (byte b : part.getBytes(StandardCharsets.UTF_8)) {
            char c = (char) (b & 0xff);
            if (c >= 'a' && c <= 'z'
                    || c >= 'A' && c <= 'Z'
                    || c >= '0' && c <= '9'
                    || "-._~".indexOf(c) >= 0) {
                text.append(c);
            } else {
                text.append('%').append(HEX.charAt(c >> 4)).append(HEX.charAt(c & 15));
            }
        }
    }

    @Override
    public String toString() {
        return text.toString();
    }
}
