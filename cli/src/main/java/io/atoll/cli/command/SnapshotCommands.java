package io.atoll.cli.command;

import io.atoll.base.NotFoundException;
import io.atoll.base.json.Json;
import io.atoll.cli.CliException;
import io.atoll.cli.CommandSpec;
import io.atoll.cli.Context;
import io.atoll.cli.Ref;
import io.atoll.client.AtollClient;
import io.atoll.client.Records;

/// `snapshot` and `restore`.
final class SnapshotCommands {
    private SnapshotCommands() {}

    static CommandSpec spec(String name) {
        return name.equals("restore")
                ? CommandSpec.of(
                                "restore",
                                "[<remote>:]<instance> <snapshot> [flags]",
                                "Restore an instance from a snapshot")
                        .args(2, 2)
                        .flag(
                                "stateful",
                                "Restore the running state as well, if the snapshot has it")
                        .run(SnapshotCommands::restore)
                : CommandSpec.of(
                                "snapshot",
                                "[<remote>:]<instance> [<snapshot name>] [flags]",
                                "Snapshot an instance")
                        .args(1, 2)
                        .flag("no-expiry", "Keep it for ever")
                        .flag("reuse", "Replace a snapshot of that name")
                        .flag("stateful", "Store the running state as well")
                        .run(SnapshotCommands::snapshot);
    }

    private static int snapshot(Context context) {
        Ref ref = context.refAt(0);
        String name = context.args().at(1);
        Records snapshots = context.client(ref).instances().snapshots(ref.name());
        if (context.args().flag("reuse") && !name.isEmpty()) {
            try {
                context.await(snapshots.delete(name));
            } catch (NotFoundException _) {
                // The name is free already.
            }
        }
        Json.Obj body =
                Json.object().put("name", name).put("stateful", context.args().flag("stateful"));
        if (context.args().flag("no-expiry")) {
            body.put("expires_at", "0001-01-01T00:00:00Z");
        }
        context.await(snapshots.create(body));
        return 0;
    }

    private static int restore(Context context) {
        Ref ref = context.refAt(0);
        AtollClient client = context.client(ref);
        String snapshot = context.args().at(1);
        client.instances().records().get(ref.name());
        try {
            client.instances().snapshots(ref.name()).get(snapshot);
        } catch (NotFoundException _) {
            throw new CliException("Snapshot " + ref.name() + "/" + snapshot + " does not exist");
        }
        Json.Obj body =
                Json.object()
                        .put("restore", snapshot)
                        .put("stateful", context.args().flag("stateful"));
        context.await(client.instances().records().replace(ref.name(), body, ""));
        return 0;
    }
}
