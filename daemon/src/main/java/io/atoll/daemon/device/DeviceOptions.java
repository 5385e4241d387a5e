package io.atoll.daemon.device;

import io.atoll.base.InvalidConfigException;
import io.atoll.base.UnsupportedException;
import io.atoll.daemon.instance.config.ValueType;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/// The options of one device while they are read. Every option must be asked for: [#finish] refuses
/// the rest.
final class DeviceOptions {
    private final Map<String, String> values;
    private final Set<String> known = new HashSet<>();

    DeviceOptions(Map<String, String> values) {
        this.values = values;
    }

    /// The value of an option; empty text counts as absent.
    <T> Optional<T> get(String option, ValueType<T> type) {
        known.add(option);
        String text = values.getOrDefault(option, "");
        if (text.isEmpty()) {
            return Optional.empty();
        }
        try {
            return Optional.of(type.parse(text));
        } catch (InvalidConfigException e) {
            throw new InvalidConfigException(
                    "Invalid value for device option \"" + option + "\": " + e.getMessage(), e);
        }
    }

    Optional<String> text(String option) {
        return get(option, ValueType.TEXT);
    }

    boolean flag(String option, boolean unset) {
        return get(option, ValueType.BOOL).orElse(unset);
    }

    /// Options that LXD has and we do not act on without loss: accepted and ignored.
    void accept(String... options) {
        known.addAll(Set.of(options));
    }

    /// Options that LXD has and we cannot honour yet: refused unless they are unset or false.
    void refuse(String... options) {
        for (String option : options) {
            known.add(option);
            String text = values.getOrDefault(option, "");
            if (!text.isEmpty() && !text.equals("false")) {
                throw new UnsupportedException(
                        "Device option \"" + option + "\" is not supported yet");
            }
        }
    }

    /// Keys that begin with `user.` are the user's own.
    ///
    /// @throws InvalidConfigException if there is an option that nobody asked for
    void finish() {
        for (String option : values.keySet()) {
            if (!option.equals("type") && !option.startsWith("user.") && !known.contains(option)) {
                throw new InvalidConfigException("Invalid device option \"" + option + "\"");
            }
        }
    }
}
