package io.atoll.daemon.http;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// Cross-origin resource sharing by the server's `core.https_allowed_*` keys: which pages of other
/// servers may use this API from a browser. By default none.
public final class CrossOrigin {
    /// The values of the keys; empty where they are unset.
    ///
    /// @param origin `core.https_allowed_origin`: nothing is sent without it
    public record Settings(String origin, String methods, String headers, boolean credentials) {}

    /// Allows nothing.
    public static final CrossOrigin NONE = new CrossOrigin(() -> new Settings("", "", "", false));

    private final Supplier<Settings> settings;

    /// @param settings asked for every request that comes from a browser
    public CrossOrigin(Supplier<Settings> settings) {
        this.settings = settings;
    }

    /// The headers for an answer to a request with this `Origin`.
    Map<String, String> headers(@Nullable String origin) {
        if (origin == null) {
            return Map.of();
        }
        Settings now = settings.get();
        if (now.origin.isEmpty()) {
            return Map.of();
        }
        Map<String, String> out = new LinkedHashMap<>();
        out.put("Access-Control-Allow-Origin", now.origin);
        if (!now.methods.isEmpty()) {
            out.put("Access-Control-Allow-Methods", now.methods);
        }
        if (!now.headers.isEmpty()) {
            out.put("Access-Control-Allow-Headers", now.headers);
        }
        if (now.credentials) {
            out.put("Access-Control-Allow-Credentials", "true");
        }
        return out;
    }
}
