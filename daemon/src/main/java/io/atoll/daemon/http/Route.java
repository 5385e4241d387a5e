package io.atoll.daemon.http;

/// One row of the route table:
/// `Route.put("/1.0/profiles/{name}").needs(Right.EDIT).run(this::put)`. The right is a stage of
/// the builder, so a route without one does not compile.
public final class Route {
    private final HttpMethod method;
    private final PathPattern pattern;
    private final Right right;
    private final Handler handler;

    /// Answers one request, on a virtual thread; may block, may throw any
    /// [io.atoll.base.DomainException].
    @FunctionalInterface
    public interface Handler {
        Response run(Request request) throws Exception;
    }

    /// Waits for the right.
    public static final class NeedsStage {
        private final HttpMethod method;
        private final String path;

        private NeedsStage(HttpMethod method, String path) {
            this.method = method;
            this.path = path;
        }

        public RunStage needs(Right right) {
            return new RunStage(this, right);
        }
    }

    /// Waits for the handler.
    public static final class RunStage {
        private final NeedsStage stage;
        private final Right right;

        private RunStage(NeedsStage stage, Right right) {
            this.stage = stage;
            this.right = right;
        }

        public Route run(Handler handler) {
            return new Route(stage.method, new PathPattern(stage.path), right, handler);
        }
    }

    private Route(HttpMethod method, PathPattern pattern, Right right, Handler handler) {
        this.method = method;
        this.pattern = pattern;
        this.right = right;
        this.handler = handler;
    }

    public static NeedsStage get(String path) {
        return new NeedsStage(HttpMethod.GET, path);
    }

    public static NeedsStage head(String path) {
        return new NeedsStage(HttpMethod.HEAD, path);
    }

    public static NeedsStage post(String path) {
        return new NeedsStage(HttpMethod.POST, path);
    }

    public static NeedsStage put(String path) {
        return new NeedsStage(HttpMethod.PUT, path);
    }

    public static NeedsStage patch(String path) {
        return new NeedsStage(HttpMethod.PATCH, path);
    }

    public static NeedsStage delete(String path) {
        return new NeedsStage(HttpMethod.DELETE, path);
    }

    public static NeedsStage of(HttpMethod method, String path) {
        return new NeedsStage(method, path);
    }

    public HttpMethod method() {
        return method;
    }

    public String path() {
        return pattern.text();
    }

    public Right right() {
        return right;
    }

    PathPattern pattern() {
        return pattern;
    }

    Handler handler() {
        return handler;
    }

    @Override
    public String toString() {
        return method + " " + pattern.text();
    }
}
