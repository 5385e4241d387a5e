package io.atoll.daemon.warning;

import io.atoll.base.InvalidConfigException;
import io.atoll.base.ProjectName;
import io.atoll.base.json.Json;
import io.atoll.daemon.store.RecordKind;
import java.time.Instant;
import java.util.Locale;

/// Something is degraded and goes on; kept until someone deletes it. The same type about the same
/// thing is one warning that is counted.
///
/// @param type in words, as shown: `Storage pool unavailable`
/// @param entityUrl what it is about; empty for the server
/// @param count how often it was raised
public record Warning(
        String uuid,
        String type,
        Severity severity,
        Status status,
        String entityUrl,
        long count,
        Instant firstSeenAt,
        Instant lastSeenAt,
        String lastMessage) {
    /// How bad it is.
    public enum Severity {
        LOW,
        MODERATE,
        HIGH
    }

    /// What became of it.
    public enum Status {
        NEW,
        ACKNOWLEDGED,
        RESOLVED
    }

    public static final RecordKind<Warning> KIND =
            RecordKind.of("warning", Warning::json, Warning::decode);

    /// As the API shows it, which is also how it is recorded.
    Json json() {
        return Json.object()
                .put("status", word(status))
                .put("uuid", uuid)
                .put("location", "none")
                .put("project", project())
                .put("type", type)
                .put("count", count)
                .put("first_seen_at", firstSeenAt.toString())
                .put("last_seen_at", lastSeenAt.toString())
                .put("last_message", lastMessage)
                .put("severity", word(severity))
                .put("entity_url", entityUrl);
    }

    /// The project of what it is about; empty for what is in none.
    String project() {
        int query = entityUrl.indexOf("?project=");
        if (query >= 0) {
            return entityUrl.substring(query + "?project=".length());
        }
        boolean isOfServer =
                entityUrl.isEmpty()
                        || entityUrl.startsWith("/1.0/storage-pools/")
                                && !entityUrl.contains("/volumes/");
        return isOfServer ? "" : ProjectName.DEFAULT.value();
    }

    private static Warning decode(Json j) {
        return new Warning(
                j.get("uuid").asString(),
                j.get("type").asString(),
                Severity.valueOf(j.get("severity").asString().toUpperCase(Locale.ROOT)),
                parseStatus(j.get("status").asString()),
                j.get("entity_url").asString(),
                j.get("count").asLong(),
                Instant.parse(j.get("first_seen_at").asString()),
                Instant.parse(j.get("last_seen_at").asString()),
                j.get("last_message").asString());
    }

    /// @throws InvalidConfigException if it is no status
    static Status parseStatus(String word) {
        for (Status status : Status.values()) {
            if (word(status).equals(word)) {
                return status;
            }
        }
        throw new InvalidConfigException("Invalid warning status \"" + word + "\"");
    }

    private static String word(Enum<?> constant) {
        return constant.name().toLowerCase(Locale.ROOT);
    }

    Warning withStatus(Status next) {
        return new Warning(
                uuid, type, severity, next, entityUrl, count, firstSeenAt, lastSeenAt, lastMessage);
    }

    /// Seen once more. What was resolved is new again; what was acknowledged stays so.
    Warning again(String message, Instant now) {
        Status next = status == Status.RESOLVED ? Status.NEW : status;
        return new Warning(
                uuid, type, severity, next, entityUrl, count + 1, firstSeenAt, now, message);
    }
}
