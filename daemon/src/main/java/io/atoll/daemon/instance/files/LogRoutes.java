package io.atoll.daemon.instance.files;

import io.atoll.base.InvalidConfigException;
import io.atoll.base.NotFoundException;
import io.atoll.base.json.Json;
import io.atoll.daemon.event.Lifecycle;
import io.atoll.daemon.http.Request;
import io.atoll.daemon.http.Response;
import io.atoll.daemon.http.Right;
import io.atoll.daemon.http.Route;
import io.atoll.daemon.http.Routes;
import io.atoll.daemon.instance.InstanceRecord;
import io.atoll.daemon.instance.Instances;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;

/// `/1.0/instances/NAME/logs`: what starts and recorded commands wrote on the host.
public final class LogRoutes implements Routes {
    /// Where a failed start says why; made by the daemon, shown by `lxc info --show-log`.
    public static final String START_LOG = "lxc.log";

    private static final Set<String> KEPT = Set.of(START_LOG, "lxc.conf", "qemu.log");
    private static final List<String> PREFIXES = List.of("migration_", "snapshot_", "exec_");

    private final Instances instances;

    public LogRoutes(Instances instances) {
        this.instances = instances;
    }

    @Override
    public List<Route> routes() {
        return Stream.of(
                        Instances.both(
                                "/{name}/logs",
                                p -> Route.get(p).needs(Right.VIEW).run(this::list)),
                        Instances.both(
                                "/{name}/logs/{file}",
                                p -> Route.get(p).needs(Right.VIEW).run(this::get)),
                        Instances.both(
                                "/{name}/logs/{file}",
                                p -> Route.delete(p).needs(Right.OPERATE).run(this::delete)))
                .flatMap(List::stream)
                .toList();
    }

    private static boolean isLog(String name) {
        return name.indexOf('/') < 0 && (KEPT.contains(name) || isDeletable(name));
    }

    private static boolean isDeletable(String name) {
        return PREFIXES.stream().anyMatch(name::startsWith);
    }

    private Response list(Request request) throws IOException {
        InstanceRecord instance = instances.of(request);
        Path dir = instances.logs(instance);
        Json.Arr out = Json.array();
        if (Files.isDirectory(dir)) {
            try (Stream<Path> files = Files.list(dir)) {
                files.map(file -> String.valueOf(file.getFileName()))
                        .filter(LogRoutes::isLog)
                        .sorted()
                        .forEach(name ->
                                out.items()
                                        .add(
                                                Json.string(
                                                        "/1.0/instances/"
                                                                + instance.name()
                                                                + "/logs/"
                                                                + name)));
            }
        }
        return Response.sync(out);
    }

    private Path file(Request request) {
        InstanceRecord instance = instances.of(request);
        String name = request.variable("file");
        if (!isLog(name)) {
            throw new InvalidConfigException("log file name " + name + " not valid");
        }
        return instances.logs(instance).resolve(name);
    }

    private Response get(Request request) {
        Path file = file(request);
        Response out = content(file);
        tell("retrieved", request, file);
        return out;
    }

    private void tell(String what, Request request, Path file) {
        InstanceRecord instance = instances.of(request);
        instances.tell(
                Lifecycle.of(
                        "instance-log-" + what,
                        Instances.url(instance) + "/logs/" + file.getFileName(),
                        instance.project()));
    }

    private static Response content(Path file) {
        String name = String.valueOf(file.getFileName());
        if (!Files.isRegularFile(file)) {
            // An instance that never failed to start has nothing to say, which is no error.
            if (name.equals(START_LOG)) {
                return Response.raw("application/octet-stream", new byte[0]);
            }
            throw new NotFoundException("Not Found");
        }
        return Response.download(file, name);
    }

    private Response delete(Request request) throws IOException {
        Path file = file(request);
        if (!isDeletable(String.valueOf(file.getFileName()))) {
            throw new InvalidConfigException(
                    "Only log files excluding lxc.log and lxc.conf may be deleted");
        }
        if (!Files.deleteIfExists(file)) {
            throw new NotFoundException("Not Found");
        }
        tell("deleted", request, file);
        return Response.empty();
    }
}
