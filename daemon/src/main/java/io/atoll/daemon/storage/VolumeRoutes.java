package io.atoll.daemon.storage;

import io.atoll.api.ApiPath;
import io.atoll.api.Wire;
import io.atoll.base.InternalException;
import io.atoll.base.InvalidConfigException;
import io.atoll.base.NotFoundException;
import io.atoll.base.ProjectName;
import io.atoll.base.json.Json;
import io.atoll.daemon.event.Events;
import io.atoll.daemon.event.Lifecycle;
import io.atoll.daemon.filter.Filter;
import io.atoll.daemon.http.Etag;
import io.atoll.daemon.http.Request;
import io.atoll.daemon.http.Response;
import io.atoll.daemon.http.Right;
import io.atoll.daemon.http.Route;
import io.atoll.daemon.http.Routes;
import io.atoll.daemon.operation.OperationSpec;
import io.atoll.daemon.operation.Operations;
import io.atoll.daemon.project.Feature;
import io.atoll.daemon.project.Project;
import io.atoll.daemon.project.ProjectContents;
import io.atoll.daemon.project.Projects;
import io.atoll.daemon.store.Store;
import io.atoll.daemon.store.Stored;
import io.atoll.storage.StorageDriver;
import io.atoll.storage.VolumeName;
import io.atoll.storage.VolumeRef;
import io.atoll.storage.VolumeType;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.TreeMap;

/// `/1.0/storage-pools/{pool}/volumes`: all kinds listed, custom volumes made and changed. The
/// volumes of instances and images come and go with those.
public final class VolumeRoutes implements Routes {
    /// A time that means "not known", as Go's clients write it.
    private static final String NO_TIME = "0001-01-01T00:00:00Z";

    private static final String VOLUMES = "/1.0/storage-pools/{pool}/volumes";
    private static final String ONE = VOLUMES + "/{type}/{volume}";

    /// A volume of any kind, as listed.
    private record View(
            String type,
            String name,
            String description,
            Map<String, String> config,
            ProjectName project,
            String createdAt,
            List<String> usedBy,
            String contentType) {
        /// One that holds files.
        static View ofFiles(String type, String name, ProjectName project, List<String> usedBy) {
            return new View(type, name, "", Map.of(), project, NO_TIME, usedBy, CustomVolume.FILES);
        }
    }

    private final Store store;
    private final Pools pools;
    private final CustomVolumes volumes;
    private final VolumeBackups backups;
    private final VolumeMigration migration;
    private final Operations operations;
    private final Projects projects;
    private final Events events;

    public VolumeRoutes(
            Store store,
            Pools pools,
            CustomVolumes volumes,
            VolumeBackups backups,
            VolumeMigration migration,
            Projects projects,
            Operations operations,
            Events events) {
        this.store = store;
        this.pools = pools;
        this.volumes = volumes;
        this.backups = backups;
        this.migration = migration;
        this.operations = operations;
        this.projects = projects;
        this.events = events;
        projects.addContents(
                ProjectContents.of(
                        project ->
                                store.list(CustomVolume.KIND, project).stream()
                                        .map(v -> url(v.value().pool(), "custom", v.value().name()))
                                        .toList(),
                        project ->
                                store.list(CustomVolume.KIND, project).stream()
                                        .map(v -> CustomVolumes.member(v.value()))
                                        .toList()));
    }

    @Override
    public List<Route> routes() {
        return List.of(
                Route.get(VOLUMES).needs(Right.VIEW).run(this::list),
                Route.post(VOLUMES).needs(Right.EDIT).run(this::create),
                Route.get(VOLUMES + "/{type}").needs(Right.VIEW).run(this::list),
                Route.post(VOLUMES + "/{type}").needs(Right.EDIT).run(this::create),
                Route.get(ONE).needs(Right.VIEW).run(this::get),
                Route.put(ONE).needs(Right.EDIT).run(r -> update(r, false)),
                Route.patch(ONE).needs(Right.EDIT).run(r -> update(r, true)),
                Route.post(ONE).needs(Right.EDIT).run(this::rename),
                Route.delete(ONE).needs(Right.EDIT).run(this::delete),
                Route.get(ONE + "/state").needs(Right.VIEW).run(this::state));
    }

    private static String url(String pool, String type, String name) {
        return ApiPath.of("storage-pools", pool, "volumes", type, name);
    }

