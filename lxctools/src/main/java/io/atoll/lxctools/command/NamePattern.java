package io.atoll.lxctools.command;

import io.atoll.lxctools.ToolException;
import java.util.Map;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;

/// Regular expressions for names of containers, written as regex(7) has them.
final class NamePattern {
    /// Java has the classes under names of its own, and would take `[:digit:]` for letters.
    private static final Map<String, String> CLASSES =
            Map.ofEntries(
                    Map.entry("alnum", "\\p{Alnum}"),
                    Map.entry("alpha", "\\p{Alpha}"),
                    Map.entry("blank", "\\p{Blank}"),
                    Map.entry("cntrl", "\\p{Cntrl}"),
                    Map.entry("digit", "\\p{Digit}"),
                    Map.entry("graph", "\\p{Graph}"),
                    Map.entry("lower", "\\p{Lower}"),
                    Map.entry("print", "\\p{Print}"),
                    Map.entry("punct", "\\p{Punct}"),
                    Map.entry("space", "\\p{Space}"),
                    Map.entry("upper", "\\p{Upper}"),
                    Map.entry("xdigit", "\\p{XDigit}"));

    private static final Pattern CLASS = Pattern.compile("\\[:([a-z]+):]");

    private NamePattern() {}

    /// @throws ToolException if it is none
    static Pattern compile(String text) {
        try {
            return Pattern.compile(CLASS.matcher(text).replaceAll(NamePattern::translated));
        } catch (PatternSyntaxException e) {
            throw new ToolException("not a regular expression: " + text);
        }
    }

    private static String translated(MatchResult found) {
        String known = CLASSES.get(found.group(1));
        if (known == null) {
            throw new ToolException("not a regular expression: there is no " + found.group());
        }
        return Matcher.quoteReplacement(known);
    }
}
