package io.atoll.daemon.image;

import io.atoll.api.ApiPath;
import io.atoll.base.AlreadyExistsException;
import io.atoll.base.InvalidConfigException;
import io.atoll.base.NotFoundException;
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
import io.atoll.daemon.project.Feature;
import io.atoll.daemon.project.Projects;
import io.atoll.daemon.store.Batch;
import io.atoll.daemon.store.RecordKey;
import io.atoll.daemon.store.Store;
import io.atoll.daemon.store.Stored;
import java.io.IOException;
import java.util.List;

/// `/1.0/images/aliases`.
public final class AliasRoutes implements Routes {
    private static final String ONE = "/1.0/images/aliases/{name...}";

    private final Store store;
    private final Images images;
    private final Projects projects;
    private final Events events;

    public AliasRoutes(Store store, Images images, Projects projects, Events events) {
        this.store = store;
        this.images = images;
        this.projects = projects;
        this.events = events;
    }

    @Override
    public List<Route> routes() {
        return List.of(
                Route.get("/1.0/images/aliases").needs(Right.VIEW).run(this::list),
                Route.post("/1.0/images/aliases").needs(Right.EDIT).run(this::create),
                Route.get(ONE).needs(Right.PUBLIC).run(this::get),
                Route.put(ONE).needs(Right.EDIT).run(r -> update(r, false)),
                Route.patch(ONE).needs(Right.EDIT).run(r -> update(r, true)),
                Route.post(ONE).needs(Right.EDIT).run(this::rename),
                Route.delete(ONE).needs(Right.EDIT).run(this::delete));
    }

    private static String url(String name, String project) {
        return ApiPath.inProject(ApiPath.of("images", "aliases", name), project);
    }

    private static Json json(ImageAlias alias) {
        return Json.object()
                .put("description", alias.description())
                .put("target", alias.target().value())
                .put("name", alias.name())
                .put("type", "container");
    }

    private static Etag etag(ImageAlias alias) {
        return Etag.of(json(alias));
    }

    private ProjectName owner(Request request) {
        return projects.effective(request.project(), Feature.IMAGES);
    }

    private Response list(Request request) {
        Json.Arr out = Json.array();
        for (Stored<ImageAlias> alias : images.aliases(owner(request))) {
            out.items()
                    .add(
                            request.recursion() > 0
                                    ? json(alias.value())
                                    : Json.string(url(alias.name(), alias.project())));
        }
        return Response.sync(out);
    }

    private Stored<ImageAlias> named(Request request) {
        images.requireProject(request);
        return images.getAlias(request.project(), request.variable("name"));
    }

    /// Strangers see the aliases of public images only.
    private Response get(Request request) {
        ImageAlias alias = named(request).value();
        if (!request.caller().may(Right.VIEW)
                && !images.getByAlias(request.project(), alias.name()).value().isPublic()) {
            throw new NotFoundException("Image alias not found");
        }
        return Response.sync(json(alias), etag(alias));
    }

    private Response create(Request request) throws IOException {
        Json body = request.json();
        String name = body.get("name").asString();
        String target = body.get("target").asString();
        if (name.isEmpty() || target.isEmpty()) {
            throw new InvalidConfigException("name and target are required");
        }
        ProjectName owner = owner(request);
        RecordKey key = RecordKey.of(owner, name);
        if (store.find(ImageAlias.KIND, key).isPresent()) {
            throw new AlreadyExistsException("Alias \"" + name + "\" already exists");
        }
        Image image = images.getByFingerprint(request.project(), target).value();
        store.create(
                ImageAlias.KIND,
                key,
                new ImageAlias(name, body.get("description").asString(), image.fingerprint()));
        events.publishLifecycle(
                Lifecycle.of("image-alias-created", url(name, owner.value()), owner)
                        .with("target", image.fingerprint().value()));
        return Response.created(url(name, owner.value()));
    }

    private Response update(Request request, boolean isPatch) throws IOException {
        Json body = request.json();
        if (!isPatch && body.get("target").asString().isEmpty()) {
            throw new InvalidConfigException("The target field is required");
        }
        ImageAlias next =
                store.attempt(() -> {
                    Stored<ImageAlias> read = named(request);
                    etag(read.value()).check(request);
                    ImageAlias changed = next(request, read.value(), body, isPatch);
                    store.commit(new Batch().replace(ImageAlias.KIND, read, changed));
                    return changed;
                });
        ProjectName owner = owner(request);
        events.publishLifecycle(
                Lifecycle.of("image-alias-updated", url(next.name(), owner.value()), owner)
                        .with("target", next.target().value()));
        return Response.empty();
    }

    private ImageAlias next(Request request, ImageAlias old, Json body, boolean isPatch) {
        boolean keepText = isPatch && body.get("description").isNull();
        String text = keepText ? old.description() : body.get("description").asString();
        String target = body.get("target").asString();
        return new ImageAlias(
                old.name(),
                text,
                target.isEmpty()
                        ? old.target()
                        : images.getByFingerprint(request.project(), target).value().fingerprint());
    }

    private Response rename(Request request) throws IOException {
        Stored<ImageAlias> read = named(request);
        String fresh = request.json().get("name").asString();
        ProjectName owner = owner(request);
        if (fresh.isEmpty()) {
            throw new InvalidConfigException("No name provided");
        }
        if (store.find(ImageAlias.KIND, RecordKey.of(owner, fresh)).isPresent()) {
            throw new AlreadyExistsException("Alias \"" + fresh + "\" already exists");
        }
        ImageAlias next = new ImageAlias(fresh, read.value().description(), read.value().target());
        store.commit(
                new Batch()
                        .create(ImageAlias.KIND, RecordKey.of(owner, fresh), next)
                        .delete(ImageAlias.KIND, read));
        events.publishLifecycle(
                Lifecycle.of("image-alias-renamed", url(fresh, owner.value()), owner)
                        .with("old_name", read.name()));
        return Response.created(url(fresh, owner.value()));
    }

    private Response delete(Request request) {
        Stored<ImageAlias> read = named(request);
        store.commit(new Batch().delete(ImageAlias.KIND, read));
        events.publishLifecycle(
                Lifecycle.of(
                        "image-alias-deleted", url(read.name(), read.project()), owner(request)));
        return Response.empty();
    }
}