    private static Json json(Request request, View view) {
        return Json.object()
                .put("config", Wire.json(view.config))
                .put("description", view.description)
                .put("name", view.name)
                .put("type", view.type)
                .put("used_by", request.caller().visible(view.usedBy))
                .put("location", "none")
                .put("content_type", view.contentType)
                .put("project", view.project.value())
                .put("created_at", view.createdAt);
    }

    private static Etag etag(View view) {
        return Etag.of(Json.string(view.name), Json.string(view.type), Wire.json(view.config));
    }

    private ProjectName owner(Request request) {
        return projects.effective(request.project(), Feature.VOLUMES);
    }

    private List<View> views(Request request, String pool) {
        ProjectName owner = owner(request);
        boolean isAll = request.queryFlag("all-projects");
        List<View> out = new ArrayList<>();
        for (PoolUsers.RootVolume root : pools.rootVolumes(pool)) {
            if (isAll && request.caller().sees(root.project())
                    || root.project().equals(request.project())) {
                List<String> usedBy = List.of(root.usedBy());
                out.add(View.ofFiles("container", root.name(), root.project(), usedBy));
            }
        }
        for (Stored<CustomVolume> volume : store.list(CustomVolume.KIND)) {
            boolean isMine =
                    isAll && request.caller().sees(new ProjectName(volume.project()))
                            || volume.project().equals(owner.value());
            if (isMine && volume.value().pool().equals(pool)) {
                addViews(new ProjectName(volume.project()), volume.value(), out);
            }
        }
        for (String fingerprint : pools.driver(pool).volumes(VolumeType.IMAGE)) {
            List<String> usedBy = List.of(ApiPath.of("images", fingerprint));
            out.add(View.ofFiles("image", fingerprint, ProjectName.DEFAULT, usedBy));
        }
        out.sort(Comparator.comparing(View::type).thenComparing(View::name));
        return out;
    }

    private void addViews(ProjectName project, CustomVolume volume, List<View> out) {
        out.add(view(project, volume));
        CustomVolumes.Place place = new CustomVolumes.Place(project, volume.pool(), volume.name());
        for (VolumeSnapshot snapshot : volumes.snapshots(place)) {
            out.add(
                    new View(
                            "custom",
                            volume.name() + "/" + snapshot.name(),
                            snapshot.description(),
                            snapshot.config(),
                            project,
                            snapshot.createdAt().toString(),
                            List.of(),
                            volume.contentType()));
        }
    }

    private View view(ProjectName project, CustomVolume volume) {
        List<String> usedBy = pools.usersOfVolume(project, volume.pool(), volume.name());
        return new View(
                "custom",
                volume.name(),
                volume.description(),
                volume.config(),
                project,
                volume.createdAt().toString(),
                usedBy,
                volume.contentType());
    }

    private Response list(Request request) {
        String pool = request.variable("pool");
        String type =
                request.path().endsWith("/volumes") ? "" : checkedType(request.variable("type"));
        Filter filter = Filter.parse(request.query("filter").orElse(""));
        Pool _ = pools.get(pool).value();
        Stored<Project> _ = projects.get(request.project());
        Json.Arr out = Json.array();
        for (View view : views(request, pool)) {
            Json json = json(request, view);
            if ((type.isEmpty() || type.equals(view.type)) && filter.matches(json)) {
                String url =
                        ApiPath.inProject(url(pool, view.type, view.name), view.project.value());
                out.items().add(request.recursion() > 0 ? json : Json.string(url));
            }
        }
        return Response.sync(out);
    }

    private static String checkedType(String type) {
        return switch (type) {
            case "container", "custom", "image", "virtual-machine" -> type;
            default -> throw new InvalidConfigException("Invalid storage volume type name");
        };
    }

    private View find(Request request) {
        String type = checkedType(request.variable("type"));
        String name = request.variable("volume");
        return views(request, request.variable("pool")).stream()
                .filter(v -> v.type.equals(type) && v.name.equals(name))
                .findFirst()
                .orElseThrow(() -> new NotFoundException("Storage pool volume not found"));
    }

    private Response get(Request request) {
        View view = find(request);
        return Response.sync(json(request, view), etag(view));
    }

    private static void requireCustom(String type) {
        if (!type.equals("custom")) {
            throw new InvalidConfigException(
                    "Currently not allowed to create storage volumes of type \"" + type + "\"");
        }
    }

