package io.atoll.daemon.http;

import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// A route's path: literal segments, `{name}` for one segment, and `{name...}` at the end for one
/// or more segments (image aliases contain slashes).
final class PathPattern {
    private final String text;
    private final List<String> segments;
    private final boolean greedy;

    PathPattern(String text) {
        this.text = text;
        this.segments = segments(text);
        this.greedy = text.endsWith("...}");
    }

    String text() {
        return text;
    }

    /// The variables, percent-decoded, if the raw path fits.
    Optional<Map<String, String>> match(List<String> path) {
        int fixed = greedy ? segments.size() - 1 : segments.size();
        if (greedy ? path.size() <= fixed : path.size() != fixed) {
            return Optional.empty();
        }
        Map<String, String> variables = new LinkedHashMap<>();
        for (int i = 0; i < fixed; i++) {
            String want = segments.get(i);
            if (isVariable(want)) {
                variables.put(want.substring(1, want.length() - 1), decode(path.get(i)));
            } else if (!want.equals(path.get(i))) {
                return Optional.empty();
            }
        }
        if (greedy) {
            String last = segments.get(fixed);
            String rest = String.join("/", path.subList(fixed, path.size()));
            variables.put(last.substring(1, last.length() - 4), decode(rest));
        }
        return Optional.of(variables);
    }

    /// Sorts the more exact of two patterns first: the one that has a literal where the other has a
    /// variable.
    String rank() {
        StringBuilder out = new StringBuilder();
        for (String segment : segments) {
            out.append(isVariable(segment) ? (segment.endsWith("...}") ? '2' : '1') : '0');
        }
        return out.toString();
    }

    static List<String> segments(String path) {
        String bare = path.startsWith("/") ? path.substring(1) : path;
        return bare.isEmpty() ? List.of() : List.of(bare.split("/", -1));
    }

    private static boolean isVariable(String segment) {
        return segment.startsWith("{");
    }

    private static String decode(String raw) {
        // URLDecoder is for forms, where "+" means a space; in a path it is a plus.
        return URLDecoder.decode(raw.replace("+", "%2B"), StandardCharsets.UTF_8);
    }
}
