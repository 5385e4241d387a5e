package io.atoll.runtime.lxc;

import io.atoll.base.InvalidConfigException;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.Set;
import java.util.stream.Collectors;

/// The states that LXC's tools name; lxc(7), object state machine.
public enum LxcState {
    STOPPED,
    STARTING,
    RUNNING,
    STOPPING,
    /// A start that fails is being undone.
    ABORTING,
    FREEZING,
    FROZEN,
    THAWED;

    /// States out of `RUNNING|STOPPED`.
    ///
    /// @throws InvalidConfigException if there is no such state, or none at all
    public static Set<LxcState> parse(String text) {
        Set<LxcState> states = EnumSet.noneOf(LxcState.class);
        for (String word : text.split("\\|")) {
            if (!word.isEmpty()) {
                states.add(of(word));
            }
        }
        return states.isEmpty() ? Set.of(of(text)) : states;
    }

    private static LxcState of(String word) {
        try {
            return valueOf(word);
        } catch (IllegalArgumentException e) {
            throw new InvalidConfigException(
                    "invalid state '"
                            + word
                            + "', expected "
                            + Arrays.stream(values())
                                    .map(Enum::name)
                                    .collect(Collectors.joining(" ")),
                    e);
        }
    }
}
