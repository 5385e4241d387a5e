package io.atoll.daemon.ui;

import io.atoll.base.NotFoundException;
import io.atoll.base.json.Json;
import io.atoll.daemon.http.HttpMethod;
import io.atoll.daemon.http.Request;
import io.atoll.daemon.http.Response;
import io.atoll.daemon.http.Right;
import io.atoll.daemon.http.Route;
import io.atoll.daemon.http.Routes;
import java.io.OutputStream;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// `/`, and the web application below `/ui/`, whose files anyone may read who reaches the API: what
/// they then ask the API for is checked there. A path without a file is a page of the application,
/// which `index.html` draws.
public final class UiRoutes implements Routes {
    private static final Logger LOG = System.getLogger(UiRoutes.class.getName());
    private static final String ROOT = "/ui/";

    /// A browser asks again each time, which costs it a short answer: after an upgrade no old page
    /// may look for scripts that are gone. No page of another server may show ours in a frame and
    /// have its buttons pressed with the user's certificate.
    private static final Map<String, String> HEADERS =
            Map.of(
                    "Cache-Control",
                    "no-cache",
                    "X-Content-Type-Options",
                    "nosniff",
                    "X-Frame-Options",
                    "SAMEORIGIN");

    private final Optional<UiFiles> files;

    /// @param directory with `index.html`; empty if there is no application
    public UiRoutes(Optional<Path> directory) {
        files = directory.map(UiFiles::new);
        directory
                .filter(_ -> !files.get().isThere())
                .ifPresent(path ->
                        LOG.log(
                                Level.WARNING,
                                "there is no directory "
                                        + path
                                        + " with pages to serve at "
                                        + ROOT));
    }

    @Override
    public List<Route> routes() {
        List<Route> out = new ArrayList<>();
        out.add(Route.get("/").needs(Right.PUBLIC).run(this::greet));
        for (HttpMethod method : HttpMethod.values()) {
            boolean isRead = method == HttpMethod.GET || method == HttpMethod.HEAD;
            out.add(
                    Route.of(method, "/ui")
                            .needs(Right.PUBLIC)
                            .run(isRead ? this::enter : this::refuse));
            out.add(
                    Route.of(method, "/ui/{path...}")
                            .needs(Right.PUBLIC)
                            .run(isRead ? this::send : this::refuse));
        }
        return out;
    }

    /// People see the pages, programs the versions of the API.
    private Response greet(Request request) {
        if (isBrowser(request) && files.filter(UiFiles::isThere).isPresent() && sees(request)) {
            return redirect(302).header("Vary", "Accept, User-Agent");
        }
        return Response.sync(Json.strings(List.of("/1.0")));
    }

    /// LXD goes by the name that every engine of browsers has in its `User-Agent`.
    private static boolean isBrowser(Request request) {
        return request.header("User-Agent").orElse("").contains("Gecko")
                || request.header("Accept").orElse("").contains("text/html");
    }

    private static boolean sees(Request request) {
        return request.caller().may(Right.PAGES);
    }

    private UiFiles files(Request request) {
        return files.filter(_ -> sees(request))
                .orElseThrow(() -> new NotFoundException("not found"));
    }

    private Response enter(Request request) {
        UiFiles unused = files(request);
        return redirect(301);
    }

    private static Response redirect(int status) {
        byte[] body =
                ("<a href=\"" + ROOT + "\">" + ROOT + "</a>\n").getBytes(StandardCharsets.UTF_8);
        return new Response.Raw(
                status,
                "text/html; charset=utf-8",
                Map.of("Location", ROOT),
                body.length,
                out -> out.write(body));
    }

    private Response send(Request request) {
        UiFiles from = files(request);
        UiFiles.Found file =
                UiPath.parse(request.path().substring(ROOT.length()))
                        .flatMap(path -> from.find(path).or(() -> from.find(UiPath.INDEX)))
                        .orElseThrow(() -> new NotFoundException("not found"));
        Freshness freshness = Freshness.of(file.stat());
        Response out =
                freshness.isKnownTo(request)
                        ? new Response.Raw(304, file.path().mediaType(), HEADERS, -1, UiRoutes::no)
                        : new Response.File(file, file.path().mediaType(), HEADERS);
        return out.header("ETag", freshness.tag()).header("Last-Modified", freshness.time());
    }

    private static void no(OutputStream out) {}

    /// The API has no word for this; a browser knows the one of HTTP.
    private Response refuse(Request request) {
        UiFiles unused = files(request);
        byte[] body = "Pages can be read only\n".getBytes(StandardCharsets.UTF_8);
        return new Response.Raw(
                405,
                "text/plain; charset=utf-8",
                Map.of("Allow", "GET, HEAD"),
                body.length,
                out -> out.write(body));
    }
}
