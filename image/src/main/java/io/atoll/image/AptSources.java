package io.atoll.image;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/// Which mirrors the host's apt uses; sources.list(5), both the lines of `*.list` and the
/// paragraphs of `*.sources`.
///
/// @param uris of all sources of binary packages in the order given
record AptSources(List<String> uris) {
    private static final String DEFAULT_MIRROR = "http://deb.debian.org/debian";

    AptSources {
        uris = List.copyOf(uris);
    }

    /// @param texts by file name
    static AptSources parse(Map<String, String> texts) {
        List<String> uris = new ArrayList<>();
        new TreeMap<>(texts)
                .forEach((name, text) ->
                        uris.addAll(name.endsWith(".sources") ? paragraphs(text) : lines(text)));
        return new AptSources(uris);
    }

    private static List<String> lines(String text) {
        List<String> uris = new ArrayList<>();
        for (String line : text.lines().map(String::strip).toList()) {
            if (line.startsWith("deb ") || line.startsWith("deb\t")) {
                String rest = line.substring(4).strip().replaceFirst("^\\[[^]]*]\\s*", "");
                uris.add(rest.split("\\s+", 2)[0]);
            }
        }
        return uris;
    }

    private static List<String> paragraphs(String text) {
        List<String> uris = new ArrayList<>();
        for (String paragraph : text.split("\\n\\s*\\n")) {
            Map<String, String> fields = new TreeMap<>(String.CASE_INSENSITIVE_ORDER);
            String last = "";
            for (String line : paragraph.lines().filter(l -> !l.startsWith("#")).toList()) {
                int colon = line.indexOf(':');
                if (line.startsWith(" ") || line.startsWith("\t")) {
                    fields.merge(last, line, String::concat);
                } else if (colon > 0) {
                    last = line.substring(0, colon);
                    fields.put(last, line.substring(colon + 1));
                }
            }
            boolean binary =
                    List.of(fields.getOrDefault("Types", "").strip().split("\\s+")).contains("deb");
            boolean enabled = !fields.getOrDefault("Enabled", "yes").strip().equals("no");
            if (binary && enabled) {
                uris.addAll(List.of(fields.getOrDefault("URIs", "").strip().split("\\s+")));
            }
        }
        return uris;
    }

    /// The mirror of the main archive; Debian's own where the host has none, as on other
    /// distributions.
    String debian() {
        return find("/debian").orElse(DEFAULT_MIRROR);
    }

    /// The mirror of security updates.
    String security() {
        return find("/debian-security")
                .orElseGet(() ->
                        find("/debian").isPresent()
                                ? debian() + "-security"
                                : DEFAULT_MIRROR + "-security");
    }

    private Optional<String> find(String path) {
        return uris.stream()
                .map(uri -> uri.replaceAll("/+$", ""))
                .filter(uri -> uri.endsWith(path))
                .filter(uri ->
                        uri.startsWith("http://")
                                || uri.startsWith("https://")
                                || uri.startsWith("file:")
                                || uri.startsWith("copy:"))
                .findFirst();
    }
}
