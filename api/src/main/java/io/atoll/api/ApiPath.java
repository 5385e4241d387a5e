package io.atoll.api;

import java.nio.charset.StandardCharsets;
import java.util.Locale;

/// Builds the URLs of resources: percent-encoded segments below `/1.0`, with `?project=` where it
/// is not the default.
public final class ApiPath {
    /// The only version of the API.
    public static final String VERSION = "/1.0";

    private static final String UNRESERVED = "-_.~!$&'()*+,;=:@";

    private ApiPath() {}

    /// `of("instances", "c1")` is `/1.0/instances/c1`.
    public static String of(String... segments) {
        StringBuilder out = new StringBuilder(VERSION);
        for (String segment : segments) {
            out.append('/').append(encode(segment));
        }
        return out.toString();
    }

    /// The URL with `?project=` appended unless the project is `default`.
    public static String inProject(String url, String project) {
        if (project.isEmpty() || project.equals("default")) {
            return url;
        }
        return url + (url.indexOf('?') < 0 ? '?' : '&') + "project=" + encode(project);
    }

    /// One path segment percent-encoded (RFC 3986), `/` included.
    public static String encode(String segment) {
        StringBuilder out = new StringBuilder(segment.length() + 8);
        for (byte b : segment.getBytes(StandardCharsets.UTF_8)) {
            char c = (char) (b & 0xff);
            boolean plain =
                    (c >= 'a' && c <= 'z')
                            || (c >= 'A' && c <= 'Z')
                            || (c >= '0' && c <= '9')
                            || UNRESERVED.indexOf(c) >= 0;
            if (plain) {
                out.append(c);
            } else {
                out.append(String.format(Locale.ROOT, "%%%02X", b & 0xff));
            }
        }
        return out.toString();
    }
}
