package io.atoll.daemon.instance;

import io.atoll.api.ApiPath;
import io.atoll.base.Idmap;
import io.atoll.base.ProjectName;
import io.atoll.daemon.event.Events;
import io.atoll.daemon.event.Lifecycle;
import io.atoll.daemon.http.Request;
import io.atoll.daemon.http.Route;
import io.atoll.daemon.instance.config.ConfigKeys;
import io.atoll.daemon.instance.config.Expansion;
import io.atoll.daemon.instance.config.IdmapJson;
import io.atoll.daemon.operation.OperationSpec;
import io.atoll.daemon.store.RecordKey;
import io.atoll.runtime.Container;
import io.atoll.storage.StorageDriver;
import io.atoll.storage.VolumeName;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.stream.Stream;

/// What the endpoints below an instance share: finding it, its volume and its container, and the
/// words of operations.
public final class Instances {
    private final InstanceTable table;
    private final InstanceRunner runner;
    private final Ports ports;
    private final InstancePaths paths;
    private final Events events;
    private final InstanceLocks locks;
    private final OpenRoots roots = new OpenRoots();

    Instances(
            InstanceTable table,
            InstanceRunner runner,
            Ports ports,
            InstancePaths paths,
            Events events,
            InstanceLocks locks) {
        this.table = table;
        this.runner = runner;
        this.ports = ports;
        this.paths = paths;
        this.events = events;
        this.locks = locks;
    }

    /// The same route under `/1.0/instances` and under its old name `/1.0/containers`.
    ///
    /// @param path what follows, such as `/{name}/state`
    public static List<Route> both(String path, Function<String, Route> route) {
        return Stream.of("instances", "containers")
                .map(word -> route.apply(ApiPath.of(word) + path))
                .toList();
    }

    /// The instance that the request's path names.
    ///
    /// @throws io.atoll.base.NotFoundException in LXD's words
    public InstanceRecord of(Request request) {
        return table.get(request.project(), request.variable("name"));
    }

    public Expansion expand(InstanceRecord instance) {
        return table.expand(instance);
    }

    /// The container of an instance that takes commands.
    ///
    /// @throws io.atoll.base.InvalidConfigException in LXD's words if it is stopped or frozen
    public Container usable(InstanceRecord instance) {
        return runner.usable(instance.key());
    }

    /// The container of an instance if it runs, frozen or not.
    public Optional<Container> running(InstanceRecord instance) {
        return runner.find(instance.key()).map(Running::container);
    }

    /// The ids that a running instance runs with.
    public static Idmap currentIds(InstanceRecord instance) {
        return IdmapJson.parse(instance.config(ConfigKeys.IDMAP_CURRENT.name()));
    }

    /// Looks at the files of an instance until `work` is done, or until somebody starts, ends,
    /// moves or replaces the instance: then `end` is run, and `work` returns soon.
    ///
    /// @param open opens the root, while nobody else changes it
    public <T> void visit(
            InstanceRecord instance, Runnable end, Supplier<T> open, Consumer<T> work) {
        locks.visit(instance.key(), end, open, work);
    }

    /// The root of a stopped instance, shared with all who have it open.
    public OpenRoots.Root openRoot(InstanceRecord instance) {
        return roots.open(
                instance.key(), () -> pool(instance).openRoot(volume(instance).current()));
    }

    public StorageDriver pool(InstanceRecord instance) {
        return ports.rootPool(table.expand(instance));
    }

    public static VolumeName volume(InstanceRecord instance) {
        return VolumeName.container(instance.hostWideName());
    }

    /// Where the instance's logs are; may not exist.
    public Path logs(InstanceRecord instance) {
        return paths.logs(instance);
    }

    /// Where the instance's logs are; made if missing.
    public Path makeLogs(InstanceRecord instance) throws IOException {
        return paths.makeLogs(instance);
    }

    public Path consoleLog(InstanceRecord instance) {
        return paths.consoleLog(instance);
    }

    public static String url(InstanceRecord instance) {
        return InstanceView.url(instance.project(), instance.name());
    }

    /// Names the instance among the resources of an operation, under its new and its old kind.
    public static OperationSpec about(OperationSpec spec, ProjectName project, String name) {
        return spec.resource("containers", InstanceView.containerUrl(project, name))
                .resource("instances", InstanceView.url(project, name));
    }

    public static OperationSpec about(OperationSpec spec, InstanceRecord instance) {
        return about(spec, instance.project(), instance.name());
    }

    /// Tells the event listeners what happened to an instance.
    public void tell(
            String action, InstanceRecord instance, String contextName, String contextValue) {
        events.publishLifecycle(
                Lifecycle.of(action, url(instance), instance.project())
                        .with(contextName, contextValue));
    }

    /// Tells the event listeners what happened to an instance.
    public void tell(String action, InstanceRecord instance) {
        events.publishLifecycle(Lifecycle.of(action, url(instance), instance.project()));
    }

    /// Tells the event listeners about something below an instance.
    public void tell(Lifecycle event) {
        events.publishLifecycle(event);
    }

    static RecordKey key(Request request) {
        return RecordKey.of(request.project(), request.variable("name"));
    }
}
