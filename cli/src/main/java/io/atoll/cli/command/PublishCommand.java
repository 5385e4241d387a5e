package io.atoll.cli.command;

import io.atoll.base.json.Json;
import io.atoll.cli.CliException;
import io.atoll.cli.CommandSpec;
import io.atoll.cli.Context;
import io.atoll.cli.Ref;
import io.atoll.client.AtollClient;
import io.atoll.client.Operation;

/// `publish`: makes an image of an instance or a snapshot.
final class PublishCommand {
    private PublishCommand() {}

    static CommandSpec spec() {
        return CommandSpec.of(
                        "publish",
                        "[<remote>:]<instance>[/<snapshot>] [<remote>:] [flags] [key=value...]",
                        "Make images of instances")
                .args(1, CommandSpec.ANY)
                .values('\0', "alias", "Alias of the new image")
                .value("compression", "Compression: gzip, xz, zstd, … or none")
                .value("expire", "Date when the image expires, like 2030-01-01T00:00:00Z")
                .flag('f', "force", "Stop the instance if it is running")
                .flag("public", "Make the image public")
                .run(PublishCommand::run);
    }

    private static int run(Context context) {
        Ref ref = context.refAt(0);
        AtollClient client = context.client(ref);
        int properties = context.args().count() > 1 && context.args().at(1).endsWith(":") ? 2 : 1;
        if (properties == 2 && !context.refAt(1).remote().equals(ref.remote())) {
            throw new CliException(
                    "There is no way to publish to another server yet",
                    "publish here, then copy the image");
        }
        boolean wasRunning = !ref.hasChild() && stopIfRunning(context, client, ref);
        try {
            publish(context, client, ref, Pairs.from(context.args().positional(), properties));
        } finally {
            if (wasRunning) {
                context.await(client.instances().start(ref.name()));
            }
        }
        return 0;
    }

    private static boolean stopIfRunning(Context context, AtollClient client, Ref ref) {
        Json instance = client.instances().records().get(ref.name()).value();
        long status = instance.get("status_code").asLong();
        if (status == 0 || status == 102) {
            return false;
        }
        if (!context.args().flag("force")) {
            throw new CliException(
                    "The instance is currently running. Use --force to have it stopped and restarted");
        }
        if (instance.get("ephemeral").asBoolean()) {
            throw new CliException(
                    "an ephemeral instance is gone once it stops: copy it first, or publish a snapshot");
        }
        context.await(client.instances().stop(ref.name(), false));
        return true;
    }

    private static void publish(Context context, AtollClient client, Ref ref, Json.Obj properties) {
        Json.Obj body =
                Json.object()
                        .put(
                                "source",
                                Json.object()
                                        .put("type", ref.hasChild() ? "snapshot" : "instance")
                                        .put("name", ref.name()))
                        .put("properties", properties)
                        .put("public", context.args().flag("public"))
                        .put("compression_algorithm", context.args().value("compression"));
        if (!context.args().value("expire").isEmpty()) {
            body.put("expires_at", context.args().value("expire"));
        }
        Operation done = context.await(client.images().create(body), "Publishing instance");
        String fingerprint = done.metadata().get("fingerprint").asString();
        ImageCommands.moveAliases(context, client, context.args().values("alias"), fingerprint);
        context.output().line("Instance published with fingerprint: " + fingerprint);
    }
}
