package io.atoll.cli.command;

import io.atoll.base.json.Json;
import io.atoll.cli.CliException;
import java.util.List;

/// `KEY=VALUE` arguments.
final class Pairs {
    private Pairs() {}

    /// Adds one pair.
    static void putInto(Json.Obj map, String pair) {
        int equals = pair.indexOf('=');
        if (equals <= 0) {
            throw new CliException("Bad key=value pair: \"" + pair + "\"");
        }
        map.put(pair.substring(0, equals), pair.substring(equals + 1));
    }

    /// All arguments from `first` on as pairs.
    static Json.Obj from(List<String> words, int first) {
        Json.Obj map = Json.object();
        for (int i = first; i < words.size(); i++) {
            putInto(map, words.get(i));
        }
        return map;
    }

    /// Like [#from], but two words without `=` are a key and its value: the older grammar of `set`.
    static Json.Obj fromSet(List<String> words, int first) {
        if (words.size() == first + 2 && words.get(first).indexOf('=') < 0) {
            return Json.object().put(words.get(first), words.get(first + 1));
        }
        if (words.size() <= first) {
            throw new CliException("Invalid number of arguments");
        }
        return from(words, first);
    }
}
