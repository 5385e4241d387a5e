package io.atoll.cli;

import io.atoll.base.json.Json;

/// What asks for a member of a cluster.
final class Clusters {
    private Clusters() {}

    /// Refuses `--target` instead of overlooking it, each command in the words of LXD's client.
    ///
    /// @param command without the name of the program: `storage volume list`
    /// @throws CliException unless nothing is asked for
    static void checkTarget(Context context, String command) {
        if (context.args().value("target").isEmpty()) {
            return;
        }
        String first = context.args().at(0);
        Ref ref = context.ref(first.indexOf(':') > 0 ? first : "");
        Json environment = context.client(ref).server().value().get("environment");
        throw new CliException(
                environment.get("server_clustered").asBoolean()
                        ? "This client does not place things on members of a cluster"
                        : refusal(context, command));
    }

    private static String refusal(Context context, String command) {
        return switch (command) {
            case "launch", "init" -> "Target only allowed when clustered";
            case "move" -> "The source LXD server is not clustered";
            case "copy", "network info", "storage info" ->
                    "To use --target, the destination remote must be a cluster";
            case "info", "config get", "config set", "config unset", "config show", "config edit" ->
                    isOfInstance(context, command)
                            ? "--target cannot be used with instances"
                            : "To use --target, the destination remote must be a cluster";
            default -> "Cluster member not found";
        };
    }

    /// Whether an instance is named, and not the server alone.
    private static boolean isOfInstance(Context context, String command) {
        String first = context.args().at(0);
        boolean isServer = first.isEmpty() || first.endsWith(":");
        boolean hasKeyOnly =
                switch (command) {
                    case "config get", "config unset" -> context.args().count() < 2;
                    case "config set" -> first.indexOf('=') > 0 || context.args().count() < 2;
                    default -> false;
                };
        return !isServer && !hasKeyOnly;
    }
}
