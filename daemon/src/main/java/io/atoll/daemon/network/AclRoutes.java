package io.atoll.daemon.network;

import io.atoll.api.ApiPath;
import io.atoll.base.InvalidConfigException;
import io.atoll.base.ProjectName;
import io.atoll.base.json.Json;
import io.atoll.daemon.event.Events;
import io.atoll.daemon.event.Lifecycle;
import io.atoll.daemon.http.Etag;
import io.atoll.daemon.http.Request;
import io.atoll.daemon.http.Response;
import io.atoll.daemon.http.Right;
import io.atoll.daemon.http.Route;
import io.atoll.daemon.http.Routes;
import io.atoll.daemon.project.Projects;
import io.atoll.daemon.store.Store;
import io.atoll.daemon.store.Stored;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/// `/1.0/network-acls`: lists of rules that bridges refer to by name.
public final class AclRoutes implements Routes {
    private static final String ALL = "/1.0/network-acls";
    private static final String ONE = ALL + "/{name}";

    private final Store store;
    private final Networks networks;
    private final NetworkSight sight;
    private final Events events;

    public AclRoutes(Store store, Projects projects, Networks networks, Events events) {
        this.store = store;
        this.networks = networks;
        this.sight = new NetworkSight(projects);
        this.events = events;
    }

    @Override
    public List<Route> routes() {
        return List.of(
                Route.get(ALL).needs(Right.VIEW).run(this::list),
                Route.post(ALL).needs(Right.EDIT).run(this::create),
                Route.get(ONE).needs(Right.VIEW).run(this::get),
                Route.put(ONE).needs(Right.EDIT).run(r -> update(r, false)),
                Route.patch(ONE).needs(Right.EDIT).run(r -> update(r, true)),
                Route.post(ONE).needs(Right.EDIT).run(this::rename),
                Route.delete(ONE).needs(Right.EDIT).run(this::delete),
                Route.get(ONE + "/log").needs(Right.VIEW).run(this::log));
    }

    private static String url(String name) {
        return ApiPath.of("network-acls", name);
    }

    private Json shown(ProjectName project, NetworkAcl acl) {
        List<String> usedBy =
                networks.acls().users(project, acl.name()).stream()
                        .map(name -> ApiPath.of("networks", name))
                        .toList();
        return acl.json().put("used_by", usedBy);
    }

    private Response list(Request request) {
        ProjectName project = sight.owner(request);
        List<Json> out = new ArrayList<>();
        for (NetworkAcl acl : networks.acls().all(project)) {
            out.add(request.recursion() > 0 ? shown(project, acl) : Json.string(url(acl.name())));
        }
        return Response.sync(Json.array(out));
    }

    private Response get(Request request) {
        NetworkAcl acl = stored(request).value();
        return Response.sync(shown(sight.owner(request), acl), Etag.of(acl.json()));
    }

    private Stored<NetworkAcl> stored(Request request) {
        return networks.acls().get(sight.owner(request), request.variable("name"));
    }

    private static String checkedName(String name) {
        if (name.isEmpty()) {
            throw new InvalidConfigException("Name is required");
        }
        if (!name.matches("[a-zA-Z][-a-zA-Z0-9]{0,62}") || name.endsWith("-")) {
            throw new InvalidConfigException(
                    "Name must be 1-63 letters, digits or hyphens, begin with a letter and not end"
                            + " with a hyphen");
        }
        return name;
    }

    private Response create(Request request) throws IOException {
        Json body = request.json();
        NetworkAcl acl =
                NetworkAcl.of(checkedName(body.get("name").asString()), body).requireDistinct();
        networks.createAcl(sight.owner(request), acl);
        tell("created", acl.name());
        return Response.created(ApiPath.inProject(url(acl.name()), sight.owner(request).value()));
    }

    private Response update(Request request, boolean isPatch) throws IOException {
        Json body = request.json();
        String name = request.variable("name");
        store.attempt(() -> {
            Stored<NetworkAcl> read = stored(request);
            Etag.of(read.value().json()).check(request);
            NetworkAcl next =
                    NetworkAcl.of(name, PartRoutes.merged(read.value().json(), body, isPatch))
                            .requireDistinct();
            networks.changeAcl(sight.owner(request), read, next);
            return next;
        });
        tell("updated", name);
        return Response.empty();
    }

    private Response rename(Request request) throws IOException {
        Stored<NetworkAcl> read = stored(request);
        String fresh = checkedName(request.json().get("name").asString());
        networks.acls().rename(read, fresh);
        events.publishLifecycle(
                Lifecycle.server("network-acl-renamed", url(fresh)).with("old_name", read.name()));
        return Response.created(ApiPath.inProject(url(fresh), sight.owner(request).value()));
    }

    private Response delete(Request request) {
        Stored<NetworkAcl> read = stored(request);
        networks.acls().delete(read);
        tell("deleted", read.name());
        return Response.empty();
    }

    /// What the kernel remembers of packets that rules of the list wanted written down.
    private Response log(Request request) {
        NetworkAcl acl = stored(request).value();
        byte[] text = AclLog.read(acl.name()).getBytes(StandardCharsets.UTF_8);
        return Response.raw("application/octet-stream", text);
    }

    private void tell(String verb, String name) {
        events.publishLifecycle(Lifecycle.server("network-acl-" + verb, url(name)));
    }
}
