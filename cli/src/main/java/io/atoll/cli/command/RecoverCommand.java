package io.atoll.cli.command;

import io.atoll.base.json.Json;
import io.atoll.cli.CliException;
import io.atoll.cli.CommandSpec;
import io.atoll.cli.Context;
import io.atoll.client.RestClient;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/// `recover`: gets instances and volumes back that are in storage pools and nowhere else.
final class RecoverCommand {
    private static final List<String> DRIVERS = List.of("overlay", "dir", "btrfs", "lvm", "zfs");

    private RecoverCommand() {}

    static CommandSpec spec() {
        return CommandSpec.of(
                        "recover",
                        "[flags]",
                        "Record instances and volumes again that are in a pool without a record")
                .detail(
                        "For a database that was lost or is older than the pools. Asks which pools to",
                        "look into, shows what it finds, and records it. Files are not changed.",
                        "Projects, networks and profiles that instances need are to be made before.")
                .args(0, 0)
                .run(RecoverCommand::run);
    }

    private static int run(Context context) {
        try {
            return recover(context, AdminCommands.local(context).rest());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static int recover(Context context, RestClient rest) throws IOException {
        Questions questions = Questions.of(context);
        List<Json> pools = new ArrayList<>();
        context.output().print("Storage pools of this server:\n");
        for (Json pool : rest.get("/1.0/storage-pools?recursion=1").asList()) {
            pools.add(
                    Json.object()
                            .put("name", pool.get("name"))
                            .put("driver", pool.get("driver"))
                            .put("config", pool.get("config")));
            context.output().print(line(pool));
        }
        while (questions.yes("Add another storage pool to look into? (yes/no)", false)) {
            pools.add(describe(questions));
        }
        if (pools.isEmpty()) {
            throw new CliException("There is no storage pool to look into");
        }
        Json body = Json.object().put("Pools", Json.array(pools));
        while (true) {
            Json found = rest.call("POST", "/internal/recover/validate", body, "").metadata();
            List<Json> volumes = found.get("UnknownVolumes").asList();
            List<String> problems = found.get("DependencyErrors").asStrings();
            if (volumes.isEmpty() && problems.isEmpty()) {
                context.output().print("Everything in these pools has a record.\n");
                return 0;
            }
            volumes.forEach(volume -> context.output().print(found(volume)));
            if (problems.isEmpty()) {
                break;
            }
            context.output().print("These have to be mended first:\n");
            problems.forEach(problem -> context.output().print(" - " + problem + "\n"));
            questions.text("Press enter when that is done, to look again", "again");
        }
        if (!questions.yes("Record these? (yes/no)", false)) {
            return 0;
        }
        RestClient.Answer _ = rest.call("POST", "/internal/recover/import", body, "");
        context.output().print("Recovered.\n");
        return 0;
    }

    private static String line(Json pool) {
        return String.format(
                Locale.ROOT,
                " - %s (driver=%s, source=%s)%n",
                pool.get("name").asString(),
                pool.get("driver").asString(),
                pool.get("config").get("source").asString());
    }

    private static String found(Json volume) {
        long snapshots = volume.get("snapshotCount").asLong();
        return String.format(
                Locale.ROOT,
                " - found %s \"%s\" in pool \"%s\", project \"%s\" (%d snapshots)%n",
                volume.get("type").asString(),
                volume.get("name").asString(),
                volume.get("pool").asString(),
                volume.get("project").asString(),
                snapshots);
    }

    private static Json describe(Questions questions) throws IOException {
        String name = questions.text("Name of the storage pool", "");
        String driver = questions.choice("Driver", DRIVERS, "overlay");
        Json.Obj config = Json.object();
        String source =
                questions.text("Source: path, device or name; empty for the usual place", "");
        if (!source.isEmpty()) {
            config.put("source", source);
        }
        for (String pair = questions.text("More configuration, key=value; empty to go on", "");
                !pair.isEmpty();
                pair = questions.text("More configuration, key=value; empty to go on", "")) {
            int equals = pair.indexOf('=');
            if (equals < 1) {
                throw new CliException("Not of the form key=value: " + pair);
            }
            config.put(pair.substring(0, equals), pair.substring(equals + 1));
        }
        return Json.object().put("name", name).put("driver", driver).put("config", config);
    }
}
