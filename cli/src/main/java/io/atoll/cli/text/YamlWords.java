package io.atoll.cli.text;

/// Which text can stand in YAML without quotes.
final class YamlWords {
    private YamlWords() {}

    /// Whether a reader would take the text for something else than text.
    static boolean isAmbiguous(String text) {
        return isWord(text) || isNumber(text) || isDate(text);
    }

    private static boolean isWord(String text) {
        return switch (text) {
            case "~",
                    "null",
                    "Null",
                    "NULL",
                    "<<",
                    ".nan",
                    ".NaN",
                    ".NAN",
                    ".inf",
                    ".Inf",
                    ".INF",
                    "+.inf",
                    "-.inf" ->
                    true;
            case "y", "Y", "yes", "Yes", "YES", "n", "N", "no", "No", "NO" -> true;
            case "true", "True", "TRUE", "false", "False", "FALSE" -> true;
            case "on", "On", "ON", "off", "Off", "OFF" -> true;
            default -> false;
        };
    }

    private static boolean isNumber(String text) {
        int i = text.charAt(0) == '-' || text.charAt(0) == '+' ? 1 : 0;
        if (i == text.length()) {
            return false;
        }
        if (text.startsWith("0x", i) || text.startsWith("0b", i) || text.startsWith("0o", i)) {
            return isAll(text, i + 2, "0123456789abcdefABCDEF_");
        }
        boolean digits = false;
        boolean dot = false;
        boolean exponent = false;
        for (; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c >= '0' && c <= '9') {
                digits = true;
            } else if (c == '.' && !dot && !exponent) {
                dot = true;
            } else if ((c == 'e' || c == 'E') && digits && !exponent) {
                exponent = true;
                digits = false;
                if (i + 1 < text.length()
                        && (text.charAt(i + 1) == '+' || text.charAt(i + 1) == '-')) {
                    i++;
                }
            } else if (c == ':' && digits && !dot && !exponent) {
                return isAll(text, i, "0123456789:.");
            } else if (c != '_' || !digits) {
                return false;
            }
        }
        return digits;
    }

    private static boolean isAll(String text, int from, String allowed) {
        for (int i = from; i < text.length(); i++) {
            if (allowed.indexOf(text.charAt(i)) < 0) {
                return false;
            }
        }
        return from < text.length();
    }

    private static boolean isDate(String text) {
        String shape = "dddd-dd-dd";
        if (text.length() < shape.length()) {
            return false;
        }
        for (int i = 0; i < shape.length(); i++) {
            char c = text.charAt(i);
            boolean fits = shape.charAt(i) == 'd' ? c >= '0' && c <= '9' : c == '-';
            if (!fits) {
                return false;
            }
        }
        return text.length() == shape.length()
                || isAll(text, shape.length(), "0123456789:.TtZz+- ");
    }

    /// Whether unambiguous text without control characters needs no quotes.
    static boolean isPlain(String text) {
        char first = text.charAt(0);
        if ("#,[]{}&*!|>'\"%@`".indexOf(first) >= 0
                || text.startsWith("---")
                || text.startsWith("...")) {
            return false;
        }
        boolean alone = text.length() == 1 || text.charAt(1) == ' ';
        if ((first == '-' || first == '?' || first == ':') && alone) {
            return false;
        }
        return first != ' '
                && !text.endsWith(" ")
                && !text.endsWith(":")
                && !text.contains(": ")
                && !text.contains(" #");
    }
}
