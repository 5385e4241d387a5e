package io.atoll.runtime.lxc;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;
import java.util.stream.Stream;

/// What a configuration answers for a key, as liblxc's `get_config_item` does: lists by their
/// elements, signals and sizes by their numbers, families with the names of what they hold, and
/// what holds for a number that nobody has set.
final class LxcItems {
    /// Several words on a line are as many elements.
    private static final Set<String> WORDS =
            Set.of(
                    "lxc.cap.drop",
                    "lxc.cap.keep",
                    "lxc.group",
                    "lxc.namespace.clone",
                    "lxc.namespace.keep");

    /// They answer with lines of the file.
    private static final Set<String> FAMILIES =
            Set.of("lxc.cgroup", "lxc.cgroup2", "lxc.prlimit", "lxc.sysctl", "lxc.proc");

    private static final List<String> LEVELS =
            List.of("TRACE", "DEBUG", "INFO", "NOTICE", "WARN", "ERROR", "CRIT", "ALERT", "FATAL");

    /// Numbers that are not zero, and a word, while they are not set. `lxc.monitor.signal.pdeath`
    /// is zero: the container lives on.
    private static final Map<String, String> UNSET =
            Map.of(
                    "lxc.autodev", "1",
                    "lxc.keyring.session", "1",
                    "lxc.log.level", "NOTSET",
                    "lxc.rootfs.managed", "1",
                    "lxc.seccomp.allow_nesting", "1");

    private static final Set<LxcValue> NUMBERS =
            Set.of(
                    LxcValue.BOOL,
                    LxcValue.UNSIGNED,
                    LxcValue.INTEGER,
                    LxcValue.SIGNAL,
                    LxcValue.SIZE);

    private LxcItems() {}

    /// The values of a known key or group, one or more a line of the answer.
    static List<String> of(LxcConfig config, String key) {
        if (key.equals("lxc.net")) {
            return config.networks().stream()
                    .flatMap(number -> config.all("lxc.net." + number + ".type").stream())
                    .toList();
        }
        if (FAMILIES.contains(key)) {
            return config.below(key + ".").stream().map(s -> s.key() + " = " + s.value()).toList();
        }
        List<String> values = config.all(key);
        return values.isEmpty()
                ? unset(key)
                : values.stream().flatMap(value -> shown(key, value)).toList();
    }

    private static Stream<String> shown(String key, String value) {
        if (WORDS.contains(key)) {
            return Arrays.stream(value.split("[\\s,]+")).filter(word -> !word.isEmpty());
        }
        if (key.startsWith("lxc.signal.") || key.equals("lxc.monitor.signal.pdeath")) {
            OptionalInt number = Signals.find(value);
            return Stream.of(number.isPresent() ? Integer.toString(number.getAsInt()) : value);
        }
        return Stream.of(
                switch (key) {
                    case "lxc.arch" -> machine(value);
                    case "lxc.console.buffer.size", "lxc.console.size" ->
                            Long.toString(ConsoleSize.find(value).orElse(0));
                    case "lxc.log.level" -> level(value);
                    case "lxc.rootfs.path" -> withoutDriver(value);
                    default -> value;
                });
    }

    /// As `uname -m` inside says: on x86 there are two answers, elsewhere liblxc has none.
    private static String machine(String value) {
        if (!System.getProperty("os.arch").equals("amd64")) {
            return value;
        }
        return LxcValue.is32Bit(value) ? "i686" : "x86_64";
    }

    private static String level(String value) {
        return value.matches("[0-8]") ? LEVELS.get(Integer.parseInt(value)) : value;
    }

    private static String withoutDriver(String value) {
        String driver = LxcRootfs.parse(value).driver() + ":";
        boolean isAlias = value.startsWith("overlayfs:");
        return value.startsWith(driver) || isAlias
                ? value.substring(value.indexOf(':') + 1)
                : value;
    }

    private static List<String> unset(String key) {
        String value = UNSET.get(key);
        if (value != null) {
            return List.of(value);
        }
        boolean isZero =
                !key.startsWith("lxc.net.")
                        && LxcKeys.find(key)
                                .filter(row -> !row.isFamily() && !row.isList())
                                .filter(row -> NUMBERS.contains(row.value()))
                                .isPresent();
        return isZero ? List.of("0") : List.of();
    }
}
