package io.atoll.cli.command;

import io.atoll.base.json.Json;
import io.atoll.cli.CliException;
import io.atoll.cli.CommandSpec;
import io.atoll.cli.Context;
import io.atoll.cli.Ref;
import io.atoll.client.AtollClient;
import io.atoll.client.HttpRequest;
import io.atoll.client.Operation;
import io.atoll.client.RestClient;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.TreeMap;

/// `query`: any request, for what has no command.
final class QueryCommand {
    private QueryCommand() {}

    static CommandSpec spec() {
        return CommandSpec.of(
                        "query", "[<remote>:]<API path> [flags]", "Send a request to the REST API")
                .example("PROGRAM query -X DELETE --wait /1.0/instances/c1")
                .args(1, 1)
                .value('d', "data", "", "Body to send, or @FILE, or - for stdin")
                .flag("raw", "Print the answer as it came")
                .value('X', "request", "GET", "Method (default \"GET\")")
                .flag("wait", "Wait for the operation to end and print it")
                .run(QueryCommand::run);
    }

    private static int run(Context context) throws IOException {
        Ref ref = context.refAt(0);
        if (!ref.name().startsWith("/")) {
            throw new CliException("Query path must start with /");
        }
        if (context.args().flag("wait") && context.args().flag("raw")) {
            throw new CliException("--raw and --wait cannot be used together");
        }
        AtollClient client = context.client(ref);
        HttpRequest request = new HttpRequest(context.args().value("request"), ref.name());
        byte[] data = data(context);
        if (data.length > 0) {
            request.header("Content-Type", "application/json")
                    .body(new ByteArrayInputStream(data), data.length);
        }
        if (context.args().flag("raw")) {
            context.output().line(client.rest().call(request).envelope().renderPretty() + "\n");
            return 0;
        }
        RestClient.Answer answer = client.rest().call(request);
        Json shown = answer.metadata();
        if (context.args().flag("wait") && !answer.operation().isEmpty()) {
            Operation done = client.handle(answer).awaitSuccess();
            shown = done.value();
        }
        if (shown instanceof Json.Str text) {
            context.output().line(text.value());
        } else if (!shown.isNull() && !shown.equals(Json.object())) {
            context.output().line(sorted(shown).renderPretty() + "\n");
        }
        return 0;
    }

    /// With the members of all objects in order, as scripts have them from LXD's client.
    private static Json sorted(Json value) {
        if (value instanceof Json.Arr array) {
            Json.Arr out = Json.array();
            for (Json item : array.items()) {
                out.items().add(sorted(item));
            }
            return out;
        }
        if (value instanceof Json.Obj object) {
            Json.Obj out = Json.object();
            for (Map.Entry<String, Json> entry : new TreeMap<>(object.members()).entrySet()) {
                out.put(entry.getKey(), sorted(entry.getValue()));
            }
            return out;
        }
        return value;
    }

    private static byte[] data(Context context) throws IOException {
        String text = context.args().value("data");
        if (text.equals("-")) {
            return context.invocation().in().readAllBytes();
        }
        if (text.startsWith("@")) {
            return java.nio.file.Files.readAllBytes(context.invocation().path(text.substring(1)));
        }
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
