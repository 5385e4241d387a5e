package io.atoll.daemon.http;

import java.util.Optional;

/// What log lines and lifecycle events say about the work at hand: the request's number, its
/// project, its caller and, in an operation, the operation's id. Rides in a [ScopedValue], which
/// executor tasks do not inherit: whoever hands work to another thread binds it again.
public record RequestScope(long request, String project, String operation, Caller caller) {
    private static final ScopedValue<RequestScope> CURRENT = ScopedValue.newInstance();

    /// The scope of this thread, if any.
    public static Optional<RequestScope> current() {
        return CURRENT.isBound() ? Optional.of(CURRENT.get()) : Optional.empty();
    }

    /// The caller of this thread's request, or the daemon itself.
    public static Caller currentCaller() {
        return CURRENT.isBound() ? CURRENT.get().caller : Caller.DAEMON;
    }

    public RequestScope inOperation(String id, String inProject) {
        return new RequestScope(request, inProject, id, caller);
    }

    /// Runs the body with this scope.
    public void run(Runnable body) {
        ScopedValue.where(CURRENT, this).run(body);
    }
}
