package io.atoll.daemon.http;

import io.atoll.base.NotFoundException;
import io.atoll.base.UnsupportedException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/// All routes of the daemon. Of several patterns that fit a path, the one that is literal where the
/// others have a variable wins.
public final class RouteTable {
    /// A route that fits, with its variables.
    record Match(Route route, Map<String, String> variables) {}

    /// Stands for a second segment that is a variable.
    private static final String ANY = "{}";

    /// The key is the second segment (`instances`), which narrows the search to one kind of
    /// resource; [#ANY] for routes where it is a variable.
    private final Map<String, List<Route>> byResource = new HashMap<>();

    private final List<Route> all = new ArrayList<>();
    private final Set<String> shapes = new HashSet<>();

    /// @throws IllegalArgumentException if two routes have the same method and path
    public RouteTable(List<? extends Routes> parts) {
        this(parts, List::of);
    }

    /// @param fallback answers what no part does; a route of it that a part has too is left out
    /// @throws IllegalArgumentException if two routes of the parts have the same method and path
    public RouteTable(List<? extends Routes> parts, Routes fallback) {
        for (Routes part : parts) {
            part.routes().forEach(this::add);
        }
        fallback.routes().stream().filter(r -> !shapes.contains(shape(r))).forEach(this::add);
        // Not Comparator.comparing, whose serializable lambda no AOT cache keeps.
        byResource
                .values()
                .forEach(list ->
                        list.sort((a, b) -> a.pattern().rank().compareTo(b.pattern().rank())));
    }

    private void add(Route route) {
        if (!shapes.add(shape(route))) {
            throw new IllegalArgumentException("two routes for " + route);
        }
        all.add(route);
        byResource
                .computeIfAbsent(key(PathPattern.segments(route.path())), _ -> new ArrayList<>())
                .add(route);
    }

    /// What tells a route from others: not the names of its variables.
    private static String shape(Route route) {
        StringBuilder out = new StringBuilder().append(route.method());
        for (String segment : PathPattern.segments(route.path())) {
            String kind = segment.endsWith("...}") ? "{...}" : "{}";
            out.append('/').append(segment.startsWith("{") ? kind : segment);
        }
        return out.toString();
    }

    public List<Route> all() {
        return List.copyOf(all);
    }

    /// @throws NotFoundException if no route has this path
    /// @throws UnsupportedException if the path has no such method
    Match find(HttpMethod method, String path) {
        List<String> segments = PathPattern.segments(path);
        boolean isPath = false;
        for (String key : List.of(key(segments), ANY)) {
            for (Route route : byResource.getOrDefault(key, List.of())) {
                if (isPath && route.method() != method) {
                    continue;
                }
                Optional<Map<String, String>> variables = route.pattern().match(segments);
                if (variables.isPresent()) {
                    if (route.method() == method) {
                        return new Match(route, variables.get());
                    }
                    isPath = true;
                }
            }
        }
        if (isPath) {
            throw new UnsupportedException("not implemented");
        }
        throw new NotFoundException("not found");
    }

    private static String key(List<String> segments) {
        if (segments.size() < 2) {
            return "";
        }
        return segments.get(1).startsWith("{") ? ANY : segments.get(1);
    }
}
