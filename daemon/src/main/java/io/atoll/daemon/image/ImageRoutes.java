package io.atoll.daemon.image;

import io.atoll.api.ApiPath;
import io.atoll.api.Wire;
import io.atoll.base.Fingerprint;
import io.atoll.base.ForbiddenException;
import io.atoll.base.InvalidConfigException;
import io.atoll.base.NotFoundException;
import io.atoll.base.ProjectName;
import io.atoll.base.UnsupportedException;
import io.atoll.base.json.Json;
import io.atoll.daemon.event.Events;
import io.atoll.daemon.event.Lifecycle;
import io.atoll.daemon.filter.Filter;
import io.atoll.daemon.http.Etag;
import io.atoll.daemon.http.NoSpace;
import io.atoll.daemon.http.Request;
import io.atoll.daemon.http.Response;
import io.atoll.daemon.http.Right;
import io.atoll.daemon.http.Route;
import io.atoll.daemon.http.Routes;
import io.atoll.daemon.operation.Operation;
import io.atoll.daemon.operation.OperationSpec;
import io.atoll.daemon.operation.Operations;
import io.atoll.daemon.profile.Profile;
import io.atoll.daemon.project.Feature;
import io.atoll.daemon.project.Projects;
import io.atoll.daemon.store.Batch;
import io.atoll.daemon.store.RecordKey;
import io.atoll.daemon.store.Store;
import io.atoll.daemon.store.Stored;
import io.atoll.image.FingerprintDigest;
import io.atoll.image.ImageFile;
import io.atoll.image.remote.HttpFetcher;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/// `/1.0/images`, without aliases.
public final class ImageRoutes implements Routes {
    /// "Never used", as Go's clients write it.
    private static final String NO_TIME = "0001-01-01T00:00:00Z";

    private final Store store;
    private final Images images;
    private final ImageUploads uploads;
    private final ImageBuilds builds;
    private final ImagePulls pulls;
    private final ImageUpkeep upkeep;
    private final Projects projects;
    private final Operations operations;
    private final Events events;
    private final ImageTokens tokens;
    private volatile Optional<ImagePublisher> publisher = Optional.empty();

    public ImageRoutes(
            Store store,
            Images images,
            ImagePulls pulls,
            ImageUpkeep upkeep,
            Projects projects,
            Operations operations,
            Events events) {
        this.store = store;
        this.images = images;
        this.uploads = new ImageUploads(images);
        this.builds = new ImageBuilds(images);
        this.pulls = pulls;
        this.upkeep = upkeep;
        this.projects = projects;
        this.operations = operations;
        this.events = events;
        this.tokens = new ImageTokens(operations, events);
    }

    /// Says who publishes instances; called while the daemon is put together.
    public void publishWith(ImagePublisher who) {
        publisher = Optional.of(who);
    }

    @Override
    public List<Route> routes() {
        return List.of(
                Route.get("/1.0/images").needs(Right.PUBLIC).run(this::list),
                // A token for an upload is a right, too.
                Route.post("/1.0/images").needs(Right.PUBLIC).run(this::create),
                Route.get("/1.0/images/{fingerprint}").needs(Right.PUBLIC).run(this::get),
                Route.put("/1.0/images/{fingerprint}").needs(Right.EDIT).run(r -> update(r, false)),
                Route.patch("/1.0/images/{fingerprint}")
                        .needs(Right.EDIT)
                        .run(r -> update(r, true)),
                Route.delete("/1.0/images/{fingerprint}").needs(Right.EDIT).run(this::delete),
                Route.get("/1.0/images/{fingerprint}/export").needs(Right.PUBLIC).run(this::export),
                Route.post("/1.0/images/{fingerprint}/export").needs(Right.EDIT).run(this::push),
                Route.post("/1.0/images/{fingerprint}/refresh")
                        .needs(Right.EDIT)
                        .run(this::refresh),
                Route.post("/1.0/images/{fingerprint}/secret").needs(Right.EDIT).run(this::secret));
    }

    private static String url(Fingerprint fingerprint) {
        return ApiPath.of("images", fingerprint.value());
    }

    private Json json(ProjectName project, Image image) {
        Json.Arr aliases = Json.array();
        for (ImageAlias alias : images.aliasesOf(project, image.fingerprint())) {
            aliases.items()
                    .add(
                            Json.object()
                                    .put("name", alias.name())
                                    .put("description", alias.description()));
        }
        Json.Obj out =
                Json.object()
                        .put("auto_update", image.isAutoUpdated())
                        .put("properties", Wire.json(image.properties()))
                        .put("public", image.isPublic())
                        .put("expires_at", image.expiresAt().toString())
                        .put("profiles", image.profiles())
                        .put("aliases", aliases)
                        .put("architecture", image.architecture())
                        .put("cached", image.isCached())
                        .put("filename", image.filename())
                        .put("fingerprint", image.fingerprint().value())
                        .put("size", image.size())
                        .put("type", "container")
                        .put("created_at", image.createdAt().toString())
                        .put("last_used_at", time(image.lastUsedAt()))
                        .put("uploaded_at", image.uploadedAt().toString());
        image.source().ifPresent(source -> out.put("update_source", source.encode()));
        return out;
    }

