package io.atoll.daemon.project;

import io.atoll.api.ApiPath;
import io.atoll.base.NotFoundException;
import io.atoll.base.ProjectName;
import io.atoll.daemon.store.Batch;
import io.atoll.daemon.store.RecordKey;
import io.atoll.daemon.store.Store;
import io.atoll.daemon.store.Stored;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;

/// The projects and what is in them.
public final class Projects {
    private final Store store;
    private final List<ProjectContents> contents = new CopyOnWriteArrayList<>();

    public Projects(Store store) {
        this.store = store;
    }

    /// Adds a kind of contents; called while the daemon is put together.
    public void addContents(ProjectContents kind) {
        contents.add(kind);
    }

    /// Makes the default project if this state directory is new.
    public void start() {
        if (find(ProjectName.DEFAULT).isEmpty()) {
            Map<String, String> config =
                    Map.of(
                            Feature.IMAGES.key(), "true",
                            Feature.PROFILES.key(), "true",
                            Feature.VOLUMES.key(), "true",
                            Feature.NETWORKS.key(), "true");
            store.create(
                    Project.KIND,
                    RecordKey.global(ProjectName.DEFAULT.value()),
                    new Project(ProjectName.DEFAULT.value(), "Default Atoll project", config));
        }
    }

    public Optional<Stored<Project>> find(ProjectName name) {
        return store.find(Project.KIND, RecordKey.global(name.value()));
    }

    /// @throws NotFoundException if there is no such project
    public Stored<Project> get(ProjectName name) {
        return find(name).orElseThrow(() -> new NotFoundException("Project not found"));
    }

    public List<Stored<Project>> list() {
        return store.list(Project.KIND);
    }

    /// The project whose things of this kind the given one sees: itself, or the default project if
    /// it lacks the feature.
    ///
    /// @throws NotFoundException in LXD's words for this kind if there is no such project
    public ProjectName effective(ProjectName name, Feature feature) {
        Project project = find(name).orElseThrow(() -> feature.absent(name)).value();
        return project.has(feature) ? name : ProjectName.DEFAULT;
    }

    /// As [#effective] for whoever has to go on without the project: one that does not exist is
    /// returned itself, and has nothing.
    public ProjectName effectiveIfThere(ProjectName name, Feature feature) {
        return find(name)
                .map(p -> p.value().has(feature) ? name : ProjectName.DEFAULT)
                .orElse(name);
    }

    /// The URLs of everything in a project.
    public List<String> usedBy(ProjectName name) {
        List<String> out = new ArrayList<>();
        for (ProjectContents kind : contents) {
            kind.urls(name).forEach(url -> out.add(ApiPath.inProject(url, name.value())));
        }
        return out;
    }

    /// Whether nothing is in a project but its own default profile, which came with it.
    boolean isEmpty(ProjectName name) {
        return contents.stream().allMatch(kind -> isEmpty(kind, name));
    }

    /// Whether nothing is in a project but what goes along with it.
    boolean isRemovable(ProjectName name) {
        return contents.stream().allMatch(kind -> kind.goesAlong() || isEmpty(kind, name));
    }

    private static boolean isEmpty(ProjectContents kind, ProjectName name) {
        return kind.urls(name).stream().allMatch(ApiPath.of("profiles", "default")::equals);
    }

    /// Adds the end of what goes along with a project to the batch that removes it.
    void remove(Batch batch, ProjectName name) {
        contents.forEach(kind -> kind.remove(batch, name));
    }

    /// Adds the move of what goes along with a project to the batch that renames it.
    void rename(Batch batch, ProjectName name, ProjectName fresh) {
        contents.forEach(kind -> kind.rename(batch, name, fresh));
    }

    /// Everything in a project that limits and restrictions speak about.
    List<ProjectMember> members(ProjectName name) {
        return contents.stream().flatMap(kind -> kind.members(name).stream()).toList();
    }
}
