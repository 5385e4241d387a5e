package io.atoll.runtime.lxc;

import io.atoll.base.InvalidConfigException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeSet;

/// One container's configuration as lxc.container.conf(5) has it. Two views of it are kept: the
/// lines of the top file as they were written, which is what saving writes back, and the settings
/// in force, with includes followed, legacy names translated and cleared keys gone.
///
/// Not thread-safe.
public final class LxcConfig {
    /// Bytes of one file; a larger one is refused.
    public static final int FILE_BYTES_MAX = 1 << 20;

    private static final Set<String> GROUPS =
            Set.of(
                    "lxc.net",
                    "lxc.hook",
                    "lxc.cgroup",
                    "lxc.cgroup2",
                    "lxc.prlimit",
                    "lxc.sysctl",
                    "lxc.proc");

    private final List<String> lines = new ArrayList<>();
    private final List<Setting> settings = new ArrayList<>();
    private final LegacyKeys legacy = new LegacyKeys();
    private boolean hasLegacyKeys;

    /// One key and its value in force.
    ///
    /// @param key current name
    /// @param where file and line, for messages
    public record Setting(String key, String value, String where) {}

    /// An empty configuration.
    public LxcConfig() {}

    /// Reads a file's text.
    ///
    /// @param name the file's name, for messages
    /// @throws InvalidConfigException naming file, line, key, value and what is accepted
    public static LxcConfig parse(String text, String name, LxcIncludes includes) {
        LxcConfig config = new LxcConfig();
        config.append(text, name, includes);
        return config;
    }

    /// Reads more lines, as if they stood at the end of the file.
    public void append(String text, String name, LxcIncludes includes) {
        List<String> added = new ArrayList<>(List.of(text.split("\n", -1)));
        if (!added.isEmpty() && added.getLast().isEmpty()) {
            added.removeLast();
        }
        int number = 0;
        for (String line : added) {
            number++;
            read(line, name + ":" + number, includes, 0);
            lines.add(line);
        }
    }

    private void read(String line, String where, LxcIncludes includes, int depth) {
        String trimmed = line.strip();
        if (!trimmed.startsWith("lxc.")) {
            return;
        }
        if (trimmed.indexOf('\0') >= 0) {
            throw new InvalidConfigException(where + ": there is a NUL byte in the line");
        }
        int equals = trimmed.indexOf('=');
        if (equals < 0) {
            throw new InvalidConfigException(where + ": no = in the line: " + trimmed);
        }
        String key = trimmed.substring(0, equals).strip();
        String value = unquote(trimmed.substring(equals + 1).strip());
        if (key.equals("lxc.include")) {
            include(value, where, includes, depth);
        } else {
            apply(key, value, where);
        }
    }

    /// A value wholly in one pair of quotes loses them; there are no escapes.
    private static String unquote(String value) {
        boolean isQuoted =
                value.length() >= 2
                        && value.charAt(0) == value.charAt(value.length() - 1)
                        && (value.charAt(0) == '"' || value.charAt(0) == '\'');
        return isQuoted ? value.substring(1, value.length() - 1) : value;
    }

    private void include(String path, String where, LxcIncludes includes, int depth) {
        if (depth >= LxcIncludes.DEPTH_MAX) {
            throw new InvalidConfigException(
                    where
                            + ": lxc.include is nested deeper than "
                            + LxcIncludes.DEPTH_MAX
                            + " files: "
                            + path);
        }
        for (LxcIncludes.Included file : includes.read(path, where)) {
            int number = 0;
            for (String line : file.text().split("\n")) {
                number++;
                read(line, file.name() + ":" + number, includes, depth + 1);
            }
        }
    }

    private void apply(String written, String value, String where) {
        Optional<String> current = legacy.translate(written);
        hasLegacyKeys |= current.isPresent();
        String key = current.orElse(written);
        if (LxcKeys.IGNORED.contains(key) || clearGroup(key, value)) {
            return;
        }
        LxcKey row = LxcKeys.find(key).orElseThrow(() -> unknown(written, where));
        if (value.isEmpty()) {
            settings.removeIf(s -> s.key().equals(key));
            return;
        }
        if (!row.value().accepts(value)) {
            throw new InvalidConfigException(
                    where + ": " + written + " = " + value + ": expected " + row.value().range());
        }
        if (!row.isList() || row.pattern().equals("lxc.sysctl.*")) {
            settings.removeIf(s -> s.key().equals(key));
        }
        // Of whole installations that may be anywhere, such as those of includes.
        boolean isFile = key.equals("lxc.seccomp.profile");
        String inForce = isFile ? LxcIncludes.beside(value, where).toString() : value;
        settings.add(new Setting(key, inForce, where));
    }

