package io.atoll.daemon.instance;

import io.atoll.base.InvalidConfigException;
import io.atoll.base.json.Json;
import java.time.Duration;

/// A request to start, stop, restart, freeze or thaw.
///
/// @param patience how long it may take to shut down by itself; zero means by force
/// @param isStateful to stop it by saving its processes, or to start it with those saved
record StateRequest(Action action, Duration patience, boolean isStateful) {
    /// "For ever": longer than any daemon runs.
    private static final Duration FOR_EVER = Duration.ofDays(36_500);

    /// What to do, with the words of operations about it.
    enum Action {
        START("Starting instance"),
        STOP("Stopping instance"),
        RESTART("Restarting instance"),
        FREEZE("Freezing instance"),
        UNFREEZE("Unfreezing instance");

        private final String description;

        Action(String description) {
            this.description = description;
        }

        String description() {
            return description;
        }
    }

    static StateRequest parse(Json body) {
        Action action =
                switch (body.get("action").asString()) {
                    case "start" -> Action.START;
                    case "stop" -> Action.STOP;
                    case "restart" -> Action.RESTART;
                    case "freeze" -> Action.FREEZE;
                    case "unfreeze" -> Action.UNFREEZE;
                    default ->
                            throw new InvalidConfigException(
                                    "Unknown action: '" + body.get("action").asString() + "'");
                };
        long seconds = body.get("timeout").isNull() ? -1 : body.get("timeout").asLong();
        if (body.get("force").asBoolean()) {
            seconds = 0;
        }
        boolean isForEver = seconds < 0 || seconds > FOR_EVER.toSeconds();
        return new StateRequest(
                action,
                isForEver ? FOR_EVER : Duration.ofSeconds(seconds),
                body.get("stateful").asBoolean());
    }
}
