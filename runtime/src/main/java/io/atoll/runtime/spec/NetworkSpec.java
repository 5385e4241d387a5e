package io.atoll.runtime.spec;

import java.util.List;

/// A container's network.
///
/// @param nics in order; empty with a network namespace of its own means just `lo`
/// @param isLoopbackUp true to bring `lo` up before init runs
public record NetworkSpec(List<NicSpec> nics, boolean isLoopbackUp) {
    /// Only `lo`, up.
    public static final NetworkSpec EMPTY = new NetworkSpec(List.of(), true);

    public NetworkSpec {
        nics = List.copyOf(nics);
    }
}
