package io.atoll.lxctools;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// The words of a call, sorted into options and arguments as getopt_long(3) does: options and
/// arguments may be mixed, letters may be joined, long names may be cut short while they stay
/// unique, and `--` ends options.
public final class ToolOptions {
    private final Map<String, List<String>> given = new HashMap<>();
    private final List<String> words = new ArrayList<>();
    private final List<ToolOption> known;

    private ToolOptions(List<ToolOption> known) {
        this.known = known;
    }

    /// Sorts words.
    ///
    /// @param stopsAtWord true if the first word that is no option ends them, for tools that are
    ///   followed by a command
    /// @throws UsageException for an unknown option or a missing value
    public static ToolOptions parse(
            List<String> args, List<ToolOption> known, boolean stopsAtWord) {
        ToolOptions out = new ToolOptions(known);
        int i = 0;
        while (i < args.size()) {
            String word = args.get(i++);
            if (word.equals("--")) {
                break;
            }
            if (word.startsWith("--")) {
                i += out.addLong(word.substring(2), args, i);
            } else if (word.length() > 1 && word.charAt(0) == '-') {
                i += out.addLetters(word, args, i);
            } else {
                out.words.add(word);
                if (stopsAtWord) {
                    break;
                }
            }
        }
        out.words.addAll(args.subList(Math.min(i, args.size()), args.size()));
        return out;
    }

    private int addLong(String word, List<String> args, int next) {
        int equals = word.indexOf('=');
        String name = equals < 0 ? word : word.substring(0, equals);
        ToolOption option = byName(name);
        if (equals >= 0) {
            if (option.value() == ToolOption.Value.NONE) {
                throw new UsageException("option '--" + name + "' doesn't allow an argument");
            }
            add(option, word.substring(equals + 1));
            return 0;
        }
        if (option.value() != ToolOption.Value.REQUIRED) {
            add(option, "");
            return 0;
        }
        if (next >= args.size()) {
            throw new UsageException("option '--" + name + "' requires an argument");
        }
        add(option, args.get(next));
        return 1;
    }

    private ToolOption byName(String name) {
        List<ToolOption> matches = new ArrayList<>();
        for (ToolOption option : known) {
            if (option.name().equals(name)) {
                return option;
            }
            if (option.name().startsWith(name)) {
                matches.add(option);
            }
        }
        if (matches.isEmpty()) {
            throw new UsageException("unrecognized option '--" + name + "'");
        }
        if (matches.size() > 1) {
            throw new UsageException("option '--" + name + "' is ambiguous");
        }
        return matches.getFirst();
    }

    private int addLetters(String word, List<String> args, int next) {
        for (int k = 1; k < word.length(); k++) {
            char letter = word.charAt(k);
            ToolOption option = byLetter(letter);
            String rest = word.substring(k + 1);
            switch (option.value()) {
                case NONE -> add(option, "");
                case OPTIONAL -> {
                    add(option, rest.startsWith("=") ? rest.substring(1) : rest);
                    return 0;
                }
                case REQUIRED -> {
                    if (!rest.isEmpty()) {
                        add(option, rest);
                        return 0;
                    }
                    if (next >= args.size()) {
                        throw new UsageException("option requires an argument -- '" + letter + "'");
                    }
                    add(option, args.get(next));
                    return 1;
                }
            }
        }
        return 0;
    }

    private ToolOption byLetter(char letter) {
        return known.stream()
                .filter(option -> option.letter() == letter)
                .findFirst()
                .orElseThrow(() -> new UsageException("invalid option -- '" + letter + "'"));
    }

    private void add(ToolOption option, String value) {
        given.computeIfAbsent(option.name(), _ -> new ArrayList<>(1)).add(value);
    }

    /// Whether the option was given.
    public boolean has(String name) {
        return given.containsKey(name);
    }

    /// The option's last value; empty if it was not given.
    public Optional<String> value(String name) {
        return Optional.ofNullable(given.get(name)).map(List::getLast);
    }

    /// All values of the option, in order.
    public List<String> values(String name) {
        return List.copyOf(given.getOrDefault(name, List.of()));
    }

    /// What is no option.
    public List<String> words() {
        return List.copyOf(words);
    }
}
