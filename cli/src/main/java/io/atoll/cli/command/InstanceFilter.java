package io.atoll.cli.command;

import io.atoll.base.json.Json;
import io.atoll.cli.CliException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;

/// The filters of `list`.
final class InstanceFilter {
    private InstanceFilter() {}

    /// The instances that fit all filters.
    static List<Json> select(List<Json> instances, List<String> filters) {
        if (filters.isEmpty()) {
            return instances;
        }
        List<Json> out = new ArrayList<>();
        for (Json instance : instances) {
            boolean fits = true;
            for (String filter : filters) {
                fits = fits && fits(instance, filter);
            }
            if (fits) {
                out.add(instance);
            }
        }
        return out;
    }

    private static boolean fits(Json instance, String filter) {
        int equals = filter.indexOf('=');
        if (equals < 0) {
            String name = instance.get("name").asString();
            return name.startsWith(filter) || matches(filter, name);
        }
        String key = filter.substring(0, equals);
        String value = filter.substring(equals + 1);
        return switch (key) {
            case "type", "status", "architecture", "location" ->
                    isOneOf(instance.get(key).asString(), value);
            case "name" -> isOneOf(instance.get("name").asString(), value);
            case "ipv4" -> hasAddress(instance, "inet", value);
            case "ipv6" -> hasAddress(instance, "inet6", value);
            default -> hasConfig(instance, key, value);
        };
    }

    private static boolean isOneOf(String actual, String wanted) {
        for (String value : wanted.split(",")) {
            if (actual.equalsIgnoreCase(value)) {
                return true;
            }
        }
        return false;
    }

    private static boolean hasAddress(Json instance, String family, String wanted) {
        for (String line : InstanceColumns.addresses(instance, family).split("\n")) {
            int space = line.indexOf(' ');
            if (space > 0) {
                for (String one : wanted.split(",")) {
                    if (Cidr.parse(one).contains(line.substring(0, space))) {
                        return true;
                    }
                }
            }
        }
        return false;
    }

    private static boolean hasConfig(Json instance, String key, String value) {
        for (Map.Entry<String, String> entry :
                instance.get("expanded_config").asStringMap().entrySet()) {
            if (abbreviates(key, entry.getKey())
                    && (entry.getValue().equals(value) || matches(value, entry.getValue()))) {
                return true;
            }
        }
        return false;
    }

    /// Whether each part of `shortened` begins the same part of `full`: `s.priv` for
    /// `security.privileged`.
    private static boolean abbreviates(String shortened, String full) {
        String[] few = shortened.split("\\.");
        String[] all = full.split("\\.");
        if (few.length != all.length) {
            return false;
        }
        for (int i = 0; i < few.length; i++) {
            if (!all[i].startsWith(few[i])) {
                return false;
            }
        }
        return true;
    }

    private static boolean matches(String expression, String text) {
        try {
            return Pattern.matches(expression, text);
        } catch (PatternSyntaxException e) {
            throw new CliException(
                    "malformed filter \"" + expression + "\": " + e.getDescription());
        }
    }
}
