package io.atoll.daemon.http;

import java.util.List;

/// A part of the API: the routes of one kind of resource.
public interface Routes {
    List<Route> routes();
}