    private static String time(Instant when) {
        return when.equals(Instant.EPOCH) ? NO_TIME : when.toString();
    }

    private static Etag etag(Image image) {
        return Etag.of(
                Json.bool(image.isPublic()),
                Json.bool(image.isAutoUpdated()),
                Wire.json(image.properties()));
    }

    /// Strangers see public images only.
    private static boolean isVisible(Request request, Image image) {
        return image.isPublic() || request.caller().may(Right.VIEW, request.project());
    }

    private Response list(Request request) {
        images.requireProject(request);
        Filter filter = Filter.parse(request.query("filter").orElse(""));
        Json.Arr out = Json.array();
        for (Stored<Image> stored : images.list(request.project())) {
            Image image = stored.value();
            if (!isVisible(request, image)) {
                continue;
            }
            boolean isPlain = request.recursion() == 0 && filter.isEmpty();
            Json json = isPlain ? Json.Null.NULL : json(request.project(), image);
            if (isPlain || filter.matches(json)) {
                String url = ApiPath.inProject(url(image.fingerprint()), stored.project());
                out.items().add(request.recursion() > 0 ? json : Json.string(url));
            }
        }
        return Response.sync(out);
    }

    private Stored<Image> named(Request request) {
        images.requireProject(request);
        return images.getByFingerprint(request.project(), request.variable("fingerprint"));
    }

    /// The image, if the caller may see it: by right, because it is public, or by a secret that is
    /// used up with this.
    private Stored<Image> visible(Request request, boolean spends) {
        Stored<Image> image = named(request);
        if (isVisible(request, image.value())) {
            return image;
        }
        Operation token =
                tokens.findDownload(image.value().fingerprint(), request.query("secret").orElse(""))
                        .orElseThrow(() -> new NotFoundException("Image not found"));
        if (spends && !token.complete()) {
            throw new NotFoundException("Image not found");
        }
        return image;
    }

    private Response get(Request request) {
        Image image = visible(request, false).value();
        return Response.sync(json(request.project(), image), etag(image));
    }

    private Response create(Request request) throws IOException {
        ProjectName project = request.project();
        Optional<Operation> token = token(request);
        boolean isTrusted = mayEdit(request);
        if (token.isEmpty() && !isTrusted) {
            throw new ForbiddenException("not authorized");
        }
        if (projects.find(project).isEmpty()) {
            throw new NotFoundException("Fetch project database object: Project not found");
        }
        OperationSpec spec = OperationSpec.task("Downloading image", project);
        return switch (uploads.receive(request)) {
            case ImageUploads.Upload upload -> upload(spec, token, upload);
            case ImageUploads.Reference(Json body) when isTrusted -> reference(request, spec, body);
            case ImageUploads.Reference _ -> throw new ForbiddenException("not authorized");
        };
    }

    /// As the gate asks where the route itself needs the right: here, and where the images are.
    private boolean mayEdit(Request request) {
        ProjectName owner = projects.effectiveIfThere(request.project(), Feature.IMAGES);
        return request.caller().may(Right.EDIT, request.project())
                && request.caller().may(Right.EDIT, owner);
    }

    /// The token that an upload is allowed by; it is used up, whoever uploads and however it ends.
    private Optional<Operation> token(Request request) {
        return tokens.findUpload(
                        request.project(),
                        request.header("X-LXD-fingerprint").orElse(""),
                        request.header("X-LXD-secret").orElse(""))
                .filter(Operation::complete);
    }

    private Response upload(
            OperationSpec spec, Optional<Operation> token, ImageUploads.Upload upload) {
        Json told = token.map(t -> t.spec().metadata()).orElse(Json.Null.NULL);
        ImageUploads.Upload described =
                token.isEmpty() ? upload : upload.with(options(told).from(upload.options()));
        // Who sends the image is not known here and waits by the secret it was given.
        return operations
                .start(spec.metadata(told), o -> add(o, spec.project(), described))
                .response();
    }

    /// Lets another server send an image here: the token says what it will be like.
    private Response expect(Request request, Json body) {
        projects.effective(request.project(), Feature.IMAGES);
        Fingerprint fingerprint = new Fingerprint(body.get("source").get("fingerprint").asString());
        return tokens.startUpload(request.project(), fingerprint, body).response();
    }

