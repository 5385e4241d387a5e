package io.atoll.daemon.operation;

import io.atoll.base.ForbiddenException;
import io.atoll.base.InternalException;
import io.atoll.base.InvalidConfigException;
import io.atoll.base.NotFoundException;
import io.atoll.base.json.Json;
import io.atoll.daemon.event.Events;
import io.atoll.daemon.event.Lifecycle;
import io.atoll.daemon.http.Caller;
import io.atoll.daemon.http.Request;
import io.atoll.daemon.http.Response;
import io.atoll.daemon.http.Right;
import io.atoll.daemon.http.Route;
import io.atoll.daemon.http.Routes;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/// `/1.0/operations`.
public final class OperationRoutes implements Routes {
    /// "For ever" for a waiting client: longer than any daemon runs.
    private static final Duration FOR_EVER = Duration.ofDays(36500);

    private final Operations operations;
    private final Events events;

    public OperationRoutes(Operations operations, Events events) {
        this.operations = operations;
        this.events = events;
    }

    @Override
    public List<Route> routes() {
        return List.of(
                Route.get("/1.0/operations").needs(Right.KNOWN).run(this::list),
                Route.get("/1.0/operations/{id}").needs(Right.KNOWN).run(this::get),
                Route.delete("/1.0/operations/{id}").needs(Right.KNOWN).run(this::cancel),
                // A secret in the query is a right, too.
                Route.get("/1.0/operations/{id}/wait").needs(Right.PUBLIC).run(this::await),
                Route.get("/1.0/operations/{id}/websocket").needs(Right.PUBLIC).run(this::connect));
    }

    private Response list(Request request) {
        boolean isAll = request.queryFlag("all-projects");
        Map<String, Json.Arr> byStatus = new TreeMap<>();
        operations.list().stream()
                .filter(o -> isAll || o.spec().project().equals(request.project()))
                .filter(o -> isFor(request.caller(), Right.VIEW, o))
                .sorted(Comparator.comparing(Operation::createdAt))
                .forEach(o -> {
                    String status = o.status().code().text().toLowerCase(Locale.ROOT);
                    Json item = request.recursion() > 0 ? o.json() : Json.string(o.url());
                    byStatus.computeIfAbsent(status, _ -> Json.array()).items().add(item);
                });
        Json.Obj out = Json.object();
        byStatus.forEach(out::put);
        return Response.sync(out);
    }

    /// Tokens are for those who made them: whoever reads one can use it.
    private static boolean isFor(Caller caller, Right right, Operation operation) {
        boolean isToken = operation.spec().kind() == OperationClass.TOKEN;
        return caller.may(isToken ? Right.ADMIN : right, operation.spec().project());
    }

    /// The operation, if the caller has the right in its project; whoever may not know of it is
    /// told what everybody is told of one that does not exist.
    private Operation named(Request request, Right right) {
        Operation operation = operations.get(request.variable("id"));
        if (!isFor(request.caller(), right, operation)) {
            throw new NotFoundException("Operation not found");
        }
        return operation;
    }

    private Response get(Request request) {
        return Response.sync(named(request, Right.VIEW).json());
    }

    private Response cancel(Request request) {
        Operation operation = named(request, Right.OPERATE);
        operation.cancel();
        events.publishLifecycle(
                Lifecycle.of("operation-cancelled", operation.url(), operation.spec().project()));
        return Response.empty();
    }

    /// Waits until the operation is final or the time is over, and shows it either way.
    private Response await(Request request) throws InterruptedException {
        String secret = request.query("secret").orElse("");
        Operation operation =
                secret.isEmpty()
                        ? named(request, Right.VIEW)
                        : operations.get(request.variable("id"));
        if (!secret.isEmpty() && !knows(operation, secret)) {
            throw new ForbiddenException("not authorized");
        }
        operation.await(timeout(request.query("timeout").orElse("")));
        return Response.sync(operation.json());
    }

    /// Whether the secret is that of one of the operation's websockets, or the one that its
    /// metadata was given to wait by.
    private static boolean knows(Operation operation, String secret) {
        byte[] real =
                operation
                        .spec()
                        .metadata()
                        .get("secret")
                        .asString()
                        .getBytes(StandardCharsets.UTF_8);
        return operation.spec().sockets().filter(s -> s.knows(secret)).isPresent()
                || MessageDigest.isEqual(real, secret.getBytes(StandardCharsets.UTF_8));
    }

    private static Duration timeout(String seconds) {
        try {
            long value = seconds.isEmpty() ? -1 : Long.parseLong(seconds);
            return value < 0 || value > FOR_EVER.toSeconds() ? FOR_EVER : Duration.ofSeconds(value);
        } catch (NumberFormatException e) {
            throw new InvalidConfigException("Invalid timeout: " + seconds, e);
        }
    }

    private Response connect(Request request) {
        Operation operation = operations.get(request.variable("id"));
        String secret = request.query("secret").orElse("");
        if (secret.isEmpty()) {
            throw new InternalException("missing secret");
        }
        OperationSockets sockets =
                operation
                        .spec()
                        .sockets()
                        .orElseThrow(() ->
                                new InvalidConfigException("This operation has no websockets"));
        return Response.websocket(sockets.accept(secret));
    }
}
