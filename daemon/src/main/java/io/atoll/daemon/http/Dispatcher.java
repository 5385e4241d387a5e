package io.atoll.daemon.http;

import io.atoll.base.ForbiddenException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.concurrent.atomic.AtomicLong;

/// From a request to its answer: route, right, handler, failure. Knows nothing of the HTTP engine.
final class Dispatcher {
    private static final Logger LOG = System.getLogger(Dispatcher.class.getName());

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
