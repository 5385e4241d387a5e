package io.atoll.cli.command;

import io.atoll.base.json.Json;
import io.atoll.cli.CliException;
import io.atoll.cli.CommandSpec;
import io.atoll.cli.Context;
import io.atoll.cli.text.Yaml;
import io.atoll.client.WebSocket;
import java.io.IOException;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/// `monitor`: the server's events as they happen.
final class MonitorCommand {
    private static final List<String> LEVELS =
            List.of("trace", "debug", "info", "warning", "error", "fatal", "panic");

    private MonitorCommand() {}

    static CommandSpec spec() {
        return CommandSpec.of("monitor", "[<remote>:] [flags]", "Show the events of a server")
                .example(
                        "PROGRAM monitor --type=lifecycle",
                        "PROGRAM monitor --pretty --loglevel=info")
                .args(0, 1)
                .flag("all-projects", "Show the events of all projects")
                .value('f', "format", "yaml", "Format: json, pretty or yaml (default \"yaml\")")
                .value("loglevel", "Least level of log messages (with --format=pretty)")
                .flag("pretty", "Short for --format=pretty")
                .values('\0', "type", "Type of event: lifecycle, logging or operation")
                .run(MonitorCommand::run);
    }

    private static int run(Context context) throws IOException {
        String format = context.args().flag("pretty") ? "pretty" : context.args().value("format");
        if (!List.of("json", "pretty", "yaml").contains(format)) {
            throw new CliException(
                    "Invalid format: " + format, "formats are json, pretty and yaml");
        }
        String level = context.args().value("loglevel");
        if (!level.isEmpty() && !format.equals("pretty")) {
            throw new CliException("Log level filtering can only be used with pretty formatting");
        }
        if (!level.isEmpty() && !LEVELS.contains(level)) {
            throw new CliException(
                    "Invalid log level: " + level, "levels are " + String.join(", ", LEVELS));
        }
        String types = String.join(",", context.args().values("type"));
        if (types.isEmpty() && format.equals("pretty")) {
            types = "logging,lifecycle";
        }
        try (WebSocket events =
                context.client(context.refAt(0))
                        .events(types, context.args().flag("all-projects"))) {
            WebSocket.Message message = events.receive();
            while (message.kind() != WebSocket.Kind.END) {
                show(context, format, level, Json.parse(message.text().strip()));
                message = events.receive();
            }
        }
        throw new CliException("the server ended the stream of events");
    }

    private static void show(Context context, String format, String level, Json event) {
        switch (format) {
            case "json" -> context.output().line(Yaml.sorted(event).render() + "\n");
            case "pretty" -> showPretty(context, level, event);
            default -> context.output().line(Yaml.render(Yaml.sorted(event)) + "\n");
        }
    }

    private static void showPretty(Context context, String level, Json event) {
        Json metadata = event.get("metadata");
        String shownLevel = "info";
        String text = "";
        Json fields = Json.object();
        switch (event.get("type").asString()) {
            case "logging" -> {
                shownLevel = metadata.get("level").asString();
                text = metadata.get("message").asString();
                fields = metadata.get("context");
            }
            case "lifecycle" -> {
                text =
                        "Action: "
                                + metadata.get("action").asString()
                                + ", Source: "
                                + metadata.get("source").asString();
                fields = metadata.get("context");
            }
            default ->
                    text =
                            "ID: "
                                    + metadata.get("id").asString()
                                    + ", Class: "
                                    + metadata.get("class").asString()
                                    + ", Description: "
                                    + metadata.get("description").asString()
                                    + ", Status: "
                                    + metadata.get("status").asString();
        }
        if (!level.isEmpty() && LEVELS.indexOf(shownLevel) < LEVELS.indexOf(level)) {
            return;
        }
        StringBuilder line = new StringBuilder(shownLevel.toUpperCase(Locale.ROOT));
        line.repeat(" ", Math.max(1, 8 - shownLevel.length()));
        line.append('[').append(event.get("timestamp").asString()).append("] ").append(text);
        for (Map.Entry<String, Json> field : fields.asMap().entrySet()) {
            Json value = field.getValue();
            line.append(' ').append(field.getKey()).append('=');
            line.append(value instanceof Json.Str string ? string.value() : value.render());
        }
        context.output().line(line.toString());
    }
}
