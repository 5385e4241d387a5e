package io.atoll.daemon.server;

import io.atoll.api.Extensions;
import io.atoll.api.Version;
import io.atoll.api.tls.Identity;
import io.atoll.api.tls.Pem;
import io.atoll.base.json.Json;
import io.atoll.daemon.event.Events;
import io.atoll.daemon.event.Lifecycle;
import io.atoll.daemon.http.Request;
import io.atoll.daemon.http.Response;
import io.atoll.daemon.http.Right;
import io.atoll.daemon.http.Route;
import io.atoll.daemon.http.Routes;
import io.atoll.daemon.trust.ServerIdentity;
import io.atoll.linux.ErrnoException;
import io.atoll.linux.Fcntl;
import io.atoll.linux.Fd;
import io.atoll.linux.KernelFeatures;
import io.atoll.linux.Opens;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Supplier;

/// `/1.0`.
public final class ServerRoutes implements Routes {
    /// What the storage side adds to `environment`.
    ///
    /// @param inUse driver name to version, of the pools there are
    /// @param supported driver name to version, of those this host can use
    public record StorageFacts(Map<String, String> inUse, Map<String, String> supported) {}

    private final ServerConfig config;
    private final Events events;
    private final Supplier<StorageFacts> storage;
    private final Path state;
    private final ServerIdentity identity;
    private final Supplier<List<String>> addresses;
    private final HostFacts host = HostFacts.read();

    /// Probed when first asked for: a daemon that nobody asks starts faster.
    private volatile Map<String, String> kernelFeatures = Map.of();

    /// @param state the state directory, whose file system is probed
    /// @param addresses the network addresses that clients can use
    public ServerRoutes(
            ServerConfig config,
            Events events,
            Supplier<StorageFacts> storage,
            Path state,
            ServerIdentity identity,
            Supplier<List<String>> addresses) {
        this.config = config;
        this.events = events;
        this.storage = storage;
        this.state = state;
        this.identity = identity;
        this.addresses = addresses;
    }

    @Override
    public List<Route> routes() {
        return List.of(
                Route.get("/1.0").needs(Right.PUBLIC).run(this::get),
                Route.put("/1.0").needs(Right.ADMIN).run(r -> change(r, false)),
                Route.patch("/1.0").needs(Right.ADMIN).run(r -> change(r, true)));
    }

    private Response get(Request request) {
        boolean isTrusted = request.caller().may(Right.KNOWN);
        Json.Obj out = Json.object();
        if (request.caller().may(Right.ADMIN)) {
            out.put("config", config.shown());
        }
        out.put("api_extensions", Extensions.ALL)
                .put("api_status", "stable")
                .put("api_version", "1.0")
                .put("auth", isTrusted ? "trusted" : "untrusted")
                .put("public", false)
                .put("auth_methods", List.of("tls"));
        if (isTrusted) {
            out.put("environment", environment(request.project().value()));
        }
        return Response.sync(out, config.etag());
    }

    private Json environment(String project) {
        StorageFacts pools = storage.get();
        return Json.object()
                .put("addresses", addresses.get())
                .put("architectures", host.architectures())
                .put(
                        "certificate",
                        identity.find().map(i -> Pem.render(i.certificate())).orElse(""))
                .put(
                        "certificate_fingerprint",
                        identity.find().map(Identity::fingerprint).orElse(""))
                .put("driver", "atoll")
                .put("driver_version", Version.ATOLL)
                .put("firewall", "nftables")
                .put("kernel", host.kernel())
                .put("kernel_architecture", host.architecture())
                .put("kernel_features", kernelFeatures())
                .put("kernel_version", host.kernelVersion())
                .put("lxc_features", Map.of())
                .put("os_name", host.osName())
                .put("os_version", host.osVersion())
                .put("project", project)
                .put("server", "lxd")
                .put("server_clustered", false)
                .put("server_event_mode", "full-mesh")
                .put("server_name", host.hostName())
                .put("server_pid", ProcessHandle.current().pid())
                .put("server_version", Version.COMPATIBLE)
                .put("storage", String.join(" | ", pools.inUse().keySet()))
                .put("storage_version", String.join(" | ", pools.inUse().values()))
                .put("storage_supported_drivers", drivers(pools.supported()));
    }

    private Map<String, String> kernelFeatures() {
        if (kernelFeatures.isEmpty()) {
            try (Fd directory = Opens.open(state.toString(), Fcntl.O_PATH | Fcntl.O_DIRECTORY, 0)) {
                kernelFeatures =
                        Map.of(
                                "idmapped_mounts",
                                Boolean.toString(KernelFeatures.canIdmap(directory)));
            } catch (ErrnoException e) {
                // Without the rights to try, nothing can be said.
                return Map.of();
            }
        }
        return kernelFeatures;
    }

    private static Json drivers(Map<String, String> supported) {
        Json.Arr out = Json.array();
        new TreeMap<>(supported)
                .forEach((name, version) ->
                        out.items()
                                .add(
                                        Json.object()
                                                .put("Name", name)
                                                .put("Version", version)
                                                .put("Remote", false)));
        return out;
    }

    private Response change(Request request, boolean isPatch) throws IOException {
        config.change(request, request.json().get("config"), isPatch);
        events.publishLifecycle(Lifecycle.server("config-updated", "/1.0"));
        return Response.empty();
    }
}
