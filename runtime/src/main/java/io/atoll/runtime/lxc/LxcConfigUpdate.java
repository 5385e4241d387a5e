package io.atoll.runtime.lxc;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/// Rewrites the text of a configuration with the names of LXC 1.x and 2.x to one with today's. All
/// other text stays as it was written.
public final class LxcConfigUpdate {
    private static final Set<String> ROOTFS = Set.of("lxc.rootfs");
    private static final String BACKEND = "lxc.rootfs.backend";

    private LxcConfigUpdate() {}

    /// The text with current names. Lines that mean nothing any more are left out.
    public static String update(String text) {
        LegacyKeys legacy = new LegacyKeys();
        Optional<String> backend = backend(text);
        List<String> out = new ArrayList<>();
        for (String line : text.split("\n", -1)) {
            String trimmed = line.strip();
            int equals = trimmed.indexOf('=');
            if (!trimmed.startsWith("lxc.") || equals < 0) {
                out.add(line);
                continue;
            }
            String written = trimmed.substring(0, equals).strip();
            if (LxcKeys.IGNORED.contains(written) || written.equals(BACKEND)) {
                continue;
            }
            String value = trimmed.substring(equals + 1).strip();
            Optional<String> current = legacy.translate(written);
            if (current.isEmpty()) {
                out.add(line);
            } else {
                out.add(current.get() + " = " + value(written, value, backend));
            }
        }
        return String.join("\n", out);
    }

    private static Optional<String> backend(String text) {
        return text.lines()
                .map(String::strip)
                .filter(line -> line.startsWith(BACKEND))
                .map(line -> line.substring(line.indexOf('=') + 1).strip())
                .reduce((first, last) -> last);
    }

    private static String value(String written, String value, Optional<String> backend) {
        boolean isBarePath = ROOTFS.contains(written) && value.startsWith("/");
        return isBarePath ? backend.orElse("dir") + ":" + value : value;
    }
}
