package io.atoll.runtime;

import java.util.Optional;
import java.util.function.Consumer;

/// How a container is started, apart from what it is.
///
/// @param beforeInit runs while the container exists, complete except for its first program;
///   whatever it throws ends the start and comes out of it
/// @param stdio descriptors for the first program instead of the console; still the caller's, who
///   may close them afterwards
public record StartOptions(
        Optional<Consumer<Container>> beforeInit, Optional<ExecSpec.Stdio.Fds> stdio) {
    /// Nothing in between.
    public static final StartOptions DEFAULT = new StartOptions(Optional.empty(), Optional.empty());

    /// The console for the first program.
    public StartOptions(Optional<Consumer<Container>> beforeInit) {
        this(beforeInit, Optional.empty());
    }
}
