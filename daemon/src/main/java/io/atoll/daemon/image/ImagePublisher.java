package io.atoll.daemon.image;

import io.atoll.base.ProjectName;
import io.atoll.base.json.Json;
import io.atoll.daemon.operation.Operation;
import java.io.IOException;
import java.nio.file.Path;

/// Makes images out of instances and snapshots.
public interface ImagePublisher {
    /// Refuses early, before an operation starts, what can be refused early.
    ///
    /// @param body the whole request; the `type` of its `source` is `instance`, `container` or
    ///   `snapshot`
    void check(ProjectName project, Json body);

    /// Packs a unified image into an existing empty file.
    ///
    /// @param body the whole request: `source`, `compression_algorithm`, `properties`
    void publish(ProjectName project, Json body, Path target, Operation operation)
            throws IOException;
}
