package io.atoll.runtime.lxc;

/// One thing that happened to a container, as lxc-monitor(1) tells it.
public sealed interface LxcEvent {
    /// The container's name.
    String name();

    /// It is in another state.
    record Changed(String name, LxcState state) implements LxcEvent {}

    /// Its init ended.
    ///
    /// @param status exit code, or 128 and the signal
    record Exited(String name, int status) implements LxcEvent {}
}
