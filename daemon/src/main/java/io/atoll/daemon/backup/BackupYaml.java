package io.atoll.daemon.backup;

import io.atoll.base.InvalidConfigException;
import io.atoll.base.json.Json;
import io.atoll.image.StrangersYaml;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.snakeyaml.engine.v2.api.Dump;
import org.snakeyaml.engine.v2.api.DumpSettings;
import org.snakeyaml.engine.v2.common.FlowStyle;
import org.snakeyaml.engine.v2.exceptions.YamlEngineException;

/// The YAML documents of a backup, `index.yaml` and `backup.yaml`, as trees.
public final class BackupYaml {
    private BackupYaml() {}

    /// Writes a tree in block style, members in their order.
    public static String render(Json tree) {
        return new Dump(DumpSettings.builder().setDefaultFlowStyle(FlowStyle.BLOCK).build())
                .dumpToString(plain(tree));
    }

    private static @Nullable Object plain(Json json) {
        return switch (json) {
            case Json.Null _ -> null;
            case Json.Bool bool -> bool.value();
            case Json.Num number -> json.asLong();
            case Json.Str text -> text.value();
            case Json.Arr list -> list.items().stream().map(BackupYaml::plain).toList();
            case Json.Obj object -> {
                Map<String, @Nullable Object> out = new LinkedHashMap<>();
                object.members().forEach((name, value) -> out.put(name, plain(value)));
                yield out;
            }
        };
    }

    /// Reads a document that may come from anyone.
    ///
    /// @throws InvalidConfigException if it is no YAML
    public static Json parse(String text) {
        try {
            return tree(StrangersYaml.load("the index of a backup", text));
        } catch (YamlEngineException e) {
            throw new InvalidConfigException(
                    "Backup index is no YAML: " + StrangersYaml.problem(e), e);
        }
    }

    private static Json tree(@Nullable Object value) {
        return switch (value) {
            case null -> Json.Null.NULL;
            case Boolean bool -> Json.bool(bool);
            case Map<?, ?> map -> {
                Json.Obj out = Json.object();
                map.forEach((name, member) -> out.put(String.valueOf(name), tree(member)));
                yield out;
            }
            case List<?> list -> Json.array(list.stream().map(BackupYaml::tree).toList());
            default -> Json.string(String.valueOf(value));
        };
    }

    /// The members of an object as text, whatever they are.
    public static Map<String, String> texts(Json tree) {
        Map<String, String> out = new LinkedHashMap<>();
        tree.asMap()
                .forEach((name, value) ->
                        out.put(
                                name,
                                value instanceof Json.Bool bool
                                        ? Boolean.toString(bool.value())
                                        : value.asString()));
        return out;
    }

    /// The time that a member says; empty for none, and for Go's zero time.
    ///
    /// @throws InvalidConfigException if it is no time
    public static Optional<Instant> time(Json tree, String member) {
        String text = tree.get(member).asString();
        if (text.isEmpty() || text.startsWith("0001-01-01")) {
            return Optional.empty();
        }
        try {
            return Optional.of(OffsetDateTime.parse(text).toInstant());
        } catch (DateTimeException e) {
            throw new InvalidConfigException("Invalid time \"" + text + "\" in backup", e);
        }
    }
}
