package io.atoll.daemon.profile;

import io.atoll.api.ApiPath;
import io.atoll.base.InternalException;
import io.atoll.base.NotFoundException;
import io.atoll.base.ProjectName;
import io.atoll.daemon.project.Feature;
import io.atoll.daemon.project.ProjectContents;
import io.atoll.daemon.project.ProjectGate;
import io.atoll.daemon.project.ProjectMember;
import io.atoll.daemon.project.Projects;
import io.atoll.daemon.store.Batch;
import io.atoll.daemon.store.RecordKey;
import io.atoll.daemon.store.Store;
import io.atoll.daemon.store.Stored;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;

/// The profiles of all projects. A project without the profiles feature sees those of the default
/// project.
public final class Profiles {
    /// The profile every project has.
    public static final String DEFAULT = "default";

    private final Store store;
    private final Projects projects;
    private final ProjectGate gate;
    private final List<ProfileUsers> users = new CopyOnWriteArrayList<>();

    public Profiles(Store store, Projects projects, ProjectGate gate) {
        this.store = store;
        this.projects = projects;
        this.gate = gate;
        projects.addContents(ProjectContents.of(this::urls, this::members));
    }

    private List<String> urls(ProjectName project) {
        return store.list(Profile.KIND, project).stream()
                .map(p -> ApiPath.of("profiles", p.name()))
                .toList();
    }

    private List<ProjectMember> members(ProjectName project) {
        return store.list(Profile.KIND, project).stream().map(p -> member(p.value())).toList();
    }

    private static ProjectMember member(Profile profile) {
        return new ProjectMember.Profile(profile.name(), profile.config(), profile.devices());
    }

    /// Writes a profile if its project, and those of the instances that use it, let things be so.
    ///
    /// @throws io.atoll.base.ForbiddenException if one of them does not
    void admit(ProjectName owner, Profile next, Runnable write) {
        Map<ProjectName, List<ProjectMember>> changed = new LinkedHashMap<>();
        changed.computeIfAbsent(owner, _ -> new ArrayList<>()).add(member(next));
        for (ProfileUsers kind : users) {
            kind.membersWith(owner, next)
                    .forEach((project, members) ->
                            changed.computeIfAbsent(project, _ -> new ArrayList<>())
                                    .addAll(members));
        }
        admit(new ArrayDeque<>(changed.entrySet()), write);
    }

    private void admit(Deque<Map.Entry<ProjectName, List<ProjectMember>>> rest, Runnable write) {
        Map.Entry<ProjectName, List<ProjectMember>> one = rest.poll();
        if (one == null) {
            write.run();
            return;
        }
        boolean unused =
                gate.admit(
                        one.getKey(),
                        one.getValue(),
                        () -> {
                            admit(rest, write);
                            return true;
                        });
    }

    /// Adds a kind of users; called while the daemon is put together.
    public void addUsers(ProfileUsers kind) {
        users.add(kind);
    }

    /// Makes the default profile if this state directory is new.
    public void start() {
        RecordKey key = RecordKey.of(ProjectName.DEFAULT, DEFAULT);
        if (store.find(Profile.KIND, key).isEmpty()) {
            store.create(
                    Profile.KIND,
                    key,
                    new Profile(DEFAULT, "Default Atoll profile", Map.of(), Map.of()));
        }
    }

    /// Adds a new project's default profile to the batch that makes the project.
    public void createDefault(Batch batch, ProjectName project) {
        String text = "Default Atoll profile for project " + project;
        batch.create(
                Profile.KIND,
                RecordKey.of(project, DEFAULT),
                new Profile(DEFAULT, text, Map.of(), Map.of()));
    }

    /// Removes a project's default profile in the batch that deletes the project.
    public void deleteDefault(Batch batch, ProjectName project) {
        store.find(Profile.KIND, RecordKey.of(project, DEFAULT))
                .ifPresent(p -> batch.delete(Profile.KIND, p));
    }

    public Optional<Stored<Profile>> find(ProjectName project, String name) {
        return store.find(
                Profile.KIND,
                RecordKey.of(projects.effectiveIfThere(project, Feature.PROFILES), name));
    }

    /// @throws NotFoundException if there is no such profile
    public Stored<Profile> get(ProjectName project, String name) {
        return find(project, name).orElseThrow(() -> new NotFoundException("Profile not found"));
    }

    /// The profiles a project sees, by name.
    public List<Stored<Profile>> list(ProjectName project) {
        return store.list(Profile.KIND, projects.effectiveIfThere(project, Feature.PROFILES));
    }

    /// The URLs of all that use a profile; `owner` is the project the profile lives in.
    public List<String> usedBy(ProjectName owner, String name) {
        return users.stream().flatMap(u -> u.usersOf(owner, name).stream()).toList();
    }

    void check(ProjectName owner, Profile profile) {
        users.forEach(u -> u.check(owner, profile));
    }

    void rename(Batch batch, ProjectName owner, String profile, String fresh) {
        users.forEach(u -> u.rename(batch, owner, profile, fresh));
    }

    /// Lets the users follow a change that is recorded.
    ///
    /// @throws InternalException in LXD's words, naming those that cannot; all others have followed
    void changed(ProjectName owner, Profile before, Profile after) {
        List<String> failed =
                users.stream().flatMap(u -> u.changed(owner, before, after).stream()).toList();
        if (!failed.isEmpty()) {
            throw new InternalException(
                    "The following instances failed to update (profile change still saved):\n"
                            + String.join("\n", failed)
                            + "\n");
        }
    }
}
