package io.atoll.image;

import io.atoll.base.InvalidConfigException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Translates a template from Django's language, as LXD's engine reads it, to the engine we use.
/// Works on tokens inside of tags only. Texts in quotes are taken out and replaced by `text(N)`, so
/// the engine never reads what a template author put between quotes. One object serves one
/// rendering with its includes; not thread-safe.
final class DjangoSyntax {
    private static final Pattern TAG =
            Pattern.compile("\\{%(-?)(.*?)(-?)%}|\\{\\{(-?)(.*?)(-?)}}|\\{#.*?#}", Pattern.DOTALL);
    private static final Pattern TOKEN =
            Pattern.compile(
                    "\"(?:[^\"\\\\]|\\\\.)*\"|'(?:[^'\\\\]|\\\\.)*'|\\d+(?:\\.\\d+)?|[A-Za-z_]\\w*(?:\\.\\w+)*|&&|\\|\\||[=!<>]=|\\S",
                    Pattern.DOTALL);
    private static final Pattern NAME = Pattern.compile("[A-Za-z_]\\w*");
    private static final Map<String, String> WORDS =
            Map.of(
                    "True", "true", "False", "false", "None", "null", "nil", "null", "&&", "and",
                    "||", "or", "!", "not", "in", "isin");
    private static final Map<String, String> LOOP =
            Map.of(
                    "forloop.counter", "(loop.index | add(1))",
                    "forloop.counter0", "loop.index",
                    "forloop.revcounter", "(loop.revindex | add(1))",
                    "forloop.revcounter0", "loop.revindex",
                    "forloop.first", "loop.first",
                    "forloop.last", "loop.last");
    private static final Map<String, String> BRACES =
            Map.of(
                    "openblock",
                    "{%",
                    "closeblock",
                    "%}",
                    "openvariable",
                    "{{",
                    "closevariable",
                    "}}",
                    "openbrace",
                    "{",
                    "closebrace",
                    "}",
                    "opencomment",
                    "{#",
                    "closecomment",
                    "#}");
    private static final Set<String> IGNORED =
            Set.of("autoescape", "endautoescape", "spaceless", "endspaceless");

    private final List<String> texts = new ArrayList<>();
    private int variables;

    /// The text that `text(index)` stands for.
    String text(int index) {
        return texts.get(index);
    }

    /// @throws InvalidConfigException if a tag is not known or not closed
    String translate(String template) {
        StringBuilder out = new StringBuilder(template.length() + 64);
        Matcher tags = TAG.matcher(template);
        int position = 0;
        while (tags.find(position)) {
            out.append(template, position, tags.start());
            position = tags.end();
            if (tags.group(5) != null) {
                out.append("{{")
                        .append(tags.group(4))
                        .append(' ')
                        .append(expression(tags.group(5)))
                        .append(' ')
                        .append(tags.group(6))
                        .append("}}");
            } else if (tags.group(2) != null) {
                String tag = tags.group(2).strip();
                if (tag.equals("comment") || tag.startsWith("comment ")) {
                    position = end(template, position, "endcomment");
                } else if (tag.equals("verbatim")) {
                    int start = position;
                    position = end(template, position, "endverbatim");
                    out.append("{{ ")
                            .append(literal(body(template, start, position)))
                            .append(" }}");
                } else {
                    out.append(tag(tag, tags.group(1), tags.group(3)));
                }
            }
        }
        out.append(template, position, template.length());
        return out.toString();
    }

    private static int end(String template, int from, String tag) {
        Matcher end = Pattern.compile("\\{%-?\\s*" + tag + "\\s*-?%}").matcher(template);
        if (!end.find(from)) {
            throw new InvalidConfigException("Failed to render template: no {% " + tag + " %}");
        }
        return end.end();
    }

    private static String body(String template, int from, int end) {
        return template.substring(from, template.lastIndexOf("{%", end - 1));
    }

    private String tag(String tag, String dashBefore, String dashAfter) {
        String[] parts = tag.split("\\s+", 2);
        String rest = parts.length > 1 ? parts[1].strip() : "";
        String open = "{%" + dashBefore + " ";
        String close = " " + dashAfter + "%}";
        return switch (parts[0]) {
            case "if" -> open + "if " + condition(rest) + close;
            case "elif", "elseif" -> open + "elseif " + condition(rest) + close;
            case "else", "empty" -> open + "else" + close;
            case "endif", "endifequal", "endifnotequal" -> open + "endif" + close;
            case "ifequal" -> open + "if " + pair(rest, " == ") + close;
            case "ifnotequal" -> open + "if " + pair(rest, " != ") + close;
            case "for" -> open + loop(rest, close);
            case "endfor", "endwith" -> open + "endfor" + close;
            case "with" ->
                    open + "for with" + ++variables + " in once()" + close + assignments(rest);
            case "set" -> open + "set " + assignment(rest) + close;
            case "include" -> open + "include " + expression(rest) + close;
            case "firstof" -> "{{ [" + String.join(", ", operands(rest)) + "] | firstof }}";
            case "now" -> "{{ now() | date(" + expression(rest) + ") }}";
            case "templatetag" -> "{{ " + literal(BRACES.getOrDefault(rest, "")) + " }}";
            default -> {
                if (IGNORED.contains(parts[0])) {
                    yield "";
                }
                throw new InvalidConfigException(
                        "Failed to render template: tag \"" + parts[0] + "\" is not supported");
            }
        };
    }

