package io.atoll.cli;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// The words of a call, sorted into options and arguments by the grammar LXD's client uses: options
/// and arguments may be mixed, letters may be joined (`-fq`), values may follow joined, after `=`
/// or as the next word, and `--` ends options.
public final class Arguments {
    private final List<String> positional = new ArrayList<>();
    private final Map<String, List<String>> given = new HashMap<>();
    private final List<Option> options;

    private Arguments(List<Option> options) {
        this.options = options;
    }

    /// Sorts `words` by the options known.
    ///
    /// @throws CliException for an unknown option or a missing value
    static Arguments parse(List<String> words, List<Option> options) {
        Arguments out = new Arguments(options);
        int i = 0;
        while (i < words.size()) {
            String word = words.get(i);
            i++;
            if (word.equals("--")) {
                out.positional.addAll(words.subList(i, words.size()));
                break;
            }
            if (word.startsWith("--")) {
                i += out.addLong(word, words, i);
            } else if (word.length() > 1 && word.charAt(0) == '-') {
                i += out.addLetters(word, words, i);
            } else {
                out.positional.add(word);
            }
        }
        return out;
    }

    private int addLong(String word, List<String> words, int next) {
        int equals = word.indexOf('=');
        String name = equals < 0 ? word.substring(2) : word.substring(2, equals);
        Option option = byName(name, options);
        if (option == null) {
            throw new CliException("unknown flag: --" + name);
        }
        if (equals >= 0) {
            add(option, checked(option, word.substring(equals + 1), "--" + name));
            return 0;
        }
        if (option.kind() == Option.Kind.FLAG || option.kind() == Option.Kind.OPTIONAL) {
            add(option, option.kind() == Option.Kind.FLAG ? "true" : option.fallback());
            return 0;
        }
        if (next >= words.size()) {
            throw new CliException("flag needs an argument: --" + name);
        }
        add(option, words.get(next));
        return 1;
    }

    private int addLetters(String word, List<String> words, int next) {
        for (int k = 1; k < word.length(); k++) {
            char letter = word.charAt(k);
            Option option = byLetter(letter, options);
            if (option == null) {
                throw new CliException("unknown shorthand flag: '" + letter + "' in " + word);
            }
            boolean takesValue =
                    option.kind() == Option.Kind.VALUE || option.kind() == Option.Kind.VALUES;
            if (!takesValue) {
                add(option, "true");
                continue;
            }
            if (k + 1 < word.length()) {
                int from = word.charAt(k + 1) == '=' ? k + 2 : k + 1;
                add(option, word.substring(from));
                return 0;
            }
            if (next >= words.size()) {
                throw new CliException("flag needs an argument: '" + letter + "' in " + word);
            }
            add(option, words.get(next));
            return 1;
        }
        return 0;
    }

    private static String checked(Option option, String value, String shown) {
        if (option.kind() != Option.Kind.FLAG) {
            return value;
        }
        return switch (value) {
            case "1", "t", "T", "true", "TRUE", "True" -> "true";
            case "0", "f", "F", "false", "FALSE", "False" -> "false";
            default ->
                    throw new CliException(
                            "invalid argument \""
                                    + value
                                    + "\" for \""
                                    + shown
                                    + "\" flag: use true or false");
        };
    }

    private void add(Option option, String value) {
        given.computeIfAbsent(option.name(), _ -> new ArrayList<>(1)).add(value);
    }

    static @org.jspecify.annotations.Nullable Option byName(String name, List<Option> options) {
        for (Option option : options) {
            if (option.name().equals(name)) {
                return option;
            }
        }
        return null;
    }

    private static @org.jspecify.annotations.Nullable Option byLetter(
            char letter, List<Option> options) {
        for (Option option : options) {
            if (option.shorthand() == letter) {
                return option;
            }
        }
        return null;
    }

    /// What is no option.
    public List<String> positional() {
        return positional;
    }

    public int count() {
        return positional.size();
    }

    /// The argument at `index`; empty if there are fewer.
    public String at(int index) {
        return index < positional.size() ? positional.get(index) : "";
    }

    /// Whether the option was given at all.
    public boolean has(String option) {
        return given.containsKey(option);
    }

    /// Whether the flag is on.
    public boolean flag(String option) {
        List<String> values = given.get(option);
        return values != null && values.getLast().equals("true");
    }

    /// The option's last value, or its fallback.
    public String value(String option) {
        List<String> values = given.get(option);
        if (values != null) {
            return values.getLast();
        }
        Option declared = byName(option, options);
        return declared == null || declared.kind() == Option.Kind.OPTIONAL
                ? ""
                : declared.fallback();
    }

    /// All values of the option, in order.
    public List<String> values(String option) {
        return given.getOrDefault(option, List.of());
    }

    /// An integer option.
    ///
    /// @throws CliException if its value is none
    public long number(String option) {
        String text = value(option);
        try {
            return Long.parseLong(text);
        } catch (NumberFormatException _) {
            throw new CliException(
                    "invalid argument \""
                            + text
                            + "\" for \"--"
                            + option
                            + "\" flag: not a number");
        }
    }
}
