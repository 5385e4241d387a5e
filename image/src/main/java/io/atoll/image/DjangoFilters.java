package io.atoll.image;

import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.BiFunction;
import org.jspecify.annotations.Nullable;

/// Django's filters, as functions of the value and the one argument, which is null if none was
/// given.
final class DjangoFilters {
    /// A filter.
    interface Filter extends BiFunction<@Nullable Object, @Nullable Object, @Nullable Object> {}

    static final Map<String, Filter> ALL = all();

    private DjangoFilters() {}

    private static Map<String, Filter> all() {
        Map<String, Filter> filters = new LinkedHashMap<>();
        filters.put("default", (v, a) -> isTrue(v) ? v : a);
        filters.put("default_if_none", (v, a) -> v == null ? a : v);
        filters.put("upper", (v, a) -> text(v).toUpperCase(Locale.ROOT));
        filters.put("lower", (v, a) -> text(v).toLowerCase(Locale.ROOT));
        filters.put("capfirst", (v, a) -> capitalize(text(v)));
        filters.put("title", (v, a) -> title(text(v)));
        filters.put("trim", (v, a) -> text(v).strip());
        filters.put("cut", (v, a) -> text(v).replace(text(a), ""));
        filters.put(
                "join",
                (v, a) -> String.join(text(a), list(v).stream().map(DjangoFilters::text).toList()));
        filters.put(
                "split",
                (v, a) -> List.of(text(v).split(java.util.regex.Pattern.quote(text(a)), -1)));
        filters.put("first", (v, a) -> list(v).isEmpty() ? "" : list(v).getFirst());
        filters.put("last", (v, a) -> list(v).isEmpty() ? "" : list(v).getLast());
        filters.put(
                "length", (v, a) -> (long) (v instanceof Map<?, ?> m ? m.size() : list(v).size()));
        filters.put("length_is", (v, a) -> list(v).size() == number(a));
        filters.put("add", DjangoFilters::add);
        filters.put("integer", (v, a) -> number(v));
        filters.put("divisibleby", (v, a) -> number(a) != 0 && number(v) % number(a) == 0);
        filters.put(
                "wordcount",
                (v, a) -> text(v).isBlank() ? 0L : (long) text(v).strip().split("\\s+").length);
        filters.put("truncatechars", (v, a) -> truncate(text(v), (int) number(a)));
        filters.put("slice", (v, a) -> slice(v, text(a)));
        filters.put("yesno", (v, a) -> yesNo(v, a == null ? "yes,no,maybe" : text(a)));
        filters.put("date", (v, a) -> GoTime.format(time(v), text(a)));
        filters.put("time", (v, a) -> GoTime.format(time(v), text(a)));
        filters.put(
                "urlencode",
                (v, a) -> URLEncoder.encode(text(v), StandardCharsets.UTF_8).replace("+", "%20"));
        filters.put("escape", (v, a) -> escape(text(v)));
        filters.put("force_escape", (v, a) -> escape(text(v)));
        filters.put("addslashes", (v, a) -> text(v).replaceAll("([\\\\'\"])", "\\\\$1"));
        filters.put("safe", (v, a) -> v);
        // Used by the translation of loops and tags only.
        filters.put(
                "each",
                (v, a) -> v instanceof Map<?, ?> m ? new ArrayList<>(sorted(m).keySet()) : list(v));
        filters.put("truth", (v, a) -> isTrue(v));
        filters.put("pairs", (v, a) -> pairs(v));
        filters.put(
                "sorted",
                (v, a) -> list(v).stream().sorted((x, y) -> text(x).compareTo(text(y))).toList());
        filters.put("reversed", (v, a) -> list(v).reversed());
        filters.put("firstof", (v, a) -> firstTrue(list(v)));
        return Collections.unmodifiableMap(filters);
    }

    /// What `{% if %}` takes for true.
    static boolean isTrue(@Nullable Object value) {
        return switch (value) {
            case null -> false;
            case Boolean b -> b;
            case Number n -> n.doubleValue() != 0;
            case CharSequence s -> !s.isEmpty();
            case Collection<?> c -> !c.isEmpty();
            case Map<?, ?> m -> !m.isEmpty();
            default -> true;
        };
    }

