package io.atoll.daemon.project;

import io.atoll.base.ProjectName;
import io.atoll.daemon.http.Gate;
import io.atoll.daemon.http.Request;
import io.atoll.daemon.http.Right;
import java.util.List;
import java.util.Optional;

/// A project without a feature uses the default project's things of that kind. Whoever is kept to
/// such a project may use them, too, but must not change what belongs to others.
public final class ProjectGate implements Gate {
    private final Projects projects;

    public ProjectGate(Projects projects) {
        this.projects = projects;
    }

    @Override
    public void check(Request request, Right right) {
        boolean isChange = right == Right.EDIT || right == Right.OPERATE;
        Optional<Feature> feature = isChange ? feature(request.path()) : Optional.empty();
        feature.ifPresent(kind ->
                request.caller()
                        .require(right, projects.effectiveForList(request.project(), kind)));
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

    /// The projects of a list that the caller may know of.
    static boolean isVisible(Request request, String project) {
        return request.caller().sees(new ProjectName(project));
    }
}
