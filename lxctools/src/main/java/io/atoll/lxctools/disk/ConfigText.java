package io.atoll.lxctools.disk;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;

/// Changes to the text of a configuration that keep everything else as it was written.
final class ConfigText {
    /// Keys whose value may begin with the path of the container's own directory.
    private static final Set<String> SINGLE_PATHS =
            Set.of(
                    "lxc.rootfs.path",
                    "lxc.rootfs",
                    "lxc.mount.fstab",
                    "lxc.mount",
                    "lxc.console.logfile",
                    "lxc.log.file",
                    "lxc.logfile",
                    "lxc.mount.entry",
                    "lxc.seccomp.profile",
                    "lxc.seccomp");

    private ConfigText() {}

    private static String key(String line) {
        String trimmed = line.strip();
        int equals = trimmed.indexOf('=');
        return trimmed.startsWith("lxc.") && equals > 0 ? trimmed.substring(0, equals).strip() : "";
    }

    private static boolean mayHoldPath(String key) {
        return SINGLE_PATHS.contains(key) || key.startsWith("lxc.hook.");
    }

    /// Paths below one directory, in the keys that name files of the container, lead below another.
    static String moved(String text, Path from, Path to) {
        List<String> lines = new ArrayList<>();
        for (String line : text.split("\n", -1)) {
            lines.add(
                    mayHoldPath(key(line)) ? replace(line, from.toString(), to.toString()) : line);
        }
        return String.join("\n", lines);
    }

    /// Replaces a path where it ends at a border: `/c/p1` is not in `/c/p10`.
    private static String replace(String line, String from, String to) {
        StringBuilder out = new StringBuilder();
        int start = line.indexOf('=') + 1;
        out.append(line, 0, start);
        int at = line.indexOf(from, start);
        while (at >= 0) {
            int end = at + from.length();
            boolean isWhole = end == line.length() || "/: \t\"'".indexOf(line.charAt(end)) >= 0;
            out.append(line, start, at).append(isWhole ? to : from);
            start = end;
            at = line.indexOf(from, start);
        }
        return out.append(line.substring(start)).toString();
    }

    /// Replaces a key's lines, whatever its name is written as, by one at the end; empty removes.
    static String with(String text, String key, Set<String> names, String value) {
        List<String> lines = new ArrayList<>(List.of(text.split("\n", -1)));
        if (!lines.isEmpty() && lines.getLast().isEmpty()) {
            lines.removeLast();
        }
        lines.removeIf(line -> names.contains(key(line)));
        if (!value.isEmpty()) {
            lines.add(key + " = " + value);
        }
        return String.join("\n", lines) + "\n";
    }

    /// Gives every interface that has a MAC address a new one.
    static String withFreshMacs(String text) {
        return withMacs(text, () -> "00:16:3e:" + random());
    }

    private static String random() {
        byte[] bytes = new byte[3];
        RandomGenerator.getDefault().nextBytes(bytes);
        return HexFormat.ofDelimiter(":").formatHex(bytes);
    }

    static String withMacs(String text, Supplier<String> fresh) {
        List<String> lines = new ArrayList<>();
        for (String line : text.split("\n", -1)) {
            String key = key(line);
            boolean isMac =
                    key.endsWith(".hwaddr")
                            && (key.startsWith("lxc.net.") || key.startsWith("lxc.network."));
            String value = line.substring(line.indexOf('=') + 1).strip();
            // A pattern is random anyway.
            boolean isPattern =
                    value.isEmpty() || value.indexOf('x') >= 0 || value.indexOf('X') >= 0;
            lines.add(
                    isMac && !isPattern
                            ? line.substring(0, line.indexOf('=') + 1) + " " + fresh.get()
                            : line);
        }
        return String.join("\n", lines);
    }
}
