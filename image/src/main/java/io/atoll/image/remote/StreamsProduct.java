package io.atoll.image.remote;

import java.util.List;
import java.util.Map;

/// A thing that a server offers builds of: one release of a system for one architecture.
///
/// @param name such as `debian:12:amd64:default`
/// @param fields what else the list says of it in plain words: `os`, `release`, `arch`, ...
/// @param requirements what instances of it need
/// @param versions newest first
public record StreamsProduct(
        String name,
        Map<String, String> fields,
        List<String> aliases,
        Map<String, String> requirements,
        List<StreamsVersion> versions) {
    public StreamsProduct {
        fields = Map.copyOf(fields);
        aliases = List.copyOf(aliases);
        requirements = Map.copyOf(requirements);
        versions = List.copyOf(versions);
    }

    /// A field; empty text if the list does not say.
    public String field(String key) {
        return fields.getOrDefault(key, "");
    }

    /// A field, or the part of the name that means the same.
    public String field(String key, int part) {
        String text = field(key);
        if (!text.isEmpty()) {
            return text;
        }
        String[] parts = name.split(":");
        return part < parts.length ? parts[part] : "default";
    }
}
