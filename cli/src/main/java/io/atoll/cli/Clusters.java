package io.atoll.cli;

import io.atoll.base.json.Json;

/// What asks for a member of a cluster.
final class Clusters {
    private Clusters() {}

    /// Refuses `--target` instead of overlooking it.
    ///
    /// @throws CliException unless nothing is asked for
    static void checkTarget(Context context) {
        if (context.args().value("target").isEmpty()) {
            return;
        }
        String first = context.args().at(0);
        Ref ref = context.ref(first.indexOf(':') > 0 ? first : "");
        Json environment = context.client(ref).server().value().get("environment");
        throw new CliException(
                environment.get("server_clustered").asBoolean()
                        ? "This client does not place things on members of a cluster"
                        : "Target only allowed when clustered");
    }
}
