package io.atoll.daemon.instance.config;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Which template triggers fire at a start: first the one remembered since creation, copy or
/// rename, then `start`.
public final class TemplateTriggers {
    /// The trigger of every start.
    public static final String START = "start";

    /// What an instance remembers from how it came to be.
    public enum Origin {
        CREATE("create"),
        COPY("copy"),
        RENAME("rename");

        private final String word;

        Origin(String word) {
            this.word = word;
        }

        /// The value of `volatile.apply_template`.
        public String word() {
            return word;
        }
    }

    private TemplateTriggers() {}

    /// The triggers of the next start, in order.
    public static List<String> atStart(Map<String, String> localConfig) {
        List<String> out = new ArrayList<>();
        remembered(localConfig).ifPresent(out::add);
        out.add(START);
        return out;
    }

    /// What is remembered after a rename: `create` and `copy` are stronger, since their templates
    /// cover the name too.
    public static String afterRename(Map<String, String> localConfig) {
        return remembered(localConfig).orElse(Origin.RENAME.word());
    }

    private static Optional<String> remembered(Map<String, String> localConfig) {
        return Optional.ofNullable(localConfig.get(ConfigKeys.APPLY_TEMPLATE.name()))
                .filter(t -> !t.isEmpty());
    }
}
