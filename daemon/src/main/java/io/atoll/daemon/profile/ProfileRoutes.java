package io.atoll.daemon.profile;

import io.atoll.api.ApiPath;
import io.atoll.api.Wire;
import io.atoll.base.AlreadyExistsException;
import io.atoll.base.BusyException;
import io.atoll.base.ForbiddenException;
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
import java.util.Map;
import java.util.TreeMap;

/// `/1.0/profiles`.
public final class ProfileRoutes implements Routes {
    /// A profile before and after a change.
    private record Change(Profile before, Profile after) {}

    private final Store store;
    private final Profiles profiles;
    private final Projects projects;
    private final Events events;

    public ProfileRoutes(Store store, Profiles profiles, Projects projects, Events events) {
        this.store = store;
        this.profiles = profiles;
        this.projects = projects;
        this.events = events;
    }

    @Override
    public List<Route> routes() {
        return List.of(
                Route.get("/1.0/profiles").needs(Right.VIEW).run(this::list),
                Route.post("/1.0/profiles").needs(Right.EDIT).run(this::create),
                Route.get("/1.0/profiles/{name}").needs(Right.VIEW).run(this::get),
                Route.put("/1.0/profiles/{name}").needs(Right.EDIT).run(r -> update(r, false)),
                Route.patch("/1.0/profiles/{name}").needs(Right.EDIT).run(r -> update(r, true)),
                Route.post("/1.0/profiles/{name}").needs(Right.EDIT).run(this::rename),
                Route.delete("/1.0/profiles/{name}").needs(Right.EDIT).run(this::delete));
    }

    private ProjectName owner(Request request) {
        return projects.effective(request.project(), Feature.PROFILES);
    }

    private static String url(ProjectName owner, String name) {
        return ApiPath.inProject(ApiPath.of("profiles", name), owner.value());
    }

    private Json json(Request request, ProjectName owner, Profile profile) {
        return Json.object()
                .put("config", Wire.json(profile.config()))
                .put("description", profile.description())
                .put("devices", Wire.devicesJson(profile.devices()))
                .put("name", profile.name())
                .put("used_by", request.caller().visible(profiles.usedBy(owner, profile.name())));
    }

    private static Etag etag(Profile profile) {
        return Etag.of(
                Wire.json(profile.config()),
                Json.string(profile.description()),
                Wire.devicesJson(profile.devices()));
    }

    private Response list(Request request) {
        ProjectName owner = owner(request);
        Json.Arr out = Json.array();
        for (Stored<Profile> profile : profiles.list(request.project())) {
            out.items()
                    .add(
                            request.recursion() > 0
                                    ? json(request, owner, profile.value())
                                    : Json.string(url(owner, profile.name())));
        }
        return Response.sync(out);
    }

    private Response get(Request request) {
        ProjectName owner = owner(request);
        Profile profile = profiles.get(owner, request.variable("name")).value();
        return Response.sync(json(request, owner, profile), etag(profile));
    }

    private static String checkedName(String name) {
        if (name.isEmpty()) {
            throw new InvalidConfigException("No name provided");
        }
        if (name.contains("/")) {
            throw new InvalidConfigException("Profile names may not contain slashes");
        }
        if (name.equals(".") || name.equals("..")) {
            throw new InvalidConfigException("Invalid profile name \"" + name + "\"");
        }
        return name;
    }

    private Response create(Request request) throws IOException {
        Json body = request.json();
        Profile profile =
                new Profile(
                        checkedName(body.get("name").asString()),
                        body.get("description").asString(),
                        Wire.config(body.get("config")),
                        Wire.devices(body.get("devices")));
        ProjectName owner = owner(request);
        try {
            profiles.check(owner, profile);
        } catch (NotFoundException e) {
            // What is missing is not what was asked for.
            throw new InvalidConfigException(e.getMessage(), e);
        }
        if (profiles.find(owner, profile.name()).isPresent()) {
            throw new AlreadyExistsException(
                    "Error inserting \""
                            + profile.name()
                            + "\" into database: The profile already exists");
        }
        profiles.admit(
                owner,
                profile,
                () -> store.create(Profile.KIND, RecordKey.of(owner, profile.name()), profile));
        events.publishLifecycle(Lifecycle.of("profile-created", url(owner, profile.name()), owner));
        return Response.created(url(owner, profile.name()));
    }

    private Response update(Request request, boolean isPatch) throws IOException {
        Json body = request.json();
        ProjectName owner = owner(request);
        Change change =
                store.attempt(() -> {
                    Stored<Profile> read = profiles.get(owner, request.variable("name"));
                    etag(read.value()).check(request);
                    Profile next = next(read.value(), body, isPatch);
                    profiles.check(owner, next);
                    profiles.admit(
                            owner,
                            next,
                            () -> store.commit(new Batch().replace(Profile.KIND, read, next)));
                    return new Change(read.value(), next);
                });
        events.publishLifecycle(
                Lifecycle.of("profile-updated", url(owner, change.after.name()), owner));
        profiles.changed(owner, change.before, change.after);
        return Response.empty();
    }

    /// PUT replaces, PATCH adds to what is there.
    private static Profile next(Profile old, Json body, boolean isPatch) {
        Map<String, String> config = new TreeMap<>(isPatch ? old.config() : Map.of());
        config.putAll(Wire.config(body.get("config")));
        Map<String, Map<String, String>> devices =
                new TreeMap<>(isPatch ? old.devices() : Map.of());
        Wire.devices(body.get("devices"))
                .forEach((name, keys) -> {
                    Map<String, String> merged =
                            new TreeMap<>(devices.getOrDefault(name, Map.of()));
                    merged.putAll(keys);
                    devices.put(name, merged);
                });
        boolean keepText = isPatch && body.get("description").isNull();
        String text = keepText ? old.description() : body.get("description").asString();
        return new Profile(old.name(), text, config, devices);
    }

    private Response rename(Request request) throws IOException {
        ProjectName owner = owner(request);
        String name = request.variable("name");
        String fresh = checkedName(request.json().get("name").asString());
        Profile unused = store.attempt(() -> rename(owner, name, fresh));
        events.publishLifecycle(
                Lifecycle.of("profile-renamed", url(owner, fresh), owner).with("old_name", name));
        return Response.created(url(owner, fresh));
    }

    private Profile rename(ProjectName owner, String name, String fresh) {
        Stored<Profile> read = profiles.get(owner, name);
        if (name.equals(Profiles.DEFAULT)) {
            throw new ForbiddenException("The \"default\" profile cannot be renamed");
        }
        if (profiles.find(owner, fresh).isPresent()) {
            throw new AlreadyExistsException("Name \"" + fresh + "\" already in use");
        }
        Profile old = read.value();
        Profile next = new Profile(fresh, old.description(), old.config(), old.devices());
        Batch batch =
                new Batch()
                        .create(Profile.KIND, RecordKey.of(owner, fresh), next)
                        .delete(Profile.KIND, read);
        profiles.rename(batch, owner, name, fresh);
        store.commit(batch);
        return next;
    }

    private Response delete(Request request) {
        ProjectName owner = owner(request);
        Stored<Profile> read = profiles.get(owner, request.variable("name"));
        if (read.name().equals(Profiles.DEFAULT)) {
            throw new ForbiddenException("The \"default\" profile cannot be deleted");
        }
        if (!profiles.usedBy(owner, read.name()).isEmpty()) {
            throw new BusyException("Profile is currently in use");
        }
        store.commit(new Batch().delete(Profile.KIND, read));
        events.publishLifecycle(Lifecycle.of("profile-deleted", url(owner, read.name()), owner));
        return Response.empty();
    }
}
