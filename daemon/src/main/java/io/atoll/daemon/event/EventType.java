package io.atoll.daemon.event;

import io.atoll.base.InvalidConfigException;
import java.util.EnumSet;
import java.util.Locale;
import java.util.Set;

/// The kinds of events a listener can ask for.
public enum EventType {
    OPERATION,
    LIFECYCLE,
    LOGGING;

    /// The word on the wire.
    public String text() {
        return name().toLowerCase(Locale.ROOT);
    }

    /// Reads `operation,lifecycle`; all kinds if empty.
    public static Set<EventType> parseList(String text) {
        Set<EventType> types = EnumSet.noneOf(EventType.class);
        for (String word : text.split(",")) {
            if (!word.isEmpty()) {
                types.add(parse(word));
            }
        }
        return types.isEmpty() ? EnumSet.allOf(EventType.class) : types;
    }

    private static EventType parse(String word) {
        for (EventType type : values()) {
            if (type.text().equals(word)) {
                return type;
            }
        }
        throw new InvalidConfigException("\"" + word + "\" isn't a supported event type");
    }
}