    private Response push(Request request) throws IOException {
        Image image = named(request).value();
        ImagePushes.Target target = ImagePushes.Target.parse(request.json());
        ProjectName project = request.project();
        OperationSpec spec =
                OperationSpec.task("Uploading image", project)
                        .resource("images", url(image.fingerprint()));
        return operations
                .startInterruptible(
                        spec,
                        _ -> {
                            ImagePushes.push(image, images.file(image), target);
                            events.publishLifecycle(
                                    Lifecycle.of(
                                                    "image-retrieved",
                                                    url(image.fingerprint()),
                                                    project)
                                            .with("target", target.server().toString()));
                        })
                .response();
    }

    private Response reference(Request request, OperationSpec spec, Json body) {
        ProjectName project = request.project();
        Json source = body.get("source");
        String type = source.get("type").asString();
        if (source.get("mode").asString().equals("push")) {
            return expect(request, body);
        }
        return switch (type) {
            case "instance", "container", "snapshot" -> {
                ImagePublisher who =
                        publisher.orElseThrow(() ->
                                new UnsupportedException(
                                        "Publishing instances is not supported by this server"));
                ImageOptions options = options(body);
                who.check(project, body);
                yield operations
                        .start(spec, o -> publish(o, project, who, body, options))
                        .response();
            }
            case "build" -> {
                ImageBuilds.check(source);
                OperationSpec building = OperationSpec.task("Building image", project);
                ImageOptions options = options(body);
                yield operations
                        .start(building, o -> build(o, project, source, options))
                        .response();
            }
            case "image" -> copy(request, spec, body);
            case "url" -> pull(project, spec, body, RemoteSource.ofUrl(url(source)));
            case "virtual-machine" ->
                    throw new UnsupportedException(
                            "Virtual machines are not supported by this server");
            default -> throw new InvalidConfigException("Invalid images JSON");
        };
    }

    private static String url(Json source) {
        String url = source.get("url").asString();
        if (url.isEmpty()) {
            throw new InvalidConfigException("Missing URL");
        }
        return HttpFetcher.uri(url).toString();
    }

    /// From another server, or from another project of this one.
    private Response copy(Request request, OperationSpec spec, Json body) {
        Json source = body.get("source");
        Optional<RemoteSource> remote = RemoteSource.parse(source);
        if (remote.isPresent()) {
            return pull(request.project(), spec, body, remote.get());
        }
        String other = source.get("project").asString();
        ProjectName from = other.isEmpty() ? request.project() : new ProjectName(other);
        request.caller().require(Right.VIEW, from);
        String fingerprint = source.get("fingerprint").asString();
        Image image =
                fingerprint.isEmpty()
                        ? images.getByAlias(from, source.get("alias").asString()).value()
                        : images.getByFingerprint(from, fingerprint).value();
        ImageOptions options = options(body);
        return operations
                .start(
                        spec,
                        o -> {
                            Image copied = images.copyWithin(request.project(), image, options);
                            images.moveAliases(
                                    request.project(), options.aliases(), copied.fingerprint());
                            o.update(result(copied.fingerprint(), copied.size()));
                            created(request.project(), copied.fingerprint());
                        })
                .response();
    }

    private Response pull(ProjectName project, OperationSpec spec, Json body, RemoteSource source) {
        ImageOptions options = options(body);
        return operations
                .startInterruptible(
                        spec,
                        o -> {
                            ImagePulls.Pulled pulled =
                                    pulls.pull(project, source, options, ImagePulls.progress(o));
                            o.update(result(pulled.image().fingerprint(), pulled.image().size()));
                            if (pulled.isNew()) {
                                created(project, pulled.image().fingerprint());
                            }
                        })
                .response();
    }

    private void add(Operation operation, ProjectName project, ImageUploads.Upload upload)
            throws IOException {
        try {
            operation.update(result(upload.fingerprint(), upload.file().size()));
            images.add(project, upload.file(), upload.fingerprint(), upload.options());
        } finally {
            upload.discard();
        }
        created(project, upload.fingerprint());
    }

    private void build(Operation operation, ProjectName project, Json source, ImageOptions options)
            throws IOException {
        ImageBuilds.Built built = builds.build(operation, project, source, options);
        operation.update(result(built.fingerprint(), built.size()));
        if (built.isNew()) {
            created(project, built.fingerprint());
        }
    }

    private void publish(
            Operation operation,
            ProjectName project,
            ImagePublisher who,
            Json body,
            ImageOptions options)
            throws IOException {
        Path target = images.newUpload();
        try {
            who.publish(project, body, target, operation);
            FingerprintDigest digest = new FingerprintDigest();
            try (OutputStream out = digest.tee(OutputStream.nullOutputStream())) {
                Files.copy(target, out);
            }
            Fingerprint fingerprint = digest.finish();
            operation.update(result(fingerprint, Files.size(target)));
            images.add(project, ImageFile.unified(target), fingerprint, options);
            created(project, fingerprint);
        } catch (IOException e) {
            NoSpace.check(e, images.folder());
            throw e;
        } finally {
            Files.deleteIfExists(target);
        }
    }

