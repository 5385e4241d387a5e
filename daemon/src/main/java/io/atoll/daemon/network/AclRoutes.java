package io.atoll.daemon.network;

import io.atoll.api.ApiPath;
import io.atoll.base.InvalidConfigException;
import io.atoll.base.ProjectName;
import io.atoll.base.json.Json;
import io.atoll.daemon.event.Events;
import io.atoll.daemon.event.Lifecycle;
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
import java.util.function.UnaryOperator;

/// `/1.0/network-acls`: lists of rules that bridges refer to by name.
public final class AclRoutes implements Routes {
    private static final String ALL = "/1.0/network-acls";
    private static final String ONE = ALL + "/{name}";

    private final Lists lists;
    private final ThingRoutes<NetworkAcl> things;
    private final Events events;

    public AclRoutes(Store store, Projects projects, Networks networks, Events events) {
        this.lists = new Lists(store, networks, new NetworkSight(projects));
        this.things = new ThingRoutes<>(events, Right.EDIT, lists);
        this.events = events;
    }

    @Override
    public List<Route> routes() {
        List<Route> out = new ArrayList<>(things.routes());
        out.add(Route.post(ONE).needs(Right.EDIT).run(this::rename));
        out.add(Route.get(ONE + "/log").needs(Right.VIEW).run(this::log));
        return out;
    }

    private static String url(String name) {
        return ApiPath.of("network-acls", name);
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

    private Response rename(Request request) throws IOException {
        Stored<NetworkAcl> read = lists.stored(request);
        String fresh = checkedName(request.json().get("name").asString());
        lists.networks().acls().rename(read, fresh);
        events.publishLifecycle(
                Lifecycle.server("network-acl-renamed", url(fresh)).with("old_name", read.name()));
        return Response.created(ApiPath.inProject(url(fresh), lists.owner(request).value()));
    }

    /// What the kernel remembers of packets that rules of the list wanted written down.
    private Response log(Request request) {
        NetworkAcl acl = lists.get(request);
        byte[] text = AclLog.read(acl.name()).getBytes(StandardCharsets.UTF_8);
        return Response.raw("application/octet-stream", text);
    }

    /// The lists of the request's project.
    private record Lists(Store store, Networks networks, NetworkSight sight)
            implements ThingRoutes.Kind<NetworkAcl> {
        private ProjectName owner(Request request) {
            return sight.owner(request);
        }

        private Stored<NetworkAcl> stored(Request request) {
            return networks.acls().get(owner(request), request.variable("name"));
        }

        @Override
        public String path() {
            return ALL;
        }

        @Override
        public String variable() {
            return "name";
        }

        @Override
        public String event() {
            return "network-acl";
        }

        @Override
        public List<NetworkAcl> all(Request request) {
            return networks.acls().all(owner(request));
        }

        @Override
        public NetworkAcl get(Request request) {
            return stored(request).value();
        }

        @Override
        public NetworkAcl create(Request request, Json body) {
            NetworkAcl acl =
                    NetworkAcl.of(checkedName(body.get("name").asString()), body).requireDistinct();
            networks.createAcl(owner(request), acl);
            return acl;
        }

        @Override
        public NetworkAcl change(Request request, UnaryOperator<NetworkAcl> work)
                throws IOException {
            return store.attempt(() -> {
                Stored<NetworkAcl> read = stored(request);
                NetworkAcl next = work.apply(read.value());
                networks.changeAcl(owner(request), read, next);
                return next;
            });
        }

        @Override
        public NetworkAcl delete(Request request) {
            Stored<NetworkAcl> read = stored(request);
            networks.acls().delete(read);
            return read.value();
        }

        @Override
        public String url(Request request, NetworkAcl acl) {
            return AclRoutes.url(acl.name());
        }

        @Override
        public String location(Request request, NetworkAcl acl) {
            return ApiPath.inProject(url(request, acl), owner(request).value());
        }

        @Override
        public Json.Obj json(NetworkAcl acl) {
            return acl.json();
        }

        @Override
        public Json shown(Request request, NetworkAcl acl) {
            List<String> usedBy =
                    networks.acls().users(owner(request), acl.name()).stream()
                            .map(name -> ApiPath.of("networks", name))
                            .toList();
            return acl.json().put("used_by", usedBy);
        }

        @Override
        public NetworkAcl changed(NetworkAcl old, Json body) {
            return NetworkAcl.of(old.name(), body).requireDistinct();
        }
    }
}
