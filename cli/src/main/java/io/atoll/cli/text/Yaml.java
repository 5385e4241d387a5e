package io.atoll.cli.text;

import io.atoll.base.InvalidConfigException;
import io.atoll.base.json.Json;
import io.atoll.cli.CliException;
import io.atoll.image.StrangersYaml;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import org.snakeyaml.engine.v2.exceptions.YamlEngineException;

/// YAML as LXD's client prints it, and YAML as people write it.
///
/// What is printed follows the habits of Go's `yaml.v2`: block style, sequences not indented below
/// their key, text quoted where another reader would take it for a number, a boolean, null or a
/// date. Maps of free keys are printed in natural order, things in the order of their members.
public final class Yaml {
    /// Larger documents are refused.
    private static final int INPUT_MAX = 16 << 20;

    /// Lines are folded behind this column.
    private static final int LINE_BEST = 80;

    /// Members that hold a map with free keys.
    private static final Set<String> FREE_MAPS =
            Set.of(
                    "config",
                    "devices",
                    "expanded_config",
                    "expanded_devices",
                    "properties",
                    "kernel_features",
                    "lxc_features",
                    "templates",
                    "remotes",
                    "resources",
                    "network",
                    "disk");

    /// Members that are lists when they are there; the server says null for an empty one.
    private static final Set<String> LISTS =
            Set.of(
                    "used_by",
                    "locations",
                    "profiles",
                    "aliases",
                    "backups",
                    "snapshots",
                    "addresses",
                    "entries",
                    "ingress",
                    "egress",
                    "ports",
                    "projects",
                    "supported_drivers",
                    "storage_supported_drivers");

    /// Members that hold a date: a date is not quoted.
    private static final Set<String> DATES =
            Set.of(
                    "created_at",
                    "updated_at",
                    "last_used_at",
                    "expires_at",
                    "uploaded_at",
                    "last_seen_at",
                    "first_seen_at",
                    "timestamp");

    /// YAML has more of them: `.inf`, `1.`.
    private static final Pattern JSON_NUMBER =
            Pattern.compile("-?(0|[1-9][0-9]*)(\\.[0-9]+)?([eE][-+]?[0-9]+)?");

    private Yaml() {}

    /// Renders a document.
    public static String render(Json value) {
        StringBuilder out = new StringBuilder();
        if (value instanceof Json.Obj obj && !obj.members().isEmpty()) {
            writeObject(out, obj, "", "", 0);
        } else if (value instanceof Json.Arr arr && !arr.items().isEmpty()) {
            writeArray(out, arr, 0);
        } else {
            writeScalar(out, value, "", 0);
        }
        return out.toString();
    }

    /// @param name the member that holds the object
    /// @param within the member around that
    private static void writeObject(
            StringBuilder out, Json.Obj object, String name, String within, int depth) {
        List<String> keys = new ArrayList<>(object.members().keySet());
        if (FREE_MAPS.contains(name) || isMapOfMaps(within)) {
            keys.sort(NaturalOrder::compare);
        }
        boolean first = true;
        for (String key : keys) {
            // The first key of an object in a list stands beside its dash.
            if (!first || out.isEmpty() || out.charAt(out.length() - 1) == '\n') {
                out.repeat("  ", depth);
            }
            first = false;
            appendText(out, key, depth, false);
            out.append(':');
            writeMember(out, object.get(key), key, name, depth);
        }
    }

    private static boolean isMapOfMaps(String name) {
        return name.equals("devices") || name.equals("expanded_devices");
    }

    private static void writeMember(
            StringBuilder out, Json value, String name, String within, int depth) {
        if (value instanceof Json.Obj obj && !obj.members().isEmpty()) {
            out.append('\n');
            writeObject(out, obj, name, within, depth + 1);
        } else if (value instanceof Json.Arr arr && !arr.items().isEmpty()) {
            out.append('\n');
            writeArray(out, arr, depth);
        } else {
            out.append(' ');
            writeScalar(out, value, name, depth);
        }
    }

    private static void writeArray(StringBuilder out, Json.Arr array, int depth) {
        for (Json item : array.items()) {
            out.repeat("  ", depth).append("- ");
            if (item instanceof Json.Obj obj && !obj.members().isEmpty()) {
                writeObject(out, obj, "", "", depth + 1);
            } else if (item instanceof Json.Arr arr && !arr.items().isEmpty()) {
                out.setLength(out.length() - 1);
                out.append('\n');
                writeArray(out, arr, depth + 1);
            } else {
                writeScalar(out, item, "", depth);
            }
        }
    }

    private static void writeScalar(StringBuilder out, Json value, String name, int depth) {
        if (value instanceof Json.Str text) {
            if (DATES.contains(name)) {
                out.append(text.value());
            } else {
                appendText(out, text.value(), depth, true);
            }
        } else if (value instanceof Json.Obj) {
            out.append("{}");
        } else if (value instanceof Json.Arr) {
            out.append("[]");
        } else if (value.isNull()) {
            out.append(LISTS.contains(name) ? "[]" : FREE_MAPS.contains(name) ? "{}" : "null");
        } else {
            out.append(value.render());
        }
        out.append('\n');
    }

