package io.atoll.daemon.server;

import io.atoll.base.InvalidConfigException;
import io.atoll.base.json.Json;
import io.atoll.daemon.http.Request;
import io.atoll.daemon.http.Response;
import io.atoll.daemon.http.Right;
import io.atoll.daemon.http.Route;
import io.atoll.daemon.http.Routes;
import io.atoll.daemon.store.ReadOnlyQuery;
import java.io.IOException;
import java.util.List;

/// `/internal/sql`: looks into the records as they are kept, in the form that LXD's client asks.
/// Unlike there nothing can be changed. Beside our own table there are the most used of LXD's.
public final class SqlRoutes implements Routes {
    private final ReadOnlyQuery records;

    public SqlRoutes(ReadOnlyQuery records) {
        this.records = records;
    }

    @Override
    public List<Route> routes() {
        return List.of(
                Route.get("/internal/sql").needs(Right.LOCAL).run(this::dump),
                Route.post("/internal/sql").needs(Right.LOCAL).run(this::query));
    }

    private static void checkDatabase(String name) {
        if (!name.equals("local") && !name.equals("global")) {
            throw new InvalidConfigException("Invalid database");
        }
    }

    private Response dump(Request request) {
        checkDatabase(request.query("database").orElse(""));
        String text = request.queryFlag("schema") ? records.schema() : records.dump();
        return Response.sync(Json.object().put("text", text));
    }

    private Response query(Request request) throws IOException {
        Json body = request.json();
        checkDatabase(body.get("database").asString());
        String query = body.get("query").asString();
        if (query.isBlank()) {
            throw new InvalidConfigException("No query provided");
        }
        ReadOnlyQuery.Result result = records.run(query);
        Json shown =
                Json.object()
                        .put("type", "select")
                        .put("columns", result.columns())
                        .put("rows", result.rows())
                        .put("rows_affected", 0);
        return Response.sync(Json.object().put("Results", Json.array(List.of(shown))));
    }
}
