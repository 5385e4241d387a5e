package io.atoll.runtime;

import java.util.Optional;
import java.util.function.Consumer;

/// How a container is started, apart from what it is.
///
/// @param beforeInit runs while the container exists, complete except for its first program;
///   whatever it throws ends the start and comes out of it
public record StartOptions(Optional<Consumer<Container>> beforeInit) {
    /// Nothing in between.
    public static final StartOptions DEFAULT = new StartOptions(Optional.empty());
}
