package io.atoll.runtime.lxc;

import io.atoll.base.InvalidConfigException;
import java.util.ArrayList;
import java.util.List;

/// Small grammars inside values.
final class LxcText {
    private LxcText() {}

    /// Splits a command at blanks; quotes of either kind hold a word together and a backslash takes
    /// the next character as it is, except inside single quotes.
    ///
    /// @throws InvalidConfigException if a quote is not closed
    static List<String> words(String command) {
        List<String> words = new ArrayList<>();
        StringBuilder word = new StringBuilder();
        boolean isOpen = false;
        char quote = 0;
        for (int i = 0; i < command.length(); i++) {
            char c = command.charAt(i);
            if (c == '\\' && quote != '\'' && i + 1 < command.length()) {
                word.append(command.charAt(++i));
                isOpen = true;
            } else if (quote != 0) {
                if (c == quote) {
                    quote = 0;
                } else {
                    word.append(c);
                }
            } else if (c == '"' || c == '\'') {
                quote = c;
                isOpen = true;
            } else if (c == ' ' || c == '\t') {
                if (isOpen) {
                    words.add(word.toString());
                    word.setLength(0);
                    isOpen = false;
                }
            } else {
                word.append(c);
                isOpen = true;
            }
        }
        if (quote != 0) {
            throw new InvalidConfigException("a quote is not closed: " + command);
        }
        if (isOpen) {
            words.add(word.toString());
        }
        return words;
    }

    /// A word of fstab(5): blanks are written as `\040` and the like.
    static String unescape(String word) {
        if (word.indexOf('\\') < 0) {
            return word;
        }
        StringBuilder out = new StringBuilder();
        for (int i = 0; i < word.length(); i++) {
            if (word.charAt(i) == '\\' && isOctal(word, i + 1)) {
                out.append((char) Integer.parseInt(word.substring(i + 1, i + 4), 8));
                i += 3;
            } else {
                out.append(word.charAt(i));
            }
        }
        return out.toString();
    }

    private static boolean isOctal(String word, int from) {
        if (from + 3 > word.length()) {
            return false;
        }
        for (int i = from; i < from + 3; i++) {
            if (word.charAt(i) < '0' || word.charAt(i) > '7') {
                return false;
            }
        }
        return word.charAt(from) <= '3';
    }

    /// Words separated by blanks, commas or both.
    static List<String> list(String value) {
        List<String> out = new ArrayList<>();
        for (String word : value.split("[\\s,]+")) {
            if (!word.isEmpty()) {
                out.add(word);
            }
        }
        return out;
    }
}
