package io.atoll.cli.command;

import io.atoll.base.json.Json;
import io.atoll.cli.CliException;
import io.atoll.cli.text.Format;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/// One column of `list`: a letter, or a configuration or device key.
///
/// @param letter 0 for a key
/// @param key the configuration key, or `DEVICE.KEY`
/// @param widthMax the longest cell; -1 for any
/// @param isOptional shown only if it says something: the location outside a cluster does not
record InstanceColumns(
        char letter, String key, boolean isDevice, String title, int widthMax, boolean isOptional) {
    private static final String LETTERS = "46abcdDefFlLmMnNpPsStu";

    /// Reads the value of `--columns`.
    ///
    /// @param isDefault whether the user chose no columns: then optional ones may be left out
    static List<InstanceColumns> parse(String text, boolean isDefault) {
        List<InstanceColumns> columns = new ArrayList<>();
        int from = 0;
        while (from <= text.length()) {
            int end = text.indexOf(',', from);
            end = end < 0 ? text.length() : end;
            String entry = text.substring(from, end);
            if (entry.isEmpty()) {
                throw new CliException(
                        "Empty column entry (redundant, leading or trailing command) in '"
                                + text
                                + "'");
            }
            if (entry.indexOf('.') >= 0 || entry.indexOf(':') >= 0) {
                columns.add(custom(entry));
            } else {
                for (int i = 0; i < entry.length(); i++) {
                    columns.add(byLetter(entry.charAt(i), entry, isDefault));
                }
            }
            from = end + 1;
        }
        return columns;
    }

    /// What every list says of a letter that it does not know.
    static CliException unknown(char letter, String columns) {
        return new CliException(
                "Unknown column shorthand char '" + letter + "' in '" + columns + "'");
    }

    private static InstanceColumns byLetter(char letter, String entry, boolean isDefault) {
        if (LETTERS.indexOf(letter) < 0) {
            throw unknown(letter, entry);
        }
        return new InstanceColumns(
                letter, "", false, titleOf(letter), -1, letter == 'L' && isDefault);
    }

    private static String titleOf(char letter) {
        return switch (letter) {
            case '4' -> "IPV4";
            case '6' -> "IPV6";
            case 'a' -> "ARCHITECTURE";
            case 'b' -> "STORAGE POOL";
            case 'c' -> "CREATED AT";
            case 'd' -> "DESCRIPTION";
            case 'D' -> "DISK USAGE";
            case 'e' -> "PROJECT";
            case 'f', 'F' -> "BASE IMAGE";
            case 'l' -> "LAST USED AT";
            case 'L' -> "LOCATION";
            case 'm' -> "MEMORY USAGE";
            case 'M' -> "MEMORY USAGE%";
            case 'N' -> "PROCESSES";
            case 'p' -> "PID";
            case 'P' -> "PROFILES";
            case 's' -> "STATE";
            case 'S' -> "SNAPSHOTS";
            case 't' -> "TYPE";
            case 'u' -> "CPU USAGE";
            default -> "NAME";
        };
    }

    /// `[config:|devices:]KEY[:TITLE[:WIDTH]]`.
    private static InstanceColumns custom(String entry) {
        String[] parts = entry.split(":", -1);
        int at =
                parts.length > 1 && (parts[0].equals("config") || parts[0].equals("devices"))
                        ? 1
                        : 0;
        String key = parts[at];
        String title = parts.length > at + 1 && !parts[at + 1].isEmpty() ? parts[at + 1] : key;
        int width = -1;
        if (parts.length > at + 2) {
            width = parseWidth(parts[at + 2], entry);
            width = width == 0 ? title.length() : width;
        }
        if (parts.length > at + 3 || key.isEmpty()) {
            throw new CliException(
                    "Invalid column '" + entry + "'",
                    "columns are [config:|devices:]KEY[:TITLE[:WIDTH]]");
        }
        boolean device = at == 1 && parts[0].equals("devices");
        return new InstanceColumns('\0', key, device, shownTitle(title), width, false);
    }

    /// Titles are in capitals with spaces for dots and underlines; a dot between digits stays.
    private static String shownTitle(String title) {
        StringBuilder out = new StringBuilder(title.toUpperCase(Locale.ROOT));
        for (int i = 0; i < out.length(); i++) {
            boolean inNumber = isDigit(title, i - 1) && isDigit(title, i + 1);
            if (title.charAt(i) == '_' || title.charAt(i) == '.' && !inNumber) {
                out.setCharAt(i, ' ');
            }
        }
        return out.toString();
    }

    private static boolean isDigit(String text, int at) {
        return at < 0 || at >= text.length() || text.charAt(at) >= '0' && text.charAt(at) <= '9';
    }

    private static int parseWidth(String text, String entry) {
        try {
            int width = Integer.parseInt(text);
            if (width >= -1) {
                return width;
            }
        } catch (NumberFormatException _) {
            // The message is the same as for a number out of range.
        }
        throw new CliException(
                "Invalid max width \"" + text + "\" in column '" + entry + "': use -1, 0 or more");
    }

    /// Whether its cells need the instance's state or snapshots.
    boolean needsState() {
        return "46DmMNpSu".indexOf(letter) >= 0;
    }

    boolean isShownIn(List<Json> instances) {
        if (!isOptional) {
            return true;
        }
        for (Json instance : instances) {
            String location = instance.get("location").asString();
            if (!location.isEmpty() && !location.equals("none")) {
                return true;
            }
        }
        return false;
    }

    String cell(Json it) {
        String text =
                switch (letter) {
                    case '\0' ->
                            isDevice
                                    ? deviceKey(it)
                                    : it.get("expanded_config").get(key).asString();
                    case '4' -> addresses(it, "inet");
                    case '6' -> addresses(it, "inet6");
                    case 'a' -> it.get("architecture").asString();
                    case 'b' -> rootPool(it);
                    case 'c' -> Format.date(it.get("created_at").asString(), ZoneId.of("UTC"));
                    case 'd' -> it.get("description").asString();
                    case 'D' -> diskUsage(it);
                    case 'e' -> it.get("project").asString();
                    case 'f' -> shortened(it.get("config").get("volatile.base_image").asString());
                    case 'F' -> it.get("config").get("volatile.base_image").asString();
                    case 'l' -> Format.date(it.get("last_used_at").asString(), ZoneId.of("UTC"));
                    case 'L' -> it.get("location").asString();
                    case 'm' -> memory(it);
                    case 'M' -> memoryPercent(it);
                    case 'n' -> it.get("name").asString();
                    case 'N' -> isActive(it) ? it.get("state").get("processes").asLong() + "" : "";
                    case 'p' -> pid(it);
                    case 'P' -> String.join("\n", it.get("profiles").asStrings());
                    case 's' -> it.get("status").asString().toUpperCase(Locale.ROOT);
                    case 'S' -> it.get("snapshots").asList().size() + "";
                    case 't' -> type(it);
                    case 'u' -> cpu(it);
                    default -> "";
                };
        return widthMax >= 0 && text.length() > widthMax ? text.substring(0, widthMax) : text;
    }

    private static boolean isActive(Json it) {
        return it.get("state").get("pid").asLong() > 0;
    }

    private static String type(Json it) {
        String type = it.get("type").asString().toUpperCase(Locale.ROOT);
        String text = type.isEmpty() ? "CONTAINER" : type;
        return it.get("ephemeral").asBoolean() ? text + " (EPHEMERAL)" : text;
    }

    /// Addresses that can be reached from outside, `10.0.3.221 (eth0)`, a line each.
    static String addresses(Json it, String family) {
        List<String> found = new ArrayList<>();
        for (Map.Entry<String, Json> nic : it.get("state").get("network").asMap().entrySet()) {
            if (nic.getValue().get("type").asString().equals("loopback")) {
                continue;
            }
            for (Json address : nic.getValue().get("addresses").asList()) {
                String scope = address.get("scope").asString();
                boolean inside = scope.equals("link") || scope.equals("local");
                if (!inside && address.get("family").asString().equals(family)) {
                    found.add(address.get("address").asString() + " (" + nic.getKey() + ")");
                }
            }
        }
        Collections.sort(found, Collections.reverseOrder());
        return String.join("\n", found);
    }

    private static String pid(Json it) {
        return isActive(it) ? it.get("state").get("pid").asLong() + "" : "";
    }

    private static String memory(Json it) {
        long usage = it.get("state").get("memory").get("usage").asLong();
        return isActive(it) && usage > 0 ? Format.bytes(usage) : "";
    }

    private static String memoryPercent(Json it) {
        long usage = it.get("state").get("memory").get("usage").asLong();
        String limit = it.get("expanded_config").get("limits.memory").asString();
        if (!isActive(it) || usage <= 0 || limit.isEmpty() || limit.endsWith("%")) {
            return "";
        }
        try {
            double total = io.atoll.base.ByteSize.parse(limit).bytes();
            return Format.decimal(usage / total * 100, 1) + "%";
        } catch (io.atoll.base.InvalidConfigException _) {
            return "";
        }
    }

    private static String cpu(Json it) {
        long nanoseconds = it.get("state").get("cpu").get("usage").asLong();
        return isActive(it) && nanoseconds > 0 ? nanoseconds / 1_000_000_000 + "s" : "";
    }

    private static String diskUsage(Json it) {
        long usage = it.get("state").get("disk").get("root").get("usage").asLong();
        return usage > 0 ? Format.bytes(usage) : "";
    }

    private static String rootPool(Json it) {
        for (Json device : it.get("expanded_devices").asMap().values()) {
            if (device.get("type").asString().equals("disk")
                    && device.get("path").asString().equals("/")) {
                return device.get("pool").asString();
            }
        }
        return "";
    }

    private String deviceKey(Json it) {
        int dot = key.indexOf('.');
        if (dot < 0) {
            return "";
        }
        return it.get("expanded_devices")
                .get(key.substring(0, dot))
                .get(key.substring(dot + 1))
                .asString();
    }

    private static String shortened(String fingerprint) {
        return fingerprint.length() > 12 ? fingerprint.substring(0, 12) : fingerprint;
    }
}
