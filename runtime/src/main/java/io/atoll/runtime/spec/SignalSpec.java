package io.atoll.runtime.spec;

import java.util.OptionalInt;

/// The signals that ask a container's init for something; absent means: by the kind of init that
/// runs.
///
/// @param halt asks for a clean shutdown
/// @param reboot asks for a restart
/// @param stop ends init by force
public record SignalSpec(OptionalInt halt, OptionalInt reboot, OptionalInt stop) {
    /// By the kind of init: SIGRTMIN+3 or SIGPWR, SIGINT, SIGKILL.
    public static final SignalSpec DEFAULT =
            new SignalSpec(OptionalInt.empty(), OptionalInt.empty(), OptionalInt.empty());
}
