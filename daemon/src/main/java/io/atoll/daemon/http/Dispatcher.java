package io.atoll.daemon.http;

import io.atoll.base.ForbiddenException;
import io.atoll.base.NotFoundException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import java.util.regex.Pattern;

/// From a request to its answer: route, right, handler, failure. Knows nothing of the HTTP engine.
final class Dispatcher {
    private static final Logger LOG = System.getLogger(Dispatcher.class.getName());

    /// How a server that is in no cluster is called.
    private static final String OWN_NAME = "none";

    /// What each member of a cluster has for itself.
    private static final Pattern OF_MEMBER =
            Pattern.compile("/1\\.0(/resources|/metrics|/(networks|storage-pools)/.*)?");

    private static final Set<String> MADE_ON_MEMBER = Set.of("/1.0/networks", "/1.0/storage-pools");

    /// What to send: an answer, or a failure mapped already.
    sealed interface Outcome {}

    record Answer(Response response) implements Outcome {}

    record Failure(ErrorMapper.Mapped error) implements Outcome {}

    private final RouteTable table;
    private final Availability availability;
    private final Gate gate;
    private final AtomicLong requests = new AtomicLong();

    Dispatcher(RouteTable table, Availability availability, Gate gate) {
        this.table = table;
        this.availability = availability;
        this.gate = gate;
    }

    /// The scope for the next request.
    RequestScope scope(HttpExchange exchange, Caller caller) {
        String project = exchange.query("project").orElse(caller.home().value());
        return new RequestScope(requests.incrementAndGet(), project, "", caller);
    }

    /// The one gate between a caller and a handler.
    ///
    /// @throws ForbiddenException with LXD's words
    private void authorize(Request request, Right right) {
        Caller caller = request.caller();
        if (right == Right.PUBLIC) {
            return;
        }
        if (!caller.may(right)) {
            throw new ForbiddenException("not authorized");
        }
        if (right.isOfProject() && caller.projects().isPresent()) {
            caller.require(right, request.project());
            if (request.queryFlag("all-projects")) {
                throw new ForbiddenException("not authorized");
            }
            gate.check(request, right);
        }
    }

    /// Refuses to do for this server what was meant for another member of a cluster.
    ///
    /// @throws NotFoundException with LXD's words
    private static void requireHere(Request request) {
        String target = request.query("target").orElse("");
        if (target.isEmpty() || target.equals(OWN_NAME)) {
            return;
        }
        String path = request.path();
        boolean isMade = request.method() == HttpMethod.POST && MADE_ON_MEMBER.contains(path);
        if (isMade || OF_MEMBER.matcher(path).matches()) {
            throw new NotFoundException("Cluster member not found");
        }
    }

    /// Never throws.
    Outcome dispatch(HttpExchange exchange, Caller caller) {
        try {
            LOG.log(
                    Level.DEBUG,
                    () -> "request method=" + exchange.method() + " url=" + exchange.path());
            availability.check(exchange.method(), exchange.path());
            RouteTable.Match match = table.find(exchange.method(), exchange.path());
            Request request = new Request(exchange, match.variables(), caller);
            authorize(request, match.route().right());
            requireHere(request);
            return new Answer(match.route().handler().run(request));
        } catch (Throwable e) {
            // The edge of the request: whatever it was, the client gets an answer.
            if (e instanceof InterruptedException) {
                Thread.currentThread().interrupt();
            }
            return new Failure(ErrorMapper.map(e));
        }
    }
}