    private static Map<String, Json> result(Fingerprint fingerprint, long size) {
        Map<String, Json> out = new LinkedHashMap<>();
        out.put("fingerprint", Json.string(fingerprint.value()));
        out.put("size", Json.string(Long.toString(size)));
        return out;
    }

    private void created(ProjectName project, Fingerprint fingerprint) {
        String url = ApiPath.inProject(url(fingerprint), project.value());
        events.publishLifecycle(
                Lifecycle.of("image-created", url, project).with("type", "container"));
    }

    private static ImageOptions options(Json body) {
        Map<String, String> aliases = new TreeMap<>();
        for (Json alias : body.get("aliases").asList()) {
            aliases.put(alias.get("name").asString(), alias.get("description").asString());
        }
        return new ImageOptions(
                body.get("filename").asString(),
                body.get("public").asBoolean(),
                body.get("auto_update").asBoolean(),
                Wire.config(body.get("properties")),
                body.get("profiles").isNull()
                        ? Optional.empty()
                        : Optional.of(body.get("profiles").asStrings()),
                expiry(body.get("expires_at")),
                aliases);
    }

    /// Go writes its zero time for "not given".
    private static Optional<Instant> expiry(Json time) {
        try {
            return time.asOptionalString()
                    .filter(t -> !t.isEmpty() && !t.equals(NO_TIME))
                    .map(Instant::parse);
        } catch (DateTimeException e) {
            throw new InvalidConfigException("Invalid expiry date \"" + time.asString() + "\"", e);
        }
    }

    private Response update(Request request, boolean isPatch) throws IOException {
        Json body = request.json();
        ProjectName project = request.project();
        Fingerprint fingerprint =
                store.attempt(() -> {
                    Stored<Image> read = named(request);
                    etag(read.value()).check(request);
                    requireProfiles(project, body.get("profiles"));
                    store.commit(
                            new Batch()
                                    .replace(Image.KIND, read, next(read.value(), body, isPatch)));
                    return read.value().fingerprint();
                });
        events.publishLifecycle(Lifecycle.of("image-updated", url(fingerprint), project));
        return Response.empty();
    }

    /// Nothing could be made of an image whose profiles are not there.
    private void requireProfiles(ProjectName project, Json names) {
        ProjectName owner = projects.effectiveIfThere(project, Feature.PROFILES);
        for (String name : names.isNull() ? List.<String>of() : names.asStrings()) {
            if (store.find(Profile.KIND, RecordKey.of(owner, name)).isEmpty()) {
                throw new InvalidConfigException("Profile '" + name + "' doesn't exist");
            }
        }
    }

    private static Image next(Image old, Json body, boolean isPatch) {
        Map<String, String> properties = new TreeMap<>(isPatch ? old.properties() : Map.of());
        properties.putAll(Wire.config(body.get("properties")));
        properties.values().removeIf(String::isEmpty);
        boolean nowPublic =
                isPatch && body.get("public").isNull()
                        ? old.isPublic()
                        : body.get("public").asBoolean();
        boolean nowUpdated =
                isPatch && body.get("auto_update").isNull()
                        ? old.isAutoUpdated()
                        : body.get("auto_update").asBoolean();
        Instant expires = expiry(body.get("expires_at")).orElse(old.expiresAt());
        List<String> profiles =
                body.get("profiles").isNull() ? old.profiles() : body.get("profiles").asStrings();
        return old.edited(nowPublic, nowUpdated, expires, properties, profiles);
    }

    private Response delete(Request request) {
        Stored<Image> image = named(request);
        ProjectName project = request.project();
        String url = url(image.value().fingerprint());
        OperationSpec spec = OperationSpec.task("Deleting image", project).resource("images", url);
        return operations
                .start(
                        spec,
                        _ -> {
                            images.delete(project, image);
                            events.publishLifecycle(Lifecycle.of("image-deleted", url, project));
                        })
                .response();
    }

    private Response export(Request request) {
        Image image = visible(request, true).value();
        events.publishLifecycle(
                Lifecycle.of("image-retrieved", url(image.fingerprint()), request.project()));
        return images.export(image);
    }

    private Response refresh(Request request) {
        Stored<Image> image = named(request);
        OperationSpec spec =
                OperationSpec.task("Refreshing image", request.project())
                        .resource("images", url(image.value().fingerprint()));
        return operations.start(spec, o -> upkeep.refresh(image, o)).response();
    }

    private Response secret(Request request) {
        Image image = named(request).value();
        projects.effective(request.project(), Feature.IMAGES);
        return tokens.startDownload(request.project(), image.fingerprint()).response();
    }
}
