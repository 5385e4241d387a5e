package io.atoll.cli.command;

import io.atoll.base.json.Json;
import io.atoll.cli.CliException;
import io.atoll.cli.CommandSpec;
import io.atoll.cli.Context;
import io.atoll.cli.text.Table;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;

/// `sql`: looks into the daemon's records. Only reads; records change through the API.
final class SqlCommand {
    private SqlCommand() {}

    static CommandSpec spec() {
        return CommandSpec.of(
                        "sql",
                        "[<local|global>] <query> [flags]",
                        "Query the daemon's records, read-only")
                .detail(
                        "All there is lies in records(kind, project, name, version, document), whose",
                        "documents are JSON. The most used of LXD's tables are views of it: instances,",
                        "instances_config, images, networks, profiles, projects, storage_pools,",
                        "storage_volumes and those beside them; their ids hold while nothing is deleted.",
                        "Only statements that read are run.",
                        "\"local\" and \"global\" are taken for LXD's sake and mean the same here.",
                        ".schema prints the tables, .dump all records, - reads the query from stdin.")
                .example(
                        "sql \"SELECT name, document ->> 'config' FROM records WHERE kind = 'instance'\"")
                .args(1, 2)
                .run(SqlCommand::run);
    }

    private static int run(Context context) {
        List<String> words = context.args().positional();
        String database = words.size() > 1 ? words.getFirst() : "global";
        if (!database.equals("local") && !database.equals("global")) {
            throw new CliException("Invalid database type: " + database);
        }
        String query = words.getLast();
        if (query.equals(".schema") || query.equals(".dump")) {
            Json dump =
                    AdminCommands.local(context)
                            .rest()
                            .get(
                                    "/internal/sql?database="
                                            + database
                                            + "&schema="
                                            + (query.equals(".schema") ? "1" : "0"));
            context.output().print(dump.get("text").asString());
            return 0;
        }
        Json body =
                Json.object()
                        .put("database", database)
                        .put("query", query.equals("-") ? stdin(context) : query);
        Json reply =
                AdminCommands.local(context)
                        .rest()
                        .call("POST", "/internal/sql", body, "")
                        .metadata();
        for (Json result : reply.get("Results").asList()) {
            Table table =
                    new Table(result.get("columns").asList().stream().map(Json::asString).toList());
            for (Json row : result.get("rows").asList()) {
                table.add(row.asList().stream().map(SqlCommand::cell).toList());
            }
            context.output().print(table.renderTable());
        }
        return 0;
    }

    private static String cell(Json value) {
        return value instanceof Json.Str(String text)
                ? text
                : value.isNull() ? "<nil>" : value.render();
    }

    private static String stdin(Context context) {
        try {
            return new String(context.invocation().in().readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
