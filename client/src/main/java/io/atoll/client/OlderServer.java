package io.atoll.client;

import io.atoll.api.Extensions;
import io.atoll.base.DomainException;
import io.atoll.base.NotFoundException;
import io.atoll.base.UnsupportedException;
import io.atoll.base.json.Json;
import java.util.HashSet;
import java.util.Set;

/// Tells a thing that is not there from a request that the server does not know, because it is
/// older than this client. Servers say both with the same words: in a list something is missing, of
/// a thing that is there something is not known.
final class OlderServer {
    /// What LXD and its kin answer at a path that they do not have.
    private static final String UNKNOWN_PATH = "not found";

    private OlderServer() {}

    /// What to tell the user instead; the failure itself if the server's age is not the reason.
    ///
    /// @param target of the request
    /// @param client name and version of the program, `NAME/VERSION`
    static DomainException explain(
            NotFoundException failure, String target, RestClient rest, String client) {
        if (!UNKNOWN_PATH.equalsIgnoreCase(failure.getMessage())) {
            return failure;
        }
        Json server;
        try {
            if (isMissingInList(target, rest)) {
                return failure;
            }
            server = rest.plain("/1.0");
        } catch (DomainException e) {
            return failure;
        }
        Set<String> lacking = new HashSet<>(Extensions.ALL);
        server.get("api_extensions").asList().forEach(e -> lacking.remove(e.asString()));
        if (lacking.isEmpty()) {
            return failure;
        }
        return tooOld(server, lacking.size(), client, failure);
    }

    /// Whether the last thing on the way to the target that is there is a list.
    private static boolean isMissingInList(String target, RestClient rest) {
        int question = target.indexOf('?');
        String query = question < 0 ? "" : target.substring(question);
        String path = question < 0 ? target : target.substring(0, question);
        while (true) {
            path = path.substring(0, path.lastIndexOf('/'));
            if (path.length() <= "/1.0".length()) {
                return false;
            }
            try {
                return rest.plain(path + query) instanceof Json.Arr;
            } catch (NotFoundException _) {
                // Further up.
            }
        }
    }

    private static DomainException tooOld(
            Json server, int lacking, String client, NotFoundException failure) {
        Json about = server.get("environment");
        String version =
                (about.get("server").asString() + " " + about.get("server_version").asString())
                        .strip();
        return new UnsupportedException(
                "The server"
                        + (version.isEmpty() ? "" : " (" + version + ")")
                        + " does not know this request of the client ("
                        + client.replace('/', ' ')
                        + "): it lacks "
                        + lacking
                        + " API extensions that the client knows; update the server, or use its own"
                        + " client",
                failure);
    }
}
