package io.atoll.daemon.filter;

import io.atoll.base.InternalException;
import io.atoll.base.json.Json;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;

/// The `filter=` of lists: `FIELD eq|ne VALUE [and|or [not] ...]`, read from left to right without
/// precedence. Fields are paths with dots into the object as the API shows it (`config.user.foo`,
/// `expanded_devices.eth0.nictype`, `properties.os`). Values are regular expressions that must
/// match the whole text, without case; quotes keep spaces.
public final class Filter {
    private enum Join {
        AND,
        OR
    }

    private record Clause(Join join, boolean isNot, String field, boolean isEqual, Pattern value) {}

    private final List<Clause> clauses;

    private Filter(List<Clause> clauses) {
        this.clauses = clauses;
    }

    /// @throws InternalException with LXD's words; LXD answers 500 to a bad filter
    public static Filter parse(String text) {
        List<String> words = words(text);
        List<Clause> clauses = new ArrayList<>();
        int at = 0;
        Join join = Join.AND;
        while (at < words.size()) {
            boolean isNot = words.get(at).equalsIgnoreCase("not");
            at += isNot ? 1 : 0;
            clauses.add(clause(words, at, join, isNot));
            at += 3;
            if (at < words.size()) {
                join = join(words.get(at));
                at++;
                if (at == words.size()) {
                    throw invalid("unterminated compound clause");
                }
            }
        }
        return new Filter(clauses);
    }

    private static Clause clause(List<String> words, int at, Join join, boolean isNot) {
        if (at + 1 >= words.size()) {
            throw invalid("clause has no operator");
        }
        if (at + 2 >= words.size()) {
            throw invalid("clause has no value");
        }
        boolean isEqual =
                switch (words.get(at + 1).toLowerCase(java.util.Locale.ROOT)) {
                    case "eq" -> true;
                    case "ne" -> false;
                    default -> throw invalid("clause has no operator");
                };
        return new Clause(join, isNot, words.get(at), isEqual, pattern(words.get(at + 2)));
    }

    private static Pattern pattern(String value) {
        try {
            return Pattern.compile(value, Pattern.CASE_INSENSITIVE);
        } catch (PatternSyntaxException e) {
            return Pattern.compile(Pattern.quote(value), Pattern.CASE_INSENSITIVE);
        }
    }

    private static Join join(String word) {
        return switch (word.toLowerCase(java.util.Locale.ROOT)) {
            case "and" -> Join.AND;
            case "or" -> Join.OR;
            default -> throw invalid("invalid clause composition");
        };
    }

    private static InternalException invalid(String why) {
        return new InternalException("Invalid filter: " + why);
    }

    private static List<String> words(String text) {
        List<String> out = new ArrayList<>();
        StringBuilder word = new StringBuilder();
        boolean isQuoted = false;
        boolean isWord = false;
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c == '"') {
                isQuoted = !isQuoted;
                isWord = true;
            } else if (c == ' ' && !isQuoted) {
                if (isWord) {
                    out.add(word.toString());
                }
                word.setLength(0);
                isWord = false;
            } else {
                word.append(c);
                isWord = true;
            }
        }
        if (isQuoted) {
            throw invalid("unterminated quote");
        }
        if (isWord) {
            out.add(word.toString());
        }
        return out;
    }

    /// An empty filter matches everything.
    public boolean isEmpty() {
        return clauses.isEmpty();
    }

    /// Whether the object, as the API shows it, passes.
    public boolean matches(Json object) {
        boolean result = true;
        for (Clause clause : clauses) {
            Optional<String> value = text(object, clause.field);
            boolean isMatch = value.map(v -> clause.value.matcher(v).matches()).orElse(false);
            boolean isTrue = (isMatch == clause.isEqual) != clause.isNot;
            result = clause.join == Join.AND ? result && isTrue : result || isTrue;
        }
        return result;
    }

    /// The text at a path. Keys contain dots themselves, so every way to cut the path is tried,
    /// shortest key first.
    private static Optional<String> text(Json object, String path) {
        if (object instanceof Json.Str s) {
            return path.isEmpty() ? Optional.of(s.value()) : Optional.empty();
        }
        if (object instanceof Json.Bool b) {
            return path.isEmpty() ? Optional.of(Boolean.toString(b.value())) : Optional.empty();
        }
        if (object instanceof Json.Num n) {
            return path.isEmpty() ? Optional.of(n.text()) : Optional.empty();
        }
        if (!(object instanceof Json.Obj) || path.isEmpty()) {
            return Optional.empty();
        }
        for (int dot = path.indexOf('.'); dot >= 0; dot = path.indexOf('.', dot + 1)) {
            Optional<String> found =
                    text(object.get(path.substring(0, dot)), path.substring(dot + 1));
            if (found.isPresent()) {
                return found;
            }
        }
        return text(object.get(path), "");
    }
}
