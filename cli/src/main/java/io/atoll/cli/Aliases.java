package io.atoll.cli;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Expands the user's aliases. An alias is one or more words; in what it stands for, `@ARGS@` is
/// replaced by the words that follow, which are appended if it does not occur.
final class Aliases {
    private Aliases() {}

    /// The words after expansion; empty if no alias matches.
    ///
    /// @param at index of the first word that is no option
    /// @param isCommand whether that word is a command already: then an alias must not replace it
    ///   by itself
    static Optional<List<String>> expand(
            Invocation invocation, List<String> words, int at, boolean isCommand) {
        Map<String, String> aliases = ClientConfig.read(invocation).aliases();
        if (aliases.isEmpty()) {
            return Optional.empty();
        }
        String best = "";
        int bestWords = 0;
        for (String alias : aliases.keySet()) {
            List<String> parts = split(alias);
            boolean fits =
                    at + parts.size() <= words.size()
                            && words.subList(at, at + parts.size()).equals(parts);
            if (fits && parts.size() > bestWords) {
                best = alias;
                bestWords = parts.size();
            }
        }
        if (bestWords == 0) {
            return Optional.empty();
        }
        List<String> target = split(aliases.getOrDefault(best, ""));
        if (isCommand
                && !target.isEmpty()
                && target.getFirst().equals(words.get(at))
                && isExpanded(words, at, target)) {
            return Optional.empty();
        }
        List<String> following = words.subList(at + bestWords, words.size());
        List<String> out = new ArrayList<>(words.subList(0, at));
        boolean placed = false;
        for (String word : target) {
            if (word.equals("@ARGS@")) {
                out.addAll(following);
                placed = true;
            } else {
                out.add(word);
            }
        }
        if (!placed) {
            out.addAll(following);
        }
        return Optional.of(out);
    }

    /// Whether the words already start with the target: `list` may stand for `list -c ns` without
    /// going round.
    private static boolean isExpanded(List<String> words, int at, List<String> target) {
        return at + target.size() <= words.size()
                && words.subList(at, at + target.size()).equals(target);
    }

    private static List<String> split(String text) {
        List<String> out = new ArrayList<>();
        for (String word : text.split(" ")) {
            if (!word.isEmpty()) {
                out.add(word);
            }
        }
        return out;
    }
}
