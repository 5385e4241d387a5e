package io.atoll.daemon.event;

import io.atoll.base.ProjectName;
import io.atoll.base.json.Json;
import java.util.Optional;

/// Something happened to a resource: `new Lifecycle("instance-started", "/1.0/instances/c1", …)`.
/// The actions are LXD's words. An empty project means server-wide.
public record Lifecycle(
        String action, String source, Optional<ProjectName> project, Json.Obj context) {
    public static Lifecycle of(String action, String source, ProjectName project) {
        return new Lifecycle(action, source, Optional.of(project), Json.object());
    }

    /// An event that goes to listeners of every project.
    public static Lifecycle server(String action, String source) {
        return new Lifecycle(action, source, Optional.empty(), Json.object());
    }

    /// The same with one more member of `context`.
    public Lifecycle with(String name, String value) {
        context.put(name, value);
        return this;
    }
}
