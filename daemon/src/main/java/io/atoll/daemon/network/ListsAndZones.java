package io.atoll.daemon.network;

import io.atoll.api.ApiPath;
import io.atoll.base.ProjectName;
import io.atoll.daemon.project.ProjectContents;
import io.atoll.daemon.store.Batch;
import java.util.List;

/// The access control lists and DNS zones of a project, which come and go with it. Zones are not
/// told of among what is in a project.
record ListsAndZones(Acls acls, Zones zones) implements ProjectContents {
    @Override
    public List<String> urls(ProjectName project) {
        return acls.all(project).stream()
                .map(acl -> ApiPath.of("network-acls", acl.name()))
                .toList();
    }

    @Override
    public boolean goesAlong() {
        return true;
    }

    @Override
    public void remove(Batch batch, ProjectName project) {
        acls.remove(batch, project);
        zones.remove(batch, project);
    }

    @Override
    public void rename(Batch batch, ProjectName project, ProjectName fresh) {
        acls.rename(batch, project, fresh);
        zones.rename(batch, project, fresh);
    }
}
