package io.atoll.daemon.storage;

import io.atoll.api.ApiPath;
import io.atoll.api.Wire;
import io.atoll.base.InvalidConfigException;
import io.atoll.base.NotFoundException;
import io.atoll.base.json.Json;
import io.atoll.daemon.event.Events;
import io.atoll.daemon.event.Lifecycle;
import io.atoll.daemon.http.Etag;
import io.atoll.daemon.http.Request;
import io.atoll.daemon.http.Response;
import io.atoll.daemon.http.Right;
import io.atoll.daemon.http.Route;
import io.atoll.daemon.http.Routes;
import io.atoll.daemon.operation.OperationSpec;
import io.atoll.daemon.operation.Operations;
import io.atoll.daemon.project.Feature;
import io.atoll.daemon.project.Projects;
import io.atoll.daemon.store.Stored;
import java.io.IOException;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.List;
import java.util.Optional;

/// `/1.0/storage-pools/POOL/volumes/custom/VOLUME/snapshots`, and for looking those of instances.
final class VolumeSnapshotRoutes implements Routes {
    static final String NO_TIME = "0001-01-01T00:00:00Z";
    private static final String ALL = "/1.0/storage-pools/{pool}/volumes/{type}/{volume}/snapshots";
    private static final String ONE = ALL + "/{snapshot}";

    private final Pools pools;
    private final CustomVolumes volumes;
    private final Projects projects;
    private final Operations operations;
    private final Events events;

