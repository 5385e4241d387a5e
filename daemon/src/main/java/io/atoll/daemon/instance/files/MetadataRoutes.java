package io.atoll.daemon.instance.files;

import io.atoll.base.InvalidConfigException;
import io.atoll.base.NotFoundException;
import io.atoll.base.json.Json;
import io.atoll.daemon.http.Etag;
import io.atoll.daemon.http.Request;
import io.atoll.daemon.http.Response;
import io.atoll.daemon.http.Right;
import io.atoll.daemon.http.Route;
import io.atoll.daemon.http.Routes;
import io.atoll.daemon.instance.InstanceRecord;
import io.atoll.daemon.instance.Instances;
import io.atoll.image.ImageMetadata;
import io.atoll.image.ImageTemplate;
import io.atoll.linux.WholeFile;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;

/// `/1.0/instances/NAME/metadata`: what came with the image, and its templates.
public final class MetadataRoutes implements Routes {
    private static final int TEMPLATE_MAX = 1 << 20;

    private final Instances instances;

    public MetadataRoutes(Instances instances) {
        this.instances = instances;
    }

    @Override
    public List<Route> routes() {
        String metadata = "/{name}/metadata";
        String templates = "/{name}/metadata/templates";
        return Stream.of(
                        Instances.both(
                                metadata, p -> Route.get(p).needs(Right.VIEW).run(this::get)),
                        Instances.both(
                                metadata, p -> Route.put(p).needs(Right.EDIT).run(this::put)),
                        Instances.both(
                                metadata, p -> Route.patch(p).needs(Right.EDIT).run(this::patch)),
                        Instances.both(
                                templates,
                                p -> Route.get(p).needs(Right.VIEW).run(this::templates)),
                        Instances.both(
                                templates,
                                p -> Route.post(p).needs(Right.EDIT).run(this::postTemplate)),
                        Instances.both(
                                templates,
                                p -> Route.delete(p).needs(Right.EDIT).run(this::deleteTemplate)))
                .flatMap(List::stream)
                .toList();
    }

    private Path directory(InstanceRecord instance) {
        return instances.pool(instance).directory(Instances.volume(instance).current());
    }

    private static ImageMetadata read(Path directory) throws IOException {
        Path file = directory.resolve("metadata.yaml");
        if (!Files.exists(file)) {
            throw new NotFoundException("Not Found");
        }
        return ImageMetadata.parse(Files.readString(file));
    }

    private Response get(Request request) throws IOException {
        InstanceRecord instance = instances.of(request);
        Json json = json(read(directory(instance)));
        instances.tell("instance-metadata-retrieved", instance);
        return Response.sync(json, Etag.of(json));
    }

    private static Json json(ImageMetadata metadata) {
        Json.Obj templates = Json.object();
        metadata.templates()
                .forEach((path, template) ->
                        templates.put(
                                path,
                                Json.object()
                                        .put("when", template.when())
                                        .put("create_only", template.createOnly())
                                        .put("template", template.template())
                                        .put(
                                                "properties",
                                                template.properties().isEmpty()
                                                        ? Json.Null.NULL
                                                        : Json.strings(template.properties()))));
        return Json.object()
                .put("architecture", metadata.architecture())
                .put("creation_date", metadata.creationDate())
                .put("expiry_date", metadata.expiryDate())
                .put("properties", metadata.properties())
                .put("templates", templates);
    }

    private Response put(Request request) throws IOException {
        InstanceRecord instance = instances.of(request);
        Path directory = directory(instance);
        Etag.of(json(read(directory))).check(request);
        return write(instance, directory, parse(request.json()));
    }

