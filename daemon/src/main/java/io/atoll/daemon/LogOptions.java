package io.atoll.daemon;

import io.atoll.base.InvalidConfigException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.Set;

/// What is logged, and where to.
///
/// @param file instead of standard error
/// @param isSyslog to the host's syslog as well
/// @param traced what is told in every detail
public record LogOptions(
        Optional<Path> file,
        boolean isDebug,
        boolean isVerbose,
        boolean isSyslog,
        Set<Target> traced) {
    /// What `--trace` names.
    public enum Target {
        /// Everything that is written to the records.
        DATABASE("database", "io.atoll.daemon.store"),
        /// The engine of LXD's records; ours is traced with them.
        DQLITE("dqlite", "io.atoll.daemon.store");

        private final String word;
        private final String logger;

        Target(String word, String logger) {
            this.word = word;
            this.logger = logger;
        }

        /// The logger below which it is told.
        String logger() {
            return logger;
        }

        /// @throws InvalidConfigException naming those that there are
        static Target of(String word) {
            for (Target target : values()) {
                if (target.word.equals(word)) {
                    return target;
                }
            }
            throw new InvalidConfigException(
                    "nothing called \"" + word + "\" can be traced: use database or dqlite");
        }
    }

    public LogOptions {
        traced = Set.copyOf(traced);
    }
}
