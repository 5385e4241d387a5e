package io.atoll.image;

import io.atoll.base.Architecture;
import io.atoll.base.InvalidConfigException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.snakeyaml.engine.v2.api.Dump;
import org.snakeyaml.engine.v2.api.DumpSettings;
import org.snakeyaml.engine.v2.common.FlowStyle;
import org.snakeyaml.engine.v2.exceptions.YamlEngineException;

/// The content of an image's `metadata.yaml`.
///
/// @param architecture as written in the file, a name [Architecture#find] knows
/// @param creationDate seconds since 1970, not 0
/// @param expiryDate seconds since 1970, 0 for never
/// @param properties sorted by name
/// @param templates by the absolute path of the file they make, sorted
public record ImageMetadata(
        String architecture,
        long creationDate,
        long expiryDate,
        Map<String, String> properties,
        Map<String, ImageTemplate> templates) {
    /// The largest metadata.yaml that is read.
    public static final int BYTES_MAX = 1 << 20;

    public ImageMetadata {
        properties = Collections.unmodifiableMap(new TreeMap<>(properties));
        templates = Collections.unmodifiableMap(new TreeMap<>(templates));
    }

    /// Parses and checks the text of a metadata.yaml.
    ///
    /// @throws InvalidConfigException with LXD's words if a required key is missing, or the text is
    ///   no such file
    public static ImageMetadata parse(String yaml) {
        ImageMetadata metadata = read(yaml);
        if (Architecture.find(metadata.architecture).isEmpty()) {
            throw new InvalidConfigException(
                    metadata.architecture.isEmpty()
                            ? "Missing architecture"
                            : "Architecture isn't supported: " + metadata.architecture);
        }
        if (metadata.creationDate == 0) {
            throw new InvalidConfigException("Missing creation date");
        }
        return metadata;
    }

    private static ImageMetadata read(String yaml) {
        if (yaml.length() > BYTES_MAX) {
            throw new InvalidConfigException("Could not parse metadata.yaml: larger than 1MiB");
        }
        @Nullable Object document;
        try {
            document = StrangersYaml.load("metadata.yaml", yaml);
        } catch (YamlEngineException e) {
            throw new InvalidConfigException(
                    "Could not parse metadata.yaml: " + StrangersYaml.problem(e), e);
        }
        Map<String, Object> root = mapping(document, "metadata.yaml");
        Map<String, ImageTemplate> templates = new TreeMap<>();
        mapping(root.get("templates"), "templates")
                .forEach((path, value) -> templates.put(path, template(path, value)));
        return new ImageMetadata(
                text(root.get("architecture")),
                number(root, "creation_date"),
                number(root, "expiry_date"),
                texts(root.get("properties"), "properties"),
                templates);
    }

    private static ImageTemplate template(String path, Object value) {
        Map<String, Object> map = mapping(value, "templates: " + path);
        return new ImageTemplate(
                strings(map.get("when")),
                Boolean.TRUE.equals(map.get("create_only")),
                text(map.get("template")),
                texts(map.get("properties"), "properties of " + path));
    }

    /// An absent or empty mapping is the empty one: `templates:` without anything occurs in real
    /// images.
    private static Map<String, Object> mapping(@Nullable Object value, String where) {
        if (value == null || value.equals("")) {
            return Map.of();
        }
        if (!(value instanceof Map<?, ?> map)) {
            throw new InvalidConfigException(
                    "Could not parse metadata.yaml: " + where + " is not a mapping");
        }
        Map<String, Object> result = new LinkedHashMap<>();
        map.forEach((k, v) -> result.put(text(k), v == null ? "" : v));
        return result;
    }

    private static Map<String, String> texts(@Nullable Object value, String where) {
        Map<String, String> result = new LinkedHashMap<>();
        mapping(value, where).forEach((k, v) -> result.put(k, text(v)));
        return result;
    }

    private static List<String> strings(@Nullable Object value) {
        return value instanceof List<?> list
                ? list.stream().map(ImageMetadata::text).toList()
                : List.of();
    }

    private static String text(@Nullable Object value) {
        return value == null ? "" : value.toString();
    }

    private static long number(Map<String, Object> root, String key) {
        Object value = root.get(key);
        if (value == null || value.equals("")) {
            return 0;
        }
        if (value instanceof Number number) {
            return number.longValue();
        }
        try {
            return Long.parseLong(value.toString());
        } catch (NumberFormatException e) {
            throw new InvalidConfigException(
                    "Could not parse metadata.yaml: " + key + " is not a number", e);
        }
    }

    /// When the image was made.
    public Instant createdAt() {
        return Instant.ofEpochSecond(creationDate);
    }

    /// Empty if it never expires.
    public Optional<Instant> expiresAt() {
        return expiryDate == 0 ? Optional.empty() : Optional.of(Instant.ofEpochSecond(expiryDate));
    }

    /// The text of the file; [#parse] of it gives an equal value.
    public String render() {
        Map<String, Object> root = new LinkedHashMap<>();
        root.put("architecture", architecture);
        root.put("creation_date", creationDate);
        if (expiryDate != 0) {
            root.put("expiry_date", expiryDate);
        }
        root.put("properties", properties);
        Map<String, Object> entries = new LinkedHashMap<>();
        templates.forEach((path, template) -> entries.put(path, yaml(template)));
        root.put("templates", entries);
        return new Dump(
                        DumpSettings.builder()
                                .setDefaultFlowStyle(FlowStyle.BLOCK)
                                .setSplitLines(false)
                                .build())
                .dumpToString(root);
    }

    private static Map<String, Object> yaml(ImageTemplate template) {
        Map<String, Object> map = new LinkedHashMap<>();
        map.put("when", new ArrayList<>(template.when()));
        map.put("create_only", template.createOnly());
        map.put("template", template.template());
        map.put("properties", new TreeMap<>(template.properties()));
        return map;
    }
}