    private CustomVolumes.Place place(Request request, String name) {
        return new CustomVolumes.Place(owner(request), request.variable("pool"), name);
    }

    private CustomVolumes.Place place(Request request) {
        String type = checkedType(request.variable("type"));
        if (!type.equals("custom")) {
            throw new InvalidConfigException("Invalid storage volume type " + type);
        }
        return place(request, request.variable("volume"));
    }

    /// LXD answers 200 for an empty volume, not 201: clients that follow `Location` would not find
    /// one.
    private Response create(Request request) throws IOException {
        ProjectName owner = owner(request);
        boolean isBackup =
                request.header("Content-Type").orElse("").startsWith("application/octet-stream");
        if (isBackup) {
            return backups.restore(
                    request, place(request, request.header("X-LXD-name").orElse("")));
        }
        Json body = request.json();
        boolean isTyped = !request.path().endsWith("/volumes");
        requireCustom(isTyped ? request.variable("type") : body.get("type").asString());
        boolean isBlock = isBlock(body);
        CustomVolumes.Place place = place(request, body.get("name").asString());
        String source = body.get("source").get("type").asString();
        return switch (source) {
            case "", "none" -> {
                CustomVolume volume =
                        volumes.create(
                                place,
                                body.get("description").asString(),
                                Wire.config(body.get("config")),
                                isBlock);
                tell("storage-volume-created", volume, owner);
                yield Response.empty();
            }
            case "copy" -> copy(request, place, body);
            case "migration" -> receive(request, place, body);
            default -> throw new InvalidConfigException("Unknown source type \"" + source + "\"");
        };
    }

    private static boolean isBlock(Json body) {
        return switch (body.get("content_type").asString()) {
            case "", CustomVolume.FILES -> false;
            case CustomVolume.BLOCK -> true;
            default -> throw new InvalidConfigException("Invalid volume content type name");
        };
    }

    private Response receive(Request request, CustomVolumes.Place to, Json body) {
        OperationSpec spec =
                OperationSpec.task("Creating storage volume", request.project())
                        .resource("storage_volumes", url(to.pool(), "custom", to.name()));
        return migration.receive(
                to, spec, body, made -> tell("storage-volume-created", made, to.project()));
    }

    private Response copy(Request request, CustomVolumes.Place to, Json body) {
        Json source = body.get("source");
        String project = source.get("project").asString();
        ProjectName from =
                project.isEmpty()
                        ? to.project()
                        : projects.effective(new ProjectName(project), Feature.VOLUMES);
        String pool = source.get("pool").asString();
        String[] name = source.get("name").asString().split("/", 2);
        CustomVolumes.Place origin =
                new CustomVolumes.Place(from, pool.isEmpty() ? to.pool() : pool, name[0]);
        CustomVolume original = volumes.get(origin).value();
        boolean isTyped = !body.get("content_type").asString().isEmpty();
        CustomVolumes.checkName(to.name());
        pools.get(to.pool());
        String snapshot = name.length > 1 ? name[1] : "";
        OperationSpec spec =
                OperationSpec.task("Copying storage volume", request.project())
                        .resource("storage_volumes", url(to.pool(), "custom", to.name()));
        return operations
                .start(
                        spec,
                        _ -> {
                            if (isTyped && original.isBlock() != isBlock(body)) {
                                throw new InvalidConfigException(
                                        "Content type of source and target must be the same");
                            }
                            if (source.get("refresh").asBoolean() && volumes.exists(to)) {
                                CustomVolume fresh =
                                        volumes.refresh(
                                                origin,
                                                snapshot,
                                                to,
                                                !source.get("volume_only").asBoolean());
                                tell("storage-volume-updated", fresh, to.project());
                                return;
                            }
                            CustomVolume made =
                                    volumes.copy(
                                            origin,
                                            snapshot,
                                            to,
                                            !source.get("volume_only").asBoolean(),
                                            body.get("description")
                                                    .asOptionalString()
                                                    .filter(t -> !t.isEmpty()),
                                            Wire.config(body.get("config")));
                            tell("storage-volume-created", made, to.project());
                        })
                .response();
    }

    private void tell(String action, CustomVolume volume, ProjectName owner) {
        events.publishLifecycle(Lifecycle.of(action, volume.url(), owner).with("type", "custom"));
    }

