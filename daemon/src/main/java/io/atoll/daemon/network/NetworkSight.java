package io.atoll.daemon.network;

import io.atoll.base.NotFoundException;
import io.atoll.base.ProjectName;
import io.atoll.daemon.http.Request;
import io.atoll.daemon.project.Feature;
import io.atoll.daemon.project.Projects;

/// Which project's networks, access control lists and zones a request is about: the project's own,
/// or the default project's if it has none of its own.
///
/// Every network that there is belongs to the default project, as bridges and what stands for an
/// interface of the host do in LXD.
record NetworkSight(Projects projects) {
    /// @throws NotFoundException in LXD's words if there is no such project
    ProjectName owner(Request request) {
        return projects.effective(request.project(), Feature.NETWORKS);
    }

    /// Whether the request's project has networks to show.
    boolean hasNetworks(Request request) {
        return owner(request).equals(ProjectName.DEFAULT);
    }

    /// The network that a request changes, or of whose parts it speaks.
    ///
    /// @throws NotFoundException if the request's project has none of that name
    String network(Request request, Networks networks) {
        String name = request.variable("name");
        if (!hasNetworks(request) || networks.find(name).isEmpty()) {
            throw new NotFoundException("Failed loading network: Network not found");
        }
        return name;
    }
}
