package io.atoll.runtime.apparmor;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;

/// Patterns of AppArmor that match what is *not* listed. Its `deny` rules win over everything, so
/// "all but these" cannot be said by an exception; it has to be spelled by what differs.
final class GlobComplement {
    private static final String ALL = "**";

    private GlobComplement() {}

    /// Everything below a directory but the paths given, one pattern a directory.
    ///
    /// @param directory a pattern that ends in `/`
    /// @param allowed relative to it; one that ends in `/**` stands for all below that
    static List<String> below(String directory, List<String> allowed) {
        SortedMap<String, List<String>> names = new TreeMap<>();
        for (String path : allowed) {
            String[] parts = path.split("/", 2);
            List<String> rest = names.computeIfAbsent(parts[0], _ -> new ArrayList<>());
            if (parts.length > 1) {
                rest.add(parts[1]);
            }
        }
        List<String> out = new ArrayList<>();
        out.add(directory + "{" + String.join(",", notAmong(names.keySet())) + "}{,/,/**}");
        names.forEach((name, rest) -> {
            if (!rest.isEmpty() && !rest.contains(ALL)) {
                out.addAll(below(directory + name + "/", rest));
            }
        });
        return out;
    }

    /// Names that are none of these: those that are only the beginning of one, and those that leave
    /// all of them at some letter.
    static List<String> notAmong(Set<String> names) {
        List<String> out = new ArrayList<>();
        Set<String> beginnings = new TreeSet<>();
        for (String name : names) {
            for (int i = 0; i <= name.length(); i++) {
                beginnings.add(name.substring(0, i));
            }
        }
        for (String beginning : beginnings) {
            if (!beginning.isEmpty() && !names.contains(beginning)) {
                out.add(beginning);
            }
            String letters =
                    beginnings.stream()
                            .filter(b -> b.length() == beginning.length() + 1)
                            .filter(b -> b.startsWith(beginning))
                            .map(b -> b.substring(beginning.length()))
                            .collect(Collectors.joining());
            out.add(beginning + "[^" + letters + "/]*");
        }
        return out;
    }

    /// Paths that do not end in these names.
    ///
    /// @param suffix such as `proc/sys/`; directories have a slash at their end
    static List<String> notEndingIn(String suffix) {
        List<String> out = new ArrayList<>();
        String whole = "/" + suffix;
        for (int i = whole.length() - (suffix.endsWith("/") ? 2 : 1); i >= 0; i--) {
            String tail = whole.substring(i + 1);
            out.add("/**[^" + whole.charAt(i) + "]" + tail);
            if (i > 0 && !tail.isEmpty() && !tail.startsWith("/")) {
                out.add("/" + tail);
            }
        }
        return out;
    }
}
