package io.atoll.daemon.project;

import io.atoll.base.ProjectName;
import java.util.List;
import java.util.function.Function;

/// A kind of thing that lives in projects.
@FunctionalInterface
public interface ProjectContents {
    /// The URLs of the project's things of this kind, without `?project=`.
    List<String> urls(ProjectName project);

    /// The same things as the project's limits and restrictions see them; none for kinds that those
    /// do not speak about.
    default List<ProjectMember> members(ProjectName project) {
        return List.of();
    }

    /// A kind whose things count.
    static ProjectContents of(
            Function<ProjectName, List<String>> urls,
            Function<ProjectName, List<ProjectMember>> members) {
        return new ProjectContents() {
            @Override
            public List<String> urls(ProjectName project) {
                return urls.apply(project);
            }

            @Override
            public List<ProjectMember> members(ProjectName project) {
                return members.apply(project);
            }
        };
    }
}
