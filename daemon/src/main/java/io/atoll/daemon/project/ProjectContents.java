package io.atoll.daemon.project;

import io.atoll.base.ProjectName;
import io.atoll.daemon.store.Batch;
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

    /// Whether these things come and go with their project: they keep it neither from being removed
    /// nor from being renamed.
    default boolean goesAlong() {
        return false;
    }

    /// Adds their end to the batch that removes the project.
    ///
    /// @throws io.atoll.base.BusyException if something of another project needs one of them
    default void remove(Batch batch, ProjectName project) {}

    /// Adds their move to the batch that gives the project another name.
    default void rename(Batch batch, ProjectName project, ProjectName fresh) {}

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
