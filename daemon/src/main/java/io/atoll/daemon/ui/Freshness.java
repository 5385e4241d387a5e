package io.atoll.daemon.ui;

import io.atoll.daemon.http.Request;
import io.atoll.linux.FileStat;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.time.temporal.ChronoUnit;
import java.util.Optional;

/// Whether a client has a file already: its tag and the time of its last change, as RFC 9110 has
/// them.
///
/// @param tag with its quotation marks
/// @param modified in whole seconds, as HTTP tells times
record Freshness(String tag, Instant modified) {
    static Freshness of(FileStat stat) {
        Instant time = stat.modified();
        String tag =
                "\"%x-%x-%x\"".formatted(time.getEpochSecond(), time.getNano(), stat.sizeBytes());
        return new Freshness(tag, time.truncatedTo(ChronoUnit.SECONDS));
    }

    /// Whether the request says that its sender has this very content. With a tag the time does not
    /// count.
    boolean isKnownTo(Request request) {
        Optional<String> tags = request.header("If-None-Match");
        if (tags.isPresent()) {
            return names(tags.get());
        }
        return request.header("If-Modified-Since")
                .flatMap(Freshness::time)
                .filter(since -> !modified.isAfter(since))
                .isPresent();
    }

    private boolean names(String list) {
        for (String one : list.split(",")) {
            String bare = one.strip();
            if (bare.equals("*") || bare.equals(tag) || bare.equals("W/" + tag)) {
                return true;
            }
        }
        return false;
    }

    /// Nothing if it is no time: then the whole file is sent, as if nobody had asked.
    private static Optional<Instant> time(String text) {
        try {
            return Optional.of(DateTimeFormatter.RFC_1123_DATE_TIME.parse(text, Instant::from));
        } catch (DateTimeException _) {
            return Optional.empty();
        }
    }

    /// As the header `Last-Modified` has it, always with two digits for the day.
    String time() {
        return HTTP_DATE.format(modified.atOffset(ZoneOffset.UTC));
    }

    private static final DateTimeFormatter HTTP_DATE =
            DateTimeFormatter.ofPattern("EEE, dd MMM yyyy HH:mm:ss 'GMT'", java.util.Locale.ROOT);
}
