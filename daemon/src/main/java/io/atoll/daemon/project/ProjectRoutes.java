package io.atoll.daemon.project;

import io.atoll.api.ApiPath;
import io.atoll.api.Wire;
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
import io.atoll.daemon.operation.OperationSpec;
import io.atoll.daemon.operation.Operations;
import io.atoll.daemon.store.Batch;
import io.atoll.daemon.store.RecordKey;
import io.atoll.daemon.store.Store;
import io.atoll.daemon.store.Stored;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.BiConsumer;

/// `/1.0/projects`.
public final class ProjectRoutes implements Routes {
    private final Store store;
    private final Projects projects;
    private final ProjectGate gate;
    private final Operations operations;
    private final Events events;
    private final BiConsumer<Batch, ProjectName> newProject;
    private final BiConsumer<Batch, ProjectName> goneProject;

    /// @param newProject adds what every new project owns from the start (its default profile) to
    ///   the same batch
    /// @param goneProject removes that again in the batch that deletes the project
    public ProjectRoutes(
            Store store,
            Projects projects,
            ProjectGate gate,
            Operations operations,
            Events events,
            BiConsumer<Batch, ProjectName> newProject,
            BiConsumer<Batch, ProjectName> goneProject) {
        this.store = store;
        this.projects = projects;
        this.gate = gate;
        this.operations = operations;
        this.events = events;
        this.newProject = newProject;
        this.goneProject = goneProject;
    }

    @Override
    public List<Route> routes() {
        return List.of(
                Route.get("/1.0/projects").needs(Right.KNOWN).run(this::list),
                Route.post("/1.0/projects").needs(Right.ADMIN).run(this::create),
                Route.get("/1.0/projects/{name}").needs(Right.KNOWN).run(this::get),
                Route.put("/1.0/projects/{name}").needs(Right.ADMIN).run(r -> update(r, false)),
                Route.patch("/1.0/projects/{name}").needs(Right.ADMIN).run(r -> update(r, true)),
                Route.post("/1.0/projects/{name}").needs(Right.ADMIN).run(this::rename),
                Route.delete("/1.0/projects/{name}").needs(Right.ADMIN).run(this::delete),
                Route.get("/1.0/projects/{name}/state").needs(Right.KNOWN).run(this::state));
    }

    private static String url(String name) {
        return ApiPath.of("projects", name);
    }

    private Json json(Project project) {
        return Json.object()
                .put("config", Wire.json(project.config()))
                .put("description", project.description())
                .put("name", project.name())
                .put("used_by", projects.usedBy(new ProjectName(project.name())));
    }

    private static Etag etag(Project project) {
        return Etag.of(Json.string(project.description()), Wire.json(project.config()));
    }

    private Response list(Request request) {
        Json.Arr out = Json.array();
        for (Stored<Project> project : projects.list()) {
            if (!ProjectGate.isVisible(request, project.name())) {
                continue;
            }
            out.items()
                    .add(
                            request.recursion() > 0
                                    ? json(project.value())
                                    : Json.string(url(project.name())));
        }
        return Response.sync(out);
    }

    private Stored<Project> named(Request request) {
        return named(request, "");
    }

    /// @param attempt what LXD says before it says that there is none
    private Stored<Project> named(Request request, String attempt) {
        String name = request.variable("name");
        return projects.find(new ProjectName(name))
                .filter(_ -> ProjectGate.isVisible(request, name))
                .orElseThrow(() -> new NotFoundException(attempt + "Project not found"));
    }

    private Response get(Request request) {
        Project project = named(request).value();
        return Response.sync(json(project), etag(project));
    }

    private Response create(Request request) throws IOException {
        ProjectName name = new ProjectName(request.json().get("name").asString());
        Map<String, String> config = new TreeMap<>(Wire.config(request.json().get("config")));
        ProjectConfig.check(config);
        checkTogether(config);
        for (Feature feature : List.of(Feature.IMAGES, Feature.PROFILES, Feature.VOLUMES)) {
            config.putIfAbsent(feature.key(), "true");
        }
        Project project =
                new Project(name.value(), request.json().get("description").asString(), config);
        Batch batch = new Batch().create(Project.KIND, RecordKey.global(name.value()), project);
        if (project.has(Feature.PROFILES)) {
            newProject.accept(batch, name);
        }
        store.commit(batch);
        events.publishLifecycle(Lifecycle.of("project-created", url(name.value()), name));
        return Response.created(url(name.value()));
    }