    private static @Nullable Object firstTrue(List<?> values) {
        for (Object value : values) {
            if (isTrue(value)) {
                return value;
            }
        }
        return "";
    }

    static String text(@Nullable Object value) {
        return value == null ? "" : value.toString();
    }

    private static long number(@Nullable Object value) {
        if (value instanceof Number number) {
            return number.longValue();
        }
        try {
            return (long) Double.parseDouble(text(value).strip());
        } catch (NumberFormatException e) {
            return 0;
        }
    }

    static List<?> list(@Nullable Object value) {
        return switch (value) {
            case null -> List.of();
            case List<?> l -> l;
            case Collection<?> c -> new ArrayList<>(c);
            case Map<?, ?> m -> new ArrayList<>(sorted(m).keySet());
            default -> text(value).codePoints().mapToObj(Character::toString).toList();
        };
    }

    private static Map<String, Object> sorted(Map<?, ?> map) {
        Map<String, Object> sorted = new TreeMap<>();
        map.forEach((k, v) -> sorted.put(text(k), v == null ? "" : v));
        return sorted;
    }

    private static List<Map<String, Object>> pairs(@Nullable Object value) {
        List<Map<String, Object>> pairs = new ArrayList<>();
        if (value instanceof Map<?, ?> map) {
            sorted(map).forEach((k, v) -> pairs.add(Map.of("key", k, "value", v)));
        } else {
            list(value).stream()
                    .map(DjangoFilters::list)
                    .filter(entry -> entry.size() >= 2)
                    .forEach(
                            entry -> pairs.add(Map.of("key", entry.get(0), "value", entry.get(1))));
        }
        return pairs;
    }

    private static Object add(@Nullable Object value, @Nullable Object argument) {
        boolean numbers = value instanceof Number && argument instanceof Number;
        return numbers ? (Object) (number(value) + number(argument)) : text(value) + text(argument);
    }

    private static String capitalize(String text) {
        return text.isEmpty()
                ? text
                : text.substring(0, 1).toUpperCase(Locale.ROOT) + text.substring(1);
    }

    private static String title(String text) {
        StringBuilder out = new StringBuilder();
        for (String word : text.toLowerCase(Locale.ROOT).split("(?<=\\s)")) {
            out.append(capitalize(word));
        }
        return out.toString();
    }

    private static String truncate(String text, int max) {
        return text.length() <= max ? text : text.substring(0, Math.max(0, max - 3)) + "...";
    }

    private static Object slice(@Nullable Object value, String range) {
        List<?> all = list(value);
        String[] ends = range.split(":", 2);
        int from = ends[0].isBlank() ? 0 : index((int) number(ends[0]), all.size());
        int to =
                ends.length < 2 || ends[1].isBlank()
                        ? all.size()
                        : index((int) number(ends[1]), all.size());
        List<?> part = from >= to ? List.of() : all.subList(from, to);
        return value instanceof CharSequence
                ? String.join("", part.stream().map(DjangoFilters::text).toList())
                : part;
    }

    private static int index(int position, int size) {
        return Math.clamp(position < 0 ? position + size : position, 0, size);
    }

    private static String yesNo(@Nullable Object value, String words) {
        String[] parts = words.split(",");
        if (value == null && parts.length > 2) {
            return parts[2];
        }
        return isTrue(value) ? parts[0] : parts.length > 1 ? parts[1] : "";
    }

    private static ZonedDateTime time(@Nullable Object value) {
        return switch (value) {
            case ZonedDateTime t -> t;
            case Instant i -> i.atZone(ZoneOffset.UTC);
            case null, default -> Instant.ofEpochSecond(number(value)).atZone(ZoneOffset.UTC);
        };
    }

    private static String escape(String text) {
        return text.replace("&", "&amp;")
                .replace("<", "&lt;")
                .replace(">", "&gt;")
                .replace("\"", "&quot;")
                .replace("'", "&#39;");
    }
}
