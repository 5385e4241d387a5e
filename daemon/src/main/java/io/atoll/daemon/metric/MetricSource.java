package io.atoll.daemon.metric;

import io.atoll.base.ProjectName;
import java.util.Optional;

/// A part of the daemon that measures.
@FunctionalInterface
public interface MetricSource {
    /// Adds what it measures now.
    ///
    /// @param project what is of other projects is left out; empty for all
    void measure(Metrics out, Optional<ProjectName> project);
}