    /// A restriction would not reach profiles that belong to another project.
    private static void checkTogether(Map<String, String> config) {
        boolean isRestricted =
                ProjectKey.isTrue(config.getOrDefault(ProjectKey.RESTRICTED.key(), ""));
        boolean hasProfiles =
                ProjectKey.isTrue(config.getOrDefault(Feature.PROFILES.key(), "true"));
        if (isRestricted && !hasProfiles) {
            throw new InvalidConfigException(
                    "Projects without their own profiles cannot be restricted");
        }
    }

    private Response update(Request request, boolean isPatch) throws IOException {
        Json body = request.json();
        store.attempt(() -> store(request, body, isPatch));
        String name = request.variable("name");
        events.publishLifecycle(Lifecycle.of("project-updated", url(name), new ProjectName(name)));
        return Response.empty();
    }

    private Project store(Request request, Json body, boolean isPatch) {
        Stored<Project> read = named(request);
        Project old = read.value();
        etag(old).check(request);
        Map<String, String> config = new TreeMap<>(isPatch ? old.config() : Map.of());
        config.putAll(Wire.config(body.get("config")));
        config.values().removeIf(String::isEmpty);
        ProjectConfig.check(config);
        checkTogether(config);
        boolean keepText = isPatch && body.get("description").isNull();
        String text = keepText ? old.description() : body.get("description").asString();
        Project next = new Project(old.name(), text, config);
        for (Feature feature : Feature.values()) {
            if (old.has(feature) != next.has(feature)
                    && old.name().equals(ProjectName.DEFAULT.value())) {
                throw new InvalidConfigException(
                        "You can't change the features of the default project");
            }
            if (old.has(feature) != next.has(feature)
                    && !projects.isEmpty(new ProjectName(old.name()))) {
                throw new InvalidConfigException(
                        "Features can only be changed on empty projects: \""
                                + feature.key()
                                + "\" would become "
                                + next.has(feature));
            }
        }
        return gate.admitRules(
                next,
                () -> {
                    store.commit(new Batch().replace(Project.KIND, read, next));
                    return next;
                });
    }

    private Response rename(Request request) throws IOException {
        Stored<Project> read = named(request);
        ProjectName fresh = new ProjectName(request.json().get("name").asString());
        ProjectName old = new ProjectName(read.name());
        if (old.equals(ProjectName.DEFAULT)) {
            throw new ForbiddenException("The 'default' project cannot be renamed");
        }
        return operations
                .start(
                        OperationSpec.task("Renaming project", ProjectName.DEFAULT),
                        _ -> move(read, old, fresh))
                .response();
    }

    private void move(Stored<Project> read, ProjectName old, ProjectName fresh) {
        if (!projects.isRemovable(old)) {
            throw new BusyException("Only empty projects can be renamed");
        }
        Project was = read.value();
        Project next = new Project(fresh.value(), was.description(), was.config());
        Batch batch = new Batch().create(Project.KIND, RecordKey.global(fresh.value()), next);
        batch.delete(Project.KIND, read);
        if (was.has(Feature.PROFILES)) {
            goneProject.accept(batch, old);
            newProject.accept(batch, fresh);
        }
        projects.rename(batch, old, fresh);
        store.commit(batch);
        events.publishLifecycle(
                Lifecycle.of("project-renamed", url(fresh.value()), fresh)
                        .with("old_name", old.value()));
    }

    private Response delete(Request request) {
        Stored<Project> read =
                named(request, "Fetch project \"" + request.variable("name") + "\": ");
        ProjectName name = new ProjectName(read.name());
        if (name.equals(ProjectName.DEFAULT)) {
            throw new ForbiddenException("The 'default' project cannot be deleted");
        }
        if (!projects.isRemovable(name)) {
            throw new BusyException("Only empty projects can be removed");
        }
        Batch batch = new Batch().delete(Project.KIND, read);
        goneProject.accept(batch, name);
        projects.remove(batch, name);
        store.commit(batch);
        events.publishLifecycle(Lifecycle.of("project-deleted", url(read.name()), name));
        return Response.empty();
    }

    /// What the project uses of its limits; -1 stands for no limit.
    private Response state(Request request) {
        Project project = named(request, "Fetch project database object: ").value();
        List<ProjectMember> members = projects.members(new ProjectName(project.name()));
        ProjectLimits limits = new ProjectLimits(project);
        Json.Obj resources = Json.object();
        for (ProjectKey key : ProjectKey.values()) {
            if (key.key().startsWith("limits.")) {
                resources.put(
                        key.key().substring("limits.".length()),
                        Json.object()
                                .put("Limit", limits.limit(key))
                                .put("Usage", limits.usage(key, members)));
            }
        }
        return Response.sync(Json.object().put("resources", resources));
    }
}
