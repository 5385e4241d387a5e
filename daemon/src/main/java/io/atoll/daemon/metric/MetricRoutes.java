package io.atoll.daemon.metric;

import io.atoll.base.ProjectName;
import io.atoll.daemon.http.Request;
import io.atoll.daemon.http.Response;
import io.atoll.daemon.http.Right;
import io.atoll.daemon.http.Route;
import io.atoll.daemon.http.Routes;
import java.nio.charset.StandardCharsets;
import java.util.List;

/// `/1.0/metrics`: what instances and the daemon use, for Prometheus and what understands its text.
/// Measured when asked; nothing is kept in between.
public final class MetricRoutes implements Routes {
    private final List<MetricSource> sources;

    public MetricRoutes(List<MetricSource> sources) {
        this.sources = List.copyOf(sources);
    }

    @Override
    public List<Route> routes() {
        return List.of(Route.get("/1.0/metrics").needs(Right.METRICS).run(this::measure));
    }

    private Response measure(Request request) {
        Metrics out = new Metrics();
        for (MetricSource source : sources) {
            source.measure(
                    out, request.query("project").filter(p -> !p.isEmpty()).map(ProjectName::new));
        }
        return Response.raw("text/plain", out.render().getBytes(StandardCharsets.UTF_8));
    }
}