    private Response update(Request request, boolean isPatch) throws IOException {
        Json body = request.json();
        CustomVolumes.Place place = place(request);
        Stored<CustomVolume> read = volumes.get(place);
        etag(view(place.project(), read.value())).check(request);
        String snapshot = body.get("restore").asString();
        if (!snapshot.isEmpty()) {
            volumes.restore(place, snapshot);
            events.publishLifecycle(
                    Lifecycle.of("storage-volume-restored", read.value().url(), place.project())
                            .with("snapshot", snapshot));
            return Response.empty();
        }
        CustomVolume next =
                store.attempt(() -> {
                    Stored<CustomVolume> now = volumes.get(place);
                    return volumes.update(place, now, next(now.value(), body, isPatch));
                });
        tell("storage-volume-updated", next, place.project());
        return Response.empty();
    }

    private static CustomVolume next(CustomVolume old, Json body, boolean isPatch) {
        Map<String, String> config = new TreeMap<>(isPatch ? old.config() : Map.of());
        config.putAll(Wire.config(body.get("config")));
        config.values().removeIf(String::isEmpty);
        boolean keepText = isPatch && body.get("description").isNull();
        return old.edited(
                keepText ? old.description() : body.get("description").asString(), config);
    }

    private Response rename(Request request) throws IOException {
        CustomVolumes.Place from = place(request);
        CustomVolume old = volumes.get(from).value();
        Json body = request.json();
        if (body.get("migration").asBoolean()) {
            OperationSpec spec =
                    OperationSpec.task("Migrating storage volume", request.project())
                            .resource("storage_volumes", old.url());
            return migration.send(from, spec, body);
        }
        String fresh = CustomVolumes.checkName(body.get("name").asString());
        String pool = body.get("pool").asString();
        String project = body.get("project").asString();
        CustomVolumes.Place to =
                new CustomVolumes.Place(
                        project.isEmpty()
                                ? from.project()
                                : projects.effective(new ProjectName(project), Feature.VOLUMES),
                        pool.isEmpty() ? from.pool() : pool,
                        fresh);
        if (to.pool().equals(from.pool()) && to.project().equals(from.project())) {
            CustomVolume renamed = volumes.rename(from, fresh);
            events.publishLifecycle(
                    Lifecycle.of("storage-volume-renamed", renamed.url(), from.project())
                            .with("old_name", old.name()));
            return Response.created(renamed.url());
        }
        pools.get(to.pool());
        OperationSpec spec =
                OperationSpec.task("Moving storage volume", request.project())
                        .resource("storage_volumes", old.url());
        return operations
                .start(
                        spec,
                        _ -> {
                            volumes.move(from, to);
                            tell("storage-volume-updated", volumes.get(to).value(), to.project());
                        })
                .response();
    }

    private Response delete(Request request) {
        String type = checkedType(request.variable("type"));
        if (!type.equals("custom")) {
            throw new InvalidConfigException(
                    "Storage volumes of type \""
                            + type
                            + "\" cannot be deleted with the storage API");
        }
        CustomVolumes.Place place = place(request);
        CustomVolume volume = volumes.get(place).value();
        volumes.delete(place);
        tell("storage-volume-deleted", volume, place.project());
        return Response.empty();
    }

    private Response state(Request request) {
        String type = checkedType(request.variable("type"));
        String name = request.variable("volume");
        VolumeRef ref =
                switch (type) {
                    case "custom" -> {
                        CustomVolumes.Place place = place(request);
                        CustomVolume _ = volumes.get(place).value();
                        yield place.volume().current();
                    }
                    case "container" -> {
                        View view = find(request);
                        yield VolumeName.container(hostName(view.project(), name)).current();
                    }
                    default ->
                            throw new InvalidConfigException("Invalid storage volume type " + type);
                };
        StorageDriver driver = pools.driver(request.variable("pool"));
        OptionalLong used = driver.usage(ref);
        if (used.isEmpty()) {
            throw new InternalException("Not supported");
        }
        Json.Obj usage = Json.object().put("used", used.getAsLong());
        Optional<Path> disk = driver.disk(ref);
        OptionalLong total =
                disk.isPresent()
                        ? OptionalLong.of(StorageDriver.diskBytes(disk.get()))
                        : driver.quota(ref.volume());
        total.ifPresent(bytes -> usage.put("total", bytes));
        return Response.sync(Json.object().put("usage", usage));
    }

    private static String hostName(ProjectName project, String instance) {
        return project.equals(ProjectName.DEFAULT) ? instance : project + "_" + instance;
    }
}
