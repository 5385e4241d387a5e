package io.atoll.daemon.project;

import io.atoll.base.NotFoundException;
import io.atoll.base.ProjectName;
import io.atoll.daemon.http.Gate;
import io.atoll.daemon.http.Request;
import io.atoll.daemon.http.Right;
import io.atoll.daemon.store.Stored;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;

/// What a project's rules stand for, in one place.
///
/// A project without a feature uses the default project's things of that kind. Whoever is kept to
/// such a project may use them, too, but must not change what belongs to others.
///
/// A project's limits and restrictions hold for what its things are in the end, whatever way they
/// became so: whoever writes the record of such a thing does it through [#admit].
public final class ProjectGate implements Gate {
    private final Projects projects;

    /// Held while something is checked and written, so that two changes cannot both take the last
    /// of what is left.
    private final ReentrantLock admission = new ReentrantLock();

    public ProjectGate(Projects projects) {
        this.projects = projects;
    }

    @Override
    public void check(Request request, Right right) {
        boolean isChange = right == Right.EDIT || right == Right.OPERATE;
        Optional<Feature> feature = isChange ? feature(request.path()) : Optional.empty();
        feature.ifPresent(kind ->
                request.caller()
                        .require(right, projects.effectiveIfThere(request.project(), kind)));
        checkNetwork(request);
    }

    /// Refuses networks that the caller's project must not use: whoever is kept to projects learns
    /// of no others.
    private void checkNetwork(Request request) {
        List<String> segments = List.of(request.path().split("/"));
        boolean isOne = segments.size() > 3 && segments.get(2).equals("networks");
        if (isOne && !seesNetwork(request, request.variable("name"))) {
            throw new NotFoundException("Network not found");
        }
    }

    /// Whether the caller may know of a network or an interface of the host.
    public boolean seesNetwork(Request request, String network) {
        if (request.caller().projects().isEmpty()) {
            return true;
        }
        return projects.find(request.project())
                .flatMap(p -> new Restrictions(p.value()).networks())
                .map(names -> names.contains(network))
                .orElse(true);
    }

    /// The feature that decides which project the thing at a path belongs to; empty for things that
    /// always belong to the request's own.
    private static Optional<Feature> feature(String path) {
        List<String> segments = List.of(path.split("/"));
        String resource = segments.size() > 2 ? segments.get(2) : "";
        return switch (resource) {
            case "images" -> Optional.of(Feature.IMAGES);
            case "profiles" -> Optional.of(Feature.PROFILES);
            case "networks", "network-acls", "network-zones" -> Optional.of(Feature.NETWORKS);
            case "storage-pools" -> Optional.of(Feature.VOLUMES);
            default -> Optional.empty();
        };
    }

    /// Writes something that changes things in a project, if the project lets them be so.
    ///
    /// @param changed what things are afterwards
    /// @param write commits it; runs while nothing else in any project is admitted
    /// @throws io.atoll.base.ForbiddenException if a limit or a restriction of the project does not
    ///   allow it
    public <T> T admit(ProjectName name, List<ProjectMember> changed, Supplier<T> write) {
        Optional<Project> project = projects.find(name).map(Stored::value);
        if (project.isEmpty() || !project.get().hasRules()) {
            return write.get();
        }
        Restrictions restrictions = new Restrictions(project.get());
        changed.forEach(restrictions::check);
        admission.lock();
        try {
            new ProjectLimits(project.get()).check(with(changed, projects.members(name)));
            return write.get();
        } finally {
            admission.unlock();
        }
    }

    private static List<ProjectMember> with(
            List<ProjectMember> changed, List<ProjectMember> members) {
        List<ProjectMember> out = new ArrayList<>(changed);
        members.stream().filter(m -> changed.stream().noneMatch(m::isSame)).forEach(out::add);
        return out;
    }

    /// Writes new rules for a project, if all that is in it keeps to them.
    ///
    /// @throws io.atoll.base.ForbiddenException if something in it does not
    <T> T admitRules(Project next, Supplier<T> write) {
        if (!next.hasRules()) {
            return write.get();
        }
        admission.lock();
        try {
            List<ProjectMember> members = projects.members(new ProjectName(next.name()));
            Restrictions restrictions = new Restrictions(next);
            members.forEach(restrictions::check);
            new ProjectLimits(next).checkCountsAgainst(members);
            new ProjectLimits(next).check(members);
            return write.get();
        } finally {
            admission.unlock();
        }
    }

    /// @throws NotFoundException if there is no such project
    public void checkExists(ProjectName name) {
        Stored<Project> unused = projects.get(name);
    }

    /// @throws NotFoundException if there is no such project
    /// @throws io.atoll.base.ForbiddenException if snapshots must not be made in a project
    public void checkSnapshot(ProjectName name) {
        checkMaking(name, ProjectKey.SNAPSHOTS, "snapshot");
    }

    /// @throws NotFoundException if there is no such project
    /// @throws io.atoll.base.ForbiddenException if backups must not be made in a project
    public void checkBackup(ProjectName name) {
        checkMaking(name, ProjectKey.BACKUPS, "backup");
    }

    /// @throws io.atoll.base.ForbiddenException if a project must not have that DNS zone
    public void checkZone(ProjectName name, String zone) {
        projects.find(name).ifPresent(p -> new Restrictions(p.value()).checkZone(zone));
    }

    private void checkMaking(ProjectName name, ProjectKey key, String what) {
        new Restrictions(projects.get(name).value()).checkMaking(key, what);
    }

    /// The projects of a list that the caller may know of.
    static boolean isVisible(Request request, String project) {
        return request.caller().sees(new ProjectName(project));
    }
}
