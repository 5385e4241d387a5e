package io.atoll.daemon.http;

import io.atoll.base.ForbiddenException;
import io.atoll.base.ProjectName;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/// Who sent a request. `protocol` is `unix` or `tls`; `address` is what lifecycle events show (`@`
/// for the unix socket).
///
/// @param projects the only projects that the rights hold in; empty if they hold everywhere
/// @param home the project of requests that name none
public record Caller(
        String username,
        String protocol,
        String address,
        Set<Right> rights,
        Optional<Set<ProjectName>> projects,
        ProjectName home) {
    /// The daemon itself: start-up, schedules, signals.
    public static final Caller DAEMON = new Caller("", "", "", Set.of(Right.values()));

    /// Rights over the network: everything but what is kept for the host's own root.
    private static final Set<Right> REMOTE =
            Set.copyOf(EnumSet.complementOf(EnumSet.of(Right.LOCAL)));

    /// Rights of those who are kept to some projects.
    private static final Set<Right> RESTRICTED =
            Set.of(Right.PUBLIC, Right.PAGES, Right.KNOWN, Right.VIEW, Right.OPERATE, Right.EDIT);

    public Caller {
        rights = Set.copyOf(rights);
        projects = projects.map(Set::copyOf);
    }

    /// A caller whose rights hold in every project.
    public Caller(String username, String protocol, String address, Set<Right> rights) {
        this(username, protocol, address, rights, Optional.empty(), ProjectName.DEFAULT);
    }

    /// A peer of the unix socket; file permissions of the socket decided already who may connect.
    public static Caller local(String username) {
        return new Caller(username, "unix", "@", Set.of(Right.values()));
    }

    /// A peer of the unix socket for everybody's own project.
    public static Caller localUser(String username, ProjectName own) {
        return new Caller(username, "unix", "@", RESTRICTED, Optional.of(Set.of(own)), own);
    }

    /// Somebody on the network whom nobody vouches for.
    public static Caller stranger(String address) {
        return new Caller("", "", address, Set.of(Right.PUBLIC, Right.PAGES));
    }

    /// Somebody on the network with a trusted certificate.
    public static Caller trusted(String fingerprint, String address) {
        return new Caller(fingerprint, "tls", address, REMOTE);
    }

    /// Somebody on the network with a certificate that is good for these projects only.
    public static Caller restricted(String fingerprint, String address, Set<ProjectName> projects) {
        return new Caller(
                fingerprint,
                "tls",
                address,
                RESTRICTED,
                Optional.of(projects),
                ProjectName.DEFAULT);
    }

    /// Somebody on the network who may read the metrics and nothing else.
    public static Caller metrics(String fingerprint, String address) {
        return new Caller(
                fingerprint, "tls", address, Set.of(Right.PUBLIC, Right.PAGES, Right.METRICS));
    }

    /// Whether the caller has the right somewhere.
    public boolean may(Right right) {
        return right == Right.PUBLIC || rights.contains(right);
    }

    /// Whether the caller has the right in a project.
    public boolean may(Right right, ProjectName project) {
        return may(right) && (!right.isOfProject() || sees(project));
    }

    /// Whether the project is one the caller may know of.
    public boolean sees(ProjectName project) {
        return projects.isEmpty() || projects.get().contains(project);
    }

    /// Those of some URLs of things that the caller may know of: the ones in projects it sees.
    ///
    /// @param urls with `?project=` where the thing is not in the default project
    public List<String> visible(List<String> urls) {
        return projects.isEmpty() ? urls : urls.stream().filter(u -> sees(project(u))).toList();
    }

    private static ProjectName project(String url) {
        int query = url.indexOf("?project=");
        return query < 0
                ? ProjectName.DEFAULT
                : new ProjectName(url.substring(query + "?project=".length()));
    }

    /// Refuses unless the caller has the right in the project. For projects that a request names in
    /// its body, or that own what the request's project only shows.
    ///
    /// @throws ForbiddenException with LXD's words
    public void require(Right right, ProjectName project) {
        if (!may(right, project)) {
            throw new ForbiddenException("not authorized");
        }
    }
}