    /// @param isValue whether the text may take several lines: a key may not
    private static void appendText(StringBuilder out, String text, int depth, boolean isValue) {
        if (text.isEmpty()) {
            out.append("\"\"");
        } else if (isValue && text.indexOf('\n') >= 0 && isBlockable(text)) {
            appendBlock(out, text, depth);
        } else if (isSpecial(text) || YamlWords.isAmbiguous(text)) {
            out.append(Json.string(text).render());
        } else if (YamlWords.isPlain(text)) {
            appendFolded(out, text, isValue ? depth + 1 : -1);
        } else {
            out.append('\'');
            appendFolded(out, text.replace("'", "''"), isValue ? depth + 1 : -1);
            out.append('\'');
        }
    }

    /// Appends text with a line break for the first single space behind the line's best width.
    ///
    /// @param depth the depth of the lines that follow, or -1 to stay on one
    private static void appendFolded(StringBuilder out, String text, int depth) {
        int lineStart = out.lastIndexOf("\n") + 1;
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            boolean alone =
                    i > 0
                            && i < text.length() - 1
                            && text.charAt(i - 1) != ' '
                            && text.charAt(i + 1) != ' ';
            if (c == ' ' && alone && depth >= 0 && out.length() - lineStart > LINE_BEST) {
                out.append('\n');
                lineStart = out.length();
                out.repeat("  ", depth);
            } else {
                out.append(c);
            }
        }
    }

    private static boolean isBlockable(String text) {
        return !isSpecialBut(text, true) && text.charAt(0) != ' ' && text.charAt(0) != '\n';
    }

    private static boolean isSpecial(String text) {
        return isSpecialBut(text, false);
    }

    private static boolean isSpecialBut(String text, boolean breaksAllowed) {
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            boolean fine =
                    c >= ' ' && c != 0x7f && !(c >= 0x80 && c < 0xa0) || c == '\n' && breaksAllowed;
            if (!fine && !(c == '\t' && breaksAllowed)) {
                return true;
            }
        }
        return false;
    }

    private static void appendBlock(StringBuilder out, String text, int depth) {
        boolean ends = text.endsWith("\n");
        boolean keeps = text.endsWith("\n\n");
        out.append(ends ? keeps ? "|+" : "|" : "|-");
        for (String line : (ends ? text.substring(0, text.length() - 1) : text).split("\n", -1)) {
            out.append('\n');
            if (!line.isEmpty()) {
                out.repeat("  ", depth + 1).append(line);
            }
        }
    }

    /// Reads one document.
    ///
    /// @throws CliException if it is malformed, too deep or holds itself
    public static Json parse(String text) {
        try {
            return convert(StrangersYaml.load("the document", text, INPUT_MAX));
        } catch (YamlEngineException e) {
            throw new CliException("malformed YAML: " + StrangersYaml.problem(e));
        } catch (InvalidConfigException e) {
            throw new CliException(String.valueOf(e.getMessage()));
        }
    }

    /// Reads a document that has keys: something that people may change.
    ///
    /// @throws CliException if it is anything else; an empty one is fine
    public static Json parseMap(String text) {
        Json document = parse(text);
        if (!document.isNull() && !(document instanceof Json.Obj)) {
            throw new CliException(
                    "malformed YAML: a map of keys is needed, not "
                            + (document instanceof Json.Arr ? "a list" : "a text"),
                    "lines are KEY: VALUE");
        }
        return document;
    }

    private static Json convert(@org.jspecify.annotations.Nullable Object value) {
        if (value == null) {
            return Json.Null.NULL;
        }
        if (value instanceof Map<?, ?> map) {
            Json.Obj object = Json.object();
            for (Map.Entry<?, ?> entry : map.entrySet()) {
                object.put(String.valueOf(entry.getKey()), convert(entry.getValue()));
            }
            return object;
        }
        if (value instanceof Iterable<?> list) {
            Json.Arr array = Json.array();
            for (Object item : list) {
                array.items().add(convert(item));
            }
            return array;
        }
        if (value instanceof Boolean truth) {
            return Json.bool(truth);
        }
        if (value instanceof Number number && JSON_NUMBER.matcher(number.toString()).matches()) {
            return new Json.Num(number.toString());
        }
        return Json.string(value.toString());
    }

    /// Turns the scalars of a map into text: configuration values are strings however they are
    /// written.
    ///
    /// @throws CliException if a value is a list or a map
    public static Json.Obj stringsOf(Json map) {
        Json.Obj out = Json.object();
        for (Map.Entry<String, Json> entry : map.asMap().entrySet()) {
            out.put(entry.getKey(), textOf(entry.getKey(), entry.getValue()));
        }
        return out;
    }

    private static String textOf(String key, Json value) {
        if (value instanceof Json.Str text) {
            return text.value();
        }
        if (value instanceof Json.Obj || value instanceof Json.Arr) {
            throw new CliException(
                    "The value of \""
                            + key
                            + "\" is a "
                            + (value instanceof Json.Obj ? "map" : "list")
                            + ", not text",
                    "put it in quotes, or behind a | with its lines indented below");
        }
        return value.isNull() ? "" : value.render();
    }

    /// A copy of a map with its keys in natural order.
    public static Json.Obj sorted(Json map) {
        List<String> keys = new ArrayList<>(map.asMap().keySet());
        keys.sort(NaturalOrder::compare);
        Json.Obj out = Json.object();
        for (String key : keys) {
            out.put(key, map.get(key));
        }
        return out;
    }
}
