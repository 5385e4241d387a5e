package io.atoll.runtime;

import io.atoll.runtime.compiler.CriuRestore;
import java.util.Optional;

/// How a container is started, apart from what it is.
///
/// @param beforeInit what the starter adds before the first program
/// @param stdio descriptors for the first program instead of the console; still the caller's, who
///   may close them afterwards
/// @param restore what it begins from in place of its first program
public record StartOptions(
        Optional<BeforeInit> beforeInit,
        Optional<ExecSpec.Stdio.Fds> stdio,
        Optional<CriuRestore> restore) {
    /// Nothing in between.
    public static final StartOptions DEFAULT = new StartOptions(Optional.empty(), Optional.empty());

    /// From its first program.
    public StartOptions(Optional<BeforeInit> beforeInit, Optional<ExecSpec.Stdio.Fds> stdio) {
        this(beforeInit, stdio, Optional.empty());
    }

    /// The console for the first program.
    public StartOptions(Optional<BeforeInit> beforeInit) {
        this(beforeInit, Optional.empty(), Optional.empty());
    }
}