    /// `lxc.net =`, `lxc.net.0 =` and `lxc.hook =` and the like, empty, clear all keys below them.
    private boolean clearGroup(String key, String value) {
        if (!value.isEmpty() || !isGroup(key)) {
            return false;
        }
        settings.removeIf(s -> s.key().startsWith(key + "."));
        return true;
    }

    private static InvalidConfigException unknown(String key, String where) {
        String hint = LxcKeys.nearest(key).map(n -> ", did you mean " + n + "?").orElse("");
        return new InvalidConfigException(
                where + ": Unsupported config key \"" + key + "\"" + hint);
    }

    /// The value in force of a key that holds one value; the last of a list.
    public Optional<String> find(String key) {
        return all(key).isEmpty() ? Optional.empty() : Optional.of(all(key).getLast());
    }

    /// All values in force of a key, in order.
    public List<String> all(String key) {
        return settings.stream().filter(s -> s.key().equals(key)).map(Setting::value).toList();
    }

    /// The settings in force whose key begins with a prefix, in order.
    public List<Setting> below(String prefix) {
        return settings.stream().filter(s -> s.key().startsWith(prefix)).toList();
    }

    /// All settings in force, in order.
    public List<Setting> settings() {
        return List.copyOf(settings);
    }

    /// The numbers of the networks that are configured, ascending.
    public SortedSet<Integer> networks() {
        SortedSet<Integer> out = new TreeSet<>();
        for (Setting setting : below("lxc.net.")) {
            out.add(Integer.parseInt(setting.key().split("\\.")[2]));
        }
        return out;
    }

    /// True if any line used a name of LXC 1.x or 2.x.
    public boolean hasLegacyKeys() {
        return hasLegacyKeys;
    }

    /// All keys there are, in the order of the reference page.
    public static List<LxcKey> keys() {
        return LxcKeys.ALL;
    }

    /// True if this is a key, current or legacy, that a file may hold.
    public static boolean isKnown(String key) {
        return LxcKeys.find(new LegacyKeys().translate(key).orElse(key)).isPresent();
    }

    /// True if all keys below this can be cleared at once, as `lxc.net` and `lxc.net.0`.
    public static boolean isGroup(String key) {
        boolean isNetwork =
                key.startsWith("lxc.net.") && LxcKeys.isIndex(key.substring("lxc.net.".length()));
        return isNetwork || GROUPS.contains(key);
    }

    /// Adds a value to a list, or replaces a single value, in force and in the text. An empty value
    /// clears the key.
    ///
    /// @throws InvalidConfigException as for a line of a file
    public void set(String key, String value) {
        apply(key, value, "lxc.container.conf");
        LxcKey row = LxcKeys.find(new LegacyKeys().translate(key).orElse(key)).orElse(null);
        if (value.isEmpty() || (row != null && !row.isList())) {
            removeLines(key);
        }
        if (!value.isEmpty()) {
            lines.add(key + " = " + value);
        }
    }

    /// Removes a key, or a group such as `lxc.net`, in force and from the text.
    public void clear(String key) {
        settings.removeIf(s -> isAtOrBelow(s.key(), key));
        removeLines(key);
    }

    private void removeLines(String key) {
        LegacyKeys fresh = new LegacyKeys();
        lines.removeIf(line -> {
            String trimmed = line.strip();
            int equals = trimmed.indexOf('=');
            if (!trimmed.startsWith("lxc.") || equals < 0) {
                return false;
            }
            String written = trimmed.substring(0, equals).strip();
            return isAtOrBelow(fresh.translate(written).orElse(written), key);
        });
    }

    private static boolean isAtOrBelow(String key, String group) {
        return key.equals(group) || (key.startsWith(group + ".") && LxcKeys.find(group).isEmpty());
    }

    /// The file as it was written, with changes made since; includes are not expanded.
    public String render() {
        return lines.isEmpty() ? "" : String.join("\n", lines) + "\n";
    }
}