    private String condition(String text) {
        return "(" + expression(text) + ") | truth";
    }

    private String loop(String rest, String close) {
        Matcher m =
                Pattern.compile("(\\w+)\\s*(?:,\\s*(\\w+)\\s*)?\\bin\\b(.*)", Pattern.DOTALL)
                        .matcher(rest);
        if (!m.matches()) {
            throw new InvalidConfigException("Failed to render template: for " + rest);
        }
        String source = m.group(3).strip();
        String filters = "";
        for (String word : List.of("sorted", "reversed")) {
            if (source.endsWith(" " + word)) {
                source = source.substring(0, source.length() - word.length()).strip();
                filters = " | " + word + filters;
            }
        }
        if (m.group(2) == null) {
            return "for "
                    + name(m.group(1))
                    + " in "
                    + expression(source)
                    + " | each"
                    + filters
                    + close;
        }
        source = source.replaceFirst("\\.items(\\(\\))?$", "");
        String pair = "pair" + ++variables;
        return "for "
                + pair
                + " in "
                + expression(source)
                + " | pairs"
                + filters
                + close
                + "{% set "
                + name(m.group(1))
                + " = "
                + pair
                + ".key %}{% set "
                + name(m.group(2))
                + " = "
                + pair
                + ".value %}";
    }

    private static String name(String name) {
        if (!NAME.matcher(name).matches()) {
            throw new InvalidConfigException(
                    "Failed to render template: \"" + name + "\" is no name");
        }
        return name;
    }

    private String assignment(String text) {
        int equals = text.indexOf('=');
        if (equals < 0) {
            throw new InvalidConfigException("Failed to render template: set " + text);
        }
        return name(text.substring(0, equals).strip())
                + " = "
                + expression(text.substring(equals + 1));
    }

    private String assignments(String text) {
        StringBuilder out = new StringBuilder();
        for (String part : text.split("\\s+(?=\\w+=)")) {
            out.append("{% set ").append(assignment(part)).append(" %}");
        }
        return out.toString();
    }

    private String pair(String rest, String operator) {
        List<String> operands = operands(rest);
        if (operands.size() != 2) {
            throw new InvalidConfigException("Failed to render template: not two values: " + rest);
        }
        return operands.get(0) + operator + operands.get(1);
    }

    private List<String> operands(String text) {
        List<String> operands = new ArrayList<>();
        for (String token : tokens(text)) {
            operands.add(operand(token));
        }
        return operands;
    }

    private static List<String> tokens(String text) {
        List<String> tokens = new ArrayList<>();
        Matcher m = TOKEN.matcher(text);
        while (m.find()) {
            tokens.add(m.group());
        }
        return tokens;
    }

    private String expression(String text) {
        List<String> tokens = tokens(text);
        StringBuilder out = new StringBuilder();
        for (int i = 0; i < tokens.size(); i++) {
            String token = tokens.get(i);
            boolean filter =
                    token.equals("|")
                            && i + 1 < tokens.size()
                            && NAME.matcher(tokens.get(i + 1)).matches();
            if (filter && i + 3 < tokens.size() && tokens.get(i + 2).equals(":")) {
                out.append(" | ")
                        .append(tokens.get(i + 1))
                        .append('(')
                        .append(operand(tokens.get(i + 3)))
                        .append(')');
                i += 3;
            } else if (filter) {
                out.append(" | ").append(tokens.get(i + 1));
                i++;
            } else if (token.equals("not")
                    && i + 1 < tokens.size()
                    && tokens.get(i + 1).equals("in")) {
                out.append(" notin ");
                i++;
            } else {
                out.append(' ').append(operand(token));
            }
        }
        // The engine tells a function call by the parenthesis right behind the name.
        return out.toString()
                .strip()
                .replaceAll("(\\w) \\(", "$1(")
                .replaceAll("\\b(and|or|not|isin|notin)\\(", "$1 (");
    }

    private String operand(String token) {
        if (token.startsWith("\"") || token.startsWith("'")) {
            return literal(unquote(token));
        }
        String loop =
                token.startsWith("forloop.") ? LOOP.get(token.toLowerCase(Locale.ROOT)) : null;
        if (loop != null) {
            return loop;
        }
        // list.0 is list[0] here.
        return WORDS.getOrDefault(
                token,
                NAME.matcher(token.split("\\.", 2)[0]).matches()
                        ? token.replaceAll("\\.(\\d+)", "[$1]")
                        : token);
    }

    private String literal(String text) {
        texts.add(text);
        return "text(" + (texts.size() - 1) + ")";
    }

    private static String unquote(String token) {
        StringBuilder out = new StringBuilder();
        for (int i = 1; i < token.length() - 1; i++) {
            char c = token.charAt(i);
            if (c == '\\' && i + 1 < token.length() - 1) {
                char next = token.charAt(++i);
                out.append(next == 'n' ? '\n' : next == 't' ? '\t' : next == 'r' ? '\r' : next);
            } else {
                out.append(c);
            }
        }
        return out.toString();
    }
}
