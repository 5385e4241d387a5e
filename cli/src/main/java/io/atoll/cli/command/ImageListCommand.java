package io.atoll.cli.command;

import io.atoll.base.json.Json;
import io.atoll.cli.CommandSpec;
import io.atoll.cli.Context;
import io.atoll.cli.Ref;
import io.atoll.cli.text.Format;
import io.atoll.cli.text.Table;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/// `image list` and `image alias list`.
final class ImageListCommand {
    private static final String DEFAULT_COLUMNS = "lfpdatsu";

    private ImageListCommand() {}

    static CommandSpec spec() {
        return CommandSpec.of("list", "[<remote>:] [<filter>...] [flags]", "List images")
                .alias("ls")
                .detail(
                        "A filter is KEY=VALUE of a property, or the beginning of a fingerprint or of an alias.",
                        "",
                        "Columns: a architecture, d description, f fingerprint (F in full), l alias, L all aliases, p public,",
                        "s size, t type, u upload date.")
                .args(0, CommandSpec.ANY)
                .value(
                        'c',
                        "columns",
                        DEFAULT_COLUMNS,
                        "Columns (default \"" + DEFAULT_COLUMNS + "\")")
                .format()
                .run(ImageListCommand::run);
    }

    /// A leading `REMOTE:` and the filters that follow.
    private static Ref server(Context context, List<String> words) {
        if (!words.isEmpty()
                && words.getFirst().indexOf(':') > 0
                && words.getFirst().indexOf('=') < 0) {
            Ref ref = context.ref(words.removeFirst());
            if (!ref.name().isEmpty()) {
                words.addFirst(ref.name());
            }
            return ref;
        }
        return context.ref("");
    }

    private static int run(Context context) {
        String format = ListCommand.formatOf(context);
        List<String> filters = new ArrayList<>(context.args().positional());
        Ref server = server(context, filters);
        List<Json> chosen = new ArrayList<>();
        for (Json image : RemoteImages.list(context, server)) {
            if (fits(image, filters)) {
                chosen.add(image);
            }
        }
        String columns = context.args().value("columns").replace(",", "");
        List<String> header = new ArrayList<>();
        for (int i = 0; i < columns.length(); i++) {
            header.add(title(columns.charAt(i), columns));
        }
        ZoneId zone = Format.zone(context.invocation().env("TZ"));
        Table table = new Table(header);
        for (Json image : chosen) {
            List<String> row = new ArrayList<>();
            for (int i = 0; i < columns.length(); i++) {
                row.add(cell(image, columns.charAt(i), zone));
            }
            table.add(row);
        }
        context.output().print(table.sort().render(format, Json.array(chosen)));
        return 0;
    }

    private static boolean fits(Json image, List<String> filters) {
        for (String filter : filters) {
            int equals = filter.indexOf('=');
            boolean fits =
                    equals > 0
                            ? has(image, filter.substring(0, equals), filter.substring(equals + 1))
                            : image.get("fingerprint").asString().startsWith(filter)
                                    || hasAlias(image, filter);
            if (!fits) {
                return false;
            }
        }
        return true;
    }

    /// Everything is a property but the type, which no image calls one of its own.
    private static boolean has(Json image, String key, String value) {
        Json property = image.get("properties").get(key);
        boolean isType = key.equals("type") && image.get("type").asString().equals(value);
        return isType || property.asString().equals(value);
    }

    private static boolean hasAlias(Json image, String beginning) {
        for (Json alias : image.get("aliases").asList()) {
            if (alias.get("name").asString().startsWith(beginning)) {
                return true;
            }
        }
        return false;
    }

    private static String title(char column, String columns) {
        return switch (column) {
            case 'a' -> "ARCHITECTURE";
            case 'd' -> "DESCRIPTION";
            case 'f', 'F' -> "FINGERPRINT";
            case 'l' -> "ALIAS";
            case 'L' -> "ALIASES";
            case 'p' -> "PUBLIC";
            case 's' -> "SIZE";
            case 't' -> "TYPE";
            case 'u' -> "UPLOAD DATE";
            default -> throw InstanceColumns.unknown(column, columns);
        };
    }

    private static String cell(Json it, char column, ZoneId zone) {
        String fingerprint = it.get("fingerprint").asString();
        return switch (column) {
            case 'a' -> it.get("architecture").asString();
            case 'd' -> it.get("properties").get("description").asString();
            case 'f' -> fingerprint.substring(0, Math.min(12, fingerprint.length()));
            case 'F' -> fingerprint;
            case 'l' -> shortestAlias(it);
            case 'L' -> String.join("\n", aliases(it));
            case 'p' -> it.get("public").asBoolean() ? "yes" : "no";
            case 's' -> size(it);
            case 't' -> type(it).toUpperCase(Locale.ROOT);
            default -> Format.longDate(it.get("uploaded_at").asString(), zone);
        };
    }

    static String type(Json image) {
        String type = image.get("type").asString();
        return type.isEmpty() ? "container" : type;
    }

    /// In megabytes of 2^20, as LXD's client prints it.
    static String size(Json image) {
        return Format.decimal(image.get("size").asLong() / 1048576.0, 2) + "MB";
    }

    private static List<String> aliases(Json image) {
        List<String> names = new ArrayList<>();
        for (Json alias : image.get("aliases").asList()) {
            names.add(alias.get("name").asString());
        }
        return names;
    }

    private static String shortestAlias(Json image) {
        List<String> names = aliases(image);
        String shortest = "";
        for (String name : names) {
            if (shortest.isEmpty() || name.length() < shortest.length()) {
                shortest = name;
            }
        }
        return names.size() > 1 ? shortest + " (" + (names.size() - 1) + " more)" : shortest;
    }

    private static List<Json> allAliases(Context context, Ref server) {
        if (!RemoteImages.isStreams(context, server)) {
            return context.client(server).imageAliases().list();
        }
        List<Json> out = new ArrayList<>();
        for (Json image : RemoteImages.list(context, server)) {
            for (String alias : aliases(image)) {
                out.add(
                        Json.object()
                                .put("name", alias)
                                .put("target", image.get("fingerprint").asString())
                                .put("type", "container")
                                .put("description", ""));
            }
        }
        return out;
    }

    static int listAliases(Context context) {
        String format = ListCommand.formatOf(context);
        List<String> filters = new ArrayList<>(context.args().positional());
        Ref server = server(context, filters);
        Table table = new Table("ALIAS", "FINGERPRINT", "TYPE", "DESCRIPTION");
        List<Json> chosen = new ArrayList<>();
        for (Json it : allAliases(context, server)) {
            String name = it.get("name").asString();
            String target = it.get("target").asString();
            boolean fits = true;
            for (String filter : filters) {
                fits = fits && (name.startsWith(filter) || target.startsWith(filter));
            }
            if (fits) {
                chosen.add(it);
                table.add(
                        name,
                        target.substring(0, Math.min(12, target.length())),
                        type(it).toUpperCase(Locale.ROOT),
                        it.get("description").asString());
            }
        }
        context.output().print(table.sort().render(format, Json.array(chosen)));
        return 0;
    }
}
