package io.atoll.cli.command;

import io.atoll.base.NotFoundException;
import io.atoll.base.json.Json;
import io.atoll.cli.CliException;
import io.atoll.cli.CommandSpec;
import io.atoll.cli.Context;
import io.atoll.cli.Ref;
import io.atoll.client.AtollClient;
import java.io.IOException;
import java.util.function.Supplier;

/// `delete`: instances and snapshots.
final class DeleteCommand {
    private DeleteCommand() {}

    static CommandSpec spec() {
        return CommandSpec.of(
                        "delete",
                        "[<remote>:]<instance>[/<snapshot>] [[<remote>:]<instance>[/<snapshot>]...] [flags]",
                        "Delete instances and snapshots")
                .alias("rm")
                .args(1, CommandSpec.ANY)
                .flag('f', "force", "Stop running instances first")
                .flag('i', "interactive", "Ask before each")
                .run(DeleteCommand::run);
    }

    private static int run(Context context) throws IOException {
        for (String text : context.args().positional()) {
            Ref ref = context.ref(text);
            if (context.args().flag("interactive")
                    && !Questions.of(context).yes("Remove " + ref.name() + " (yes/no)", false)) {
                throw new CliException("User aborted delete operation");
            }
            delete(context, ref);
        }
        return 0;
    }

    /// Says what is missing before anything is deleted.
    private static Json existing(String kind, Ref ref, Supplier<Json> load) {
        try {
            return load.get();
        } catch (NotFoundException e) {
            throw new CliException(
                    "Failed checking "
                            + kind
                            + " exists \""
                            + ref.remote()
                            + ":"
                            + ref.name()
                            + "\": "
                            + e.getMessage());
        }
    }

    private static void delete(Context context, Ref ref) {
        AtollClient client = context.client(ref);
        if (ref.hasChild()) {
            existing(
                    "instance snapshot",
                    ref,
                    () -> client.instances().snapshots(ref.parent()).get(ref.child()).value());
            context.await(client.instances().snapshots(ref.parent()).delete(ref.child()));
            return;
        }
        Json instance =
                existing(
                        "instance",
                        ref,
                        () -> client.instances().records().get(ref.name()).value());
        long status = instance.get("status_code").asLong();
        if (status != 0 && status != 102) {
            if (!context.args().flag("force")) {
                throw new CliException(
                        "The instance is currently running, stop it first or pass --force");
            }
            context.await(client.instances().stop(ref.name(), true));
            if (instance.get("ephemeral").asBoolean()) {
                // An ephemeral instance is gone with its stop.
                return;
            }
        }
        context.await(client.instances().records().delete(ref.name()));
    }
}