    private Response patch(Request request) throws IOException {
        InstanceRecord instance = instances.of(request);
        Path directory = directory(instance);
        ImageMetadata now = read(directory);
        Etag.of(json(now)).check(request);
        Json body = request.json();
        ImageMetadata wanted = parse(body);
        ImageMetadata merged =
                new ImageMetadata(
                        body.get("architecture").isNull()
                                ? now.architecture()
                                : wanted.architecture(),
                        body.get("creation_date").isNull()
                                ? now.creationDate()
                                : wanted.creationDate(),
                        body.get("expiry_date").isNull() ? now.expiryDate() : wanted.expiryDate(),
                        body.get("properties").isNull() ? now.properties() : wanted.properties(),
                        body.get("templates").isNull() ? now.templates() : wanted.templates());
        return write(instance, directory, merged);
    }

    private Response write(InstanceRecord instance, Path directory, ImageMetadata metadata)
            throws IOException {
        // Checked as it would be at the next start.
        WholeFile.write(
                directory.resolve("metadata.yaml"),
                ImageMetadata.parse(metadata.render()).render());
        instances.tell("instance-metadata-updated", instance);
        return Response.empty();
    }

    private static ImageMetadata parse(Json body) {
        Map<String, ImageTemplate> templates = new TreeMap<>();
        body.get("templates")
                .asMap()
                .forEach((path, t) ->
                        templates.put(
                                path,
                                new ImageTemplate(
                                        t.get("when").asStrings(),
                                        t.get("create_only").asBoolean(),
                                        t.get("template").asString(),
                                        t.get("properties").asStringMap())));
        return new ImageMetadata(
                body.get("architecture").asString(),
                body.get("creation_date").asLong(),
                body.get("expiry_date").asLong(),
                body.get("properties").asStringMap(),
                templates);
    }

    private Response templates(Request request) throws IOException {
        InstanceRecord instance = instances.of(request);
        String name = request.query("path").orElse("");
        Path directory = directory(instance).resolve("templates");
        if (!name.isEmpty()) {
            Path file = template(directory, name);
            if (!Files.isRegularFile(file)) {
                throw noTemplate(name);
            }
            instances.tell("instance-metadata-template-retrieved", instance, "path", name);
            return Response.download(file, name);
        }
        Json.Arr out = Json.array();
        if (Files.isDirectory(directory)) {
            try (Stream<Path> files = Files.list(directory)) {
                files.map(f -> String.valueOf(f.getFileName()))
                        .filter(f -> !(f.startsWith(".") && f.endsWith(".new")))
                        .sorted()
                        .forEach(f -> out.items().add(Json.string(f)));
            }
        }
        return Response.sync(out);
    }

    private static Path template(Path directory, String name) {
        if (name.isEmpty()
                || name.contains("/")
                || name.startsWith(".")
                || name.indexOf('\0') >= 0) {
            throw new InvalidConfigException("Invalid template filename");
        }
        return directory.resolve(name);
    }

    private Response postTemplate(Request request) throws IOException {
        InstanceRecord instance = instances.of(request);
        Path directory = directory(instance).resolve("templates");
        String name = request.query("path").orElse("");
        Path file = template(directory, name);
        byte[] text = request.stream().readNBytes(TEMPLATE_MAX + 1);
        if (text.length > TEMPLATE_MAX) {
            throw new InvalidConfigException(
                    "The template is longer than " + TEMPLATE_MAX + " bytes");
        }
        Files.createDirectories(directory);
        WholeFile.write(file, new String(text, StandardCharsets.UTF_8));
        instances.tell("instance-metadata-template-created", instance, "path", name);
        return Response.empty();
    }

    private static NotFoundException noTemplate(String name) {
        return new NotFoundException("Template \"" + name + "\" not found");
    }

    private Response deleteTemplate(Request request) throws IOException {
        InstanceRecord instance = instances.of(request);
        String name = request.query("path").orElse("");
        if (!Files.deleteIfExists(template(directory(instance).resolve("templates"), name))) {
            throw noTemplate(name);
        }
        instances.tell("instance-metadata-template-deleted", instance, "path", name);
        return Response.empty();
    }
}
