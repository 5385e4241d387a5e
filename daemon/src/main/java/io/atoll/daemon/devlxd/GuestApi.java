package io.atoll.daemon.devlxd;

import io.atoll.base.json.Json;
import io.atoll.base.json.JsonException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// What is answered to an instance, without an envelope: LXD's API below `/dev/lxd/sock`. Events
/// are the connection's business.
final class GuestApi {
    /// An answer; text unless it is JSON.
    record Reply(int status, String type, String body) {
        static Reply json(Json json) {
            return new Reply(200, "application/json", json.render() + "\n");
        }

        static Reply text(int status, String text) {
            return new Reply(status, "text/plain; charset=utf-8", text);
        }

        static Reply raw(String text) {
            return new Reply(200, "application/octet-stream", text);
        }
    }

    private static final String CONFIG = "/1.0/config/";
    private static final Pattern IMAGE = Pattern.compile("/1\\.0/images/([0-9a-f]+)/export");

    private GuestApi() {}

    static boolean isShown(String key) {
        return key.startsWith("user.") || key.startsWith("cloud-init.");
    }

    /// The fingerprint of the image whose files are asked for.
    static Optional<String> image(GuestRequest request) {
        Matcher path = IMAGE.matcher(request.path());
        return request.method().equals("GET") && path.matches()
                ? Optional.of(path.group(1))
                : Optional.empty();
    }

    static Reply answer(GuestRequest request, Guest guest) {
        if (request.path().equals("/1.0") && request.method().equals("PATCH")) {
            return patch(request, guest);
        }
        if (!request.method().equals("GET")) {
            return Reply.text(501, "not implemented");
        }
        return switch (request.path()) {
            case "/" -> Reply.json(Json.strings(List.of("/1.0")));
            case "/1.0" -> Reply.json(about(guest));
            case "/1.0/config" -> Reply.json(keys(guest));
            case "/1.0/devices" -> Reply.json(devices(guest));
            case "/1.0/meta-data" -> Reply.raw(guest.metaData());
            default -> other(request.path(), guest);
        };
    }

    private static Json about(Guest guest) {
        return Json.object()
                .put("state", guest.state())
                .put("api_version", "1.0")
                .put("instance_type", "container")
                .put("location", "none");
    }

    private static Json keys(Guest guest) {
        return Json.strings(
                new TreeMap<>(guest.config())
                        .keySet().stream().filter(GuestApi::isShown).map(k -> CONFIG + k).toList());
    }

    private static Json devices(Guest guest) {
        Json.Obj out = Json.object();
        guest.devices().forEach((name, keys) -> out.put(name, Json.strings(keys)));
        return out;
    }

    private static Reply other(String path, Guest guest) {
        if (path.startsWith(CONFIG)) {
            return value(path.substring(CONFIG.length()), guest.config());
        }
        return Reply.text(404, "not found");
    }

    private static Reply value(String key, Map<String, String> config) {
        if (!isShown(key)) {
            return Reply.text(403, "not authorized");
        }
        String value = config.get(key);
        return value == null ? Reply.text(404, "not found") : Reply.raw(value);
    }

    private static Reply patch(GuestRequest request, Guest guest) {
        String state;
        try {
            state = Json.parse(request.body()).get("state").asString();
        } catch (JsonException _) {
            return Reply.text(400, "no JSON");
        }
        if (!state.equals("Ready") && !state.equals("Started")) {
            return Reply.text(400, "Invalid state \"" + state.replaceAll("\\p{Cntrl}", "?") + "\"");
        }
        guest.setReady(state.equals("Ready"));
        return Reply.json(Json.object());
    }
}
