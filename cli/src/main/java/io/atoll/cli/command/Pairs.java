package io.atoll.cli.command;

import io.atoll.base.json.Json;
import io.atoll.cli.CliException;
import io.atoll.cli.Context;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;

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
    ///
    /// The value `-` stands for what is piped into the command.
    static Json.Obj fromSet(Context context, int first) throws IOException {
        List<String> words = context.args().positional();
        if (words.size() <= first) {
            throw new CliException("Invalid number of arguments");
        }
        boolean isPair = words.size() == first + 2 && words.get(first).indexOf('=') < 0;
        Json.Obj map =
                isPair
                        ? Json.object().put(words.get(first), words.get(first + 1))
                        : from(words, first);
        for (Map.Entry<String, Json> entry : map.members().entrySet()) {
            boolean isPiped =
                    entry.getValue().asString().equals("-")
                            && !context.invocation().host().isTerminal(0);
            if (isPiped) {
                entry.setValue(
                        Json.string(
                                new String(
                                        context.invocation().in().readAllBytes(),
                                        StandardCharsets.UTF_8)));
            }
        }
        return map;
    }
}
