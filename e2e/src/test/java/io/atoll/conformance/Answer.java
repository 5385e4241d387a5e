package io.atoll.conformance;

import io.atoll.base.json.Json;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/// What a server answered, as leaves: a path within the answer and the value there.
record Answer(Map<String, String> leaves) {
    /// One place where two answers differ.
    record Difference(String path, Optional<String> theirs, Optional<String> ours) {
        @Override
        public String toString() {
            if (ours.isEmpty()) {
                return path + " is missing (" + theirs.orElseThrow() + ")";
            }
            if (theirs.isEmpty()) {
                return path + " is ours alone (" + ours.orElseThrow() + ")";
            }
            return path + " is " + ours.get() + ", not " + theirs.get();
        }
    }

    /// The leaves of a JSON text below `root`.
    void putAll(String root, Json json, Normal normal) {
        switch (json) {
            case Json.Obj obj when !obj.members().isEmpty() ->
                    obj.members()
                            .forEach((name, value) ->
                                    putAll(root + "." + normal.text(name), value, normal));
            case Json.Arr arr when !arr.items().isEmpty() -> {
                int index = 0;
                for (Json item : normal.sorted(arr.items())) {
                    putAll(root + "[" + index + "]", item, normal);
                    index++;
                }
            }
            default -> leaves.put(root, normal.leaf(root, json));
        }
    }

    /// Where `ours` differs from this one.
    List<Difference> differences(Answer ours) {
        List<Difference> all = new ArrayList<>();
        Map<String, String> keys = new TreeMap<>(leaves);
        keys.putAll(ours.leaves);
        for (String path : keys.keySet()) {
            Optional<String> their = Optional.ofNullable(leaves.get(path));
            Optional<String> our = Optional.ofNullable(ours.leaves.get(path));
            if (!their.equals(our)) {
                all.add(new Difference(path, their, our));
            }
        }
        return all;
    }
}
