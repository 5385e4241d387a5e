package io.atoll.runtime;

/// What a starter adds to a container before its first program runs. Whatever it throws ends the
/// start and comes out of it.
@FunctionalInterface
public interface BeforeInit {
    /// Runs while the container is being made, for what takes time and needs no container.
    default void prepare() {}

    /// Runs when the container is complete except for its first program, which waits.
    void complete(Container container);
}
