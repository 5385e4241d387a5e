package io.atoll.runtime.lxc;

import io.atoll.base.InvalidConfigException;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.Locale;
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

    /// States out of `RUNNING|STOPPED`, in any case.
    ///
    /// @throws InvalidConfigException if there is no such state
    public static Set<LxcState> parse(String text) {
        Set<LxcState> states = EnumSet.noneOf(LxcState.class);
        for (String word : text.split("\\|", -1)) {
            try {
                states.add(valueOf(word.strip().toUpperCase(Locale.ROOT)));
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
        return states;
    }
}
