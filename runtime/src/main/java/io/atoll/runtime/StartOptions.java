package io.atoll.runtime;

import io.atoll.runtime.compiler.CriuRestore;
import java.util.Optional;
import java.util.function.Consumer;

/// How a container is started, apart from what it is.
///
/// @param beforeInit runs while the container exists, complete except for its first program;
///   whatever it throws ends the start and comes out of it
/// @param stdio descriptors for the first program instead of the console; still the caller's, who
///   may close them afterwards
/// @param restore what it begins from in place of its first program
public record StartOptions(
        Optional<Consumer<Container>> beforeInit,
        Optional<ExecSpec.Stdio.Fds> stdio,
        Optional<CriuRestore> restore) {
    /// Nothing in between.
    public static final StartOptions DEFAULT = new StartOptions(Optional.empty(), Optional.empty());

    /// From its first program.
    public StartOptions(
            Optional<Consumer<Container>> beforeInit, Optional<ExecSpec.Stdio.Fds> stdio) {
        this(beforeInit, stdio, Optional.empty());
    }

    /// The console for the first program.
    public StartOptions(Optional<Consumer<Container>> beforeInit) {
        this(beforeInit, Optional.empty(), Optional.empty());
    }
}
