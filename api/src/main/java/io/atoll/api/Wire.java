package io.atoll.api;

import io.atoll.base.json.Json;
import java.util.Collections;
import java.util.Map;
import java.util.TreeMap;

/// Shapes that occur in many resources: `config` (string to string) and `devices` (name to string
/// map), keys sorted, as LXD's clients expect them.
public final class Wire {
    private Wire() {}

    /// Reads a map of strings; numbers and booleans count as their text, as YAML written by people
    /// has them. Sorted.
    public static Map<String, String> config(Json json) {
        Map<String, String> out = new TreeMap<>();
        json.asMap().forEach((key, value) -> out.put(key, scalar(key, value)));
        return Collections.unmodifiableMap(out);
    }

    /// The same without what is empty, which says that a key is not set.
    public static Map<String, String> settings(Json json) {
        Map<String, String> out = new TreeMap<>(config(json));
        out.values().removeIf(String::isEmpty);
        return Collections.unmodifiableMap(out);
    }

    /// Reads devices: name to key to value, without what is empty. Sorted.
    public static Map<String, Map<String, String>> devices(Json json) {
        Map<String, Map<String, String>> out = new TreeMap<>();
        json.asMap().forEach((name, device) -> out.put(name, settings(device)));
        return Collections.unmodifiableMap(out);
    }

    /// A sorted, unmodifiable copy.
    public static Map<String, String> sorted(Map<String, String> config) {
        return Collections.unmodifiableMap(new TreeMap<>(config));
    }

    /// A sorted, unmodifiable copy.
    public static Map<String, Map<String, String>> sortedDevices(
            Map<String, Map<String, String>> devices) {
        Map<String, Map<String, String>> out = new TreeMap<>();
        devices.forEach((name, device) -> out.put(name, sorted(device)));
        return Collections.unmodifiableMap(out);
    }

    public static Json.Obj json(Map<String, String> config) {
        return Json.strings(sorted(config));
    }

    public static Json.Obj devicesJson(Map<String, Map<String, String>> devices) {
        Json.Obj out = Json.object();
        sortedDevices(devices).forEach((name, device) -> out.put(name, Json.strings(device)));
        return out;
    }

    private static String scalar(String key, Json value) {
        if (value instanceof Json.Num n) {
            return n.text();
        }
        if (value instanceof Json.Bool b) {
            return Boolean.toString(b.value());
        }
        return value.asStringOf(key);
    }
}
