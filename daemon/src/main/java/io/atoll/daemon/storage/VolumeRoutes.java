package io.atoll.daemon.storage;

import io.atoll.api.ApiPath;
import io.atoll.api.Wire;
import io.atoll.base.AlreadyExistsException;
import io.atoll.base.BusyException;
import io.atoll.base.ByteSize;
import io.atoll.base.InternalException;
import io.atoll.base.InvalidConfigException;
import io.atoll.base.NotFoundException;
import io.atoll.base.ProjectName;
import io.atoll.base.Undo;
import io.atoll.base.UnsupportedException;
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
import io.atoll.daemon.project.Feature;
import io.atoll.daemon.project.Projects;
import io.atoll.daemon.store.Batch;
import io.atoll.daemon.store.Store;
import io.atoll.daemon.store.Stored;
import io.atoll.storage.StorageDriver;
import io.atoll.storage.VolumeName;
import io.atoll.storage.VolumeType;
import java.io.IOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
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
            List<String> usedBy) {}

    private final Store store;
    private final Pools pools;
    private final Projects projects;
    private final Events events;

    public VolumeRoutes(Store store, Pools pools, Projects projects, Events events) {
        this.store = store;
        this.pools = pools;
        this.projects = projects;
        this.events = events;
        projects.addContents(project ->
                store.list(CustomVolume.KIND, project).stream()
                        .map(v -> url(v.value().pool(), "custom", v.value().name()))
                        .toList());
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

    private static Json json(View view) {
        return Json.object()
                .put("config", Wire.json(view.config))
                .put("description", view.description)
                .put("name", view.name)
                .put("type", view.type)
                .put("used_by", view.usedBy)
                .put("location", "none")
                .put("content_type", "filesystem")
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
        ProjectName owner = projects.effectiveForList(request.project(), Feature.VOLUMES);
        boolean isAll = request.queryFlag("all-projects");
        List<View> out = new ArrayList<>();
        for (PoolUsers.RootVolume root : pools.rootVolumes(pool)) {
            if (isAll || root.project().equals(request.project())) {
                List<String> usedBy = List.of(root.usedBy());
                out.add(
                        new View(
                                "container",
                                root.name(),
                                "",
                                Map.of(),
                                root.project(),
                                NO_TIME,
                                usedBy));
            }
        }
        for (Stored<CustomVolume> volume : store.list(CustomVolume.KIND)) {
            boolean isMine = isAll || volume.project().equals(owner.value());
            if (isMine && volume.value().pool().equals(pool)) {
                out.add(view(new ProjectName(volume.project()), volume.value()));
            }
        }
        for (String fingerprint : pools.driver(pool).volumes(VolumeType.IMAGE)) {
            List<String> usedBy = List.of(ApiPath.of("images", fingerprint));
            out.add(
                    new View(
                            "image",
                            fingerprint,
                            "",
                            Map.of(),
                            ProjectName.DEFAULT,
                            NO_TIME,
                            usedBy));
        }
        out.sort(Comparator.comparing(View::type).thenComparing(View::name));
        return out;
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
                usedBy);
    }

    private Response list(Request request) {
        String pool = request.variable("pool");
        String type =
                request.path().endsWith("/volumes") ? "" : checkedType(request.variable("type"));
        Filter filter = Filter.parse(request.query("filter").orElse(""));
        Json.Arr out = Json.array();
        for (View view : views(request, pool)) {
            Json json = json(view);
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
            default -> throw new InvalidConfigException("Invalid storage volume type " + type);
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
        return Response.sync(json(view), etag(view));
    }

    private static void requireCustom(String type) {
        if (!type.equals("custom")) {
            throw new InvalidConfigException(
                    "Currently not allowed to create storage volumes of type " + type);
        }
    }

    private static String checkedName(String name) {
        if (name.isEmpty()) {
            throw new InvalidConfigException("No name provided");
        }
        if (name.contains("/")) {
            throw new InvalidConfigException("Storage volume names may not contain slashes");
        }
        return name;
    }

    /// LXD answers 200 here, not 201: clients that follow `Location` would not find one.
    private Response create(Request request) throws IOException {
        Json body = request.json();
        String pool = request.variable("pool");
        boolean isTyped = !request.path().endsWith("/volumes");
        requireCustom(isTyped ? request.variable("type") : body.get("type").asString());
        if (!body.get("source").get("type").asString().isEmpty()) {
            throw new UnsupportedException(
                    "Copying storage volumes is not supported by this server");
        }
        if (body.get("content_type").asString().equals("block")) {
            throw new UnsupportedException(
                    "Block volumes are for virtual machines, which this server does not run");
        }
        CustomVolume volume =
                new CustomVolume(
                        pool,
                        checkedName(body.get("name").asString()),
                        body.get("description").asString(),
                        checkedConfig(Wire.config(body.get("config"))),
                        Instant.now());
        make(owner(request), volume);
        String url = url(pool, "custom", volume.name());
        events.publishLifecycle(
                Lifecycle.of("storage-volume-created", url, owner(request)).with("type", "custom"));
        return Response.empty();
    }

    private void make(ProjectName owner, CustomVolume volume) {
        StorageDriver driver = pools.driver(volume.pool());
        VolumeName name = CustomVolume.volume(owner, volume.name());
        try (Undo undo = new Undo()) {
            if (store.find(CustomVolume.KIND, CustomVolume.key(owner, volume.pool(), volume.name()))
                    .isPresent()) {
                throw new AlreadyExistsException("Volume by that name already exists");
            }
            driver.createEmpty(name);
            undo.add(() -> driver.delete(name));
            applySize(driver, name, volume.config());
            store.create(
                    CustomVolume.KIND,
                    CustomVolume.key(owner, volume.pool(), volume.name()),
                    volume);
            undo.keep();
        }
    }

    private static void applySize(
            StorageDriver driver, VolumeName name, Map<String, String> config) {
        OptionalLong bytes = size(config);
        if (bytes.isPresent()) {
            driver.setQuota(name, bytes);
        }
    }

    private static OptionalLong size(Map<String, String> config) {
        String size = config.getOrDefault("size", "");
        return size.isEmpty()
                ? OptionalLong.empty()
                : OptionalLong.of(ByteSize.parse(size).bytes());
    }

    private static Map<String, String> checkedConfig(Map<String, String> config) {
        config.forEach((key, value) -> {
            if (!key.equals("size") && !key.startsWith("user.")) {
                throw new InvalidConfigException("Invalid option for volume: " + key);
            }
        });
        size(config);
        return config;
    }

    private Stored<CustomVolume> custom(Request request) {
        requireCustom(checkedType(request.variable("type")));
        pools.get(request.variable("pool"));
        return store.find(
                        CustomVolume.KIND,
                        CustomVolume.key(
                                owner(request),
                                request.variable("pool"),
                                request.variable("volume")))
                .orElseThrow(() -> new NotFoundException("Storage pool volume not found"));
    }

    private Response update(Request request, boolean isPatch) throws IOException {
        Json body = request.json();
        ProjectName owner = owner(request);
        CustomVolume next =
                store.attempt(() -> {
                    Stored<CustomVolume> read = custom(request);
                    etag(view(owner, read.value())).check(request);
                    CustomVolume changed = next(read.value(), body, isPatch);
                    store.commit(new Batch().replace(CustomVolume.KIND, read, changed));
                    return changed;
                });
        applySize(
                pools.driver(next.pool()), CustomVolume.volume(owner, next.name()), next.config());
        String url = url(next.pool(), "custom", next.name());
        events.publishLifecycle(Lifecycle.of("storage-volume-updated", url, owner));
        return Response.empty();
    }

    private static CustomVolume next(CustomVolume old, Json body, boolean isPatch) {
        Map<String, String> config = new TreeMap<>(isPatch ? old.config() : Map.of());
        config.putAll(Wire.config(body.get("config")));
        config.values().removeIf(String::isEmpty);
        boolean keepText = isPatch && body.get("description").isNull();
        String text = keepText ? old.description() : body.get("description").asString();
        return new CustomVolume(
                old.pool(), old.name(), text, checkedConfig(config), old.createdAt());
    }

    private void requireUnused(ProjectName owner, CustomVolume volume) {
        if (!pools.usersOfVolume(owner, volume.pool(), volume.name()).isEmpty()) {
            throw new BusyException("The storage volume is still in use");
        }
    }

    private Response rename(Request request) throws IOException {
        ProjectName owner = owner(request);
        Stored<CustomVolume> read = custom(request);
        CustomVolume old = read.value();
        String fresh = checkedName(request.json().get("name").asString());
        String toPool = request.json().get("pool").asString();
        if (!toPool.isEmpty() && !toPool.equals(old.pool())) {
            throw new UnsupportedException(
                    "Moving storage volumes between pools is not supported by this server");
        }
        requireUnused(owner, old);
        CustomVolume next =
                new CustomVolume(
                        old.pool(), fresh, old.description(), old.config(), old.createdAt());
        StorageDriver driver = pools.driver(old.pool());
        VolumeName from = CustomVolume.volume(owner, old.name());
        String to = CustomVolume.volume(owner, fresh).name();
        try (Undo undo = new Undo()) {
            driver.rename(from, to);
            undo.add(() -> driver.rename(VolumeName.custom(to), from.name()));
            store.commit(
                    new Batch()
                            .create(
                                    CustomVolume.KIND,
                                    CustomVolume.key(owner, old.pool(), fresh),
                                    next)
                            .delete(CustomVolume.KIND, read));
            undo.keep();
        }
        String url = url(old.pool(), "custom", fresh);
        events.publishLifecycle(
                Lifecycle.of("storage-volume-renamed", url, owner).with("old_name", old.name()));
        return Response.created(url);
    }

    private Response delete(Request request) {
        ProjectName owner = owner(request);
        Stored<CustomVolume> read = custom(request);
        requireUnused(owner, read.value());
        pools.driver(read.value().pool()).delete(CustomVolume.volume(owner, read.value().name()));
        store.delete(CustomVolume.KIND, read.key());
        String url = url(read.value().pool(), "custom", read.value().name());
        events.publishLifecycle(Lifecycle.of("storage-volume-deleted", url, owner));
        return Response.empty();
    }

    private Response state(Request request) {
        ProjectName owner = owner(request);
        CustomVolume volume = custom(request).value();
        OptionalLong used =
                pools.driver(volume.pool())
                        .usage(CustomVolume.volume(owner, volume.name()).current());
        if (used.isEmpty()) {
            throw new InternalException("Not supported");
        }
        return Response.sync(
                Json.object().put("usage", Json.object().put("used", used.getAsLong())));
    }
}
