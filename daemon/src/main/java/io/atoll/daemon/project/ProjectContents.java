package io.atoll.daemon.project;

import io.atoll.base.ProjectName;
import java.util.List;

/// A kind of thing that lives in projects.
@FunctionalInterface
public interface ProjectContents {
    /// The URLs of the project's things of this kind, without `?project=`.
    List<String> urls(ProjectName project);
}
