package io.atoll.cli.command;

import io.atoll.base.NotFoundException;
import io.atoll.base.json.Json;
import io.atoll.cli.CliException;
import io.atoll.cli.CommandSpec;
import io.atoll.cli.Context;
import io.atoll.cli.Ref;
import io.atoll.client.AtollClient;
import java.io.IOException;
import java.util.List;

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
        List<Ref> refs = context.args().positional().stream().map(context::ref).toList();
        // What is missing is said before anything is deleted.
        for (Ref ref : refs) {
            Json _ = existing(context, ref);
        }
        for (Ref ref : refs) {
            if (context.args().flag("interactive")
                    && !Questions.of(context).confirms("Remove " + ref.name() + " (yes/no)")) {
                throw new CliException("User aborted delete operation");
            }
            delete(context, ref);
        }
        return 0;
    }

    private static Json existing(Context context, Ref ref) {
        AtollClient client = context.client(ref);
        String kind = ref.hasChild() ? "instance snapshot" : "instance";
        try {
            return ref.hasChild()
                    ? client.instances().snapshots(ref.parent()).get(ref.child()).value()
                    : client.instances().records().get(ref.name()).value();
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
            context.await(client.instances().snapshots(ref.parent()).delete(ref.child()));
            return;
        }
        Json instance = existing(context, ref);
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