    VolumeSnapshotRoutes(
            Pools pools,
            CustomVolumes volumes,
            Projects projects,
            Operations operations,
            Events events) {
        this.pools = pools;
        this.volumes = volumes;
        this.projects = projects;
        this.operations = operations;
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
                Route.delete(ONE).needs(Right.EDIT).run(this::delete));
    }

    private CustomVolumes.Place place(Request request) {
        if (!request.variable("type").equals("custom")) {
            throw new InvalidConfigException(
                    "Invalid storage volume type " + request.variable("type"));
        }
        CustomVolumes.Place place =
                new CustomVolumes.Place(
                        projects.effective(request.project(), Feature.VOLUMES),
                        request.variable("pool"),
                        request.variable("volume"));
        CustomVolume _ = volumes.get(place).value();
        return place;
    }

    private Stored<VolumeSnapshot> named(Request request) {
        return volumes.snapshot(place(request), request.variable("snapshot"));
    }

    private Json.Obj json(CustomVolumes.Place place, VolumeSnapshot snapshot) {
        return Json.object()
                .put("name", snapshot.name())
                .put("description", snapshot.description())
                .put("content_type", volumes.get(place).value().contentType())
                .put("created_at", snapshot.createdAt().toString())
                .put("expires_at", snapshot.expiresAt().map(Instant::toString).orElse(NO_TIME))
                .put("config", Wire.json(snapshot.config()));
    }

    /// LXD's lists say nothing of an end where there is none.
    private static Json listed(Json.Obj snapshot) {
        boolean isKept = snapshot.get("expires_at").asString().equals(NO_TIME);
        return isKept ? snapshot.put("expires_at", Json.Null.NULL) : snapshot;
    }

    private static Etag etag(VolumeSnapshot snapshot) {
        return Etag.of(
                Json.string(snapshot.name()),
                Json.string(snapshot.description()),
                Json.string(snapshot.expiresAt().map(Instant::toString).orElse("")));
    }

    /// An instance's snapshots have no settings of their own as volumes.
    private List<String> ofInstance(Request request) {
        String prefix = request.variable("volume") + "/";
        List<PoolUsers.RootVolume> all =
                pools.rootVolumes(request.variable("pool")).stream()
                        .filter(root -> root.project().equals(request.project()))
                        .toList();
        if (all.stream().noneMatch(root -> prefix.equals(root.name() + "/"))) {
            throw new NotFoundException("Storage pool volume not found");
        }
        return all.stream()
                .map(PoolUsers.RootVolume::name)
                .filter(name -> name.startsWith(prefix))
                .map(name -> name.substring(prefix.length()))
                .toList();
    }

    private static boolean isOfInstance(Request request) {
        return request.variable("type").equals("container");
    }

    private static Json.Obj json(String snapshot) {
        return Json.object()
                .put("name", snapshot)
                .put("description", "")
                .put("content_type", CustomVolume.FILES)
                .put("created_at", NO_TIME)
                .put("expires_at", NO_TIME)
                .put("config", Json.object());
    }

    private static Response listOfInstance(Request request, List<String> names) {
        Json.Arr out = Json.array();
        for (String name : names) {
            String[] path = {
                "storage-pools",
                request.variable("pool"),
                "volumes",
                "container",
                request.variable("volume"),
                "snapshots",
                name
            };
            String url = ApiPath.inProject(ApiPath.of(path), request.project().value());
            out.items()
                    .add(
                            request.recursion() > 0
                                    ? listed(json(request.variable("volume") + "/" + name))
                                    : Json.string(url));
        }
        return Response.sync(out);
    }

    private Response list(Request request) {
        if (isOfInstance(request)) {
            return listOfInstance(request, ofInstance(request));
        }
        Json.Arr out = Json.array();
        CustomVolumes.Place place = place(request);
        for (VolumeSnapshot snapshot : volumes.snapshots(place)) {
            out.items()
                    .add(
                            request.recursion() > 0
                                    ? listed(json(place, snapshot))
                                    : Json.string(snapshot.url()));
        }
        return Response.sync(out);
    }

    private Response get(Request request) {
        if (isOfInstance(request)) {
            String name = request.variable("snapshot");
            if (!ofInstance(request).contains(name)) {
                throw new NotFoundException("Storage volume snapshot not found");
            }
            return Response.sync(json(name), Etag.of(Json.string(name)));
        }
        VolumeSnapshot snapshot = named(request).value();
        return Response.sync(json(place(request), snapshot), etag(snapshot));
    }

    /// Absent means by the volume's rule, the zero time means never.
    static Optional<Optional<Instant>> expiry(Json body) {
        String text = body.get("expires_at").asString();
        if (text.isEmpty()) {
            return Optional.empty();
        }
        try {
            Instant at = OffsetDateTime.parse(text).toInstant();
            return Optional.of(text.startsWith("0001-01-01") ? Optional.empty() : Optional.of(at));
        } catch (DateTimeException e) {
            throw new InvalidConfigException("Invalid time \"" + text + "\"", e);
        }
    }

    private static OperationSpec spec(String what, Request request, String url) {
        return OperationSpec.task(what, request.project()).resource("storage_volumes", url);
    }

    private Response create(Request request) throws IOException {
        CustomVolumes.Place place = place(request);
        Json body = request.json();
        String name = body.get("name").asString();
        if (!name.isEmpty()) {
            String _ = SnapshotNames.check(name);
        }
        volumes.checkSnapshot(place, name);
        Optional<Optional<Instant>> expiry = expiry(body);
        String url = volumes.get(place).value().url();
        return operations
                .start(
                        spec("Creating storage volume snapshot", request, url),
                        _ -> {
                            VolumeSnapshot made =
                                    volumes.takeSnapshot(
                                            place,
                                            name,
                                            body.get("description").asString(),
                                            expiry);
                            tell("storage-volume-snapshot-created", made, place);
                        })
                .response();
    }

    private void tell(String action, VolumeSnapshot snapshot, CustomVolumes.Place place) {
        events.publishLifecycle(Lifecycle.of(action, snapshot.url(), place.project()));
    }

    private Response update(Request request, boolean isPatch) throws IOException {
        Stored<VolumeSnapshot> read = named(request);
        etag(read.value()).check(request);
        Json body = request.json();
        VolumeSnapshot old = read.value();
        boolean keepText = isPatch && body.get("description").isNull();
        VolumeSnapshot next =
                old.edited(
                        keepText ? old.description() : body.get("description").asString(),
                        expiry(body).orElse(isPatch ? old.expiresAt() : Optional.empty()));
        volumes.updateSnapshot(read, next);
        tell("storage-volume-snapshot-updated", next, place(request));
        return Response.empty();
    }

    private Response rename(Request request) throws IOException {
        CustomVolumes.Place place = place(request);
        VolumeSnapshot old = named(request).value();
        String fresh = SnapshotNames.check(request.json().get("name").asString());
        return operations
                .start(
                        spec("Renaming storage volume snapshot", request, old.url()),
                        _ -> {
                            VolumeSnapshot renamed =
                                    volumes.renameSnapshot(place, old.name(), fresh);
                            events.publishLifecycle(
                                    Lifecycle.of(
                                                    "storage-volume-snapshot-renamed",
                                                    renamed.url(),
                                                    place.project())
                                            .with("old_name", old.name()));
                        })
                .response();
    }

    private Response delete(Request request) {
        CustomVolumes.Place place = place(request);
        VolumeSnapshot snapshot = named(request).value();
        return operations
                .start(
                        spec("Deleting storage volume snapshot", request, snapshot.url()),
                        _ -> {
                            volumes.deleteSnapshot(place, snapshot.name());
                            tell("storage-volume-snapshot-deleted", snapshot, place);
                        })
                .response();
    }
}
